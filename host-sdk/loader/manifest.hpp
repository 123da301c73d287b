// What a connector's manifest says.
#pragma once

#include <filesystem>
#include <string>

namespace hub {

struct ConnectorManifest {
  std::filesystem::path file;
  std::string abi;
  int abi_line = 0;
  std::string id;
  std::string version;
  std::string library;     // for this platform, as it stands there
  std::string library_at;  // the JSON pointer of that
  std::string sha256;      // may be empty
  int line = 0;            // of the platform

  /// Throws Refused.
  static ConnectorManifest read(const std::filesystem::path& file);
};

}  // namespace hub
