// An HttpClient in front of a TlsServer, for tests of the transport.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "http/clients.hpp"
#include "support/fake_call.hpp"
#include "support/tls_server.hpp"

namespace test_support {

/// No part of it may arrive where it does not belong.
inline constexpr std::string_view kBearer = "dapi-canary-0123456789abcdef";

/// A new directory that goes with it.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = std::filesystem::temp_directory_path() / "hub-test-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr)
      throw std::filesystem::filesystem_error("mkdtemp", {});
    path_ = pattern;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  std::filesystem::path write(const std::string& name, std::string_view content) const {
    std::ofstream(path_ / name) << content;
    return path_ / name;
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class HttpsTest : public testing::Test {
 protected:
  static constexpr std::time_t kDay = 24 * 60 * 60;

  /// One CA for all tests of the process.
  static const local_workspace::CertificateAuthority& authority() {
    static const local_workspace::CertificateAuthority kAuthority("Test CA");
    return kAuthority;
  }

  /// A certificate of that CA which is valid now.
  static local_workspace::Certificate certificate(const std::vector<std::string>& names) {
    const std::time_t now = std::time(nullptr);
    return authority().issue(names, now - kDay, now + kDay);
  }

  /// For 127.0.0.1.
  static local_workspace::Certificate certificate() { return certificate({"127.0.0.1"}); }

  std::shared_ptr<databricks_token::HttpClient> client_of(const std::string& url) {
    return clients_.get(*databricks_token::Origin::parse(url), {.ca_file = ca_file_});
  }

  static databricks_token::HttpRequest post(std::string body = "{}") {
    static const hub::Secret kSecret{kBearer};
    return {.method = "POST",
            .target = "/api/2.0/token",
            .bearer = &kSecret,
            .content_type = "application/json",
            .body = std::move(body)};
  }

  static databricks_token::HttpRequest get() {
    return {.method = "GET", .target = "/api/2.0/token", .content_type = "", .body = ""};
  }

  const TemporaryDirectory directory_;
  const std::string ca_file_ =
      directory_.write("ca.pem", authority().certificate().certificate_pem);
  std::atomic<std::chrono::nanoseconds> now_{std::chrono::nanoseconds(0)};
  const databricks_token::Clock clock_ = [this] { return now_.load(); };
  databricks_token::HttpClients clients_{"test/1.0", clock_};
};

}  // namespace test_support
