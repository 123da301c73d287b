// Whom to trust, and what a refusal means.
#pragma once

#include <Poco/Net/Context.h>
#include <openssl/ssl.h>
#include <hub/error.hpp>

#include <string>

#include "http/client.hpp"

namespace databricks_token {

/// A Poco context for one origin: TLS 1.2 or newer, chain and name checked by OpenSSL during the
/// handshake. Poco's own check is off: it comes after the handshake, is left out when that is slow,
/// takes any name on loopback, and asks the process's SSLManager, which is the host's.
///
/// The CA file must be a regular file of root's or of this process's user, and neither it nor a
/// directory above it may be writable by others: it steers where the credential goes.
/// CA_FILE_INVALID.
hub::Result<Poco::Net::Context::Ptr> make_context(const Origin& origin, const TlsSettings& tls);

/// What OpenSSL's verification had against a certificate.
struct Refusal {
  int code = X509_V_OK;
  std::string names;  // the subjectAltNames of the certificate that it was about

  /// Records into `refusal`, which must outlive the handshake, and changes no verdict.
  static void record(SSL* ssl, Refusal* refusal);
};

/// TLS_WRONG_HOST or TLS_UNTRUSTED.
hub::Error refused_certificate(const Origin& origin, const TlsSettings& tls,
                               const Refusal& refusal);

}  // namespace databricks_token
