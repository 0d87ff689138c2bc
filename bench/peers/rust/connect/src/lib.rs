//! The generated code.
connectrpc::include_generated!();
pub use self::bench::v1::*;
