// Content types and what they say about a call.
#include "protocol/content_type.h"

#include <gtest/gtest.h>

namespace connectrpc::protocol {
namespace {

TEST(ContentType, Parses) {
  struct Case {
    std::string_view text;
    ContentKind kind;
    std::optional<Codec> codec;
    bool implicit_codec = false;
  };
  const Case cases[] = {
      {"application/proto", ContentKind::connect_unary, Codec::proto},
      {"application/json", ContentKind::connect_unary, Codec::json},
      {"application/json; charset=utf-8", ContentKind::connect_unary, Codec::json},
      {"application/json;charset=\"UTF-8\"", ContentKind::connect_unary, Codec::json},
      {"Application/JSON ; x=y; Charset=UTF8", ContentKind::connect_unary, Codec::json},
      {"application/json; charset=latin1", ContentKind::connect_unary, {}},
      {"application/foo", ContentKind::connect_unary, {}},
      {"application/", ContentKind::connect_unary, {}},
      {"application/connect+proto", ContentKind::connect_stream, Codec::proto},
      {"application/connect+json", ContentKind::connect_stream, Codec::json},
      {"application/connect+", ContentKind::connect_stream, {}},
      {"application/connect", ContentKind::connect_unary, {}},
      {"application/grpc", ContentKind::grpc, Codec::proto, true},
      {"application/grpc;x=y", ContentKind::grpc, Codec::proto, true},
      {"application/grpc+proto", ContentKind::grpc, Codec::proto},
      {"application/grpc+json", ContentKind::grpc, Codec::json},
      {"application/grpc+thrift", ContentKind::grpc, {}},
      {"application/grpcx", ContentKind::connect_unary, {}},
      {"application/grpc-web", ContentKind::grpc_web, Codec::proto, true},
      {"application/grpc-web+proto", ContentKind::grpc_web, Codec::proto},
      {"application/grpc-web+json", ContentKind::grpc_web, Codec::json},
      {"application/grpc-web-text", ContentKind::grpc_web_text, Codec::proto, true},
      {"application/grpc-web-text+proto", ContentKind::grpc_web_text, Codec::proto},
      {"application/grpc-web-text+json;x=y", ContentKind::grpc_web_text, Codec::json},
      {"application/grpc-web-text+foo", ContentKind::grpc_web_text, {}},
      {"application/grpc-web-textual", ContentKind::connect_unary, {}},
      {"APPLICATION/GRPC-WEB+PROTO", ContentKind::grpc_web, Codec::proto},
      {"text/html", ContentKind::other, {}},
      {"", ContentKind::other, {}},
      {";", ContentKind::other, {}},
  };
  for (const Case& c : cases) {
    const ContentType type = parse_content_type(c.text);
    EXPECT_EQ(type.kind, c.kind) << c.text;
    EXPECT_EQ(type.codec, c.codec) << c.text;
    EXPECT_EQ(type.implicit_codec, c.implicit_codec) << c.text;
  }
}

TEST(ContentType, WhatIsPrintedIsParsed) {
  for (const ContentKind kind : {ContentKind::connect_unary, ContentKind::connect_stream, ContentKind::grpc,
                                 ContentKind::grpc_web, ContentKind::grpc_web_text}) {
    for (const Codec codec : {Codec::proto, Codec::json}) {
      const ContentType type = parse_content_type(content_type_text(kind, codec));
      EXPECT_EQ(type.kind, kind);
      EXPECT_EQ(type.codec, codec);
    }
  }
  EXPECT_EQ(content_type_text(ContentKind::grpc, Codec::proto, true), "application/grpc");
  EXPECT_EQ(content_type_text(ContentKind::grpc_web, Codec::proto, true), "application/grpc-web");
  EXPECT_EQ(content_type_text(ContentKind::grpc_web_text, Codec::proto, true), "application/grpc-web-text");
}

}  // namespace
}  // namespace connectrpc::protocol
