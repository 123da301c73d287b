#include "trial.hpp"

#include <algorithm>

#include "plan.hpp"

namespace rotation_test {
namespace {

using hub::Result;
using hub::rotation::Answer;
using hub::rotation::Goal;
using hub::rotation::kDay;
using hub::rotation::Request;

constexpr Fault kFaults[] = {Fault::kKillBefore, Fault::kKillAfter, Fault::kFailBefore,
                             Fault::kFailAfter,  Fault::kLate,      Fault::kRefuse,
                             Fault::kOvertaken};

Host::Faults inject(const Injection& injection) {
  return [=](std::string_view operation, std::size_t number) {
    return number == injection.at && applies(operation, injection.fault) ? injection.fault
                                                                         : Fault::kNone;
  };
}

}  // namespace

Trial::Trial(const Scenario& scenario, const Machine& machine)
    : world(machine), scenario_(scenario) {
  world.policy.grace_seconds = scenario.grace_seconds;
  world.is_crowded = !machine.kind.has_comments;
  if (scenario.created) {
    world.create();
    world.add_strangers();
  }
  if (scenario.before) scenario.before(world);
  world.a.revive();
  world.mint_comments.clear();
}

void Trial::go(const Injection& first, const Injection& second, bool recover_by_rotate) {
  world.a.faults = inject(first);
  for (const auto& goal : scenario_.goals) {
    const Request request = goal(world);
    const auto answer = world.a.run(request);
    if (operations.empty() || !world.a.operations.empty()) operations = world.a.operations;
    if (!is_finished(request, answer)) recover(request, second, recover_by_rotate);
    world.pass(scenario_.grace_seconds * 1000);
  }
  rest(world);
}

bool Trial::is_finished(const Request& request, const Result<Answer>& answer) const {
  if (world.a.dead()) return false;
  if (answer.ok()) return true;
  const std::string& reason = answer.error().reason;
  if (std::ranges::find(scenario_.ends, reason) != scenario_.ends.end()) return true;
  // What another host did in between is an answer as well.
  if (world.revocation_asked && (reason == "SLOT_REVOKED" || reason == "NO_CURRENT")) return true;
  if (request.goal == Goal::kCreate && reason == "CURRENT_EXISTS") return true;
  if (request.goal == Goal::kRollback && reason == "ROLLBACK_IMPOSSIBLE") return true;
  return request.goal == Goal::kAdopt && reason == "ADOPTION_REFUSED";
}

void Trial::recover(const Request& request, const Injection& second, bool by_rotate) {
  world.a.revive();
  world.a.faults = inject(second);
  (void)world.a.run(by_rotate ? kRotate : request);
  if (recovery_operations.empty()) recovery_operations = world.a.operations;
  world.a.revive();
  // Faults have stopped: two calls at most.
  for (int calls = 0; calls < 2; ++calls) {
    const auto answer = world.a.run(request);
    if (is_finished(request, answer)) return;
    if (calls == 1) world.violated("I7 unfinished: " + answer.error().reason);
  }
}

std::string Trial::describe(const Injection& first, const Injection& second, bool by_rotate) const {
  const auto one = [](const Injection& injection, const std::vector<std::string>& names) {
    return std::string(to_text(injection.fault)) + " at " + std::to_string(injection.at) +
           (injection.at < names.size() ? " " + names[injection.at] : std::string());
  };
  std::string text = scenario_.name + ", " + one(first, operations);
  if (second.fault != Fault::kNone) text += ", then " + one(second, recovery_operations);
  if (by_rotate) text += ", taken up by rotate";
  return text;
}

void rest(World& world) {
  world.a.revive();
  world.b.revive();
  world.settle();
  const bool active = world.slot().state == HUB_SLOT_ACTIVE && !world.known().empty();
  hub::Result<Answer> rotated = Answer{};
  // What is due is done, and then what that leaves goes, which nobody has used for two days; a
  // token may fall due at any of these calls.
  for (bool minted = true; minted; minted = rotated.ok() && did(*rotated, "minted")) {
    for (int calls = 0; calls < 2; ++calls) {
      world.now += std::max(2 * kDay, hub::rotation::grace_ms(world.policy)) + 11 * kMinute;
      rotated = world.a.run(kRotate);
    }
  }
  // What a restored store does not know stays when everything else was revoked.
  if (!active && !world.lost_by_restore().empty()) return;
  const auto swept = world.a.run(kSweep);
  if (!swept.ok()) world.violated("I3 the sweep failed: " + swept.error().reason);
  for (const std::string& id : world.unaccounted())
    world.violated("I3 the slot and the workspace differ: " + id);
  if (active) {
    if (!rotated.ok()) world.violated("I7 rest failed: " + rotated.error().reason);
    if (world.known().size() != 1) {
      std::string held;
      for (const std::string& id : world.known()) held += " " + id;
      world.violated("I3 it rests with other than one token:" + held);
    }
  } else {
    if (!world.known().empty()) world.violated("I10 a revoked slot has a token");
    if (rotated.ok()) world.violated("I10 a revoked slot was rotated");
  }
  if (world.slot(kOtherSlot).current && !world.other.run(kRotate).ok())
    world.violated("I7 another slot does not rotate");
}

// ---- Every variant ----

namespace {

/// Reports the violations of a run, if any; false: enough.
bool goes_on(Trial& trial, const Report& report, const std::string& run) {
  if (trial.world.violations.empty()) return true;
  return report(run, trial.world.violations);
}

std::vector<std::string> operations_of(const Scenario& scenario) {
  Trial plain(scenario, Machine{});
  plain.go({}, {}, false);
  return plain.operations;
}

/// Calls `visit` with each fault that applies to each operation, until it answers false.
void for_each_fault(const Scenario& scenario,
                    const std::function<bool(const Injection&, bool by_rotate)>& visit) {
  const auto operations = operations_of(scenario);
  for (std::size_t at = 0; at < operations.size(); ++at) {
    for (const Fault fault : kFaults) {
      if (!applies(operations[at], fault)) continue;
      for (const bool by_rotate : {false, true})
        if (!visit({at, fault}, by_rotate)) return;
    }
  }
}

/// What was planned and what was done, by kind and token.
std::vector<std::string> sorted(std::vector<std::string> steps) {
  std::ranges::sort(steps);
  return steps;
}

std::string joined(const std::vector<std::string>& steps) {
  std::string text;
  for (const std::string& step : steps) text += "[" + step + "]";
  return text;
}

void compare_with_plan(World& world, const Request& request) {
  const auto before = world.slot();
  const auto live = world.live_of_ours();
  const auto plan = world.a.plan(request);
  const auto after = world.slot();
  if (before.revision != after.revision || before.note != after.note ||
      world.live_of_ours() != live)
    world.violated("a plan changed something");
  world.a.revive();
  const auto answer = world.a.run(request);
  if (plan.ok() != answer.ok() && !plan.ok())
    world.violated("the plan was refused, " + plan.error().reason + ", and the call was not");
  // A plan reads no values and asks nobody about use: that shows on the way.
  if (!plan.ok() || !answer.ok() || warned(*answer, "DEAD_CURRENT") || warned(*answer, "IN_USE"))
    return;

  std::vector<std::string> planned, done;
  for (const auto& step : *plan->plan) {
    if (step.reason.empty()) world.violated("a step without a reason: " + step.action);
    if (step.action == "mint") planned.emplace_back("mint");
    if (step.action == "commit") planned.push_back("commit " + step.id);
    if (step.action == "revoke") planned.push_back("revoke " + step.id);
    if (step.action == "sweep") planned.emplace_back("sweep");
  }
  std::string minted;
  for (const auto& step : answer->did) {
    if (step.action == "minted") done.emplace_back("mint"), minted = step.id;
    if (step.action == "committed" && step.id != minted) done.push_back("commit " + step.id);
    if (step.action == "revoked") done.push_back("revoke " + step.id);
    if (step.action == "swept") done.emplace_back("sweep");
  }
  if (sorted(planned) != sorted(done))
    world.violated("planned " + joined(planned) + ", done " + joined(done));
}

/// Everything that a host may be asked.
std::vector<Request> each_goal(World& world) {
  static const hub::Secret kValue("value of hand-2");
  const std::string current = world.current_id();
  return {kRotate,
          replace(current),
          replace_leaked(current),
          roll_back(current),
          kCreate,
          kRevokePrevious,
          kRevokeAll,
          kSweep,
          adopt(kValue)};
}
constexpr std::size_t kGoals = 9;

}  // namespace

int undisturbed(const Scenario& scenario, const Machine& machine, const Report& report) {
  Trial trial(scenario, machine);
  trial.go({}, {}, false);
  (void)goes_on(trial, report, scenario.name);
  return 1;
}

int under_each_fault(const Scenario& scenario, const Machine& machine, const Report& report) {
  int runs = 0;
  for_each_fault(scenario, [&](const Injection& first, bool by_rotate) {
    Trial trial(scenario, machine);
    trial.go(first, {}, by_rotate);
    ++runs;
    return goes_on(trial, report, trial.describe(first, {}, by_rotate));
  });
  return runs;
}

int with_each_recovery_killed(const Scenario& scenario, const Machine& machine,
                              const Report& report) {
  int runs = 0;
  for_each_fault(scenario, [&](const Injection& first, bool by_rotate) {
    Trial once(scenario, machine);
    once.go(first, {}, by_rotate);
    for (std::size_t at = 0; at < once.recovery_operations.size(); ++at) {
      const Injection second{at, Fault::kKillAfter};
      Trial trial(scenario, machine);
      trial.go(first, second, by_rotate);
      ++runs;
      if (!goes_on(trial, report, trial.describe(first, second, by_rotate))) return false;
    }
    return true;
  });
  return runs;
}

int planned_at_each_point(const Scenario& scenario, const Machine& machine, const Report& report) {
  int runs = 0;
  for_each_fault(scenario, [&](const Injection& first, bool leaked) {
    Trial trial(scenario, machine);
    World& world = trial.world;
    world.a.faults = inject(first);
    for (const auto& goal : scenario.goals)
      if (!world.a.dead()) (void)world.a.run(goal(world));
    world.settle();
    for (const std::int64_t pause : {std::int64_t{0}, scenario.grace_seconds * 1000, kDay}) {
      world.a.revive();
      world.now += pause + 1;
      compare_with_plan(world, leaked ? replace_leaked(world.current_id()) : kRotate);
      ++runs;
    }
    return goes_on(trial, report, trial.describe(first, {}, false) + (leaked ? ", leaked" : ""));
  });
  return runs;
}

int meeting_another_host(const Scenario& scenario, const Machine& machine, const Report& report) {
  int runs = 0;
  const auto operations = operations_of(scenario);
  for (std::size_t at = 0; at < operations.size(); ++at) {
    for (const Fault fault : {Fault::kMet, Fault::kOvertaken}) {
      for (std::size_t goal = 0; goal < kGoals; ++goal) {
        Trial trial(scenario, machine);
        trial.world.add("hand-2", "made by hand");
        trial.world.meeting = each_goal(trial.world)[goal];
        trial.go({at, fault}, {}, false);
        ++runs;
        const std::string run =
            trial.describe({at, fault}, {}, false) + ", goal " + std::to_string(goal);
        if (!goes_on(trial, report, run)) return runs;
      }
    }
  }
  return runs;
}

int restored_to_each_point(const Scenario& scenario, const Machine& machine, const Report& report) {
  int runs = 0;
  const auto operations = operations_of(scenario);
  for (std::size_t at = 0; at < operations.size(); ++at) {
    for (std::size_t goal = 0; goal < kGoals; ++goal) {
      Trial trial(scenario, machine);
      World& world = trial.world;
      world.add("hand-2", "made by hand");
      hub::testing::MemorySlotStore::Backup backup = world.store.backup();
      world.before_operation = [&](Host& host, std::string_view) {
        if (host.operations.size() == at) backup = world.store.backup();
      };
      for (const auto& each : scenario.goals) (void)world.a.run(each(world));
      world.before_operation = nullptr;
      world.a.revive();
      world.restore(backup);
      // The holder of that lease is no more.
      world.now += 10 * kMinute;
      const Request request = each_goal(world)[goal];
      (void)world.a.run(request);
      (void)world.a.run(kRotate);
      world.now += 2 * kDay;
      (void)world.a.run(kRotate);
      (void)world.a.run(kSweep);
      // In the end somebody decides; what was revoked stays so.
      if (world.slot().state == HUB_SLOT_ACTIVE) {
        const bool empty = world.known().empty();
        (void)world.a.run({.goal = empty ? Goal::kCreate : Goal::kRotate, .accept_store = true});
        rest(world);
      }
      ++runs;
      const std::string run = scenario.name + ", restored to before " + std::to_string(at) + " " +
                              operations[at] + ", goal " + std::to_string(goal);
      if (!goes_on(trial, report, run)) return runs;
    }
  }
  return runs;
}

int moved_at_each_point(const Scenario& scenario, const Machine& machine, const Report& report) {
  int runs = 0;
  const auto operations = operations_of(scenario);
  for (std::size_t at = 0; at < operations.size(); ++at) {
    for (std::size_t goal = 0; goal < kGoals; ++goal) {
      Trial trial(scenario, machine);
      World& world = trial.world;
      world.add("hand-2", "made by hand");
      world.a.faults = inject({at, Fault::kKillBefore});
      const Request request = scenario.goals.front()(world);
      (void)world.a.run(request);
      world.a.revive();
      if (world.slot().note.empty()) continue;  // not bound yet
      world.a.bound_to = R"({"issue":"own","origin":"https://two.example"})";
      const auto live = world.live_of_ours();
      const auto moved = world.a.run(each_goal(world)[goal]);
      if (moved.ok() || moved.error().reason != "SLOT_BELONGS_ELSEWHERE")
        world.violated("I9 a slot of another workspace was used");
      if (world.live_of_ours() != live) world.violated("I9 something changed");
      world.a.bound_to = kBinding;
      world.revocation_asked = false;
      world.a.revive();
      (void)world.a.run(request);
      (void)world.a.run(request);
      rest(world);
      ++runs;
      const std::string run = scenario.name + ", moved at " + std::to_string(at) + " " +
                              operations[at] + ", goal " + std::to_string(goal);
      if (!goes_on(trial, report, run)) return runs;
    }
  }
  return runs;
}

}  // namespace rotation_test
