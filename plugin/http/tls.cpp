#include "http/tls.hpp"

#include <Poco/Net/IPAddress.h>
#include <openssl/x509v3.h>

#include <new>
#include <utility>

#include "http/openssl_ptr.hpp"

namespace databricks_token {
namespace {

bool is_address(const std::string& host) {
  Poco::Net::IPAddress address;
  return Poco::Net::IPAddress::tryParse(host, address);
}

std::string names_of(X509* certificate) {
  const OpensslPtr<GENERAL_NAMES, GENERAL_NAMES_free> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::string text;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    // Printed by OpenSSL, which escapes what a hostile certificate holds.
    const OpensslPtr<BIO, BIO_free> printed(BIO_new(BIO_s_mem()));
    GENERAL_NAME_print(printed.get(), sk_GENERAL_NAME_value(names.get(), i));
    char* data = nullptr;
    const long size = BIO_get_mem_data(printed.get(), &data);
    text += (text.empty() ? "" : ", ") + std::string(data, static_cast<std::size_t>(size));
    if (text.size() > 256) return text.substr(0, 256) + "..";
  }
  return text;
}

int record_refusal(int accepted, X509_STORE_CTX* store) noexcept {
  if (accepted == 1) return accepted;
  try {
    const auto* ssl =
        static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* refusal = static_cast<Refusal*>(SSL_get_app_data(ssl));
    refusal->code = X509_STORE_CTX_get_error(store);
    refusal->names = names_of(X509_STORE_CTX_get0_cert(store));
  } catch (...) {  // without its names, then
  }
  return accepted;
}

}  // namespace

TlsContext::TlsContext(Poco::Net::Context::Ptr context, std::shared_ptr<X509_STORE> store)
    : context_(std::move(context)), store_(std::move(store)) {
  SSL_CTX_set1_cert_store(get(), store_.get());
  SSL_CTX_set_app_data(get(), this);
  SSL_CTX_set_session_cache_mode(get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(get(), [](SSL* ssl, SSL_SESSION* session) {
    auto* self = static_cast<TlsContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    Session kept(session);
    try {
      self->keep_session(std::move(kept));
    } catch (...) {  // without it, then; no exception crosses OpenSSL
    }
    return 1;  // the session is ours
  });
}

TlsContext::Session TlsContext::take_session() {
  const std::lock_guard lock(mutex_);
  if (sessions_.empty()) return nullptr;
  Session session = std::move(sessions_.back());
  sessions_.pop_back();
  return session;
}

void TlsContext::keep_session(Session session) {
  if (SSL_SESSION_is_resumable(session.get()) != 1) return;
  const std::lock_guard lock(mutex_);
  sessions_.push_back(std::move(session));
  if (sessions_.size() > kMaxSessions) sessions_.pop_front();
}

hub::Result<std::shared_ptr<TlsContext>> TlsContext::make(const Origin& origin,
                                                          std::shared_ptr<X509_STORE> store) {
  Poco::Net::Context::Params params;
  params.verificationMode = Poco::Net::Context::VERIFY_RELAXED;
  params.cipherList = "ECDHE+AESGCM:ECDHE+CHACHA20";
  params.ecdhCurve = "X25519:P-256:P-384";  // Poco begins with X448, a third more per handshake
  Poco::Net::Context::Ptr context =
      new Poco::Net::Context(Poco::Net::Context::TLS_CLIENT_USE, params);
  context->requireMinimumProtocol(Poco::Net::Context::PROTO_TLSV1_2);
  context->enableExtendedCertificateVerification(false);

  SSL_CTX* const ssl = context->sslContext();
  SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, nullptr);  // not Poco's, which asks the SSLManager
  SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                            SSL_MODE_RELEASE_BUFFERS);  // 33 kB of each idle connection
  SSL_CTX_clear_mode(ssl, SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_read_ahead(ssl, 1);                      // a record's head and body at once
  SSL_CTX_set_options(ssl, SSL_OP_CLEANSE_PLAINTEXT);  // tokens pass through OpenSSL's buffers

  X509_VERIFY_PARAM* const check = SSL_CTX_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(check, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const int named =
      is_address(origin.host)
          ? X509_VERIFY_PARAM_set1_ip_asc(check, origin.host.c_str())
          : X509_VERIFY_PARAM_set1_host(check, origin.host.data(), origin.host.size());
  if (named != 1) {
    return hub::Error{.status = hub::Status::kInternal,
                      .reason = "TLS_FAILED",
                      .message = "OpenSSL cannot check for the name of " + origin.text()};
  }

  return std::shared_ptr<TlsContext>(new TlsContext(std::move(context), std::move(store)));
}

void Refusal::record(SSL* ssl, Refusal* refusal) {
  SSL_set_app_data(ssl, refusal);
  SSL_set_verify(ssl, SSL_VERIFY_PEER, record_refusal);
}

hub::Error refused_certificate(const Origin& origin, const TlsSettings& tls,
                               const Refusal& refusal) {
  const std::string trusted =
      tls.ca_file.empty() ? "this machine's CAs" : "tls.ca_file " + tls.ca_file;
  hub::Error error{.status = hub::Status::kFailedPrecondition, .reason = "TLS_UNTRUSTED"};
  error.message = origin.text() + ": the server's certificate was refused: " +
                  X509_verify_cert_error_string(refusal.code);
  switch (refusal.code) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      error.reason = "TLS_WRONG_HOST";
      error.message += "; it is for " + (refusal.names.empty() ? "no name" : refusal.names);
      error.hint = "Write workspace_url with a name that the certificate has.";
      break;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      error.hint = "Have the server's certificate renewed, or set this machine's clock right.";
      break;
    default:
      error.message += " (trusted: " + trusted + ")";
      error.hint =
          "If the workspace's certificate is signed by a private CA, name that CA's certificate in "
          "tls.ca_file; otherwise install the ca-certificates package.";
  }
  return error;
}

std::optional<hub::Error> check_pin(const Origin& origin, const TlsSettings& tls, X509* server) {
  if (tls.pinned_public_keys.empty()) return std::nullopt;
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(server), &der);
  if (size <= 0) throw std::bad_alloc();
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned digest_size = 0;
  const int hashed =
      EVP_Digest(der, static_cast<std::size_t>(size), digest, &digest_size, EVP_sha256(), nullptr);
  OPENSSL_free(der);
  if (hashed != 1) throw std::bad_alloc();
  unsigned char base64[2 * EVP_MAX_MD_SIZE];
  EVP_EncodeBlock(base64, digest, static_cast<int>(digest_size));
  const std::string pin = std::string("sha256//") + reinterpret_cast<const char*>(base64);
  for (const std::string& pinned : tls.pinned_public_keys) {
    if (pin == pinned) return std::nullopt;
  }
  return hub::Error{
      .status = hub::Status::kFailedPrecondition,
      .reason = "TLS_PIN_MISMATCH",
      .message = origin.text() + " presents the public key " + pin +
                 ", which tls.pinned_public_keys does not have",
      .hint =
          "If the server's key was replaced, add the new one; otherwise somebody sits in "
          "between."};
}

}  // namespace databricks_token
