// Connectors and hosts of the first release and of a later minor, in each pairing: connector.c and
// host.c compiled with tests/abi/frozen, and with what grow.py makes of the header as it is. The
// careless ones do not ask HUB_HAS of one struct.
#include <gtest/gtest.h>
#include <hub/connector.h>

#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "support/process.hpp"

namespace {

using test_support::Finished;
using test_support::Process;

/// A connector and a host, of 64 or 32 bits.
struct Sides {
  int width;
  std::string connector;
  std::string host;
};

std::vector<Sides> both_widths(const std::vector<std::pair<std::string, std::string>>& sides) {
  std::vector<Sides> all;
  for (const int width : {64, 32})
    for (const auto& [connector, host] : sides) all.push_back({width, connector, host});
  return all;
}

constexpr const char* kFirstReleaseCalls =
    "{}\nlog start\nnow_unix_ms\nnow_monotonic_ns\nquery\nlog first\nremaining_ns\ncancelled\n"
    "on_cancel\noff_cancel 5\nsecret_get\nsecret_begin\nsecret_look\nsecret_renew\nsecret_read\n"
    "secret_stage\nsecret_mark\nsecret_state\nsecret_commit\nsecret_drop\nsecret_note\n"
    "secret_end\n";

class Pairing : public testing::TestWithParam<Sides> {
 protected:
  void SetUp() override {
    if (GetParam().width == 32 && !PAIRING_HAS_32)
      GTEST_SKIP() << "there is no C library of 32 bits (gcc-multilib)";
  }

  static Finished run() {
    const auto& [width, connector, host] = GetParam();
    const std::string directory = PAIRING_DIRECTORY "/";
    const std::string suffix = "_" + std::to_string(width);
    return Process({directory + host + "_host" + suffix,
                    directory + connector + "_connector" + suffix + ".so"},
                   {})
        .wait();
  }
};

class GuardPages : public Pairing {};

TEST_P(Pairing, UsesWhatBothSidesHave) {
  const bool new_host = GetParam().host == "new";
  const bool new_connector = GetParam().connector == "new";
  const bool grown = new_host && new_connector;
  const std::string new_minor = std::to_string(HUB_CONNECTOR_MINOR + 1);
  std::string expected = kFirstReleaseCalls;
  expected += "host 4.5.6 minor " + (new_host ? new_minor : "0") + " attempt 3 key key" +
              (grown ? " booted " + new_minor + " priority 3\n" : " booted -1 priority -1\n");
  // A value that the host does not know is read as "never".
  expected += std::string("fail 14 retry ") +
              (grown           ? "99"
               : new_connector ? "0"
                               : "2") +
              " effect 1 http 503 after 1500 BUSY it is busy wait {} trace " +
              (grown ? "t-1\nwarm 0\n" : "\n");
  expected +=
      "connector paired 1.2.3 minor " + (new_connector ? new_minor : "0") + " query 1\nlog\n";
  const Finished finished = run();
  EXPECT_EQ(finished.out, expected);
  EXPECT_EQ(finished.code, 0) << "signal " << finished.signal;
}

// Otherwise the test above would let pass whoever reads what is not there.
TEST_P(GuardPages, KillWhoDoesNotAsk) { EXPECT_EQ(run().signal, SIGSEGV); }

std::string name(const testing::TestParamInfo<Sides>& sides) {
  const auto& [width, connector, host] = sides.param;
  return connector + "_connector_in_" + host + "_host_" + std::to_string(width);
}

INSTANTIATE_TEST_SUITE_P(Of, Pairing,
                         testing::ValuesIn(both_widths(
                             {{"old", "old"}, {"old", "new"}, {"new", "old"}, {"new", "new"}})),
                         name);
INSTANTIATE_TEST_SUITE_P(OfCareless, GuardPages,
                         testing::ValuesIn(both_widths({{"careless_of_host", "old"},
                                                        {"careless_of_call", "old"},
                                                        {"old", "careless_of_failure"},
                                                        {"old", "careless_of_connector"}})),
                         name);

}  // namespace
