// The plugin in its loader, on the real store and over TLS, killed with SIGKILL at each of its
// calls to the host and at each request, before and after the effect; and killed again at each
// point of what it does when it is run again.
#include <gtest/gtest.h>

#include <chrono>
#include <iostream>
#include <string>

#include "crash/fixture.hpp"
#include "crash/scenarios.hpp"

namespace crash {
namespace {

const Command kRotate{"rotate-token"};

std::string text_of(const Point& point) {
  return std::string(point.after ? "after " : "before ") + point.name + " (" +
         (point.where == Point::Where::kHostCall ? "call " : "request ") +
         std::to_string(point.number) + ")";
}

class Sweep : public testing::TestWithParam<Scenario> {
 protected:
  /// False when there is no need to go on: the others would say the same.
  bool report(const std::string& where) {
    for (const std::string& violation : trial_.violations)
      ADD_FAILURE() << where << ": " << violation;
    return !HasFailure();
  }

  Trial trial_{the_world(), GetParam()};
};

TEST_P(Sweep, KeepsEachPromiseWhenItIsKilledAnywhere) {
  trial_.begin();
  const Course course = trial_.record(GetParam().command);
  trial_.recover(GetParam().command);
  ASSERT_TRUE(report("undisturbed"));

  const auto begin = std::chrono::steady_clock::now();
  std::size_t tried = 0;
  for (const Point& point : course.points()) {
    for (const Command& first : {GetParam().command, kRotate}) {
      trial_.begin();
      trial_.kill_at(GetParam().command, point);
      trial_.recover(first);
      ++tried;
      ASSERT_TRUE(report("killed " + text_of(point) + ", then " + first.operation));
    }
  }
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  std::cout << GetParam().name << ": killed at " << tried << " points, "
            << took.count() / static_cast<double>(tried) << " ms each\n";
}

INSTANTIATE_TEST_SUITE_P(Scenario, Sweep, testing::ValuesIn(scenarios()),
                         [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace crash
