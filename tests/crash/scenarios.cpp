#include "crash/scenarios.hpp"

#include <signal.h>

#include <stdexcept>

namespace crash {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

const Command kCreate{"create-token"};
const Command kReplace{"rotate-token", R"({"when": "now", "replace": "{current}"})"};
const Command kRotate{"rotate-token"};
const Command kRevoke{"revoke-token"};
const Command kRevokeAll{"revoke-token", R"({"all": true})"};
const Command kSweep{"sweep"};

void must(World& world, const Command& command) {
  const Outcome outcome = world.run(world.a, command);
  if (!outcome.done()) throw std::runtime_error(command.operation + ": " + outcome.message);
  const Kept kept = world.look();
  if (kept.slot.current) world.replaces = token_id(*kept.slot.current);
}

void create(World& world) { must(world, kCreate); }

void replace(World& world) {
  create(world);
  must(world, kReplace);
}

}  // namespace

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> kAll = {
      {.name = "create", .before = [](World&) {}, .command = kCreate, .least = {}},
      {.name = "replace", .before = create, .command = kReplace, .least = {}},
      {.name = "replace_in_grace",
       .grace = hours(1),
       .before = create,
       .command = kReplace,
       .least = {}},
      {.name = "retire",
       .grace = hours(1),
       .before =
           [](World& world) {
             replace(world);
             world.advance(hours(1));
           },
       .command = kRotate,
       .least = {}},
      {.name = "discard_what_is_refused",
       .before =
           [](World& world) {
             create(world);
             world.wire.remember({.refuses_next = true});
           },
       .command = kReplace,
       .least = {}},
      {.name = "revoke_previous",
       .grace = hours(1),
       .before = replace,
       .command = kRevoke,
       .cuts_readers = true,
       .least = {}},
      {.name = "revoke_all",
       .before = create,
       .command = kRevokeAll,
       .ends_revoked = true,
       .least = {}},
      {.name = "revoke_all_in_grace",
       .grace = hours(1),
       .before = replace,
       .command = kRevokeAll,
       .ends_revoked = true,
       .least = {}},
      {.name = "create_after_revoke_all",
       .before =
           [](World& world) {
             create(world);
             must(world, kRevokeAll);
           },
       .command = kCreate,
       .least = {}},
  };
  return kAll;
}

}  // namespace crash
