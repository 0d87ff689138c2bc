fn main() {
    let protos = std::env::var("BENCH_PROTOS").expect("BENCH_PROTOS names the folder of bench/v1/echo.proto");
    println!("cargo:rerun-if-env-changed=BENCH_PROTOS");
    connectrpc_build::Config::new()
        .files(&[format!("{protos}/bench/v1/echo.proto")])
        .includes(&[protos])
        .include_file("_connectrpc.rs")
        .compile()
        .unwrap();
}
