// What servers need of a router.
#pragma once

#include <memory>

#include "connectrpc/router.h"
#include "server/routing_table.h"

namespace connectrpc::server {

class RouterAccess {
 public:
  /// The router changes no more.
  static std::shared_ptr<const RoutingTable> begin_to_serve(const Router& router);
};

}  // namespace connectrpc::server
