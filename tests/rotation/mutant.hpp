// Broken machines. Each lacks one thing that a promise hangs on, so each must be noticed.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "world.hpp"

namespace rotation_test {

struct Mutant {
  std::string name;
  std::string breaks;  // the promise
  Machine machine;
};

/// As a test's parameter.
inline void PrintTo(const Mutant& mutant, std::ostream* out) { *out << mutant.name; }

const std::vector<Mutant>& mutants();

}  // namespace rotation_test
