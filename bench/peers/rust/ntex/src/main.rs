//! Echo on ntex-grpc, which knows unary calls only: `--port P`. Any method is taken for Echo.
use common::option;
use ntex_bytes::{BufMut, BytePages};
use ntex_grpc::server::{GrpcServer, ServerError, ServerRequest, ServerResponse};
use ntex_service::cfg::SharedCfg;
use ntex_service::{Service, ServiceCtx, ServiceFactory};
use prost::Message;

/// EchoRequest and EchoResponse, which are alike.
#[derive(Clone, PartialEq, Message)]
struct EchoMessage {
    #[prost(string, tag = "1")]
    text: String,
    #[prost(bytes = "vec", tag = "2")]
    payload: Vec<u8>,
}

struct Echo;

impl Service<ServerRequest> for Echo {
    type Response = ServerResponse;
    type Error = ServerError;

    async fn call(&self, request: ServerRequest, _: ServiceCtx<'_, Self>) -> Result<ServerResponse, ServerError> {
        let message = EchoMessage::decode(&request.payload[..]).expect("a message of the generator");
        let mut bytes = BytePages::default();
        bytes.put_slice(&message.encode_to_vec());
        Ok(ServerResponse::new(bytes))
    }
}

struct EchoFactory;

impl ServiceFactory<ServerRequest, SharedCfg> for EchoFactory {
    type Response = ServerResponse;
    type Error = ServerError;
    type Service = Echo;
    type InitError = ();

    async fn create(&self, _: SharedCfg) -> Result<Echo, ()> {
        Ok(Echo)
    }
}

#[ntex::main]
async fn main() -> std::io::Result<()> {
    ntex::server::build()
        .workers(1)
        .bind("echo", format!("127.0.0.1:{}", option("--port", "50051")), async |_| GrpcServer::new(EchoFactory))?
        .run()
        .await
}
