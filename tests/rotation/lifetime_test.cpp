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

TEST_F(RotationUseTest, GoesAtItsExpiryAlsoWhenItCannotBeLearntWhetherItIsUsed) {
  world_.now = kStart + 89 * kDay;
  world_.use("token-1");
  must(kRotate);
  ASSERT_TRUE(world_.tokens.at("token-1").live);
  world_.now = kStart + 90 * kDay + kMinute;
  world_.a.faults = always("find", Fault::kFailBefore);
  must(kRotate);
  EXPECT_FALSE(world_.tokens.at("token-1").live);
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
  EXPECT_EQ(must(replace_leaked("token-2")).id, "token-3");
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

TEST_F(RotationUseTest, ALeakIsKeptInMindBeforeAnythingIsDoneAboutIt) {
  for (const auto& request : {replace("token-2"), replace_leaked("token-2")}) {
    world_.a.faults = fault_at("verify", Fault::kKillBefore);
    (void)world_.a.run(request);
    world_.a.revive();
  }
  EXPECT_EQ(must(kRotate).id, "token-3");
  EXPECT_FALSE(world_.tokens.at("token-2").live);
}

TEST_F(RotationUseTest, ALeakedTokenIsDueUntilItIsReplaced) {
  world_.a.faults = fault_at("mint", Fault::kRefuse);
  EXPECT_EQ(refused(replace_leaked("token-2")).reason, "PERMISSION");
  world_.a.revive();
  EXPECT_EQ(must(kRotate).id, "token-3");
  EXPECT_FALSE(world_.tokens.at("token-2").live);
}

TEST_F(RotationUseTest, ALeakedTokenGoesBeforeOlderOnes) {
  world_.now += 2 * kDay;
  world_.a.faults = fault_at("revoke", Fault::kRefuse, 1);
  (void)world_.a.run(replace_leaked("token-2"));
  EXPECT_FALSE(world_.tokens.at("token-2").live);
  EXPECT_TRUE(world_.tokens.at("token-1").live);
}

TEST_F(RotationUseTest, WhatIsRipeGoesAlsoWhenNoNewTokenCanBeMade) {
  world_.now += 2 * kDay;
  world_.a.faults = fault_at("mint", Fault::kRefuse);
  EXPECT_EQ(refused(replace("token-2")).reason, "PERMISSION");
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
  const auto answer = must(world_.replace_current());
  EXPECT_TRUE(did(answer, "orphan-revoked"));
  EXPECT_FALSE(warned(answer, "CAPACITY_REACHED")) << "there is room again";
}

TEST_F(RotationCapacityTest, AnOrphanThatStaysKeepsNoDueTokenFromBeingReplaced) {
  world_.a.faults = fault_at("mint", Fault::kLate);
  must(replace("token-1"));
  world_.a.revive();
  world_.settle();
  world_.capacity = world_.live_of_owner();
  world_.now += 61 * kDay;
  world_.a.faults = always("revoke", Fault::kRefuse);
  const auto answer = must(kRotate);
  EXPECT_TRUE(did(answer, "minted"));
  EXPECT_TRUE(warned(answer, "CAPACITY_REACHED")) << "the remote side has the last word";
}

TEST_F(RotationCapacityTest, OrphansGoAlsoWhenTheRemoteSideIsTheFirstToSayThatItIsFull) {
  world_.a.faults = fault_at("mint", Fault::kLate);
  must(replace("token-1"));
  world_.a.revive();
  world_.settle();
  const std::size_t before = world_.live_of_owner();
  world_.is_full = true;
  EXPECT_EQ(refused(world_.replace_current()).reason, "FULL");
  EXPECT_EQ(world_.live_of_owner(), before - 1);
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
  EXPECT_EQ(must(replace("token-1")).id, "token-3");
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

TEST_F(RotationClockTest, ThatWentBackLooksAtOnce) {
  world_.now += 61 * kDay;
  world_.a.clock_ahead = -62 * kDay;
  EXPECT_EQ(must(kRotate).id, "token-2");
}

TEST_F(RotationClockTest, OfTheStoreThatIsSetForthEndsNoGracePeriod) {
  must(replace("token-1"));
  world_.now += 2 * kDay;
  world_.remote_clock_ahead = -2 * kDay;
  must(kRotate);
  EXPECT_TRUE(world_.tokens.at("token-1").live);
}

TEST_F(RotationClockTest, NeverOutweighsTheExpiryThatTheRemoteSideTells) {
  world_.tokens.at("token-1").issued.expiry_time += 365 * kDay;
  world_.now += 61 * kDay;
  must(kRotate);
  EXPECT_EQ(count("mint"), 0U);
}

TEST_F(RotationClockTest, ThatIsDaysBehindLetsNothingExpire) {
  world_.now += 61 * kDay;
  world_.a.clock_ahead = -60 * kDay;
  EXPECT_EQ(must(kRotate).id, "token-2");
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
