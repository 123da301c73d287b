// Every fault at every operation of every scenario: the host is killed, is told nothing, is
// refused, or is overtaken by another one; then faults stop and the promises must hold.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "plan.hpp"
#include "world.hpp"

namespace rotation_test {
namespace {

using hub::rotation::Answer;
using hub::rotation::Request;

struct Scenario {
  std::string name;
  std::int64_t grace_seconds;
  bool created;
  std::function<void(World&)> before;                 // on a fresh world, without faults
  std::vector<std::function<Request(World&)>> goals;  // one call each, a grace period apart
  bool ends_revoked = false;
};

/// One fault, by the number of the operation since the host came up.
struct Injection {
  std::size_t at = 0;
  Fault fault = Fault::kNone;
};

bool applies(std::string_view operation, Fault fault) {
  const bool remote = operation == "mint" || operation == "verify" || operation == "list" ||
                      operation == "find" || operation == "revoke" || operation == "owner";
  if (fault == Fault::kLate) return operation == "mint" || operation == "revoke";
  if (fault == Fault::kRefuse) return remote;
  return true;
}

constexpr Fault kFaults[] = {Fault::kKillBefore, Fault::kKillAfter, Fault::kFailBefore,
                             Fault::kFailAfter,  Fault::kLate,      Fault::kRefuse,
                             Fault::kOvertaken};

Host::Faults inject(const Injection& injection) {
  return [=](std::string_view operation, std::size_t number) {
    return number == injection.at && applies(operation, injection.fault) ? injection.fault
                                                                         : Fault::kNone;
  };
}

class Trial {
 public:
  explicit Trial(const Scenario& scenario) : scenario_(scenario) {
    world.policy.grace_seconds = scenario.grace_seconds;
    if (scenario.created) {
      world.create();
      world.add_strangers();
    }
    if (scenario.before) scenario.before(world);
    world.a.revive();
    world.mint_comments.clear();
  }

  /// The scenario under `first`; whatever it left is then taken up under `second` by rotate-token
  /// or by the same goal, and in the end without faults.
  void go(const Injection& first, const Injection& second, bool recover_by_rotate) {
    world.a.faults = inject(first);
    for (const auto& goal : scenario_.goals) {
      const Request request = goal(world);
      const auto answer = world.a.run(request);
      operations = world.a.operations;
      if (!finished(request, answer)) recover(request, second, recover_by_rotate);
      world.now += scenario_.grace_seconds * 1000;
    }
    rest();
  }

  World world;
  std::vector<std::string> operations;           // until the first failure
  std::vector<std::string> recovery_operations;  // of the first call after it

 private:
  bool finished(const Request& request, const hub::Result<Answer>& answer) const {
    if (answer.ok()) return !world.a.dead();
    if (world.a.dead()) return false;
    if (request.goal == hub::rotation::Goal::kCreate && answer.error().reason == "TOKEN_EXISTS")
      return true;
    return scenario_.ends_revoked && answer.error().reason == "SLOT_REVOKED";
  }

  void recover(const Request& request, const Injection& second, bool by_rotate) {
    world.a.revive();
    world.a.faults = inject(second);
    (void)world.a.run(by_rotate ? kRotate : request);
    if (recovery_operations.empty()) recovery_operations = world.a.operations;
    world.a.revive();
    // Faults have stopped: two calls at most.
    for (int calls = 0; calls < 2; ++calls) {
      const auto answer = world.a.run(request);
      if (finished(request, answer)) return;
      if (calls == 1) world.violations.push_back("I7 unfinished: " + answer.error().reason);
    }
  }

  /// What was under way arrives, a rotate-token and a sweep later everything is accounted for.
  void rest() {
    world.a.revive();
    world.settle();
    world.now += scenario_.grace_seconds * 1000 + 11 * kMinute;
    const auto rotated = world.a.run(kRotate);
    const auto swept = world.a.run(kSweep);
    if (!swept.ok()) world.violations.push_back("the sweep failed: " + swept.error().reason);
    if (world.live_of_ours() != world.known())
      world.violations.emplace_back("I3 the slot does not know what lives");
    if (scenario_.ends_revoked) {
      if (!world.live_of_ours().empty()) world.violations.emplace_back("I10 a token lives");
      if (rotated.ok()) world.violations.emplace_back("I10 a revoked slot was rotated");
    } else {
      if (world.live_of_ours().size() != 1)
        world.violations.emplace_back("it rests with other than one token");
      if (!rotated.ok()) world.violations.push_back("rest failed: " + rotated.error().reason);
    }
  }

  const Scenario& scenario_;
};

std::vector<Scenario> scenarios() {
  const auto fixed = [](const Request& request) { return [request](World&) { return request; }; };
  // Read once, as a host does: a rerun asks for the same.
  const auto replace_first = [](World&) {
    return Request{.goal = hub::rotation::Goal::kRotate, .now = true, .replace = "token-1"};
  };
  const auto lose_a_mint = [](World& world) {
    world.a.faults = fault_at("mint", Fault::kLate);
    (void)world.a.run({.goal = hub::rotation::Goal::kRotate, .now = true, .replace = "token-1"});
    world.settle();
  };
  const auto leave_intent = [](World& world) {
    world.a.faults = fault_at("mint", Fault::kKillAfter);
    (void)world.a.run({.goal = hub::rotation::Goal::kRotate, .now = true, .replace = "token-1"});
  };
  const auto leave_staged = [](World& world) {
    world.a.faults = fault_at("verify", Fault::kKillBefore);
    (void)world.a.run({.goal = hub::rotation::Goal::kRotate, .now = true, .replace = "token-1"});
  };
  return {
      {"create", 0, false, nullptr, {fixed(kCreate)}},
      {"replace at once", 0, true, nullptr, {replace_first}},
      {"replace, then retire", 3600, true, nullptr, {replace_first, fixed(kRotate)}},
      {"replace with a lost answer", 0, true, leave_intent, {replace_first}},
      {"replace when due",
       0,
       true,
       [](World& world) { world.now += 61 * hub::rotation::kDay; },
       {fixed(kRotate)}},
      {"mend a dead current",
       0,
       true,
       [](World& world) {
         world.revoked_by_somebody("token-1");
         world.now += hub::rotation::kDay;
       },
       {fixed(kRotate)}},
      {"discard what is refused",
       0,
       true,
       [](World& world) { world.refused_id = "token-2"; },
       {replace_first}},
      {"discard what is refused once",
       0,
       true,
       [](World& world) {
         world.refused_id = "token-2";
         world.refuses_once = true;
       },
       {replace_first}},
      {"revoke the previous",
       3600,
       true,
       [=](World& world) {
         (void)world.a.run(replace_first(world));
         world.revocation_asked = true;
       },
       {fixed(kRevokePrevious)}},
      {"revoke everything", 0, true, nullptr, {fixed(kRevokeAll)}, true},
      {"revoke everything with one pending", 0, true, leave_staged, {fixed(kRevokeAll)}, true},
      {"revoke everything in grace",
       3600,
       true,
       [=](World& world) { (void)world.a.run(replace_first(world)); },
       {fixed(kRevokeAll)},
       true},
      {"revoke everything and create",
       0,
       true,
       [](World& world) {
         (void)world.a.run(kRevokeAll);
         world.revocation_asked = false;
       },
       {fixed(kCreate)}},
      {"sweep", 0, true, lose_a_mint, {fixed(kSweep)}},
  };
}

std::string describe(const Trial& trial, const Scenario& scenario, const Injection& first,
                     const Injection& second) {
  const auto one = [](const Injection& injection, const std::vector<std::string>& operations) {
    return std::string(to_text(injection.fault)) + " at " + std::to_string(injection.at) +
           (injection.at < operations.size() ? " " + operations[injection.at] : std::string());
  };
  std::string text = scenario.name + ", " + one(first, trial.operations);
  if (second.fault != Fault::kNone) text += ", then " + one(second, trial.recovery_operations);
  return text;
}

/// Runs and reports; false after too many failures to read.
void expect_kept(const Scenario& scenario, const Injection& first, const Injection& second,
                 bool by_rotate, Trial& trial) {
  trial.go(first, second, by_rotate);
  for (const std::string& violation : trial.world.violations) {
    ADD_FAILURE() << describe(trial, scenario, first, second)
                  << (by_rotate ? " (taken up by rotate): " : ": ") << violation;
  }
}

class RotationCrashTest : public ::testing::TestWithParam<Scenario> {};

TEST_P(RotationCrashTest, KeepsEachPromiseWithoutFaults) {
  Trial trial(GetParam());
  expect_kept(GetParam(), {}, {}, false, trial);
  EXPECT_GT(trial.operations.size(), 3U);
}

TEST_P(RotationCrashTest, KeepsEachPromiseUnderAnyFaultAtAnyOperation) {
  Trial plain(GetParam());
  plain.go({}, {}, false);
  int runs = 0;
  for (std::size_t at = 0; at < plain.operations.size() && !HasFailure(); ++at) {
    for (const Fault fault : kFaults) {
      if (!applies(plain.operations[at], fault)) continue;
      for (const bool by_rotate : {false, true}) {
        Trial trial(GetParam());
        expect_kept(GetParam(), {at, fault}, {}, by_rotate, trial);
        ++runs;
      }
    }
  }
  EXPECT_GT(runs, 40);
  std::cout << GetParam().name << ": " << plain.operations.size() << " operations, " << runs
            << " runs\n";
}

TEST_P(RotationCrashTest, KeepsEachPromiseWhenTheRecoveryFromAnyFaultIsKilledAnywhere) {
  Trial plain(GetParam());
  plain.go({}, {}, false);
  int runs = 0;
  for (std::size_t at = 0; at < plain.operations.size() && !HasFailure(); ++at) {
    for (const Fault fault : kFaults) {
      if (!applies(plain.operations[at], fault)) continue;
      for (const bool by_rotate : {false, true}) {
        Trial once(GetParam());
        once.go({at, fault}, {}, by_rotate);
        for (std::size_t then = 0; then < once.recovery_operations.size(); ++then) {
          Trial trial(GetParam());
          expect_kept(GetParam(), {at, fault}, {then, Fault::kKillAfter}, by_rotate, trial);
          ++runs;
        }
      }
    }
  }
  EXPECT_GT(runs, 100);
  std::cout << GetParam().name << ": " << runs << " runs that were killed again\n";
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
