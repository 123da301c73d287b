#include "http/connection.hpp"

#include <Poco/Net/IPAddress.h>
#include <openssl/err.h>

#include <cerrno>
#include <new>
#include <system_error>
#include <utility>

#include "http/client_certificate.hpp"
#include "http/socket_bio.hpp"
#include "http/wait.hpp"

namespace databricks_token {
namespace {

/// What ended an SSL_ function, from OpenSSL's queue of this thread or from errno.
std::string last_reason(int system_error) {
  const unsigned long code = ERR_peek_last_error();
  if (code != 0 && ERR_GET_REASON(code) != SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    const char* const reason = ERR_reason_error_string(code);
    if (reason != nullptr) return reason;
  }
  return system_error != 0 ? std::generic_category().message(system_error)
                           : "the server closed the connection";
}

/// Whether the two sides disagree on the protocol, rather than lost each other.
bool is_disagreement(int ssl_error) {
  return ssl_error == SSL_ERROR_SSL &&
         ERR_GET_REASON(ERR_peek_last_error()) != SSL_R_UNEXPECTED_EOF_WHILE_READING;
}

/// Whether the server ended the handshake over the client's certificate. In TLS 1.3 that comes when
/// the client is already done, and looks like the answer.
bool is_about_our_certificate() {
  switch (ERR_GET_REASON(ERR_peek_last_error())) {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
      return true;
    default:
      return false;
  }
}

hub::Error refused_client(const std::string& origin) {
  return {.status = hub::Status::kFailedPrecondition,
          .reason = "CLIENT_CERTIFICATE_REFUSED",
          .message = origin + " does not accept this client: " + last_reason(0),
          .hint = "Set tls.client_certificate_file to a certificate that the server accepts."};
}

}  // namespace

Connection::Connection(Descriptor fd, std::shared_ptr<TlsContext> context, Origin origin)
    : fd_(std::move(fd)),
      context_(std::move(context)),
      ssl_(SSL_new(context_->get())),
      origin_(std::move(origin)) {
  if (!ssl_) throw std::bad_alloc();
  BIO* const bio = new_socket_bio(fd_.get());
  SSL_set_bio(ssl_.get(), bio, bio);  // which owns it
  Refusal::record(ssl_.get(), &refusal_);
  if (const auto session = context_->take_session()) SSL_set_session(ssl_.get(), session.get());
}

Connection::~Connection() {
  if (!broken_) SSL_shutdown(ssl_.get());  // close_notify, if there is room for it
}

template <class Operation>
hub::Result<int> Connection::drive(hub::Call call, const Doing& doing, Operation operation) {
  for (;;) {
    if (auto ended = call_ended(call, doing)) return *std::move(ended);
    ERR_clear_error();
    errno = 0;
    const int ssl_error = SSL_get_error(ssl_.get(), operation());
    if (ssl_error != SSL_ERROR_WANT_READ && ssl_error != SSL_ERROR_WANT_WRITE) {
      broken_ = broken_ || ssl_error == SSL_ERROR_SYSCALL || ssl_error == SSL_ERROR_SSL;
      return ssl_error;
    }
    auto waited = wait_for(call, fd(), ssl_error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, doing,
                           std::chrono::nanoseconds::max());
    if (!waited) return std::move(waited).error();
  }
}

hub::Error Connection::lost(hub::Call call, const Doing& doing) {
  const int system_error = errno;
  if (auto ended = call_ended(call, doing)) return *std::move(ended);
  if (is_about_our_certificate()) return refused_client(origin_.text());
  return {
      .status = hub::Status::kUnavailable,
      .retry = hub::Retry::kSameCall,
      .reason = "CONNECTION_LOST",
      .message = "the connection was lost while " + doing.text() + ": " + last_reason(system_error),
      .hint = "Check the network and what stands between this machine and the workspace."};
}

hub::Result<std::unique_ptr<Connection>> Connection::open(hub::Call call, Descriptor socket,
                                                          const Origin& origin,
                                                          const TlsSettings& tls,
                                                          std::shared_ptr<TlsContext> context) {
  std::unique_ptr<Connection> connection(
      new Connection(std::move(socket), std::move(context), origin));
  SSL* const ssl = connection->ssl_.get();
  if (Poco::Net::IPAddress literal; !Poco::Net::IPAddress::tryParse(origin.host, literal))
    SSL_set_tlsext_host_name(ssl, origin.host.c_str());

  if (!tls.client_certificate_file.empty()) {
    if (auto presented = present_certificate(call, tls, ssl); !presented)
      return std::move(presented).error();
    SSL_set_session(ssl, nullptr);  // a resumed one would keep the identity that it began with
  }

  const Doing doing{"shaking hands with ", &origin};
  const auto on_cancel = shut_down_on_cancel(call, connection->fd());
  auto driven = connection->drive(call, doing, [ssl] { return SSL_connect(ssl); });
  const int system_error = errno;
  if (!driven) {
    connection->broken_ = true;
    return std::move(driven).error();
  }
  if (auto ended = call_ended(call, doing)) return *std::move(ended);
  if (connection->refusal_.code != X509_V_OK)
    return refused_certificate(origin, tls, connection->refusal_);
  if (*driven != SSL_ERROR_NONE) {
    if (is_about_our_certificate()) return refused_client(origin.text());
    const bool disagreement = is_disagreement(*driven);
    return hub::Error{
        .status = disagreement ? hub::Status::kFailedPrecondition : hub::Status::kUnavailable,
        .retry = disagreement ? hub::Retry::kNever : hub::Retry::kSameCall,
        .reason = "TLS_FAILED",
        .message = "no secure connection to " + origin.text() + ": " + last_reason(system_error),
        .hint = "Check that workspace_url names a server that speaks HTTPS with TLS 1.2 or newer."};
  }
  // OpenSSL has said so already; the credential is worth asking twice.
  if (SSL_is_init_finished(ssl) != 1 || SSL_get_verify_result(ssl) != X509_V_OK ||
      SSL_get0_peer_certificate(ssl) == nullptr) {
    return hub::Error{.status = hub::Status::kFailedPrecondition,
                      .reason = "TLS_FAILED",
                      .message = origin.text() + ": the server was not verified"};
  }
  if (auto mismatch = check_pin(origin, tls, SSL_get0_peer_certificate(ssl)))
    return *std::move(mismatch);
  // A resumed session of TLS 1.2 stays good, and no other may come.
  if (SSL_session_reused(ssl) == 1 && SSL_version(ssl) < TLS1_3_VERSION)
    connection->context_->keep_session(TlsContext::Session(SSL_get1_session(ssl)));
  return connection;
}

bool Connection::is_quiet() {
  // Behind a ticket there may be the end, or half a record, which stays one however often it is
  // read.
  for (int records = 0; records < 16; ++records) {
    pollfd more{.fd = fd(), .events = POLLIN, .revents = 0};
    if (::poll(&more, 1, 0) == 0 && SSL_has_pending(ssl_.get()) == 0) return true;
    char unexpected = 0;
    ERR_clear_error();
    const int peeked = SSL_peek(ssl_.get(), &unexpected, 1);
    const int ssl_error = SSL_get_error(ssl_.get(), peeked);
    broken_ = ssl_error == SSL_ERROR_SYSCALL || ssl_error == SSL_ERROR_SSL;
    if (ssl_error != SSL_ERROR_WANT_READ) return false;
  }
  return false;
}

hub::Result<> Connection::write(hub::Call call, std::string_view bytes) {
  const Doing doing{"sending to ", &origin_};
  hub::Effect effect = hub::Effect::kNone;
  while (!bytes.empty()) {
    std::size_t written = 0;
    auto driven = drive(call, doing, [&] {
      return SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written);
    });
    if (!driven || *driven != SSL_ERROR_NONE) {
      hub::Error error = driven ? lost(call, doing) : std::move(driven).error();
      error.effect = effect;
      broken_ = true;  // a record may have been cut
      return error;
    }
    effect = hub::Effect::kUnknown;
    bytes.remove_prefix(written);
  }
  return {};
}

hub::Result<std::size_t> Connection::read(hub::Call call, char* buffer, std::size_t size) {
  const Doing doing{"waiting for the answer of ", &origin_};
  std::size_t count = 0;
  if (SSL_has_pending(ssl_.get()) == 0) {  // to try first would be in vain
    auto waited = wait_for(call, fd(), POLLIN, doing, std::chrono::nanoseconds::max());
    if (!waited) return std::move(waited).error();
  }
  auto driven = drive(call, doing, [&] { return SSL_read_ex(ssl_.get(), buffer, size, &count); });
  if (!driven) return std::move(driven).error();
  if (*driven != SSL_ERROR_NONE && *driven != SSL_ERROR_ZERO_RETURN) return lost(call, doing);
  return count;
}

}  // namespace databricks_token
