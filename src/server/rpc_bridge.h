// An RPC whose request and response pass through middleware.
#pragma once

#include <memory>

#include "connectrpc/http/request.h"
#include "connectrpc/http/response.h"
#include "rpc/server_call.h"

namespace connectrpc::server {

/// Answers `request` by a method, whatever middleware has made of both. Returns when the body of the answer was given;
/// its trailers are in `response`. Throws Error if there is no whole answer.
Task<> serve_call(const std::shared_ptr<rpc::ServerEnvironment>& environment, const rpc::Route& route,
                  http::Request& request, http::Response& response);

}  // namespace connectrpc::server
