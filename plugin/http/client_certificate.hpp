// Who we are, for servers that ask.
#pragma once

#include <openssl/ssl.h>
#include <hub/connector.hpp>
#include <hub/error.hpp>

#include "http/settings.hpp"

namespace databricks_token {

/// Gives the connection the client certificate of `tls`, which must name one, and its key. File and
/// key are read for each connection, so that a renewed pair counts at the next.
/// CLIENT_CERTIFICATE_INVALID; the effect is none.
hub::Result<> present_certificate(hub::Call call, const TlsSettings& tls, SSL* ssl);

}  // namespace databricks_token
