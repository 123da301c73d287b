// One trial: something happens at one point of a command, and all promises are held to.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "crash/world.hpp"

namespace crash {

struct Scenario {
  const char* name;
  std::chrono::seconds grace{0};
  std::function<void(World&)> before;  // without harm, from nothing
  Command command;
  bool ends_revoked = false;
  bool cuts_readers = false;  // the command revokes what somebody may still use
  /// What was tried at least: points of the command, and pairs with a point of the recovery.
  std::size_t points;
  std::size_t pairs;
};

/// Where something happens: at a call of the plugin to its host, or at a request.
struct Point {
  enum class Where { kHostCall, kRequest };
  Where where;
  std::size_t number;
  bool after;
  std::string name{};  // of the call or request
};

/// What a command did when nothing happened to it: a point before and one after each of these.
struct Course {
  std::vector<std::string> calls;
  std::vector<std::string> requests;

  std::vector<Point> points() const;
};

class Trial {
 public:
  /// Brings the world to where the scenario's command is next.
  Trial(World& world, const Scenario& scenario);

  /// As it was then.
  void begin();
  /// The remains of a harm, to go on from them more than once.
  World::Remains remains() { return world_.save(); }
  void resume(const World::Remains& remains, int harms);

  /// Runs undisturbed.
  Course record(const Command& command);
  /// Kills the command there, and looks.
  void kill_at(const Command& command, const Point& point);
  /// What an operator does afterwards, until the world is at rest; then everything is in order.
  void recover(const Command& first);

  /// What was broken since begin() or resume(), each with its number.
  std::vector<std::string> violations;

 private:
  Outcome run(const Command& command);
  void check(const std::string& after);
  bool is_finished(const Outcome& outcome) const;

  World& world_;
  const Scenario& scenario_;
  World::Remains start_;
  int harms_ = 0;
};

}  // namespace crash
