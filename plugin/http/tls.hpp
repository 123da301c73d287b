// Whom to trust, and what a refusal means.
#pragma once

#include <Poco/Net/Context.h>
#include <openssl/ssl.h>
#include <hub/error.hpp>

#include <memory>
#include <string>

#include "http/settings.hpp"

namespace databricks_token {

/// A Poco context for one origin: TLS 1.2 or newer, chain and name checked by OpenSSL during the
/// handshake. Poco's own check is off: it comes after the handshake, is left out when that is slow,
/// takes any name on loopback, and asks the process's SSLManager, which is the host's. Thread-safe.
class TlsContext {
 public:
  static hub::Result<std::shared_ptr<TlsContext>> make(const Origin& origin,
                                                       std::shared_ptr<X509_STORE> store);
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  SSL_CTX* get() const { return context_->sslContext(); }
  const std::shared_ptr<X509_STORE>& store() const { return store_; }

 private:
  TlsContext(Poco::Net::Context::Ptr context, std::shared_ptr<X509_STORE> store);

  const Poco::Net::Context::Ptr context_;
  const std::shared_ptr<X509_STORE> store_;
};

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
