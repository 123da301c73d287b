// Every fault at every operation of every scenario: the host is killed, is told nothing, is
// refused, or is overtaken by another one; then faults stop and the promises must hold. The same
// for a recovery that is killed, another host's calls, restored stores and moved manifests.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <string>

#include "trial.hpp"

namespace rotation_test {
namespace {

class RotationCrashTest : public ::testing::TestWithParam<Scenario> {
 protected:
  void prove(Proof proof, int at_least, const std::string& what) {
    int broken = 0;
    const int runs =
        proof(GetParam(), Machine{}, [&](const std::string& run, const auto& promises) {
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

INSTANTIATE_TEST_SUITE_P(Scenarios, RotationCrashTest, ::testing::ValuesIn(scenarios()),
                         [](const auto& tested) {
                           std::string name = tested.param.name;
                           std::erase(name, ',');
                           std::ranges::replace(name, ' ', '_');
                           return name;
                         });

}  // namespace
}  // namespace rotation_test
