// The certificate authorities that connections trust.
#pragma once

#include <openssl/x509_vfy.h>
#include <sys/stat.h>
#include <hub/error.hpp>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "http/clock.hpp"

namespace databricks_token {

/// Those of one CA file, or of the system. Read at the first use and shared by all clients that
/// name the file. Once a second, and at each request while it is unusable, the file's size, times
/// and inode are looked at, and it is read again when they differ; a file that has become unusable
/// is an error, not a reason to go on with what it said before. Thread-safe; who comes while it is
/// read waits for that.
class Trust {
 public:
  /// PEM; empty: the system's hashed directory, which OpenSSL reads as needed; its bundle would
  /// cost 20 ms and 1 MB.
  Trust(std::string ca_file, Clock clock)
      : ca_file_(std::move(ca_file)), clock_(std::move(clock)) {}

  /// The same store for as long as no change was seen. The file must be a TrustedFile: it steers
  /// where the credential goes. CA_FILE_INVALID.
  hub::Result<std::shared_ptr<X509_STORE>> store();

 private:
  const std::string ca_file_;
  const Clock clock_;

  std::mutex mutex_;  // guards what follows
  std::shared_ptr<X509_STORE> store_;
  struct stat seen_ {};
  std::chrono::nanoseconds look_at_{0};  // not before
};

}  // namespace databricks_token
