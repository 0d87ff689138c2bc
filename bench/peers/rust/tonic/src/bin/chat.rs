//! The generator of ping-pong: `--streams` calls of Chat on each of `--connections`, one message under way on each, until
//! `--messages` were answered, each checked. `--target HOST:PORT [--size BYTES]`.
use bytes::Bytes;
use common::{cpu_us, number, option, print_figures};
use std::time::Instant;
use tokio::sync::mpsc::channel;
use tokio::task::{LocalSet, spawn_local};
use tokio_stream::wrappers::ReceiverStream;
use tonic_peer::EchoRequest;
use tonic_peer::echo_service_client::EchoServiceClient;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (connections, streams) = (number("--connections", 1), number("--streams", 1));
    let each = number("--messages", 1000) / (connections * streams);
    let message = EchoRequest { payload: Bytes::from(vec![b'x'; number("--size", 100)]), ..Default::default() };
    let mut clients = Vec::new();
    for _ in 0..connections {
        clients.push(EchoServiceClient::connect(format!("http://{}", option("--target", ""))).await?);
    }
    let (cpu, begun) = (cpu_us(), Instant::now());
    let mut latencies = Vec::new();
    LocalSet::new()
        .run_until(async {
            let mut tasks = Vec::new();
            for stream in 0..connections * streams {
                let (mut client, message) = (clients[stream % connections].clone(), message.clone());
                tasks.push(spawn_local(async move {
                    let mut times = Vec::with_capacity(each);
                    let (sender, receiver) = channel(1);
                    // Some servers send their headers only with the first answer.
                    sender.send(message.clone()).await.unwrap();
                    let mut answers = client.chat(ReceiverStream::new(receiver)).await.unwrap().into_inner();
                    for left in (0..each).rev() {
                        let sent = Instant::now();
                        let answer = answers.message().await.unwrap().expect("an answer for each message");
                        assert_eq!(answer.payload, message.payload);
                        times.push(sent.elapsed().as_secs_f64() * 1e6);
                        if left > 0 {
                            sender.send(message.clone()).await.unwrap();
                        }
                    }
                    drop(sender);
                    assert!(answers.message().await.unwrap().is_none());
                    times
                }));
            }
            for task in tasks {
                latencies.extend(task.await.unwrap());
            }
        })
        .await;
    print_figures(latencies.len(), cpu_us() - cpu, begun.elapsed().as_secs_f64(), latencies);
    Ok(())
}
