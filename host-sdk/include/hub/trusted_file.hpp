// Files that steer a host: only those that nobody but root and the process's own user could have
// written.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace hub {

struct TrustRules {
  std::size_t max_bytes = 256 * 1024;
  bool secret = false;            // nobody but its owner may read it either: keys, credentials
  std::string rule = "HUB-L-02";  // what a refusal names, of docs/contract.md
};

/// An open file that passed the checks: a regular file, no symbolic link, owned by root or the
/// process's effective user, not writable by group or others, in directories of which the same is
/// true. (A directory that others can write is fine when it is root's and sticky, as /tmp is.)
class TrustedFile {
 public:
  /// Throws Refused: FILE_MISSING, FILE_UNREADABLE, FILE_UNTRUSTED or FILE_TOO_LARGE, with the
  /// command that mends it.
  explicit TrustedFile(const std::filesystem::path& file, const TrustRules& rules = {});
  TrustedFile(TrustedFile&& other) noexcept;
  TrustedFile& operator=(TrustedFile&&) = delete;
  ~TrustedFile();

  /// Closed with this object.
  int descriptor() const { return descriptor_; }

  /// The whole content. Throws Refused.
  std::string read() const;

 private:
  std::filesystem::path file_;
  TrustRules rules_;
  int descriptor_ = -1;
};

std::string read_trusted_file(const std::filesystem::path& file, const TrustRules& rules = {});

/// The directory and all above it, by the same rules. Throws Refused.
void check_trusted_directory(const std::filesystem::path& directory,
                             const std::string& rule = "HUB-L-02");

}  // namespace hub
