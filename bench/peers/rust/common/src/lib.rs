//! What the Rust programs share: options, and the loop that both clients measure with.
use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::time::Instant;

/// The value after `--name`, or `fallback`.
pub fn option(name: &str, fallback: &str) -> String {
    let mut words = std::env::args().skip_while(|word| word != name);
    words.nth(1).unwrap_or_else(|| fallback.to_owned())
}

pub fn number(name: &str, fallback: usize) -> usize {
    let text = option(name, "");
    if text.is_empty() { fallback } else { text.parse().unwrap_or_else(|_| panic!("{name} takes a number, not \"{text}\"")) }
}

/// User and system time of this process, in microseconds.
pub fn cpu_us() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}

/// Prints what the driver reads: one JSON object in a line.
pub fn print_figures(done: usize, cpu_us: f64, seconds: f64, mut latencies: Vec<f64>) {
    latencies.sort_by(f64::total_cmp);
    let quantile = |share: f64| latencies[(share * (latencies.len() - 1) as f64) as usize];
    println!(
        r#"{{"done": {done}, "cpu_us": {:.3}, "rps": {:.0}, "p50_us": {:.1}, "p99_us": {:.1}}}"#,
        cpu_us / done as f64,
        done as f64 / seconds,
        quantile(0.5),
        quantile(0.99)
    );
}

async fn keep_calling<C, F>(in_flight: usize, total: usize, call: &C) -> Vec<f64>
where
    C: Fn() -> F + Clone + 'static,
    F: Future<Output = ()> + 'static,
{
    let latencies = Rc::new(RefCell::new(Vec::with_capacity(total)));
    let mut tasks = Vec::new();
    for _ in 0..in_flight {
        let (call, latencies) = (call.clone(), latencies.clone());
        tasks.push(tokio::task::spawn_local(async move {
            for _ in 0..total / in_flight {
                let begun = Instant::now();
                call().await;
                latencies.borrow_mut().push(begun.elapsed().as_secs_f64() * 1e6);
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    latencies.take()
}

/// Keeps `--inflight` calls going until `--requests` are done, after a tenth of that as a warm-up.
pub async fn measure_client<C, F>(call: C)
where
    C: Fn() -> F + Clone + 'static,
    F: Future<Output = ()> + 'static,
{
    let (in_flight, requests) = (number("--inflight", 1), number("--requests", 1000));
    tokio::task::LocalSet::new()
        .run_until(async {
            keep_calling(in_flight, (requests / 10).max(in_flight), &call).await;
            let (cpu, begun) = (cpu_us(), Instant::now());
            let latencies = keep_calling(in_flight, requests, &call).await;
            print_figures(latencies.len(), cpu_us() - cpu, begun.elapsed().as_secs_f64(), latencies);
        })
        .await;
}
