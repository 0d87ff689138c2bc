//! The generated code.
tonic::include_proto!("bench.v1");
