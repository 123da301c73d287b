// The authority that clients trust in tests with scripted servers.
#pragma once

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>

#include "workspace/certificate_authority.hpp"

namespace test_support {

/// In a directory that goes when the tests end.
class Authority {
 public:
  static const Authority& get() {
    static const Authority authority;
    return authority;
  }

  Authority() : authority_("Test authority") {
    std::string pattern = std::filesystem::temp_directory_path() / "authority.XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    std::ofstream(file()) << authority_.certificate().certificate_pem;
  }
  ~Authority() { std::filesystem::remove_all(directory_); }
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  std::string file() const { return directory_ / "ca.pem"; }
  local_workspace::Certificate certificate() const {
    const std::time_t now = std::time(nullptr);
    return authority_.issue({"127.0.0.1"}, now - 3600, now + 3600);
  }

 private:
  const local_workspace::CertificateAuthority authority_;
  std::filesystem::path directory_;
};

}  // namespace test_support
