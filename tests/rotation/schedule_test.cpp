// HUB_ROTATION_SEED gives back the seed that a failure printed, HUB_ROTATION_SCHEDULES another
// number of schedules: the first has the seed, each after it the next number.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

#include "schedule.hpp"

namespace rotation_test {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::string told(const Schedule& schedule) {
  std::string text;
  for (const std::string& line : schedule.story) text += "  " + line + "\n";
  for (const std::string& violation : schedule.world.violations) text += violation + "\n";
  return text;
}

void keep_each_promise(const Machine& machine, std::uint64_t count) {
  const std::uint64_t first = from_environment("HUB_ROTATION_SEED", 1);
  std::cout << "seeds " << first << " to " << first + count - 1 << "\n";
  std::uint64_t runs = 0, operations = 0, switches = 0;
  for (std::uint64_t seed = first; seed < first + count && !::testing::Test::HasFailure(); ++seed) {
    Schedule schedule(seed, machine);
    schedule.run();
    ++runs;
    operations += schedule.operations;
    switches += schedule.switches;
    EXPECT_TRUE(schedule.world.violations.empty())
        << "HUB_ROTATION_SEED=" << seed << " HUB_ROTATION_SCHEDULES=1 shows it again:\n"
        << told(schedule);
  }
  std::cout << runs << " schedules with " << operations << " operations and " << switches
            << " changes of host\n";
  EXPECT_GE(operations, 30 * runs);
  EXPECT_GE(switches, 5 * runs);
}

std::uint64_t schedules() { return from_environment("HUB_ROTATION_SCHEDULES", 10'000); }

TEST(RotationSchedules, KeepEachPromiseWithTwoHostsAndEveryFault) {
  keep_each_promise(Machine{}, schedules());
}

TEST(RotationSchedules, KeepEachPromiseWithoutCommentsToo) {
  keep_each_promise({.kind = kSecrets}, schedules());
}

}  // namespace
}  // namespace rotation_test
