// Random schedules: two hosts with every goal, interleaved at their operations, with every fault.
#pragma once

#include <hub/rotation.hpp>

#include <array>
#include <cstdint>
#include <random>
#include <semaphore>
#include <string>
#include <string_view>
#include <vector>

#include "world.hpp"

namespace rotation_test {

/// One of them, decided by its seed alone. Each host is a thread, of which one runs at a time: who
/// is about to make an operation says who goes on.
class Schedule {
 public:
  Schedule(std::uint64_t seed, const Machine& machine);

  /// Everything, to rest. Afterwards the world has its violations.
  void run();

  World world;
  std::vector<std::string> story;  // what happened, in order
  std::uint64_t operations = 0;
  std::uint64_t switches = 0;  // from one host to the other

 private:
  struct Actor {
    Host& host;
    std::binary_semaphore turn{0};
    std::string_view next{};  // what it is about to do
    bool done = false;
  };

  std::size_t below(std::size_t bound);
  /// With so many in a thousand.
  bool by_chance(std::size_t per_mille) { return below(1000) < per_mille; }
  void tell(const Host& host, std::string what);

  void act(Actor& actor);
  void make_a_call(Host& host);
  hub::rotation::Request any_request(const Host& host);
  Fault any_fault(const Host& host, std::string_view operation);
  void between_operations(Host& host, std::string_view operation);
  /// The other host goes on, if it has anything left, until it gives way.
  void give_way(Host& host);
  void something_happens();
  /// Whether a request without a marker is about to leave: it does within the time in which what
  /// it makes can be found.
  bool is_in_a_hurry() const;
  void leap(std::int64_t milliseconds);
  Actor& other(const Host& host) { return actors_[&host == &world.a ? 1 : 0]; }

  std::mt19937_64 random_;
  std::array<Actor, 2> actors_{{{world.a}, {world.b}}};
  std::binary_semaphore finished_{0};
  std::vector<hub::Secret> offered_;  // outlive their requests
};

}  // namespace rotation_test
