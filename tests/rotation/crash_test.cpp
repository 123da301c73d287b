// Every fault at every operation of every scenario: the host is killed, is told nothing, is
// refused, or is overtaken by another one; then faults stop and the promises must hold. The same
// for a recovery that is killed, another host's calls, restored stores and moved manifests.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include "trial.hpp"

namespace rotation_test {
namespace {

class RotationCrashTest : public ::testing::TestWithParam<Scenario> {
 protected:
  virtual Machine machine() const { return {}; }
  void prove(Proof proof, int at_least, const std::string& what) {
    int broken = 0;
    const int runs =
        proof(GetParam(), machine(), [&](const std::string& run, const auto& promises) {
          ADD_FAILURE() << run << ": " << promises.front();
          return ++broken < 3;
        });
    EXPECT_GE(runs, at_least);
    std::cout << GetParam().name << ": " << runs << " runs " << what << "\n";
  }
};

TEST_P(RotationCrashTest, KeepsEachPromiseUndisturbed) { prove(undisturbed, 1, "undisturbed"); }

TEST_P(RotationCrashTest, KeepsEachPromiseUnderAnyFaultAtAnyOperation) {
  prove(under_each_fault, 20, "with a fault");
}

TEST_P(RotationCrashTest, KeepsEachPromiseWhenTheRecoveryFromAnyFaultIsKilledAnywhere) {
  prove(with_each_recovery_killed, 30, "that were killed again");
}

TEST_P(RotationCrashTest, KeepsEachPromiseWhateverAnotherHostDoesAtAnyOperation) {
  prove(meeting_another_host, 50, "that met another host");
}

TEST_P(RotationCrashTest, DoesWhatAPlanSaysFromAnyPoint) {
  prove(planned_at_each_point, 60, "that were planned");
}

TEST_P(RotationCrashTest, DeletesAndMintsNothingForAStoreThatWasRestoredToAnyPoint) {
  prove(restored_to_each_point, 25, "on a restored store");
}

TEST_P(RotationCrashTest, TouchesNothingWhenTheManifestNamesAnotherWorkspaceAtAnyPoint) {
  prove(moved_at_each_point, 10, "with a moved manifest");
}

/// The same for what carries no comment. There a store that was restored cannot be told from one
/// beside which somebody else makes credentials.
class RotationWithoutCommentsTest : public RotationCrashTest {
  Machine machine() const override { return {.kind = kSecrets}; }
};

TEST_P(RotationWithoutCommentsTest, KeepsEachPromiseUndisturbed) {
  prove(undisturbed, 1, "undisturbed");
}

TEST_P(RotationWithoutCommentsTest, KeepsEachPromiseUnderAnyFaultAtAnyOperation) {
  prove(under_each_fault, 20, "with a fault");
}

TEST_P(RotationWithoutCommentsTest, KeepsEachPromiseWhenTheRecoveryFromAnyFaultIsKilledAnywhere) {
  prove(with_each_recovery_killed, 30, "that were killed again");
}

TEST_P(RotationWithoutCommentsTest, KeepsEachPromiseWhateverAnotherHostDoesAtAnyOperation) {
  prove(meeting_another_host, 50, "that met another host");
}

TEST_P(RotationWithoutCommentsTest, DoesWhatAPlanSaysFromAnyPoint) {
  prove(planned_at_each_point, 60, "that were planned");
}

TEST_P(RotationWithoutCommentsTest, TouchesNothingWhenTheManifestNamesAnotherWorkspaceAtAnyPoint) {
  prove(moved_at_each_point, 10, "with a moved manifest");
}

std::string name_of(const ::testing::TestParamInfo<Scenario>& tested) {
  std::string name = tested.param.name;
  std::erase(name, ',');
  std::ranges::replace(name, ' ', '_');
  return name;
}

std::vector<Scenario> without_restored_stores() {
  std::vector<Scenario> all = scenarios();
  std::erase_if(all, [](const Scenario& one) { return one.name == "accept a restored store"; });
  return all;
}

INSTANTIATE_TEST_SUITE_P(Scenarios, RotationCrashTest, ::testing::ValuesIn(scenarios()), name_of);
INSTANTIATE_TEST_SUITE_P(Scenarios, RotationWithoutCommentsTest,
                         ::testing::ValuesIn(without_restored_stores()), name_of);

}  // namespace
}  // namespace rotation_test
