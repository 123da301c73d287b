// rollback and adopt: what becomes current without being minted.
#include <gtest/gtest.h>

#include <string>

#include "fixture.hpp"
#include "plan.hpp"

namespace rotation_test {
namespace {

using hub::rotation::kDay;
using hub::rotation::kHour;

// ---- Roll back ----

class RotationRollbackTest : public RotationTest {
 protected:
  RotationRollbackTest() {
    world_.policy.grace_seconds = 3600;
    world_.create();
    must(replace("token-1"));
  }
};

TEST_F(RotationRollbackTest, MakesThePreviousTokenCurrentAndKeepsTheOtherForItsGracePeriod) {
  EXPECT_EQ(must(roll_back("token-2")).id, "token-1");
  EXPECT_TRUE(world_.tokens.at("token-2").live);
  world_.now += 2 * kHour;
  must(kRotate);
  EXPECT_FALSE(world_.tokens.at("token-2").live);
  EXPECT_TRUE(world_.tokens.at("token-1").live);
}

TEST_F(RotationRollbackTest, IsMetOnceCurrentIsNotTheOneThatItNames) {
  must(roll_back("token-2"));
  EXPECT_EQ(must(roll_back("token-2")).id, "token-1") << "it went forth again";
}

TEST_F(RotationRollbackTest, IsRefusedWhereThereIsNothingToGoBackTo) {
  world_.now += 2 * kHour;
  must(kRotate);
  EXPECT_EQ(refused(roll_back("token-2")).reason, "ROLLBACK_IMPOSSIBLE");
  EXPECT_EQ(world_.current_id(), "token-2");
}

TEST_F(RotationRollbackTest, IsRefusedToADeadToken) {
  world_.revoked_by_somebody("token-1");
  EXPECT_EQ(refused(roll_back("token-2")).reason, "ROLLBACK_IMPOSSIBLE");
  EXPECT_EQ(world_.current_id(), "token-2");
}

TEST_F(RotationRollbackTest, IsRefusedToATokenWhoseRevocationWasBegun) {
  world_.now += 2 * kHour;
  world_.a.faults = fault_at("revoke", Fault::kLate);
  must(kRotate);
  world_.a.revive();
  EXPECT_EQ(refused(roll_back("token-2")).reason, "ROLLBACK_IMPOSSIBLE");
  world_.settle();
  EXPECT_EQ(world_.current_id(), "token-2");
}

TEST_F(RotationRollbackTest, IsRefusedWhileANewTokenIsAboutToBecomeCurrent) {
  world_.a.faults = fault_at("verify", Fault::kKillBefore);
  (void)world_.a.run(replace("token-2"));
  world_.a.revive();
  EXPECT_EQ(refused(roll_back("token-2")).reason, "ROLLBACK_IMPOSSIBLE");
  EXPECT_EQ(must(kRotate).id, "token-3");
}

TEST_F(RotationRollbackTest, IsRefusedToWhatHasLeaked) {
  world_.a.faults = always("revoke", Fault::kFailBefore);
  EXPECT_EQ(refused(replace_leaked("token-2")).reason, "NO_ANSWER");
  world_.a.revive();
  EXPECT_EQ(refused(roll_back("token-3")).reason, "ROLLBACK_IMPOSSIBLE");
}

TEST_F(RotationRollbackTest, IsRefusedToWhatHasLeakedBeforeItsRevocationWasBegun) {
  world_.a.faults = fault_at("mark", Fault::kKillBefore);
  (void)world_.a.run(replace_leaked("token-1"));
  world_.a.revive();
  ASSERT_FALSE(world_.slot().previous.front().retiring);
  EXPECT_EQ(refused(roll_back("token-2")).reason, "ROLLBACK_IMPOSSIBLE");
  EXPECT_EQ(world_.current_id(), "token-2");
}

TEST_F(RotationRollbackTest, LooksAtOnceAtWhatNobodyLookedAtWhileItWasReplaced) {
  must(roll_back("token-2"));
  world_.a.revive();
  must(kRotate);
  EXPECT_EQ(count("find"), 1U);
}

TEST_F(RotationRollbackTest, OfAnEmptySlotIsRefused) {
  World empty;
  const auto answer = empty.a.run(roll_back(""));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().reason, "NO_CURRENT");
}

// ---- Adopt ----

class RotationAdoptTest : public RotationTest {
 protected:
  RotationAdoptTest() { world_.add("hand-1", "made by hand"); }

  const hub::Secret value_{"value of hand-1"};
};

TEST_F(RotationAdoptTest, IntoAnEmptySlotMakesItCurrentWithoutAMint) {
  EXPECT_EQ(must(adopt(value_)).id, "hand-1");
  EXPECT_EQ(count("mint"), 0U);
}

TEST_F(RotationAdoptTest, BesideACurrentOneMakesThatPrevious) {
  world_.create();
  EXPECT_EQ(must(adopt(value_)).id, "hand-1");
  EXPECT_EQ(world_.known(), (std::vector<std::string>{"hand-1", "token-1"}));
  EXPECT_TRUE(world_.tokens.at("token-1").live);
}

TEST_F(RotationAdoptTest, TakesTheIdFromWhoAdoptsWhereTheValueDoesNotTellIt) {
  world_.hides_ids = true;
  EXPECT_EQ(refused(adopt(value_)).reason, "ADOPTED_ID_UNKNOWN");
  EXPECT_EQ(refused(adopt(value_, "hand-9")).reason, "ADOPTED_ID_UNKNOWN");
  EXPECT_TRUE(world_.known().empty());
  EXPECT_EQ(must(adopt(value_, "hand-1")).id, "hand-1");
}

TEST_F(RotationAdoptTest, RefusesAnIdThatCannotBeThatOfTheValue) {
  world_.hides_ids = true;
  world_.add("hand-2", "x hub:00000000-0000-4000-8000-ffffffffffff/aaaaaaaaaaaaaaaa");
  EXPECT_EQ(refused(adopt(value_, "hand-2")).reason, "ADOPTION_REFUSED") << "another slot's";
  world_.add("hand-3", "made by hand").issued.expiry_time = world_.now - kDay;
  EXPECT_EQ(refused(adopt(value_, "hand-3")).reason, "ADOPTION_REFUSED") << "expired";
  EXPECT_TRUE(world_.known().empty());
}

TEST_F(RotationAdoptTest, StoresNothingThatIsRefusedOrBelongsToAnotherPrincipal) {
  world_.create();
  world_.refused_id = "hand-1";
  EXPECT_EQ(refused(adopt(value_)).reason, "ADOPTION_REFUSED");
  world_.refused_id.clear();
  world_.tokens.at("hand-1").issued.owner_id = "owner-2";
  EXPECT_EQ(refused(adopt(value_)).reason, "ADOPTION_REFUSED");
  EXPECT_EQ(count("stage value"), 0U);
  EXPECT_EQ(world_.current_id(), "token-1");
}

TEST_F(RotationAdoptTest, TwiceIsOnce) {
  must(adopt(value_));
  const auto again = must(adopt(value_));
  EXPECT_FALSE(did(again, "adopted") || did(again, "committed"));
  EXPECT_EQ(world_.known(), std::vector<std::string>{"hand-1"});
}

TEST_F(RotationAdoptTest, NeverDeletesWhatDidNotBecomeCurrent) {
  world_.create();
  world_.a.faults = fault_at("verify", Fault::kRefuse, 1);
  (void)world_.a.run(adopt(value_));
  world_.a.revive();
  ASSERT_TRUE(world_.slot().pending);
  world_.refused_id = "hand-1";
  (void)world_.a.run(kRotate);
  EXPECT_FALSE(world_.slot().pending);
  EXPECT_TRUE(world_.tokens.at("hand-1").live);
}

TEST_F(RotationAdoptTest, RevokesItOnceItWasCurrentAndIsRetired) {
  world_.policy.grace_seconds = 0;
  must(adopt(value_));
  EXPECT_EQ(must(replace("hand-1")).id, "token-1");
  EXPECT_FALSE(world_.tokens.at("hand-1").live);
}

TEST_F(RotationAdoptTest, AnOldOneWithoutAnEndIsReplacedAndHasItsGracePeriod) {
  world_.now += 200 * kDay;
  must(adopt(value_));
  must(kRotate);
  EXPECT_EQ(world_.current_id(), "hand-1") << "it is taken for as old as its adoption";
  world_.now += 61 * kDay;
  must(kRotate);
  EXPECT_EQ(world_.current_id(), "token-1");
  EXPECT_TRUE(world_.tokens.at("hand-1").live) << "its readers were cut off";
}

TEST_F(RotationAdoptTest, TakesOverTheTokenThatARestoredStoreDoesNotKnow) {
  world_.policy.grace_seconds = 0;
  world_.create();
  const auto backup = world_.store.backup();
  must(replace("token-1"));
  world_.restore(backup);
  EXPECT_EQ(refused(kSweep).reason, "STORE_OLDER_THAN_WORKSPACE");
  const hub::Secret value("value of token-2");
  EXPECT_EQ(must(adopt(value)).id, "token-2");
  must(kSweep);
}

TEST_F(RotationAdoptTest, TakesItOverAlsoFromABackupOfBetweenIntentAndValue) {
  world_.policy.grace_seconds = 0;
  world_.create();
  auto backup = world_.store.backup();
  world_.before_operation = [&](Host&, std::string_view operation) {
    if (operation == "stage value") backup = world_.store.backup();
  };
  must(replace("token-1"));
  world_.before_operation = nullptr;
  world_.restore(backup);
  world_.now += 10 * kMinute;  // that lease's holder is no more
  EXPECT_EQ(refused(kRotate).reason, "STORE_OLDER_THAN_WORKSPACE");
  const hub::Secret value("value of token-2");
  EXPECT_EQ(must(adopt(value)).id, "token-2");
}

}  // namespace
}  // namespace rotation_test
