// What the tests of the rotation machine begin with: a world whose promises must have held.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "world.hpp"

namespace rotation_test {

class RotationTest : public ::testing::Test {
 protected:
  explicit RotationTest(const Machine& machine = {}) : world_(machine) {}

  void TearDown() override {
    for (const std::string& violation : world_.violations) ADD_FAILURE() << violation;
  }

  /// What host A answers, who must.
  hub::rotation::Answer must(const hub::rotation::Request& request) {
    auto answer = world_.a.run(request);
    EXPECT_TRUE(answer.ok()) << (answer.ok() ? "" : answer.error().reason + answer.error().message);
    return answer ? *std::move(answer) : hub::rotation::Answer{};
  }
  /// Why host A refuses, who must.
  hub::Error refused(const hub::rotation::Request& request) {
    auto answer = world_.a.run(request);
    EXPECT_FALSE(answer.ok());
    return answer.ok() ? hub::Error{} : answer.error();
  }
  /// How often host A did it.
  std::size_t count(std::string_view operation) {
    return static_cast<std::size_t>(std::ranges::count(world_.a.operations, operation));
  }
  /// Where the first operation of that name stands in what host A did.
  std::size_t place(std::string_view operation) {
    const auto& all = world_.a.operations;
    const auto at = std::ranges::find(all, operation);
    EXPECT_NE(at, all.end()) << operation;
    return static_cast<std::size_t>(at - all.begin());
  }

  World world_;
};

}  // namespace rotation_test
