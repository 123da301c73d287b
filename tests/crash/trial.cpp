#include "crash/trial.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace crash {
namespace {

const Command kRotateDue{"rotate-token"};
const Command kSweep{"sweep"};

}  // namespace

std::vector<Point> Course::points() const {
  std::vector<Point> points;
  const auto add = [&](Point::Where where, const std::vector<std::string>& names) {
    for (std::size_t number = 0; number < names.size(); ++number) {
      for (const bool after : {false, true})
        points.push_back({where, number, after, names[number]});
    }
  };
  add(Point::Where::kHostCall, calls);
  add(Point::Where::kRequest, requests);
  return points;
}

Trial::Trial(World& world, const Scenario& scenario) : world_(world), scenario_(scenario) {
  world_.restore(world_.nothing());
  world_.grace = scenario.grace;
  scenario.before(world_);
  world_.add_strangers();
  const Kept kept = world_.look();
  world_.replaces = kept.slot.current ? token_id(*kept.slot.current) : "";
  start_ = world_.save();
}

void Trial::begin() { resume(start_, 0); }

void Trial::resume(const World::Remains& remains, int harms) {
  world_.restore(remains);
  harms_ = harms;
  violations.clear();
}

Course Trial::record(const Command& command) {
  world_.wire.disarm();
  Course course;
  course.calls = run(command).calls;
  course.requests = world_.wire.requests();
  return course;
}

void Trial::kill_at(const Command& command, const Point& point) {
  ++harms_;
  Harm harm;
  if (point.where == Point::Where::kHostCall) {
    harm = {Harm::Kind::kKill, point.number, point.after};
    world_.wire.disarm();
  } else {
    world_.wire.arm(point.number, [&](const Request& request, const Serve& serve) {
      if (point.after) serve(request);
      world_.a.kill();
      return std::optional<Answer>();
    });
  }
  if (!world_.run(command, harm).killed) violations.push_back("it was not killed");
  world_.wire.disarm();
  check("the kill");
}

Outcome Trial::run(const Command& command) {
  Outcome outcome = world_.run(command);
  if (outcome.reason == "SLOT_BUSY")
    violations.emplace_back("a dead lease is waited for by " + command.operation);
  check(command.operation);
  return outcome;
}

bool Trial::is_finished(const Outcome& outcome) const {
  return outcome.done() || outcome.reason == "TOKEN_EXISTS" ||
         (scenario_.ends_revoked && outcome.reason == "SLOT_REVOKED");
}

void Trial::recover(const Command& first) {
  if (first.operation != scenario_.command.operation || first.request != scenario_.command.request)
    run(first);
  Outcome outcome = run(scenario_.command);
  if (!is_finished(outcome)) outcome = run(scenario_.command);
  if (!is_finished(outcome))
    violations.push_back("I7 two calls did not finish it: " + outcome.reason + ", " +
                         outcome.message);

  world_.clock.advance(scenario_.grace + std::chrono::minutes(11));
  const Outcome rotated = run(kRotateDue);
  const Outcome swept = run(kSweep);
  if (!swept.done()) violations.push_back("the sweep failed: " + swept.reason);

  const Kept kept = world_.look();
  const auto live = world_.live_of_ours(kept.slot.id);
  if (live != kept.token_ids()) violations.emplace_back("I3 the slot does not know what lives");
  if (scenario_.ends_revoked) {
    if (!live.empty()) violations.emplace_back("I10 a token lives");
    if (rotated.reason != "SLOT_REVOKED") violations.emplace_back("I10 a revoked slot was rotated");
  } else {
    if (live.size() != 1) violations.emplace_back("it rests with other than one token");
    if (!rotated.done()) violations.push_back("the rotation failed: " + rotated.reason);
  }
}

void Trial::check(const std::string& after) {
  const auto violated = [&](const std::string& what) {
    violations.push_back(what + " after " + after);
  };
  for (const std::string& name : world_.dead_strangers())
    violated("I9 " + name + " token was revoked");
  if (world_.wire.take_blind_mints() > 0)
    violated("I6 a token was asked for before the first was looked for");
  const Kept kept = world_.look();
  if (!kept.exists) return;
  for (const std::string& id : kept.unreadable) violated("I5 the value of " + id + " is not there");

  const std::int64_t now = world_.clock.now();
  const auto in_grace = std::ranges::count_if(kept.slot.previous, [&](const auto& version) {
    return !version.retire_after || *version.retire_after > now;
  });
  if (world_.live_of_ours(kept.slot.id).size() > static_cast<std::size_t>(2 + in_grace + harms_))
    violated("I4 too many live tokens");

  if (kept.active() && kept.slot.current) {
    if (!kept.current) {
      violated("I5 the current value cannot be read");
    } else {
      world_.readings[std::string(kept.current->reveal())] = now;
      if (world_.use(kept.current->reveal()) != 200) violated("I1 the current token is dead");
    }
  }
  if (scenario_.cuts_readers || scenario_.ends_revoked) return;
  std::erase_if(world_.readings, [&](const auto& reading) {
    return now - reading.second >= std::chrono::milliseconds(scenario_.grace).count();
  });
  for (const auto& [value, when] : world_.readings)
    if (world_.use(value) != 200) violated("I2 a reader was cut off");
}

}  // namespace crash
