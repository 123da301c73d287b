#include "http/trust.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <new>
#include <tuple>

#include "http/openssl_ptr.hpp"
#include "http/trusted_file.hpp"

namespace databricks_token {
namespace {

auto identity(const struct stat& status) {
  return std::tuple(status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec,
                    status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
}

/// For PEM that is encrypted; without it OpenSSL asks at the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

hub::Result<> add_ca_file(X509_STORE* store, const std::string& path) {
  const TrustedFile file{path, "tls.ca_file", "CA_FILE_INVALID"};
  auto pem = file.read();
  if (!pem) return std::move(pem).error();
  const OpensslPtr<BIO, BIO_free> source(
      BIO_new_mem_buf(pem->data(), static_cast<int>(pem->size())));
  int count = 0;
  for (;; ++count) {
    const OpensslPtr<X509, X509_free> certificate(
        PEM_read_bio_X509(source.get(), nullptr, no_passphrase, nullptr));
    if (!certificate) break;
    X509_STORE_add_cert(store, certificate.get());
  }
  // The end of the file is an error too, the one that is expected.
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (count == 0 || !at_end) {
    return file.unusable(count == 0
                             ? "holds no certificate in PEM"
                             : "its certificate " + std::to_string(count + 1) + " is damaged",
                         "Put the certificate of the CA that signs the workspace's there, as "
                         "-----BEGIN CERTIFICATE-----.");
  }
  return {};
}

}  // namespace

hub::Result<std::shared_ptr<X509_STORE>> Trust::store() {
  const char* const path = ca_file_.empty() ? X509_get_default_cert_dir() : ca_file_.c_str();
  const std::lock_guard lock(mutex_);
  struct stat now {};
  ::stat(path, &now);  // before it is read, so that a change while it is read is seen next time
  if (store_ && identity(now) == identity(seen_)) return store_;

  store_.reset();
  std::shared_ptr<X509_STORE> made(X509_STORE_new(), &X509_STORE_free);
  if (!made) throw std::bad_alloc();
  if (ca_file_.empty()) {
    X509_STORE_load_path(made.get(), path);
  } else if (auto added = add_ca_file(made.get(), ca_file_); !added) {
    return std::move(added).error();
  }
  store_ = std::move(made);
  seen_ = now;
  return store_;
}

}  // namespace databricks_token
