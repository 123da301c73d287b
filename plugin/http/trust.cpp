#include "http/trust.hpp"

#include <openssl/x509v3.h>

#include <new>
#include <tuple>

#include "http/pem.hpp"

namespace databricks_token {
namespace {

// A look costs a twentieth of a request.
constexpr std::chrono::seconds kLookEvery(1);

auto identity(const struct stat& status) {
  return std::tuple(status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec,
                    status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
}

}  // namespace

hub::Result<std::shared_ptr<X509_STORE>> Trust::store() {
  const char* const path = ca_file_.empty() ? X509_get_default_cert_dir() : ca_file_.c_str();
  const std::chrono::nanoseconds now = clock_();
  const std::lock_guard lock(mutex_);
  if (store_ && now < look_at_) return store_;
  look_at_ = now + kLookEvery;
  struct stat found {};
  ::stat(path, &found);  // before it is read, so that a change while it is read is seen next time
  if (store_ && identity(found) == identity(seen_)) return store_;

  store_.reset();
  std::shared_ptr<X509_STORE> made(X509_STORE_new(), &X509_STORE_free);
  if (!made) throw std::bad_alloc();
  if (ca_file_.empty()) {
    X509_STORE_load_path(made.get(), path);
  } else {
    const auto authorities =
        read_certificates({ca_file_, "tls.ca_file", "CA_FILE_INVALID"},
                          "Put the certificate of the CA that signs the workspace's there, as "
                          "-----BEGIN CERTIFICATE-----.");
    if (!authorities) return authorities.error();
    for (const X509Ptr& authority : *authorities) {
      X509_check_purpose(authority.get(), -1, 0);  // parses its extensions now, not while shared
      X509_STORE_add_cert(made.get(), authority.get());
    }
  }
  store_ = std::move(made);
  seen_ = found;
  return store_;
}

}  // namespace databricks_token
