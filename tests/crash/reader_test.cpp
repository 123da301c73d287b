// Whoever reads the current token every few milliseconds and uses it within the grace period is
// never refused, while the token is replaced again and again by hosts that are killed at random.
// HUB_CRASH_SEED repeats a run's kills.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <random>
#include <string>
#include <thread>

#include "crash/fixture.hpp"

namespace crash {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kRotations = 20;
#else
constexpr int kRotations = 200;
#endif

constexpr hours kGrace{1};
const Command kReplace{"rotate-token", R"({"when": "now", "replace": "{current}"})"};
const Command kRotate{"rotate-token"};

class ReaderTest : public testing::Test {
 protected:
  ReaderTest() {
    const char* const given = std::getenv("HUB_CRASH_SEED");
    const auto seed =
        given == nullptr ? std::random_device()() : static_cast<std::uint32_t>(std::stoul(given));
    std::cout << "HUB_CRASH_SEED=" << seed << std::endl;
    random_.seed(seed);
    world_.restore(world_.nothing());
    world_.grace = kGrace;
  }

  std::size_t pick(std::size_t last) {
    return std::uniform_int_distribution<std::size_t>(0, last)(random_);
  }

  /// Every other time it is killed at a call or request, if it comes that far.
  Outcome run(const Command& command) {
    Harm harm;
    world_.wire.disarm();
    const bool after = pick(1) == 1;
    switch (pick(3)) {
      case 0:
        harm = {Harm::Kind::kKill, pick(16), after};
        break;
      case 1:
        world_.wire.arm(pick(6), [=, this](const Request& request, const Serve& serve) {
          if (after) serve(request);
          world_.a.kill();
          return std::optional<Answer>();
        });
        break;
      default:
        break;
    }
    Outcome outcome = world_.run(world_.a, command, harm);
    world_.wire.wait_until_idle();
    kills_ += outcome.killed ? 1 : 0;
    return outcome;
  }

  /// Again until it is done. At most six tokens are made a day.
  void insist(const Command& command) {
    for (int attempt = 0; attempt < 20; ++attempt) {
      const Outcome outcome = run(command);
      if (outcome.done()) return;
      if (outcome.reason == "MINT_CAP_REACHED") {
        world_.advance(hours(4));
      } else {
        ASSERT_TRUE(outcome.killed) << command.operation << ": " << outcome.message;
      }
    }
    FAIL() << command.operation << " is never done";
  }

  /// Uses what it has just read, and what it read a while ago.
  void read(hub::SlotStore& slots, const std::stop_token& stop) {
    struct Reading {
      hub::Secret value;
      std::int64_t at;
    };
    std::deque<Reading> readings;
    const auto reader = world_.make_reader();
    while (!stop.stop_requested()) {
      const std::int64_t now = world_.clock.now();
      auto value = slots.current(kSlot);
      if (!value) {
        ADD_FAILURE() << "the store does not give the token: " << value.error().message;
        return;
      }
      readings.push_back({*std::move(value), now});
      if (readings.size() > 30) readings.pop_front();
      for (const Reading* reading : {&readings.back(), &readings.front()}) {
        const bool accepted = reader->is_accepted(reading->value.reveal());
        ++uses_;
        const bool in_time = milliseconds(world_.clock.now() - reading->at) < kGrace;
        if (in_time && !accepted) ++refusals_;
      }
    }
  }

  World& world_ = the_world();
  std::mt19937 random_;
  int kills_ = 0;
  std::atomic<int> uses_ = 0;
  std::atomic<int> refusals_ = 0;
};

TEST_F(ReaderTest, IsNeverRefusedWhileTheTokenIsReplacedByHostsThatDie) {
  ASSERT_TRUE(world_.run(world_.a, {"create-token"}).done());
  const auto slots = world_.open_store();
  {
    const std::jthread reader([&](const std::stop_token& stop) { read(*slots, stop); });
    for (int rotation = 0; rotation < kRotations && !HasFailure() && refusals_ == 0; ++rotation) {
      world_.replaces = token_id(*slots->look(kSlot)->current);
      insist(kReplace);
      world_.advance(std::chrono::minutes(pick(16 * 60)));
      insist(kRotate);
      EXPECT_NE(token_id(*slots->look(kSlot)->current), world_.replaces);
    }
  }
  std::cout << kRotations << " rotations, " << kills_ << " kills, " << uses_ << " uses\n";
  EXPECT_EQ(refusals_, 0);
  EXPECT_GT(uses_, kRotations);
  EXPECT_GT(kills_, kRotations / 4);
}

}  // namespace
}  // namespace crash
