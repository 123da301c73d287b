#include "crash/scenarios.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

namespace crash {
namespace {

using std::chrono::hours;

constexpr hours kGrace{1};

const Command kCreate{"create-token"};
const Command kReplace{"rotate-token", R"({"when": "now", "replace": "{current}"})"};
const Command kRotate{"rotate-token"};
const Command kRevoke{"revoke-token"};
const Command kRevokeAll{"revoke-token", R"({"all": true})"};
const Command kSweep{"sweep"};
const Command kReplaceLeaked{"rotate-token",
                             R"({"when": "now", "replace": "{current}", "leaked": true})"};
const Command kRollBack{"rollback-token", R"({"replace": "{current}"})"};
const Command kAdopt{"adopt-token"};

void must(World& world, const Command& command) {
  const Outcome outcome = world.run(world.a, command);
  if (!outcome.done()) throw std::runtime_error(command.operation + ": " + outcome.message);
}

void create(World& world) {
  must(world, kCreate);
  world.replaces = token_id(*world.look().slot.current);
}

void replace(World& world) {
  create(world);
  must(world, kReplace);
}

void replace_and_regret(World& world) {
  replace(world);
  world.replaces = token_id(*world.look().slot.current);
}

void grace_ends(World& world) {
  replace(world);
  world.advance(kGrace);
}

void revoke_all(World& world) {
  create(world);
  must(world, kRevokeAll);
}

void nears_expiry(World& world) {
  create(world);
  world.advance(hours(24 * 61));
}

void next_is_refused(World& world) {
  create(world);
  world.wire.remember({.refuses_next = true});
}

/// A replacement is killed at the call of that name.
void dies(World& world, const char* call, bool after) {
  create(world);
  const auto start = world.save();
  const auto calls = world.run(world.a, kReplace).calls;
  world.restore(start);
  const auto at = static_cast<std::size_t>(std::ranges::find(calls, call) - calls.begin());
  if (!world.run(world.a, kReplace, {Harm::Kind::kKill, at, after}).killed)
    throw std::runtime_error(std::string("there is no call ") + call);
}

void answer_is_lost(World& world) { dies(world, "stage-value", false); }

void value_is_staged(World& world) { dies(world, "stage-value", true); }

/// A request for a token arrives after its sender has looked for the token and given up.
void token_comes_late(World& world) {
  create(world);
  std::function<void()> late;
  world.wire.arm(1, [&](const Request& request, const Serve& serve) {
    late = [=] { serve(request); };
    return std::optional<Answer>();
  });
  world.run(world.a, kReplace);
  late();
  if (world.live_of_ours(world.look()).size() != 2)
    throw std::runtime_error("the second request is not the one for a token");
}

}  // namespace

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> kAll = {
      {.name = "create", .before = [](World&) {}, .command = kCreate, .least = {50, 142, 27, 32}},
      {.name = "replace", .before = create, .command = kReplace, .least = {61, 200, 37, 37}},
      {.name = "replace_in_grace",
       .grace = kGrace,
       .before = create,
       .command = kReplace,
       .least = {43, 105, 24, 27}},
      {.name = "replace_when_due",
       .before = nears_expiry,
       .command = kRotate,
       .least = {39, 151, 46, 25}},
      {.name = "replace_after_a_lost_answer",
       .before = answer_is_lost,
       .command = kReplace,
       .least = {86, 315, 54, 54}},
      {.name = "replace_with_what_is_staged",
       .before = value_is_staged,
       .command = kReplace,
       .least = {39, 106, 24, 23}},
      {.name = "retire_after_grace",
       .grace = kGrace,
       .before = grace_ends,
       .command = kRotate,
       .least = {16, 41, 20, 9}},
      {.name = "discard_what_is_refused",
       .before = next_is_refused,
       .command = kReplace,
       .least = {57, 253, 36, 36}},
      {.name = "revoke_previous",
       .grace = kGrace,
       .before = replace,
       .command = kRevoke,
       .cuts_readers = true,
       .least = {32, 70, 20, 19}},
      {.name = "revoke_all",
       .before = create,
       .command = kRevokeAll,
       .ends_revoked = true,
       .least = {32, 84, 20, 18}},
      {.name = "revoke_all_in_grace",
       .grace = kGrace,
       .before = replace,
       .command = kRevokeAll,
       .ends_revoked = true,
       .least = {50, 180, 34, 28}},
      {.name = "revoke_all_after_a_lost_answer",
       .before = answer_is_lost,
       .command = kRevokeAll,
       .ends_revoked = true,
       .least = {57, 202, 37, 34}},
      {.name = "revoke_all_with_what_is_staged",
       .before = value_is_staged,
       .command = kRevokeAll,
       .ends_revoked = true,
       .least = {50, 189, 34, 28}},
      {.name = "create_after_revoke_all",
       .before = revoke_all,
       .command = kCreate,
       .least = {54, 157, 29, 34}},
      {.name = "replace_leaked",
       .grace = kGrace,
       .before = create,
       .command = kReplaceLeaked,
       .cuts_readers = true,
       .least = {68, 304, 41, 41}},
      {.name = "roll_back",
       .grace = kGrace,
       .before = replace_and_regret,
       .command = kRollBack,
       .least = {21, 27, 10, 12}},
      {.name = "adopt", .before = [](World&) {}, .command = kAdopt, .least = {61, 93, 30, 39}},
      {.name = "adopt_in_grace",
       .grace = kGrace,
       .before = create,
       .command = kAdopt,
       .least = {64, 95, 32, 41}},
      {.name = "sweep_an_orphan",
       .before = token_comes_late,
       .command = kSweep,
       .least = {32, 48, 20, 19}},
  };
  return kAll;
}

}  // namespace crash
