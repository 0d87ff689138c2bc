// A call in a later turn of the loop.
#include "io/deferred.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace connectrpc::io {

struct Deferred::Ticket {
  Function function;
  void* owner;
  bool posted;
};

Deferred::~Deferred() {
  if (ticket_) ticket_->owner = nullptr;
}

void Deferred::post() {
  if (!ticket_) ticket_ = std::make_shared<Ticket>(Ticket{function_, owner_, false});
  if (ticket_->posted) return;
  ticket_->posted = true;
  boost::asio::post(loop_->get_executor(), [ticket = ticket_] {
    ticket->posted = false;
    if (ticket->owner != nullptr) ticket->function(ticket->owner);
  });
}

}  // namespace connectrpc::io
