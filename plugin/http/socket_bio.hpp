// The socket under a TLS connection.
#pragma once

#include <openssl/bio.h>

namespace databricks_token {

/// Reads and writes `fd`, which stays the caller's. OpenSSL's own raises SIGPIPE when the other
/// side has closed, and that signal's handler and mask are the host's.
BIO* new_socket_bio(int fd);

}  // namespace databricks_token
