#pragma once

#include <ctime>
#include <string>
#include <vector>

namespace local_workspace {

/// A certificate and its private key, both PEM. The key is not encrypted.
struct Certificate {
  std::string certificate_pem;
  std::string key_pem;
};

/// Makes certificates for servers on this machine, P-256 and SHA-256. For trying things out and for
/// tests: what it issues has no revocation. Immutable after construction, so safe to share between
/// threads. Throws std::runtime_error when OpenSSL refuses.
class CertificateAuthority {
 public:
  /// A new key and a self-signed certificate, valid for ten years from yesterday on.
  explicit CertificateAuthority(const std::string& common_name);
  /// One that was made before.
  explicit CertificateAuthority(Certificate certificate);

  const Certificate& certificate() const { return certificate_; }

  /// A server's certificate. `names` are DNS names or IP addresses and become subjectAltName, the
  /// first one the common name too. The times are taken as they are, so that a test can ask for one
  /// that has expired.
  Certificate issue(const std::vector<std::string>& names, std::time_t not_before,
                    std::time_t not_after) const;

 private:
  Certificate certificate_;
};

}  // namespace local_workspace
