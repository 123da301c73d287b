// Several connections of one loaded plugin, in one process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hub/host.hpp>
#include <hub/testing/memory_slot_store.hpp>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>

#include "support/tls_server.hpp"
#include "workspace/certificate_authority.hpp"

namespace integration {
namespace {

using test_support::TlsServer;
using testing::HasSubstr;
using testing::Not;

class Services : public hub::HostServices {
 public:
  Services() : HostServices("throttling-test", "1.0") {}

  hub::Result<hub::Secret> credential(const std::string&) override {
    return hub::Secret("canary-admin");
  }
  hub::SlotStore& slots() override { return slots_; }
  void log(hub::LogLevel, std::string_view, std::string_view) override {}

 private:
  hub::testing::MemorySlotStore slots_{[] { return std::time(nullptr) * 1000; }};
};

class Throttling : public testing::Test {
 protected:
  Throttling() {
    std::string pattern = std::filesystem::temp_directory_path() / "throttling-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    std::ofstream(directory_ / "ca.pem") << authority_.certificate().certificate_pem;
  }
  ~Throttling() override { std::filesystem::remove_all(directory_); }

  local_workspace::Certificate certificate() const {
    const std::time_t now = std::time(nullptr);
    return authority_.issue({"127.0.0.1"}, now - 3600, now + 3600);
  }

  hub::ConnectionManifest connection(const std::string& name, const TlsServer& workspace) const {
    const auto file = directory_ / (name + ".connection.json");
    std::ofstream(file) << R"({"name": ")" << name
                        << R"(", "connector": "databricks-token", "config": {"workspace_url": ")"
                        << workspace.url()
                        << R"(", "application_id": "6f5ccf28-d83a-4957-9bfb-5bbfac551410",
      "auth": {"type": "pat"}, "tls": {"ca_file": "ca.pem"}},
      "secrets": {"admin": {"reference": "test:admin"}, "token": {"slot": ")"
                        << name << R"("}}})";
    return hub::ConnectionManifest::read(file);
  }

 private:
  const local_workspace::CertificateAuthority authority_{"throttling_test"};
  std::filesystem::path directory_;
};

TEST_F(Throttling, OfOneConnectionKeepsAllToItsWorkspaceFromSending) {
  const auto slow_down = [] {
    return TlsServer::answering(
        "HTTP/1.1 429 Slow\r\nRetry-After: 90\r\nContent-Length: 0\r\n\r\n");
  };
  const TlsServer workspace(certificate(), slow_down()), elsewhere(certificate(), slow_down());
  Services services;
  hub::ConnectorLibrary library(services, CONNECTORS "/databricks-token.connector.json");
  const auto first = library.open(connection("first", workspace));
  const auto second = library.open(connection("second", workspace));
  const auto other = library.open(connection("other", elsewhere));

  EXPECT_EQ(first->invoke("create-token", "{}").error().http_status, 429);
  const auto held_back = second->invoke("create-token", "{}").error();
  EXPECT_EQ(held_back.reason, "RATE_LIMITED");
  EXPECT_EQ(held_back.http_status, 0);
  EXPECT_GT(held_back.retry_after_ms, 60'000);
  EXPECT_EQ(workspace.requests().size(), 1U);
  EXPECT_EQ(other->invoke("create-token", "{}").error().http_status, 429);

  // Not a failure of anything: the workspace is there, and nobody knows more yet.
  const auto checked = second->invoke("check", "{}");
  ASSERT_TRUE(checked.ok());
  EXPECT_THAT(*checked, HasSubstr(R"("check":"workspace","result":"unknown")"));
  EXPECT_THAT(*checked, Not(HasSubstr(R"("result":"fail")")));
  EXPECT_EQ(workspace.requests().size(), 1U);
}

}  // namespace
}  // namespace integration
