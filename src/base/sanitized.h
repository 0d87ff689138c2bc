// Whether memory errors are looked for.
#pragma once

/// 1 under AddressSanitizer and ThreadSanitizer, else 0.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CONNECTRPC_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CONNECTRPC_SANITIZED 1
#endif
#endif
#if !defined(CONNECTRPC_SANITIZED)
#define CONNECTRPC_SANITIZED 0
#endif

namespace connectrpc::base {

/// There nothing is kept to be used again, so that they see every use of what was freed.
inline constexpr bool sanitized = CONNECTRPC_SANITIZED != 0;

}  // namespace connectrpc::base
