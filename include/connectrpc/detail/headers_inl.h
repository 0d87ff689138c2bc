// Templates of headers.h that need Result and Error to be complete.
#pragma once

#include "connectrpc/headers.h"
#include "connectrpc/result.h"

namespace connectrpc {

template <class T>
Result<std::optional<T>> Headers::get_message(std::string_view name) const {
  T message;
  std::optional<Error> error;
  const bool found = get_message_into(name, message, error);
  if (error) return *std::move(error);
  if (!found) return std::optional<T>();
  return std::optional<T>(std::move(message));
}

}  // namespace connectrpc
