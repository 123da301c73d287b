// One TLS connection to the origin, checked.
#pragma once

#include <openssl/ssl.h>
#include <hub/connector.hpp>
#include <hub/error.hpp>

#include <cstddef>
#include <memory>
#include <string_view>

#include "http/descriptor.hpp"
#include "http/openssl_ptr.hpp"
#include "http/settings.hpp"
#include "http/tls.hpp"

namespace databricks_token {

struct Doing;

/// Exists only once the handshake is done and OpenSSL has accepted chain and name, so nothing can
/// be sent before. One thread at a time.
///
/// OpenSSL drives the socket, not Poco::Net::SecureStreamSocket: that one shows neither its state
/// nor its descriptor while it shakes hands, and takes a handshake that timed out for a connection.
class Connection {
 public:
  /// Shakes hands over a connected, non-blocking socket whose other end is `origin`.
  /// TLS_UNTRUSTED, TLS_WRONG_HOST, TLS_PIN_MISMATCH, CLIENT_CERTIFICATE_INVALID,
  /// CLIENT_CERTIFICATE_REFUSED, TLS_FAILED, DEADLINE_EXCEEDED, CANCELLED; the effect is none. In
  /// TLS 1.3 a server may refuse the client's certificate when this has returned: write and read
  /// say so.
  static hub::Result<std::unique_ptr<Connection>> open(hub::Call call, Descriptor socket,
                                                       const Origin& origin, const TlsSettings& tls,
                                                       std::shared_ptr<TlsContext> context);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int fd() const { return fd_.get(); }
  const TlsContext* context() const { return context_.get(); }

  /// Whether the server has kept silent since the last answer: it has neither closed nor sent
  /// anything but what TLS itself sends, such as session tickets.
  bool is_quiet();

  /// All of `bytes`. The effect of an error is unknown once a whole TLS record has left; the server
  /// can make nothing of less. The caller holds shut_down_on_cancel, here and for read.
  /// CONNECTION_LOST, CLIENT_CERTIFICATE_REFUSED, DEADLINE_EXCEEDED, CANCELLED.
  hub::Result<> write(hub::Call call, std::string_view bytes);

  /// At least one byte, or 0 when the server has ended the connection properly, which a connection
  /// that was cut is not. write's errors.
  hub::Result<std::size_t> read(hub::Call call, char* buffer, std::size_t size);

 private:
  Connection(Descriptor fd, std::shared_ptr<TlsContext> context, Origin origin);

  /// Repeats `operation`, an SSL_ function, waiting for the socket as it asks, and gives back what
  /// SSL_get_error says of its end.
  template <class Operation>
  hub::Result<int> drive(hub::Call call, const Doing& doing, Operation operation);
  hub::Error lost(hub::Call call, const Doing& doing);

  Descriptor fd_;
  std::shared_ptr<TlsContext> context_;
  OpensslPtr<SSL, SSL_free> ssl_;
  const Origin origin_;
  Refusal refusal_;
  bool broken_ = false;  // SSL_shutdown is forbidden after a fatal error
};

}  // namespace databricks_token
