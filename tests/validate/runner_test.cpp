// How long a check may take.
#include "runner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace {

using namespace hub::validate;
using std::chrono::milliseconds;

constexpr milliseconds kPatience(300);

hub::validate::Run run_steps(int steps, milliseconds each) {
  Check check;
  check.run = [=](const Subject&) {
    for (int i = 0; i < steps; ++i) {
      about_to("step " + std::to_string(i));
      std::this_thread::sleep_for(each);
    }
    return passed();
  };
  return run(check, {}, kPatience);
}

TEST(Runner, LetsACheckRunAsLongAsItGoesOn) {
  const auto whole = run_steps(10, kPatience / 6);
  EXPECT_GT(whole.took, kPatience);
  EXPECT_EQ(whole.verdict.outcome, Outcome::kPassed) << whole.verdict.seen;
}

TEST(Runner, EndsACheckThatStandsStill) {
  const auto whole = run_steps(1, std::chrono::hours(1));
  EXPECT_EQ(whole.verdict.outcome, Outcome::kCrashed);
  EXPECT_EQ(whole.verdict.seen, "it did not return, in step 0");
}

}  // namespace
