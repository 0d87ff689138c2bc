//! EchoService on connect-rust: `--port P [--tls FOLDER]`.
#![allow(refining_impl_trait)]
use common::option;
use connect_peer::*;
use connectrpc::server::Server;
use connectrpc::{ConnectRpcService, InboundStream, RequestContext, Response, ServiceRequest, ServiceResult, ServiceStream};
use futures::StreamExt;
use futures::stream::iter;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;

struct Echo;

impl EchoService for Echo {
    async fn echo(&self, _: RequestContext, request: ServiceRequest<'_, EchoRequest>) -> ServiceResult<EchoResponse> {
        let (text, payload) = (request.text.to_owned(), request.payload.to_vec());
        Response::ok(EchoResponse { text, payload, ..Default::default() })
    }

    async fn stream(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, StreamRequest>,
    ) -> ServiceResult<ServiceStream<EchoResponse>> {
        let message = EchoResponse { payload: vec![b'x'; request.size as usize], ..Default::default() };
        Response::stream_ok(iter((0..request.count).map(move |_| Ok(message.clone()))))
    }

    async fn ingest(&self, _: RequestContext, request: ServiceRequest<'_, IngestRequest>) -> ServiceResult<IngestResponse> {
        let mut sums = IngestResponse::default();
        for record in request.records.iter() {
            sums.count += 1;
            sums.max_severity = sums.max_severity.max(record.severity);
            let own = [record.service, record.instance, record.message, record.trace_id, record.span_id];
            let source = record.source.file.len() + record.source.function.len();
            let labels: usize = record.labels.iter().map(|(key, value)| key.len() + value.len()).sum();
            sums.bytes += (own.iter().map(|s| s.len()).sum::<usize>() + source + labels) as i64;
        }
        Response::ok(sums)
    }

    async fn chat(
        &self,
        _: RequestContext,
        requests: InboundStream<EchoRequest>,
    ) -> ServiceResult<ServiceStream<EchoResponse>> {
        Response::stream_ok(requests.map(|message| {
            let message = message?;
            let (text, payload) = (message.text().to_owned(), message.payload().to_vec());
            Ok(EchoResponse { text, payload, ..Default::default() })
        }))
    }

    async fn upload(&self, _: RequestContext, mut requests: InboundStream<EchoRequest>) -> ServiceResult<IngestResponse> {
        let mut sums = IngestResponse::default();
        while let Some(message) = requests.next().await {
            sums.count += 1;
            sums.bytes += message?.payload().len() as i64;
        }
        Response::ok(sums)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut server = Server::bind(format!("127.0.0.1:{}", option("--port", "50051")).as_str()).await?;
    let tls = option("--tls", "");
    if !tls.is_empty() {
        let chain = CertificateDer::pem_file_iter(format!("{tls}/cert.pem"))?.collect::<Result<Vec<_>, _>>()?;
        let key = PrivateKeyDer::from_pem_file(format!("{tls}/key.pem"))?;
        let mut config = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        server = server.with_tls(Arc::new(config));
    }
    server.serve_with_service(ConnectRpcService::new(EchoServiceServer::new(Echo))).await
}
