// Whether memory errors are looked for.
#pragma once

namespace connectrpc::base {

/// Under AddressSanitizer and ThreadSanitizer nothing is kept to be used again, so that they see every use of what was
/// freed.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif
#else
inline constexpr bool sanitized = false;
#endif

}  // namespace connectrpc::base
