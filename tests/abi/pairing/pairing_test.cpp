// Connectors and hosts of the first release and of a later minor, in each pairing: connector.c and
// host.c compiled with tests/abi/frozen, and with what grow.py makes of the header as it is.
#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <tuple>

#include "support/process.hpp"

namespace {

using test_support::Finished;
using test_support::Process;

/// Builds of connector.c and host.c: the first release's, a grown one's, and a grown one's that
/// does not ask HUB_HAS.
enum class Age { kOld, kNew, kCareless };

const char* to_text(Age age) {
  return age == Age::kOld ? "old" : age == Age::kNew ? "new" : "careless";
}

constexpr const char* kFirstReleaseCalls =
    "{}\nlog start\nnow_unix_ms\nnow_monotonic_ns\nquery\nlog first\nremaining_ns\ncancelled\n"
    "on_cancel\noff_cancel 5\nsecret_get\nsecret_begin\nsecret_look\nsecret_renew\nsecret_read\n"
    "secret_stage\nsecret_mark\nsecret_state\nsecret_commit\nsecret_drop\nsecret_note\n"
    "secret_end\n";

/// Bits of a pointer, of the connector, of the host.
class Pairing : public testing::TestWithParam<std::tuple<int, Age, Age>> {
 protected:
  void SetUp() override {
    if (width() == 32 && !PAIRING_HAS_32)
      GTEST_SKIP() << "there is no C library of 32 bits (gcc-multilib)";
  }

  static int width() { return std::get<0>(GetParam()); }
  static Age connector() { return std::get<1>(GetParam()); }
  static Age host() { return std::get<2>(GetParam()); }

  static std::string file(Age age, const char* what) {
    return std::string(PAIRING_DIRECTORY "/") + to_text(age) + what + std::to_string(width());
  }

  static Finished run() {
    return Process({file(host(), "_host_"), file(connector(), "_connector_") + ".so"}, {}).wait();
  }
};

class GuardPages : public Pairing {};

TEST_P(Pairing, UsesWhatBothSidesHave) {
  const bool new_host = host() == Age::kNew;
  const bool new_connector = connector() == Age::kNew;
  const bool grown = new_host && new_connector;
  std::string expected = kFirstReleaseCalls;
  expected += std::string("host 4.5.6 minor ") + (new_host ? "1" : "0") + " attempt 3 key key" +
              (grown ? " booted 1 priority 3\n" : " booted -1 priority -1\n");
  // A value that the host does not know is read as "never".
  expected += std::string("fail 14 retry ") +
              (grown           ? "99"
               : new_connector ? "0"
                               : "2") +
              " effect 1 http 503 after 1500 BUSY it is busy wait {} trace " +
              (grown ? "t-1\nwarm 0\n" : "\n");
  expected += std::string("connector paired 1.2.3 minor ") + (new_connector ? "1" : "0") +
              " query 1\nlog\n";
  const Finished finished = run();
  EXPECT_EQ(finished.out, expected);
  EXPECT_EQ(finished.code, 0) << "signal " << finished.signal;
}

// Otherwise the test above would let pass whoever reads what is not there.
TEST_P(GuardPages, KillWhoDoesNotAsk) { EXPECT_EQ(run().signal, SIGSEGV); }

std::string name(const testing::TestParamInfo<Pairing::ParamType>& pairing) {
  const auto& [width, connector, host] = pairing.param;
  return std::string(to_text(connector)) + "_connector_in_" + to_text(host) + "_host_" +
         std::to_string(width);
}

INSTANTIATE_TEST_SUITE_P(Of, Pairing,
                         testing::Combine(testing::Values(64, 32),
                                          testing::Values(Age::kOld, Age::kNew),
                                          testing::Values(Age::kOld, Age::kNew)),
                         name);
INSTANTIATE_TEST_SUITE_P(OfCareless, GuardPages,
                         testing::Values(std::tuple(64, Age::kCareless, Age::kOld),
                                         std::tuple(64, Age::kOld, Age::kCareless),
                                         std::tuple(32, Age::kCareless, Age::kOld),
                                         std::tuple(32, Age::kOld, Age::kCareless)),
                         name);

}  // namespace
