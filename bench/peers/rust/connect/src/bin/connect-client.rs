//! Unary calls with connect-rust: `--target HOST:PORT --inflight N --requests N [--protocol connect|grpc]`.
use common::{measure_client, option};
use connect_peer::{EchoRequest, EchoServiceClient};
use connectrpc::Protocol;
use connectrpc::client::{ClientConfig, Http2Connection};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let target: http::Uri = format!("http://{}", option("--target", "")).parse()?;
    let protocol = if option("--protocol", "grpc") == "connect" { Protocol::Connect } else { Protocol::Grpc };
    let connection = Http2Connection::connect_plaintext(target.clone()).await?.shared(1024);
    let client = EchoServiceClient::new(connection, ClientConfig::new(target).with_protocol(protocol));
    measure_client(move || {
        let client = client.clone();
        async move {
            let request = EchoRequest { text: "hello, world!".into(), ..Default::default() };
            let answer = client.echo(request).await.unwrap();
            assert_eq!(answer.view().text, "hello, world!");
        }
    })
    .await;
    Ok(())
}
