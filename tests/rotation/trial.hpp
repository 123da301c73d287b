// Proofs by trying everything: each scenario under each fault at each of its operations, and more.
#pragma once

#include <hub/rotation.hpp>

#include <functional>
#include <string>
#include <vector>

#include "scenario.hpp"
#include "world.hpp"

namespace rotation_test {

/// One fault, by the number of the operation since the host came up.
struct Injection {
  std::size_t at = 0;
  Fault fault = Fault::kNone;
};

/// One scenario from its beginning to rest.
class Trial {
 public:
  Trial(const Scenario& scenario, const Machine& machine);

  /// The scenario under `first`; whatever it left is then taken up under `second` by rotate-token
  /// or by the same goal, and in the end without faults.
  void go(const Injection& first, const Injection& second, bool recover_by_rotate);

  /// For the reader of a failure.
  std::string describe(const Injection& first, const Injection& second, bool by_rotate) const;

  World world;
  std::vector<std::string> operations;           // until the first failure
  std::vector<std::string> recovery_operations;  // of the first call after it

 private:
  bool is_finished(const hub::rotation::Request& request,
                   const hub::Result<hub::rotation::Answer>& answer) const;
  void recover(const hub::rotation::Request& request, const Injection& second, bool by_rotate);

  const Scenario& scenario_;
};

/// What was under way arrives, and a rotate-token and a sweep later everything is accounted for.
void rest(World& world);

/// Told of each run that broke promises; false: that is enough.
using Report =
    std::function<bool(const std::string& run, const std::vector<std::string>& violations)>;

/// Each of these runs one scenario in all its variants and answers how many there were.
using Proof = int (*)(const Scenario&, const Machine&, const Report&);

/// As it is meant to go.
int undisturbed(const Scenario& scenario, const Machine& machine, const Report& report);

/// Every fault at every operation, taken up by the same goal and by rotate-token.
int under_each_fault(const Scenario& scenario, const Machine& machine, const Report& report);

/// The same, and the recovery is killed at each of its operations.
int with_each_recovery_killed(const Scenario& scenario, const Machine& machine,
                              const Report& report);

/// What plan() says that rotate-token will do, wherever a kill left the slot, is what it does.
int planned_at_each_point(const Scenario& scenario, const Machine& machine, const Report& report);

/// At every operation another host makes a call with each goal, while this one is awake and after
/// it has slept through its lease.
int meeting_another_host(const Scenario& scenario, const Machine& machine, const Report& report);

/// The store is a backup from before each operation; each goal is tried on it.
int restored_to_each_point(const Scenario& scenario, const Machine& machine, const Report& report);

/// Killed at each operation, and then given another workspace, for each goal.
int moved_at_each_point(const Scenario& scenario, const Machine& machine, const Report& report);

}  // namespace rotation_test
