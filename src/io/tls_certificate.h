// Certificates of OpenSSL as values.
#pragma once

#include <openssl/x509.h>

#include <string>

#include "connectrpc/peer.h"

namespace connectrpc::io {

Certificate describe_certificate(X509* certificate);
/// The names that a certificate is valid for, for an error message: "localhost, 127.0.0.1".
std::string names_in(const Certificate& certificate);
/// "2031-02-28 23:59:59 UTC"
std::string utc_text(std::chrono::system_clock::time_point time);

}  // namespace connectrpc::io
