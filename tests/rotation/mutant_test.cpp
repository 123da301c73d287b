// Each thing that the promises hang on is taken away once, and the proofs must notice: that they
// find nothing in the machine as it is would say little otherwise.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <string>

#include "mutant.hpp"
#include "trial.hpp"

namespace rotation_test {
namespace {

class RotationMutantTest : public ::testing::TestWithParam<Mutant> {};

TEST_P(RotationMutantTest, IsCaught) {
  const Mutant& mutant = GetParam();
  std::string caught;
  std::string others;  // what else it broke on the way
  const Report report = [&](const std::string& run, const std::vector<std::string>& violations) {
    for (const std::string& violation : violations) {
      const bool is_expected = violation.starts_with(mutant.breaks + " ");
      (is_expected ? caught : others) = violation.substr(violation.find(' ') + 1) + "; " + run;
      if (is_expected) return false;
    }
    return true;
  };
  for (const Scenario& scenario : scenarios())
    if (caught.empty()) undisturbed(scenario, mutant.machine, report);
  for (const Scenario& scenario : scenarios()) {
    for (const Proof proof :
         {under_each_fault, meeting_another_host, restored_to_each_point, moved_at_each_point}) {
      if (caught.empty()) proof(scenario, mutant.machine, report);
    }
  }
  EXPECT_FALSE(caught.empty()) << "nobody noticed; something else: " << others;
  std::cout << "mutant " << mutant.name << ": caught by " << mutant.breaks << " (" << caught
            << ")\n";
}

INSTANTIATE_TEST_SUITE_P(Mutants, RotationMutantTest, ::testing::ValuesIn(mutants()),
                         [](const auto& tested) {
                           std::string name = tested.param.name;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace rotation_test
