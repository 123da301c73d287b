// A host whose clock is wrong: the workspace's decides.
#include <Poco/DateTimeFormat.h>
#include <Poco/DateTimeFormatter.h>
#include <Poco/Timespan.h>
#include <Poco/Timestamp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hub/host.hpp>
#include <hub/testing/memory_slot_store.hpp>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "support/local_workspace.hpp"

namespace integration {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

class Services : public hub::HostServices {
 public:
  Services() : HostServices("clock-test", "1.0") {}

  hub::Result<hub::Secret> credential(const std::string&) override {
    return hub::Secret(admin_token);
  }
  hub::SlotStore& slots() override { return slots_; }
  void log(hub::LogLevel, std::string_view, std::string_view) override {}
  milliseconds now() const override { return HostServices::now() + ahead; }

  std::string admin_token;
  hours ahead{0};

 private:
  hub::testing::MemorySlotStore slots_{[this] { return now().count(); }};
};

class WrongClock : public testing::Test {
 protected:
  WrongClock() {
    services_.admin_token = workspace_.admin_token();
    services_.ahead = hours(0);
    std::ofstream(workspace_.directory() / "clock.connection.json")
        << R"({"name": "clock", "connector": "databricks-token", "config": {"workspace_url": ")"
        << workspace_.url() << R"(", "application_id": ")"
        << workspace_.principal("data-pipeline").application_id
        << R"(", "auth": {"type": "pat"}, "tls": {"ca_file": "ca.pem"}},
      "secrets": {"admin": {"reference": "test:admin"}, "token": {"slot": ")"
        << testing::UnitTest::GetInstance()->current_test_info()->name() << R"("}}})";
  }

  /// By a connection of its own, which has learnt nothing from earlier answers.
  std::string rotate() {
    // A process loads a connector once.
    static hub::ConnectorLibrary library(services_, CONNECTORS "/databricks-token.connector.json");
    const auto connection = library.open(
        hub::ConnectionManifest::read(workspace_.directory() / "clock.connection.json"));
    if (!std::exchange(created_, true)) {
      EXPECT_TRUE(connection->invoke("create-token", "{}").ok());
    }
    const auto answer = connection->invoke("rotate-token", R"({"when": "due"})");
    EXPECT_TRUE(answer.ok()) << (answer ? ""
                                        : answer.error().reason + ": " + answer.error().message);
    return answer ? *answer : "";
  }

  test_support::LocalWorkspace workspace_;
  static inline Services services_;

 private:
  bool created_ = false;
};

TEST_F(WrongClock, ThatIsMonthsAheadMintsNothing) {
  rotate();
  services_.ahead = hours(24 * 85);
  for (int call = 0; call < 10; ++call) EXPECT_THAT(rotate(), Not(HasSubstr("minted")));
  EXPECT_EQ(workspace_.live_tokens(workspace_.principal("data-pipeline").application_id).size(),
            1U);
}

TEST_F(WrongClock, ThatWentBackLetsNoTokenExpire) {
  rotate();
  const auto workspace_time =
      Poco::Timestamp() + Poco::Timespan(85, 0, 0, 0, 0).totalMicroseconds();
  workspace_.fail(
      R"({"path": "/api/*", "times": 1000, "headers": {"Date": ")" +
      Poco::DateTimeFormatter::format(workspace_time, Poco::DateTimeFormat::HTTP_FORMAT) + "\"}}");
  services_.ahead = hours(-24);
  EXPECT_THAT(rotate(), HasSubstr("minted"));
}

}  // namespace
}  // namespace integration
