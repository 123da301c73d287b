// What the proofs go through: where a slot stands, and what is then asked of it.
#pragma once

#include <hub/rotation.hpp>

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "world.hpp"

namespace rotation_test {

using Goals = std::vector<std::function<hub::rotation::Request(World&)>>;

struct Scenario {
  std::string name;
  std::int64_t grace_seconds;
  std::function<void(World&)> before;  // on a fresh world, without faults
  Goals goals;                         // one call each, a grace period apart
  bool created = true;                 // token-1 is current
  std::vector<std::string> ends{};     // reasons that are an answer as well
};

/// As a test's parameter.
inline void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }

/// Every state that a slot can be found in, and every goal.
const std::vector<Scenario>& scenarios();

}  // namespace rotation_test
