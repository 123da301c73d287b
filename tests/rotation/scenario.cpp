#include "scenario.hpp"

#include "plan.hpp"

namespace rotation_test {
namespace {

using hub::rotation::kDay;
using hub::rotation::kHour;
using hub::rotation::Request;
using hub::rotation::Retire;

std::function<Request(World&)> fixed(const Request& request) {
  return [request](World&) { return request; };
}

/// What somebody made by hand, whose value outlives every world.
const hub::Secret& by_hand() {
  static const hub::Secret kValue("value of hand-1");
  return kValue;
}

void make_by_hand(World& world) { world.add("hand-1", "made by hand"); }

void replace_first(World& world) {
  (void)world.a.run(replace("token-1"));
  world.a.revive();
}

/// Replaces token-1 under the fault.
std::function<void(World&)> replace_under(const char* operation, Fault fault) {
  return [=](World& world) {
    world.a.faults = fault_at(operation, fault);
    (void)world.a.run(replace("token-1"));
    world.a.revive();
  };
}

void lose_a_mint(World& world) {
  replace_under("mint", Fault::kLate)(world);
  world.settle();
}

/// Token-2 is current, and the request to revoke token-1 is under way.
void revoke_late(World& world) {
  replace_first(world);
  world.now += 2 * kHour;
  world.a.faults = fault_at("revoke", Fault::kLate);
  (void)world.a.run(kRotate);
}

/// Token-2 was made since, and is in use.
void restore_older(World& world) {
  const auto backup = world.store.backup();
  replace_first(world);
  world.use("token-2");
  world.restore(backup);
}

/// Most of what can break breaks in one of these.
const std::vector<Scenario>& the_first() {
  static const std::vector<Scenario> kScenarios = {
      {"create", 0, nullptr, {fixed(kCreate)}, false, {"CURRENT_EXISTS"}},
      {"replace at once", 0, nullptr, {fixed(replace("token-1"))}},
      {"discard what is refused once",
       0,
       [](World& world) {
         world.refused_id = "token-2";
         world.refuses_once = true;
       },
       {fixed(replace("token-1"))}},
      {"revoke everything", 0, nullptr, {fixed(kRevokeAll)}},
  };
  return kScenarios;
}

const std::vector<Scenario>& replacing() {
  static const std::vector<Scenario> kScenarios = {
      {"replace, then retire", 3600, nullptr, {fixed(replace("token-1")), fixed(kRotate)}},
      {"replace with a lost answer",
       0,
       replace_under("mint", Fault::kKillAfter),
       {fixed(replace("token-1"))}},
      {"replace when due", 0, [](World& world) { world.now += 61 * kDay; }, {fixed(kRotate)}},
      {"replace twice",
       3600,
       nullptr,
       {fixed(replace("token-1")), [](World& world) { return world.replace_current(); }}},
      {"mend a dead current",
       0,
       [](World& world) {
         world.revoked_by_somebody("token-1");
         world.now += kDay;
       },
       {fixed(kRotate)}},
      {"discard what is refused",
       0,
       [](World& world) { world.refused_id = "token-2"; },
       {fixed(replace("token-1"))}},
      {"replace at capacity", 0, lose_a_mint, {[](World& world) {
         world.capacity = world.live_of_owner();
         world.is_crowded = false;
         return world.replace_current();
       }}},
      {"replace what has leaked",
       3600,
       [](World& world) { world.policy.retire = Retire::kUnlessUsed; },
       {fixed(replace_leaked("token-1"))}},
      {"keep what is used",
       3600,
       [](World& world) {
         world.policy.retire = Retire::kUnlessUsed;
         replace_first(world);
         world.now += kDay;
         world.use("token-1");
       },
       {fixed(kRotate)}},
      {"two slots",
       0,
       [](World& world) {
         (void)world.other.run(kCreate);
         world.now += kDay;
       },
       {fixed(replace("token-1"))}},
      {"a clock that is ahead",
       0,
       [](World& world) {
         world.a.clock_ahead = 80 * kDay;
         world.b.clock_ahead = 80 * kDay;
       },
       {fixed(kRotate)}},
  };
  return kScenarios;
}

const std::vector<Scenario>& taking_over() {
  static const std::vector<Scenario> kScenarios = {
      {"roll back", 3600, replace_first, {fixed(roll_back("token-2")), fixed(kRotate)}},
      {"roll back and replace",
       3600,
       replace_first,
       {fixed(roll_back("token-2")), fixed(replace("token-1"))}},
      {"roll back to what is being revoked",
       3600,
       revoke_late,
       {fixed(roll_back("token-2"))},
       true,
       {"ROLLBACK_IMPOSSIBLE"}},
      {"adopt the first", 0, make_by_hand, {fixed(adopt(by_hand()))}, false},
      {"adopt beside a current", 3600, make_by_hand, {fixed(adopt(by_hand())), fixed(kRotate)}},
      {"adopt and replace", 0, make_by_hand, {fixed(adopt(by_hand())), fixed(replace("hand-1"))}},
      {"adopt what belongs to somebody else",
       0,
       [](World& world) { world.add("hand-1", "made by hand", "owner-2"); },
       {fixed(adopt(by_hand()))},
       true,
       {"ADOPTION_REFUSED"}},
      {"adopt what is refused",
       0,
       [](World& world) {
         make_by_hand(world);
         world.refused_id = "hand-1";
       },
       {fixed(adopt(by_hand()))},
       true,
       {"ADOPTION_REFUSED"}},
      {"adopt a dead one",
       0,
       [](World& world) {
         make_by_hand(world);
         world.revoked_by_somebody("hand-1");
       },
       {fixed(adopt(by_hand()))},
       true,
       {"ADOPTION_REFUSED"}},
      {"accept a restored store", 0, restore_older, {fixed(kAcceptStore)}},
  };
  return kScenarios;
}

const std::vector<Scenario>& revoking() {
  static const std::vector<Scenario> kScenarios = {
      {"revoke the previous", 3600, replace_first, {fixed(kRevokePrevious)}},
      {"revoke the previous of a dead current",
       3600,
       [](World& world) {
         replace_first(world);
         world.revoked_by_somebody("token-2");
       },
       {fixed(kRevokePrevious)},
       true,
       {"DEAD_CURRENT"}},
      {"retire under a dead current",
       3600,
       [](World& world) {
         replace_first(world);
         world.now += 2 * kHour;
         world.revoked_by_somebody("token-2");
       },
       {fixed(kRotate)}},
      {"revoke everything with one pending",
       0,
       replace_under("verify", Fault::kKillBefore),
       {fixed(kRevokeAll)}},
      {"revoke everything with an intent",
       0,
       replace_under("mint", Fault::kKillAfter),
       {fixed(kRevokeAll)}},
      {"revoke everything in grace", 3600, replace_first, {fixed(kRevokeAll)}},
      {"revoke everything and create",
       0,
       [](World& world) { (void)world.a.run(kRevokeAll); },
       {fixed(kCreate)},
       true,
       {"CURRENT_EXISTS"}},
      {"revoke everything and adopt",
       0,
       [](World& world) {
         (void)world.a.run(kRevokeAll);
         make_by_hand(world);
       },
       {fixed(adopt(by_hand()))}},
      {"sweep", 0, lose_a_mint, {fixed(kSweep)}},
      {"sweep while nothing is astray", 0, nullptr, {fixed(kSweep)}},
  };
  return kScenarios;
}

}  // namespace

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> kScenarios = [] {
    std::vector<Scenario> all;
    for (const auto* group : {&the_first(), &replacing(), &taking_over(), &revoking()})
      all.insert(all.end(), group->begin(), group->end());
    return all;
  }();
  return kScenarios;
}

}  // namespace rotation_test
