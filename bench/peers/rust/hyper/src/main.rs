//! hyper without RPC, a yardstick: answers with the request's body, and to gRPC with its trailers. `--port P`.
use bytes::Bytes;
use common::option;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use std::convert::Infallible;

async fn answer(request: Request<Incoming>) -> Result<Response<http_body_util::Either<Full<Bytes>, Trailed>>, hyper::Error> {
    let kind = request.headers().get(CONTENT_TYPE).cloned();
    let grpc = kind.as_ref().is_some_and(|k| k.as_bytes().starts_with(b"application/grpc"));
    let body = Full::new(request.into_body().collect().await?.to_bytes());
    let body = if grpc { http_body_util::Either::Right(trailed(body)) } else { http_body_util::Either::Left(body) };
    let mut response = Response::new(body);
    if let Some(kind) = kind {
        response.headers_mut().insert(CONTENT_TYPE, kind);
    }
    Ok(response)
}

type Status = std::future::Ready<Option<Result<HeaderMap, Infallible>>>;
type Trailed = http_body_util::combinators::WithTrailers<Full<Bytes>, Status>;

fn trailed(body: Full<Bytes>) -> Trailed {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    body.with_trailers(std::future::ready(Some(Ok(trailers))))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{}", option("--port", "50051"))).await?;
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        // A connection that ends with an error is the generator's business.
        tokio::spawn(async move {
            let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), service_fn(answer)).await;
        });
    }
}
