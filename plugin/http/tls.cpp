#include "http/tls.hpp"

#include <Poco/Net/IPAddress.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <system_error>

#include "http/descriptor.hpp"

namespace databricks_token {
namespace {

constexpr off_t kMaxCaFileBytes = 4 * 1024 * 1024;

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* held) const {
    Free(held);
  }
};

hub::Error bad_ca_file(const std::string& path, const std::string& what, const std::string& hint) {
  return {.status = hub::Status::kFailedPrecondition,
          .reason = "CA_FILE_INVALID",
          .message = "tls.ca_file " + path + ": " + what,
          .hint = hint};
}

bool is_trusted_owner(const struct stat& status) {
  return status.st_uid == 0 || status.st_uid == ::geteuid();
}

bool others_can_write(const struct stat& status) { return (status.st_mode & 022) != 0; }

/// A directory in which others can put another file in the place of ours.
hub::Result<> check_directories(const std::string& path) {
  std::error_code failed;
  const auto real = std::filesystem::canonical(path, failed);
  if (failed) return bad_ca_file(path, failed.message(), "Check the path.");
  for (auto directory = real.parent_path();; directory = directory.parent_path()) {
    struct stat status {};
    if (::stat(directory.c_str(), &status) != 0)
      return bad_ca_file(path, std::generic_category().message(errno), "Check the path.");
    const bool shared_but_sticky = (status.st_mode & S_ISVTX) != 0 && status.st_uid == 0;
    if (!is_trusted_owner(status) || (others_can_write(status) && !shared_but_sticky)) {
      return bad_ca_file(path, "others can write to the directory " + directory.string(),
                         "chmod go-w " + directory.string() + ", or move the file.");
    }
    if (directory == directory.root_path()) return {};
  }
}

hub::Result<std::string> read_ca_file(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file.get() < 0) {
    const int code = errno;
    return bad_ca_file(path,
                       code == ELOOP ? "is a symbolic link" : std::generic_category().message(code),
                       "Name a readable PEM file itself.");
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
      status.st_size > kMaxCaFileBytes)
    return bad_ca_file(path, "is not a regular file of at most 4 MiB", "Name a PEM file.");
  if (!is_trusted_owner(status) || others_can_write(status)) {
    return bad_ca_file(path, "others can change it",
                       "chown root " + path + " && chmod go-w " + path);
  }
  if (auto checked = check_directories(path); !checked) return std::move(checked).error();

  std::string pem(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t size = 0;
  while (size < pem.size()) {
    const ssize_t more = ::read(file.get(), pem.data() + size, pem.size() - size);
    if (more < 0 && errno == EINTR) continue;
    if (more <= 0) return bad_ca_file(path, "cannot be read whole", "Check the file.");
    size += static_cast<std::size_t>(more);
  }
  return pem;
}

hub::Result<> trust_ca_file(SSL_CTX* context, const std::string& path) {
  auto pem = read_ca_file(path);
  if (!pem) return std::move(pem).error();
  const std::unique_ptr<BIO, Freed<BIO_free>> source(
      BIO_new_mem_buf(pem->data(), static_cast<int>(pem->size())));
  int count = 0;
  for (;; ++count) {
    const std::unique_ptr<X509, Freed<X509_free>> certificate(
        PEM_read_bio_X509(source.get(), nullptr, nullptr, nullptr));
    if (!certificate) break;
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate.get());
  }
  // The end of the file is an error too, the one that is expected.
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (count == 0 || !at_end) {
    return bad_ca_file(path,
                       count == 0 ? "holds no certificate in PEM"
                                  : "its certificate " + std::to_string(count + 1) + " is damaged",
                       "Put the certificate of the CA that signs the workspace's there, as "
                       "-----BEGIN CERTIFICATE-----.");
  }
  return {};
}

bool is_address(const std::string& host) {
  Poco::Net::IPAddress address;
  return Poco::Net::IPAddress::tryParse(host, address);
}

std::string names_of(X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::string text;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    // Printed by OpenSSL, which escapes what a hostile certificate holds.
    const std::unique_ptr<BIO, Freed<BIO_free>> printed(BIO_new(BIO_s_mem()));
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

hub::Result<Poco::Net::Context::Ptr> make_context(const Origin& origin, const TlsSettings& tls) {
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
  SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_clear_mode(ssl, SSL_MODE_AUTO_RETRY);
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

  if (tls.ca_file.empty()) {
    // The hashed directory is read as needed; the bundle would cost 20 ms and 1 MB.
    SSL_CTX_load_verify_dir(ssl, X509_get_default_cert_dir());
  } else if (auto trusted = trust_ca_file(ssl, tls.ca_file); !trusted) {
    return std::move(trusted).error();
  }
  return context;
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

}  // namespace databricks_token
