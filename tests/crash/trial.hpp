// One trial: something happens at one point of a command, and all promises are held to.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crash/world.hpp"

namespace crash {

/// How often something was tried at least.
struct Counts {
  std::size_t kills = 0;        // once
  std::size_t pairs = 0;        // and again during the recovery
  std::size_t faults = 0;       // without a kill
  std::size_t overtakings = 0;  // by another host
};

struct Scenario {
  const char* name;
  std::chrono::seconds grace{0};
  std::function<void(World&)> before;  // from nothing, undisturbed
  Command command;
  bool ends_revoked = false;
  bool cuts_readers = false;  // the command revokes what somebody may still use
  Counts least;
};

void PrintTo(const Scenario& scenario, std::ostream* out);

/// Where something happens: at a call of the plugin to its host, or at a request.
struct Point {
  enum class Where { kHostCall, kRequest };
  Where where;
  std::size_t number;
  bool after;  // the effect
  std::string name;

  bool only_reads() const;
  bool changes_tokens() const;
};

/// What happens there.
enum class Blow {
  kKill,
  kFail,       // host calls: UNAVAILABLE
  kLose,       // requests: the connection is closed
  kInterrupt,  // revocations: the same, with time to try again
  kDuplicate,  // requests that change something: their effect comes twice
  kDelay,      // likewise: it comes after the client gave up
  kDelayLong,  // likewise: after the command was run again
};
std::string_view to_text(Blow blow);
bool applies(Blow blow, const Point& point);

class Trial {
 public:
  /// Brings the world to where the scenario's command is next.
  Trial(World& world, const Scenario& scenario);

  /// As it was then.
  void begin() { resume(start_, 0); }
  /// To go on from what a blow left more than once.
  World::Remains remains() { return world_.save(); }
  void resume(const World::Remains& remains, int blows);

  /// The points of a command that nothing happens to, in which it runs.
  std::vector<Point> record(const Command& command);

  /// Runs the command, to which that happens.
  void strike(const Command& command, const Point& point, Blow blow);
  /// Runs the command, which sleeps there through its lease while another host runs `other`.
  void overtake(const Command& command, const Point& point, const Command& other);
  /// What an operator does afterwards, beginning with `first`, until the world is at rest.
  void recover(const Command& first);

  /// What was broken since begin() or resume(), each with its number.
  std::vector<std::string> violations;

 private:
  Outcome run(const Command& command);
  Outcome run(const Command& command, const Harm& harm, const std::function<void()>& when_stopped);
  std::optional<Answer> deal(Blow blow, bool after, const Request& request, const Serve& serve);
  void settle();
  bool is_finished(const Outcome& outcome) const;
  void rest();
  void check(const std::string& after);

  World& world_;
  const Scenario& scenario_;
  World::Remains start_;
  int blows_ = 0;
  std::vector<std::function<void()>> late_;
  std::string settled_;  // the token with which another host has done the command
};

}  // namespace crash
