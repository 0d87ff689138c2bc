//! Unary calls with tonic: `--target HOST:PORT --inflight N --requests N`.
use common::{measure_client, option};
use tonic_peer::EchoRequest;
use tonic_peer::echo_service_client::EchoServiceClient;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = EchoServiceClient::connect(format!("http://{}", option("--target", ""))).await?;
    measure_client(move || {
        let mut client = client.clone();
        async move {
            let request = EchoRequest { text: "hello, world!".into(), ..Default::default() };
            let answer = client.echo(request).await.unwrap();
            assert_eq!(answer.get_ref().text, "hello, world!");
        }
    })
    .await;
    Ok(())
}
