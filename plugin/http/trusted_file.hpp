// Files that steer where a credential goes.
#pragma once

#include <hub/error.hpp>

#include <string>

namespace databricks_token {

/// A regular file of root's or of this process's user; neither it nor a directory above it may be
/// writable by others.
struct TrustedFile {
  std::string path;
  std::string setting;  // that names it, such as "tls.ca_file"
  std::string reason;   // of its errors

  /// At most 4 MiB. FAILED_PRECONDITION.
  hub::Result<std::string> read() const;

  hub::Error unusable(const std::string& what, const std::string& hint) const;
};

}  // namespace databricks_token
