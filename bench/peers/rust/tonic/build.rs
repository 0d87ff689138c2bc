fn main() {
    let protos = std::env::var("BENCH_PROTOS").expect("BENCH_PROTOS names the folder of bench/v1/echo.proto");
    println!("cargo:rerun-if-env-changed=BENCH_PROTOS");
    tonic_prost_build::configure()
        .bytes(".")
        .compile_protos(&[format!("{protos}/bench/v1/echo.proto")], &[protos])
        .unwrap();
}
