// The plugin in its loader, on the real store and over TLS, harmed at each of its calls to the host
// and at each request: killed with SIGKILL before and after the effect, and once more while it
// recovers; cut off, answered twice or late, refused by its store, overtaken by another host.
#include <gtest/gtest.h>

#include <chrono>
#include <iostream>
#include <string>

#include "crash/fixture.hpp"
#include "crash/scenarios.hpp"

namespace crash {
namespace {

// A sanitizer makes all slow, and finds the same at each point.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kStride = 7;
#else
constexpr std::size_t kStride = 1;
#endif

const Command kRotate{"rotate-token"};

std::string text_of(const Point& point) {
  return std::string(point.after ? "after " : "before ") + point.name + " (" +
         (point.where == Point::Where::kHostCall ? "call " : "request ") +
         std::to_string(point.number) + ")";
}

class Sweep : public testing::TestWithParam<Scenario> {
 protected:
  const Scenario& scenario() const { return GetParam(); }

  /// The same command, or the one that a timer gives.
  std::vector<Command> recoveries() const {
    if (scenario().command == kRotate) return {kRotate};
    return {scenario().command, kRotate};
  }

  /// Whether the next one is left out; otherwise it counts.
  bool skips() {
    const bool is_left_out = next_++ % kStride != 0;
    tried_ += is_left_out ? 0 : 1;
    return is_left_out;
  }

  /// False when the others need not be tried: they would say the same.
  bool report(const std::string& what) const {
    for (const std::string& violation : trial_.violations)
      ADD_FAILURE() << scenario().name << " " << what << ": " << violation;
    return !HasFailure();
  }

  void expect_at_least(std::size_t least, const char* what) const {
    const std::chrono::duration<double, std::milli> took =
        std::chrono::steady_clock::now() - begin_;
    std::cout << scenario().name << ": " << tried_ << " " << what << ", "
              << took.count() / static_cast<double>(tried_) << " ms each\n";
    EXPECT_GE(tried_, least / kStride) << "points were lost";
  }

  Trial trial_{the_world(), GetParam()};

 private:
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::size_t next_ = 0;
  std::size_t tried_ = 0;
};

TEST_P(Sweep, KeepsEachPromiseWhenItIsKilledAnywhere) {
  trial_.begin();
  const auto points = trial_.record(scenario().command);
  trial_.recover(scenario().command);
  ASSERT_TRUE(report("undisturbed"));
  for (const Point& point : points) {
    for (const Command& first : recoveries()) {
      if (skips()) continue;
      trial_.begin();
      trial_.strike(scenario().command, point, Blow::kKill);
      trial_.recover(first);
      ASSERT_TRUE(report("killed " + text_of(point) + ", then " + first.operation));
    }
  }
  expect_at_least(scenario().least.kills, "kills");
}

// What a kill before a call leaves is what one after the call before it leaves, and what one after
// a call that only reads does.
TEST_P(Sweep, KeepsEachPromiseWhenItsRecoveryIsKilledAnywhere) {
  trial_.begin();
  for (const Point& point : trial_.record(scenario().command)) {
    if (!point.after || point.only_reads()) continue;
    trial_.begin();
    trial_.strike(scenario().command, point, Blow::kKill);
    const auto remains = trial_.remains();
    for (const Command& first : recoveries()) {
      trial_.resume(remains, 1);
      for (const Point& second : trial_.record(first)) {
        if (!second.after || skips()) continue;
        trial_.resume(remains, 1);
        trial_.strike(first, second, Blow::kKill);
        trial_.recover(scenario().command);
        ASSERT_TRUE(report("killed " + text_of(point) + ", then " + first.operation + " killed " +
                           text_of(second)));
      }
    }
  }
  expect_at_least(scenario().least.pairs, "pairs of kills");
}

TEST_P(Sweep, KeepsEachPromiseWhenStoreOrNetworkFailAnywhere) {
  trial_.begin();
  for (const Point& point : trial_.record(scenario().command)) {
    for (const Blow blow : {Blow::kFail, Blow::kLose, Blow::kInterrupt, Blow::kDuplicate,
                            Blow::kDelay, Blow::kDelayLong}) {
      if (!applies(blow, point) || skips()) continue;
      trial_.begin();
      trial_.strike(scenario().command, point, blow);
      trial_.recover(scenario().command);
      ASSERT_TRUE(report(std::string(to_text(blow)) + " " + text_of(point)));
    }
  }
  expect_at_least(scenario().least.faults, "faults");
}

// Who sleeps before a call to its host has done what one has that sleeps after the call before it.
TEST_P(Sweep, KeepsEachPromiseWhenAnotherHostOvertakesItAnywhere) {
  trial_.begin();
  for (const Point& point : trial_.record(scenario().command)) {
    if (point.where == Point::Where::kHostCall && !point.after) continue;
    for (const Command& other : recoveries()) {
      if (skips()) continue;
      trial_.begin();
      trial_.overtake(scenario().command, point, other);
      trial_.recover(scenario().command);
      ASSERT_TRUE(report("overtaken by " + other.operation + " " + text_of(point)));
    }
  }
  expect_at_least(scenario().least.overtakings, "overtakings");
}

TEST(SweepInAll, HasNotShrunk) {
  Counts all;
  for (const Scenario& scenario : scenarios()) {
    all.kills += scenario.least.kills;
    all.pairs += scenario.least.pairs;
    all.faults += scenario.least.faults;
    all.overtakings += scenario.least.overtakings;
  }
  std::cout << scenarios().size() << " scenarios, at least " << all.kills << " kills, " << all.pairs
            << " pairs of kills, " << all.faults << " faults, " << all.overtakings
            << " overtakings\n";
  EXPECT_GE(scenarios().size(), 19U);
  EXPECT_GE(all.kills, 900U);
  EXPECT_GE(all.pairs, 2700U);
  EXPECT_GE(all.faults, 570U);
  EXPECT_GE(all.overtakings, 550U);
}

INSTANTIATE_TEST_SUITE_P(Of, Sweep, testing::ValuesIn(scenarios()),
                         [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace crash
