// Whom to trust, and what a refusal means.
#pragma once

#include <Poco/Net/Context.h>
#include <openssl/ssl.h>
#include <hub/error.hpp>

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "http/openssl_ptr.hpp"
#include "http/settings.hpp"

namespace databricks_token {

/// A Poco context for one origin: TLS 1.2 or newer, chain and name checked by OpenSSL during the
/// handshake. Poco's own check is off: it comes after the handshake, is left out when that is slow,
/// takes any name on loopback, and asks the process's SSLManager, which is the host's. Thread-safe.
///
/// Keeps the newest few TLS sessions for the next connections, which then need no certificates and
/// no signature. They came from connections that were checked with this very context, and go with
/// it. Each is used once: a ticket of TLS 1.3 that is seen twice links its connections (RFC 8446
/// C.4), and one that a server stumbles over is not tried again. No early data is ever sent: it
/// could be replayed.
class TlsContext {
 public:
  static hub::Result<std::shared_ptr<TlsContext>> make(const Origin& origin,
                                                       std::shared_ptr<X509_STORE> store);
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  SSL_CTX* get() const { return context_->sslContext(); }
  const std::shared_ptr<X509_STORE>& store() const { return store_; }

  using Session = OpensslPtr<SSL_SESSION, SSL_SESSION_free>;

  /// The newest session, or nothing.
  Session take_session();
  /// OpenSSL itself hands over those of full handshakes and of TLS 1.3, whose tickets come with the
  /// first answer.
  void keep_session(Session session);

 private:
  static constexpr std::size_t kMaxSessions = 4;

  TlsContext(Poco::Net::Context::Ptr context, std::shared_ptr<X509_STORE> store);

  const Poco::Net::Context::Ptr context_;
  const std::shared_ptr<X509_STORE> store_;

  std::mutex mutex_;                // guards what follows
  std::deque<Session> sessions_{};  // the newest last
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

/// Nothing when the server's key is pinned or none is, else TLS_PIN_MISMATCH with the key's pin.
std::optional<hub::Error> check_pin(const Origin& origin, const TlsSettings& tls, X509* server);

}  // namespace databricks_token
