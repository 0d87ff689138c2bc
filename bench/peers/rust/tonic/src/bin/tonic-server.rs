//! EchoService on tonic: `--port P [--tls FOLDER] [--gzip]`.
use common::option;
use futures::StreamExt;
use futures::stream::{BoxStream, iter};
use tonic::codec::CompressionEncoding::Gzip;
use tonic::transport::{Identity, Server, ServerTlsConfig};
use tonic::{Request, Response, Status, Streaming};
use tonic_peer::echo_service_server::{EchoService, EchoServiceServer};
use tonic_peer::*;

type Messages = BoxStream<'static, Result<EchoResponse, Status>>;

struct Echo;

fn same(m: EchoRequest) -> EchoResponse {
    EchoResponse { text: m.text, payload: m.payload }
}

#[tonic::async_trait]
impl EchoService for Echo {
    type StreamStream = Messages;
    type ChatStream = Messages;

    async fn echo(&self, request: Request<EchoRequest>) -> Result<Response<EchoResponse>, Status> {
        Ok(Response::new(same(request.into_inner())))
    }

    async fn stream(&self, request: Request<StreamRequest>) -> Result<Response<Messages>, Status> {
        let wanted = request.into_inner();
        let message = EchoResponse { payload: vec![b'x'; wanted.size as usize].into(), ..Default::default() };
        Ok(Response::new(iter((0..wanted.count).map(move |_| Ok(message.clone()))).boxed()))
    }

    async fn ingest(&self, request: Request<IngestRequest>) -> Result<Response<IngestResponse>, Status> {
        let mut sums = IngestResponse::default();
        for record in &request.get_ref().records {
            sums.count += 1;
            sums.max_severity = sums.max_severity.max(record.severity);
            let own = [&record.service, &record.instance, &record.message, &record.trace_id, &record.span_id];
            let source = record.source.iter().map(|s| s.file.len() + s.function.len());
            let labels = record.labels.iter().map(|(key, value)| key.len() + value.len());
            sums.bytes += own.iter().map(|s| s.len()).chain(source).chain(labels).sum::<usize>() as i64;
        }
        Ok(Response::new(sums))
    }

    async fn chat(&self, request: Request<Streaming<EchoRequest>>) -> Result<Response<Messages>, Status> {
        Ok(Response::new(request.into_inner().map(|message| message.map(same)).boxed()))
    }

    async fn upload(&self, request: Request<Streaming<EchoRequest>>) -> Result<Response<IngestResponse>, Status> {
        let mut messages = request.into_inner();
        let mut sums = IngestResponse::default();
        while let Some(message) = messages.message().await? {
            sums.count += 1;
            sums.bytes += message.payload.len() as i64;
        }
        Ok(Response::new(sums))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut service = EchoServiceServer::new(Echo);
    if std::env::args().any(|word| word == "--gzip") {
        service = service.accept_compressed(Gzip).send_compressed(Gzip);
    }
    let mut server = Server::builder();
    let tls = option("--tls", "");
    if !tls.is_empty() {
        let identity = Identity::from_pem(std::fs::read(format!("{tls}/cert.pem"))?, std::fs::read(format!("{tls}/key.pem"))?);
        server = server.tls_config(ServerTlsConfig::new().identity(identity))?;
    }
    server.add_service(service).serve(format!("127.0.0.1:{}", option("--port", "50051")).parse()?).await?;
    Ok(())
}
