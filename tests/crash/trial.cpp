#include "crash/trial.hpp"

#include <algorithm>
#include <ostream>
#include <stdexcept>
#include <utility>

namespace crash {
namespace {

const Command kRotateDue{"rotate-token"};
const Command kSweep{"sweep"};

// Too short for another try after a lost answer, which takes a second to answer at least.
constexpr std::chrono::milliseconds kNoSecondTry{1000};
constexpr std::chrono::minutes kBeyondTheLease{10};
constexpr std::chrono::minutes kUntilSweepIsDue{11};

}  // namespace

void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }

bool Point::only_reads() const {
  // A request with a token is noted as its use.
  if (where == Where::kRequest) return name.starts_with("GET") && !name.ends_with("/Me");
  return name == "credential" || name == "look" || name == "read" || name == "current";
}

bool Point::changes_tokens() const {
  return name.starts_with("POST") || name.starts_with("DELETE");
}

std::string_view to_text(Blow blow) {
  constexpr std::string_view kWords[] = {"killed",          "told UNAVAILABLE", "cut off",
                                         "interrupted",     "duplicated",       "delayed",
                                         "delayed for long"};
  return kWords[static_cast<std::size_t>(blow)];
}

bool applies(Blow blow, const Point& point) {
  switch (blow) {
    case Blow::kKill:
      return true;
    case Blow::kFail:
      return point.where == Point::Where::kHostCall;
    case Blow::kLose:
      return point.where == Point::Where::kRequest;
    case Blow::kInterrupt:
      return point.name.starts_with("DELETE");
    default:
      return point.changes_tokens() && !point.after;
  }
}

// ---- The course ----

Trial::Trial(World& world, const Scenario& scenario) : world_(world), scenario_(scenario) {
  world_.restore(world_.nothing());
  world_.grace = scenario.grace;
  scenario.before(world_);
  world_.add_strangers();
  check("the preparation");  // also reads what the command is about to replace
  if (!violations.empty()) throw std::runtime_error(violations.front());
  start_ = world_.save();
}

void Trial::resume(const World::Remains& remains, int blows) {
  world_.restore(remains);
  blows_ = blows;
  late_.clear();
  settled_.clear();
  violations.clear();
}

std::vector<Point> Trial::record(const Command& command) {
  world_.wire.disarm();
  const auto calls = run(command).calls;
  std::vector<Point> points;
  const auto add = [&](Point::Where where, const std::vector<std::string>& names) {
    for (std::size_t number = 0; number < names.size(); ++number) {
      for (const bool after : {false, true})
        points.push_back({where, number, after, names[number]});
    }
  };
  add(Point::Where::kHostCall, calls);
  add(Point::Where::kRequest, world_.wire.requests());
  return points;
}

void Trial::strike(const Command& command, const Point& point, Blow blow) {
  ++blows_;
  Harm harm;
  if (point.where == Point::Where::kHostCall) {
    harm = {blow == Blow::kKill ? Harm::Kind::kKill : Harm::Kind::kFail, point.number, point.after};
  } else {
    world_.wire.arm(point.number, [=, this](const Request& request, const Serve& serve) {
      return deal(blow, point.after, request, serve);
    });
  }
  if (blow != Blow::kKill && blow != Blow::kInterrupt) world_.timeout = kNoSecondTry;
  const Outcome outcome = run(command, harm, {});
  world_.timeout = std::chrono::minutes(1);
  world_.wire.disarm();
  if (blow == Blow::kKill && !outcome.killed) violations.emplace_back("it was not killed");
  if (blow != Blow::kDelayLong) settle();
}

std::optional<Answer> Trial::deal(Blow blow, bool after, const Request& request,
                                  const Serve& serve) {
  if (blow == Blow::kDelay || blow == Blow::kDelayLong) {
    late_.emplace_back([=] { serve(request); });
    return std::nullopt;
  }
  if (blow == Blow::kDuplicate || after) serve(request);
  if (blow == Blow::kDuplicate) return serve(request);
  if (blow == Blow::kKill) world_.a.kill();
  return std::nullopt;
}

void Trial::overtake(const Command& command, const Point& point, const Command& other) {
  ++blows_;
  const auto sleep = [&] {
    world_.advance(kBeyondTheLease);
    const Outcome outcome = world_.run(world_.b, other);
    check("the other host's " + other.operation);
    const Kept kept = world_.look();
    if (outcome.done() && other == command && kept.slot.current)
      settled_ = token_id(*kept.slot.current);
  };
  Harm harm;
  if (point.where == Point::Where::kHostCall) {
    harm = {Harm::Kind::kStop, point.number, point.after};
  } else {
    world_.wire.arm(point.number, [&](const Request& request, const Serve& serve) {
      std::optional<Answer> answer;
      if (point.after) answer = serve(request);
      sleep();
      return answer ? answer : serve(request);
    });
  }
  run(command, harm, sleep);
  world_.wire.disarm();
}

void Trial::recover(const Command& first) {
  if (first != scenario_.command) run(first);
  Outcome outcome = run(scenario_.command);
  if (!is_finished(outcome)) outcome = run(scenario_.command);
  if (!is_finished(outcome))
    violations.push_back("I7 not finished by two calls: " + outcome.reason + " " + outcome.message);
  rest();
}

void Trial::rest() {
  settle();
  world_.advance(scenario_.grace + kUntilSweepIsDue);
  const Outcome rotated = run(kRotateDue);
  const Outcome swept = run(kSweep);
  if (!swept.done()) violations.push_back("the sweep failed: " + swept.reason);

  const Kept kept = world_.look();
  const auto live = world_.live_of_ours(kept);
  if (live != kept.token_ids()) violations.emplace_back("I3 the slot does not know what lives");
  if (scenario_.ends_revoked) {
    if (!live.empty()) violations.emplace_back("I10 a token lives");
    if (rotated.reason != "SLOT_REVOKED") violations.emplace_back("I10 a revoked slot was rotated");
  } else {
    if (live.size() != 1) violations.emplace_back("it rests with other than one token");
    if (!settled_.empty() && live != std::vector{settled_})
      violations.emplace_back("a second token was made for one command");
    if (!rotated.done()) violations.push_back("the rotation failed: " + rotated.reason);
  }
}

bool Trial::is_finished(const Outcome& outcome) const {
  return outcome.done() || outcome.reason == "CURRENT_EXISTS" ||
         (scenario_.ends_revoked && outcome.reason == "SLOT_REVOKED");
}

Outcome Trial::run(const Command& command) {
  Outcome outcome = run(command, {}, {});
  if (outcome.reason == "SLOT_BUSY")
    violations.emplace_back("a dead lease is waited for by " + command.operation);
  return outcome;
}

Outcome Trial::run(const Command& command, const Harm& harm,
                   const std::function<void()>& when_stopped) {
  Outcome outcome = world_.run(world_.a, command, harm, when_stopped);
  world_.wire.wait_until_idle();
  check(command.operation + (outcome.killed ? ", killed" : ""));
  return outcome;
}

void Trial::settle() {
  for (const auto& effect : std::exchange(late_, {})) effect();
}

// ---- The promises ----

void Trial::check(const std::string& after) {
  const auto violated = [&](const std::string& what) {
    violations.push_back(what + " after " + after);
  };
  for (const std::string& name : world_.dead_strangers())
    violated("I9 the token \"" + name + "\" was revoked");
  if (world_.wire.take_blind_mints() > 0)
    violated("I6 a token was asked for before the first was looked for");
  const Kept kept = world_.look();
  if (!kept.exists) return;
  for (const std::string& id : kept.unreadable) violated("I5 the value of " + id + " is not there");

  for (const std::string& id : kept.unmarked())
    if (!world_.is_live(id)) violated("I5 " + id + " is dead and not marked");

  const std::int64_t now = world_.clock.now();
  const auto in_grace = std::ranges::count_if(kept.slot.previous, [&](const auto& version) {
    return !version.retire_after || *version.retire_after > now;
  });
  if (world_.live_of_ours(kept).size() > static_cast<std::size_t>(2 + in_grace + blows_))
    violated("I4 too many tokens live");

  if (kept.active() && kept.slot.current) {
    if (!kept.current) {
      violated("I5 the current value cannot be read");
    } else {
      world_.readings[std::string(kept.current->reveal())] = now;
      if (!world_.is_accepted(kept.current->reveal())) violated("I1 the current token is dead");
    }
  }
  if (scenario_.cuts_readers || scenario_.ends_revoked) return;
  std::erase_if(world_.readings, [&](const auto& reading) {
    return now - reading.second >= std::chrono::milliseconds(scenario_.grace).count();
  });
  for (const auto& [value, when] : world_.readings)
    if (!world_.is_accepted(value)) violated("I2 a reader was cut off");
}

}  // namespace crash
