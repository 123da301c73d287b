// A connector's own tests, with no host but the fake one.
#include <gtest/gtest.h>
#include <hub/testing/fake_host.hpp>

#include <vector>

namespace {

using hub::testing::FakeHost;

class MeasureTest : public ::testing::Test {
 protected:
  ~MeasureTest() override { EXPECT_EQ(host_.violations(), std::vector<std::string>{}); }

  hub::Result<std::string> measure(std::string_view unit) {
    auto connection = host_.open("{\"unit\": \"" + std::string(unit) + "\"}");
    if (!connection) return connection.error();
    return connection->invoke("measure", "{}");
  }

  FakeHost host_{hub_connector_query(HUB_CONNECTOR_ID)};
};

TEST_F(MeasureTest, CountsBytesOrBits) {
  host_.grant("key", "0123456789");
  EXPECT_EQ(*measure("bytes"), R"({"length": 10})");
  EXPECT_EQ(*measure("bits"), R"({"length": 80})");
}

TEST_F(MeasureTest, RefusesAnEmptyKey) {
  host_.grant("key", "");
  EXPECT_EQ(measure("bytes").error().reason, "KEY_EMPTY");
}

TEST_F(MeasureTest, PassesOnWhatTheHostSaysOfAKeyThatItCannotGive) {
  EXPECT_EQ(measure("bytes").error().reason, "SECRET_NOT_GRANTED");

  host_.grant("key");
  host_.fail_at(0, FakeHost::Fault::kUnavailable);
  const hub::Error error = measure("bytes").error();
  EXPECT_EQ(error.status, hub::Status::kUnavailable);
  EXPECT_EQ(error.retry, hub::Retry::kSameCall);
}

}  // namespace
