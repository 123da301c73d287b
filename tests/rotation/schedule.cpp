#include "schedule.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "plan.hpp"
#include "trial.hpp"

namespace rotation_test {

using hub::rotation::Goal;
using hub::rotation::kDay;
using hub::rotation::kHour;
using hub::rotation::Request;
using hub::rotation::Retire;

namespace {

constexpr int kCallsOfEachHost = 8;
constexpr std::size_t kOffered = 3;

}  // namespace

Schedule::Schedule(std::uint64_t seed, const Machine& machine) : world(machine), random_(seed) {
  constexpr std::int64_t kGraces[] = {0, 3600, 86400};
  world.policy.grace_seconds = kGraces[below(3)];
  world.is_crowded = !machine.kind.has_comments;
  world.policy.retire = by_chance(300) ? Retire::kUnlessUsed : Retire::kAlways;
  for (std::size_t i = 0; i < kOffered; ++i) {
    const std::string id = "hand-" + std::to_string(i);
    offered_.emplace_back(world.add(id, "made by hand").value);
  }
  if (by_chance(900)) world.create();
  world.add_strangers();
}

std::size_t Schedule::below(std::size_t bound) {
  // Not a distribution, whose numbers differ by library.
  return static_cast<std::size_t>(random_() % bound);
}

void Schedule::tell(const Host& host, std::string what) {
  story.push_back((&host == &world.a ? "a: " : "b: ") + std::move(what));
}

void Schedule::run() {
  world.before_operation = [this](Host& host, std::string_view operation) {
    between_operations(host, operation);
  };
  std::vector<std::jthread> threads;
  for (Actor& actor : actors_) threads.emplace_back([this, &actor] { act(actor); });
  actors_[below(2)].turn.release();
  finished_.acquire();
  threads.clear();
  world.before_operation = nullptr;
  rest(world);
}

void Schedule::act(Actor& actor) {
  actor.turn.acquire();
  for (int calls = 0; calls < kCallsOfEachHost; ++calls) {
    const std::size_t before = story.size();
    make_a_call(actor.host);
    // Nothing happened: the slot is the other's.
    if (story.size() == before + 2) give_way(actor.host);
  }
  actor.done = true;
  Actor& next = other(actor.host);
  if (next.done) {
    finished_.release();
  } else {
    next.turn.release();
  }
}

void Schedule::make_a_call(Host& host) {
  host.revive();
  host.faults = [&](std::string_view operation, std::size_t) {
    const Fault fault = any_fault(host, operation);
    if (fault != Fault::kNone)
      tell(host, std::string(to_text(fault)) + " at " + std::string(operation));
    return fault;
  };
  const Request request = any_request(host);
  const auto answer = host.run(request);
  const std::string end = host.dead()   ? "died"
                          : answer.ok() ? "done"
                                        : answer.error().reason + " " +
                                              std::string(hub::to_text(answer.error().status));
  std::string did;
  if (answer.ok())
    for (const auto& each : answer->did) did += ", " + each.action + " " + each.id;
  tell(host, "ends: " + end + did);
}

Request Schedule::any_request(const Host& host) {
  const std::string current = world.current_id();
  const std::size_t choice = below(100);
  const auto chosen = [&](std::string what, Request request) {
    tell(host, "begins: " + std::move(what));
    return request;
  };
  if (choice < 30) return chosen("rotate", kRotate);
  if (choice < 60) return chosen("replace " + current, replace(current));
  if (choice < 66) return chosen("replace leaked " + current, replace_leaked(current));
  if (choice < 74) return chosen("roll back from " + current, roll_back(current));
  if (choice < 80) {
    const std::size_t one = below(kOffered);
    return chosen("adopt hand-" + std::to_string(one), adopt(offered_[one]));
  }
  if (choice < 86) return chosen("create", kCreate);
  if (choice < 91) return chosen("sweep", kSweep);
  if (choice < 96) return chosen("revoke previous", kRevokePrevious);
  return chosen("revoke everything", kRevokeAll);
}

Fault Schedule::any_fault(const Host&, std::string_view operation) {
  if (!by_chance(40)) return Fault::kNone;
  constexpr Fault kFaults[] = {Fault::kKillBefore, Fault::kKillAfter, Fault::kFailBefore,
                               Fault::kFailAfter,  Fault::kLate,      Fault::kRefuse};
  const Fault fault = kFaults[below(std::size(kFaults))];
  return applies(operation, fault) ? fault : Fault::kNone;
}

void Schedule::between_operations(Host& host, std::string_view operation) {
  ++operations;
  actors_[&host == &world.a ? 0 : 1].next = operation;
  if (by_chance(60)) something_happens();
  if (other(host).done || !by_chance(250)) return;
  tell(host, "waits before " + std::string(operation));
  give_way(host);
}

void Schedule::give_way(Host& host) {
  if (other(host).done) return;
  ++switches;
  other(host).turn.release();
  actors_[&host == &world.a ? 0 : 1].turn.acquire();
}

bool Schedule::is_in_a_hurry() const {
  return !world.machine.kind.has_comments &&
         std::ranges::any_of(actors_, [](const Actor& actor) { return actor.next == "mint"; });
}

void Schedule::something_happens() {
  const auto happened = [&](std::string what) { story.push_back("   " + std::move(what)); };
  const std::size_t what = below(8);
  constexpr std::size_t kTimes = 6;  // of what follows are about time
  if (what < kTimes && is_in_a_hurry()) return;
  switch (what) {
    case 0:
    case 1:
      leap(static_cast<std::int64_t>(below(20)) * kMinute);
      return happened("minutes pass");
    case 2:
      leap(static_cast<std::int64_t>(below(30)) * kHour);
      return happened("hours pass");
    case 3:
      leap(static_cast<std::int64_t>(below(40)) * kDay);
      return happened("days pass");
    case 4:
      world.settle();
      return happened("what was late arrives");
    case 5:
      world.remote_clock_ahead = (static_cast<std::int64_t>(below(7)) - 3) * kMinute;
      return happened("the clocks drift");
    case 6:
      if (!world.current_id().empty()) world.use(world.current_id());
      return happened("somebody uses current");
    default: {
      const std::string current = world.current_id();
      if (current.empty() || !by_chance(300)) return;
      world.revoked_by_somebody(current);
      return happened("somebody revokes " + current);
    }
  }
}

void Schedule::leap(std::int64_t milliseconds) {
  // No request is under way for hours.
  if (milliseconds >= kHour) world.settle();
  world.pass(milliseconds);
  ++world.disturbances;
}

}  // namespace rotation_test
