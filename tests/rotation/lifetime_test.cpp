// How long what was replaced stays, and whose clock says so: use, leaks, capacity, an accepted
// store, a clock that is wrong.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "fixture.hpp"
#include "plan.hpp"

namespace rotation_test {
namespace {

using hub::rotation::kDay;
using hub::rotation::kHour;
using hub::rotation::Retire;

// ---- Retire::kUnlessUsed ----

class RotationUseTest : public RotationTest {
 protected:
  RotationUseTest() {
    world_.policy.grace_seconds = 3600;
    world_.policy.retire = Retire::kUnlessUsed;
    world_.create();
    must(replace("token-1"));
  }
};

TEST_F(RotationUseTest, AReplacedTokenStaysForThatDayOfWhichNobodyCanTellAndThenGoesUnused) {
  world_.now += 2 * kHour;
  EXPECT_TRUE(warned(must(kRotate), "IN_USE"));
  world_.now += kDay;
  must(kRotate);
  EXPECT_FALSE(world_.tokens.at("token-1").live);
}

TEST_F(RotationUseTest, StaysWhileItIsUsedIsReportedEachTimeAndGoesTwoDaysAfterTheLastUse) {
  for (int day = 0; day < 5; ++day) {
    world_.now += kDay;
    world_.use("token-1");
    EXPECT_TRUE(warned(must(kRotate), "IN_USE"));
    EXPECT_TRUE(world_.tokens.at("token-1").live);
  }
  world_.now += kDay;
  EXPECT_TRUE(warned(must(kRotate), "IN_USE"));
  world_.now += kDay;
  must(kRotate);
  EXPECT_FALSE(world_.tokens.at("token-1").live);
}

TEST_F(RotationUseTest, StaysWhenItCannotBeLearntWhetherItIsUsed) {
  world_.now += 2 * kHour;
  world_.a.faults = always("find", Fault::kFailBefore);
  EXPECT_TRUE(warned(must(kRotate), "NO_ANSWER"));
  EXPECT_TRUE(world_.tokens.at("token-1").live);
}

TEST_F(RotationUseTest, NeverEndsSilently) {
  while (world_.slot().previous.size() == 1 && world_.now < kStart + 89 * kDay) {
    world_.now += kDay;
    world_.use("token-1");
    (void)must(kRotate);
  }
  world_.now = kStart + 90 * kDay + kMinute;
  world_.use("token-1");
  EXPECT_TRUE(warned(must(kRotate), "IN_USE"));
}

TEST_F(RotationUseTest, WhatWasAskedForByHandGoesAlthoughItIsUsed) {
  world_.now += kDay;
  world_.use("token-1");
  must(kRevokePrevious);
  EXPECT_FALSE(world_.tokens.at("token-1").live);
}

// ---- Leaked ----

TEST_F(RotationUseTest, ALeakedTokenWaitsForNeitherItsGracePeriodNorItsUsers) {
  world_.now += kDay;
  world_.use("token-2");
  EXPECT_EQ(must(replace_leaked("token-2")).token_id, "token-3");
  EXPECT_FALSE(world_.tokens.at("token-2").live);
}

TEST_F(RotationUseTest, ALeakTakesTheGracePeriodFromNoOtherToken) {
  world_.a.faults = fault_at("commit", Fault::kKillBefore);
  (void)world_.a.run(replace("token-2"));
  world_.a.revive();
  must(replace_leaked("token-1"));
  EXPECT_FALSE(world_.tokens.at("token-1").live);
  EXPECT_TRUE(world_.tokens.at("token-2").live);
}

// ---- Capacity ----

class RotationCapacityTest : public RotationTest {
 protected:
  RotationCapacityTest() {
    world_.policy.grace_seconds = 0;
    world_.create();
    world_.add_strangers();
  }
};

TEST_F(RotationCapacityTest, OrphansOfOursGoFirst) {
  world_.a.faults = fault_at("mint", Fault::kLate);
  must(replace("token-1"));
  world_.a.revive();
  world_.settle();
  world_.capacity = world_.live_of_owner();
  EXPECT_TRUE(did(must(world_.replace_current()), "orphan-revoked"));
}

TEST_F(RotationCapacityTest, IsSaidAndNothingWasChanged) {
  world_.capacity = world_.live_of_owner();
  EXPECT_EQ(refused(replace("token-1")).reason, "CAPACITY_REACHED");
  EXPECT_EQ(world_.live_of_owner(), world_.capacity);
  EXPECT_FALSE(world_.slot().pending);
  EXPECT_EQ(count("mint"), 0U);
}

// ---- An accepted store ----

TEST_F(RotationCapacityTest, AnAcceptedStoreLeavesWhatItDoesNotKnowAloneAndMintsAgain) {
  world_.policy.grace_seconds = 3600;
  const auto backup = world_.store.backup();
  must(replace("token-1"));
  world_.restore(backup);
  EXPECT_TRUE(warned(must(kAcceptStore), "STORE_ACCEPTED"));
  EXPECT_EQ(must(replace("token-1")).token_id, "token-3");
  must(kSweep);
  EXPECT_TRUE(world_.tokens.at("token-2").live);
}

TEST_F(RotationCapacityTest, AnAcceptanceThatCannotBeKeptIsNone) {
  world_.policy.grace_seconds = 3600;
  const auto backup = world_.store.backup();
  must(replace("token-1"));
  world_.restore(backup);
  world_.a.faults = always("note", Fault::kFailBefore);
  EXPECT_EQ(refused(kAcceptStore).status, hub::Status::kUnavailable);
  world_.a.revive();
  EXPECT_EQ(refused(kSweep).reason, "STORE_OLDER_THAN_WORKSPACE");
}

// ---- A clock that is wrong ----

class RotationClockTest : public RotationTest {
 protected:
  RotationClockTest() { world_.create(); }
};

TEST_F(RotationClockTest, ThatIsDaysAheadMintsNothingByItself) {
  world_.a.clock_ahead = 80 * kDay;
  // The daily look asks the remote side first, and so learns the time.
  must(kRotate);
  EXPECT_EQ(count("mint"), 0U);
}

TEST_F(RotationClockTest, ThatIsDaysAheadWhileNothingIsLookedAtIsSaid) {
  world_.a.clock_ahead = 80 * kDay;
  world_.a.faults = always("find", Fault::kFailBefore);
  EXPECT_TRUE(warned(must(kRotate), "CLOCK_SKEW"));
  EXPECT_EQ(count("mint"), 0U);
}

TEST_F(RotationClockTest, ThatIsDaysBehindLetsNothingExpire) {
  world_.now += 61 * kDay;
  world_.a.clock_ahead = -60 * kDay;
  EXPECT_EQ(must(kRotate).token_id, "token-2");
}

TEST_F(RotationClockTest, ThatIsDaysAheadRetiresNothingBeforeTheStoreSaysSo) {
  must(replace("token-1"));
  world_.a.revive();
  world_.a.clock_ahead = 80 * kDay;
  must(kRotate);
  EXPECT_TRUE(world_.tokens.at("token-1").live);
}

// A list that cannot be read must not keep a due token from being replaced, so here the cap alone
// stands between a wrong clock and a storm.
TEST_F(RotationClockTest, ThatIsDaysAheadMintsNoMoreThanTheCapWhileNoListIsAnswered) {
  for (int i = 0; i < 20; ++i) {
    world_.a.revive();
    world_.a.clock_ahead = 80 * kDay;
    world_.a.faults = [](std::string_view operation, std::size_t) {
      return operation == "find" || operation == "list" ? Fault::kFailBefore : Fault::kNone;
    };
    (void)world_.a.run(kRotate);
  }
  EXPECT_LE(world_.mint_comments.size(), 6U);
}

}  // namespace
}  // namespace rotation_test
