// Retiring, revoke-token, sweep and restored stores.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "fixture.hpp"
#include "marker.hpp"
#include "plan.hpp"

namespace rotation_test {
namespace {

using hub::Status;
using hub::rotation::kDay;
using hub::rotation::kHour;
using hub::rotation::Request;

class RotationRevokeTest : public RotationTest {
 protected:
  RotationRevokeTest() {
    world_.policy.grace_seconds = 0;
    world_.create();
    world_.add_strangers();
  }
  std::vector<std::string> ids(std::initializer_list<const char*> list) {
    return {list.begin(), list.end()};
  }
};

// ---- Retire ----

TEST_F(RotationRevokeTest, WithoutAGracePeriodTheOldTokenGoesInTheSameCallAfterTheNewOneStands) {
  must(world_.replace_current());
  EXPECT_EQ(world_.live_of_ours(), ids({"token-2"}));
  EXPECT_LT(place("commit"), place("mark"));
  EXPECT_LT(place("mark"), place("revoke"));
  EXPECT_LT(place("revoke"), place("drop"));
}

TEST_F(RotationRevokeTest, WithAGracePeriodTheOldTokenGoesWhenItHasPassedAndNotBefore) {
  world_.policy.grace_seconds = 3600;
  must(world_.replace_current());
  world_.now += kHour - 1;
  auto answer = must(kRotate);
  EXPECT_EQ(world_.live_of_ours(), ids({"token-1", "token-2"}));
  ASSERT_EQ(answer.pending.size(), 1U);
  EXPECT_EQ(answer.pending[0].id, "token-1");
  EXPECT_EQ(answer.next_action_at, *answer.pending[0].at);
  world_.now += 1;
  answer = must(kRotate);
  EXPECT_TRUE(did(answer, "revoked"));
  EXPECT_EQ(world_.live_of_ours(), ids({"token-2"}));
  EXPECT_TRUE(world_.slot().previous.empty());
}

TEST_F(RotationRevokeTest, TheGracePeriodIsTheStoresWhateverTheRemoteClockSays) {
  world_.policy.grace_seconds = 600;
  must(world_.replace_current());
  world_.remote_clock_ahead = kHour;
  must(kRotate);
  EXPECT_TRUE(world_.tokens.at("token-1").live);
  world_.now += 10 * kMinute;
  must(kRotate);
  EXPECT_FALSE(world_.tokens.at("token-1").live);
}

TEST_F(RotationRevokeTest, NothingIsRetiredUnlessCurrentAnswersForItselfInThatCall) {
  world_.policy.grace_seconds = 60;
  must(world_.replace_current());
  world_.now += 2 * kMinute;
  world_.a.faults = always("verify", Fault::kFailBefore);
  const auto answer = must(kRotate);
  EXPECT_TRUE(world_.tokens.at("token-1").live);
  EXPECT_TRUE(warned(answer, "NO_ANSWER"));
  EXPECT_LE(answer.next_action_at, world_.now + kMinute);
}

TEST_F(RotationRevokeTest, ADeadCurrentFoundBeforeRetiringIsReplacedFirst) {
  world_.policy.grace_seconds = 60;
  must(world_.replace_current());
  world_.now += 2 * kMinute;
  world_.revoked_by_somebody("token-2");
  const auto answer = must(kRotate);
  EXPECT_TRUE(warned(answer, "DEAD_CURRENT"));
  EXPECT_EQ(answer.id, "token-3");
  EXPECT_FALSE(world_.tokens.at("token-1").live) << "current is proven by now";
}

TEST_F(RotationRevokeTest, RevokePreviousRefusesWhileCurrentIsDead) {
  world_.policy.grace_seconds = 3600;
  must(world_.replace_current());
  world_.revoked_by_somebody("token-2");
  EXPECT_EQ(refused(kRevokePrevious).reason, "DEAD_CURRENT");
  EXPECT_TRUE(world_.tokens.at("token-1").live);
}

TEST_F(RotationRevokeTest, RevokePreviousDoesNotWaitForTheGracePeriod) {
  world_.policy.grace_seconds = 3600;
  must(world_.replace_current());
  must(world_.replace_current());
  world_.revocation_asked = true;
  const auto answer = must(kRevokePrevious);
  EXPECT_EQ(world_.live_of_ours(), ids({"token-3"}));
  EXPECT_TRUE(answer.pending.empty());
  EXPECT_EQ(must(kRevokePrevious).did.size(), 0U);
}

TEST_F(RotationRevokeTest, ARefusedRevocationKeepsTheDebtAndIsSaidToWhoAskedForIt) {
  world_.policy.grace_seconds = 3600;
  must(world_.replace_current());
  world_.revocation_asked = true;
  world_.a.faults = always("revoke", Fault::kRefuse);
  EXPECT_EQ(refused(kRevokePrevious).reason, "PERMISSION");
  ASSERT_EQ(world_.slot().previous.size(), 1U);
  EXPECT_TRUE(world_.slot().previous[0].retiring);
  const auto answer = must(kRotate);
  EXPECT_TRUE(warned(answer, "REVOKE_DEBT"));
  EXPECT_LE(answer.next_action_at, world_.now + kHour);
  world_.a.revive();
  must(kRotate);
  EXPECT_EQ(world_.live_of_ours(), ids({"token-2"}));
}

TEST_F(RotationRevokeTest, ARefusedRevocationDoesNotKeepARotationFromHappening) {
  world_.a.faults = always("revoke", Fault::kRefuse);
  for (int i = 0; i < 3; ++i) must(world_.replace_current());
  EXPECT_EQ(world_.slot().previous.size(), 3U);
  world_.a.revive();
  must(kRotate);
  EXPECT_EQ(world_.live_of_ours(), world_.known());
  EXPECT_EQ(world_.live_of_ours().size(), 1U);
}

TEST_F(RotationRevokeTest, AStoreThatCannotMarkIsSaidAndNothingIsRevoked) {
  world_.a.faults = always("mark", Fault::kFailBefore);
  const auto answer = must(world_.replace_current());
  EXPECT_TRUE(world_.tokens.at("token-1").live);
  EXPECT_FALSE(answer.warnings.empty());
  EXPECT_EQ(count("revoke"), 0U);
}

// ---- revoke-token --all ----

TEST_F(RotationRevokeTest, RevokesEverythingFromEachStartingState) {
  struct Start {
    const char* name;
    const char* at;
    Fault fault;
    bool refuses_fresh;
  };
  for (const Start& start : {Start{"active", "nothing", Fault::kNone, false},
                             Start{"intent", "mint", Fault::kKillBefore, false},
                             Start{"intent with a lost token", "mint", Fault::kKillAfter, false},
                             Start{"pending with a value", "verify", Fault::kKillBefore, false},
                             Start{"discard", "revoke", Fault::kKillBefore, true},
                             Start{"previous", "mark", Fault::kKillBefore, false},
                             Start{"previous retiring", "revoke", Fault::kKillBefore, false},
                             Start{"previous retired", "drop", Fault::kKillBefore, false}}) {
    SCOPED_TRACE(start.name);
    World world;
    world.policy.grace_seconds = 0;
    world.create();
    world.add_strangers();
    world.refuses_fresh = start.refuses_fresh;
    world.a.faults = fault_at(start.at, start.fault);
    (void)world.a.run(world.replace_current());
    world.a.revive();
    const auto answer = world.a.run(kRevokeAll);
    ASSERT_TRUE(answer.ok());
    EXPECT_EQ(answer->state, "revoked");
    EXPECT_FALSE(answer->id);
    EXPECT_TRUE(world.live_of_ours().empty());
    EXPECT_TRUE(world.known().empty());
    EXPECT_TRUE(world.violations.empty());
    const auto again = world.a.run(kRevokeAll);
    EXPECT_TRUE(again.ok());
    const auto rotated = world.a.run(kRotate);
    ASSERT_FALSE(rotated.ok());
    EXPECT_EQ(rotated.error().reason, "SLOT_REVOKED");
    EXPECT_TRUE(world.live_of_ours().empty());
  }
}

TEST_F(RotationRevokeTest, WritesThatItRevokesBeforeTheFirstTokenGoes) {
  must(kRevokeAll);
  EXPECT_LT(place("state"), place("revoke"));
  EXPECT_EQ(count("state"), 2U);
}

TEST_F(RotationRevokeTest, AHalfDoneRevocationIsFinishedByRotateWhichMintsNothing) {
  for (const Fault fault : {Fault::kKillBefore, Fault::kKillAfter}) {
    World world;
    world.create();
    world.a.faults = fault_at("revoke", fault);
    ASSERT_FALSE(world.a.run(kRevokeAll).ok());
    world.a.revive();
    const auto rotated = world.a.run(kRotate);
    ASSERT_FALSE(rotated.ok());
    EXPECT_EQ(rotated.error().reason, "SLOT_REVOKED");
    EXPECT_TRUE(world.live_of_ours().empty());
    EXPECT_EQ(world.slot().state, HUB_SLOT_REVOKED);
    EXPECT_TRUE(world.mint_comments.empty());
  }
}

TEST_F(RotationRevokeTest, ATokenThatArrivesAfterEverythingWasRevokedIsSwept) {
  world_.a.faults = fault_at("mint", Fault::kLate);
  must(world_.replace_current());
  world_.a.revive();
  must(kRevokeAll);
  world_.settle();
  ASSERT_EQ(world_.live_of_ours().size(), 1U);
  must(kSweep);
  EXPECT_TRUE(world_.live_of_ours().empty());
  EXPECT_EQ(world_.slot().state, HUB_SLOT_REVOKED);
}

// ---- sweep ----

TEST_F(RotationRevokeTest, SweepsOrphansOfOursAndNothingElse) {
  world_.a.faults = fault_at("mint", Fault::kLate);
  must(world_.replace_current());
  world_.settle();
  ASSERT_EQ(world_.live_of_ours().size(), 2U);
  const auto answer = must(kSweep);
  EXPECT_TRUE(did(answer, "orphan-revoked"));
  EXPECT_TRUE(did(answer, "swept"));
  EXPECT_EQ(world_.live_of_ours(), world_.known());
}

TEST_F(RotationRevokeTest, RenewsTheLeaseAfterTheListBeforeItDeletes) {
  world_.a.faults = fault_at("mint", Fault::kLate);
  must(world_.replace_current());
  world_.settle();
  world_.a.revive();
  must(kSweep);
  EXPECT_LT(place("list"), place("renew"));
  EXPECT_LT(place("renew"), place("revoke"));
}

TEST_F(RotationRevokeTest, ASweepThatWasOvertakenDeletesNothingOfItsOldList) {
  world_.a.faults = fault_at("mint", Fault::kLate);
  must(world_.replace_current());
  world_.settle();
  world_.a.revive();
  world_.a.faults = fault_at("renew", Fault::kOvertaken);
  EXPECT_EQ(refused(kSweep).status, Status::kAborted);
  EXPECT_EQ(count("revoke"), 0U);
}

TEST_F(RotationRevokeTest, ASweepThatCannotListSaysSo) {
  world_.a.faults = always("list", Fault::kFailBefore);
  EXPECT_EQ(refused(kSweep).status, Status::kUnavailable);
}

TEST_F(RotationRevokeTest, SweepsOnceADayByItselfAndARotationLivesWithoutIt) {
  world_.now += kDay;
  world_.a.faults = always("list", Fault::kFailBefore);
  EXPECT_TRUE(warned(must(kRotate), "NO_ANSWER"));
  world_.a.revive();
  EXPECT_TRUE(did(must(kRotate), "swept"));
  EXPECT_FALSE(did(must(kRotate), "swept"));
}

TEST_F(RotationRevokeTest, ASweepOfAStagedTokenLeavesItPending) {
  world_.a.faults = fault_at("verify", Fault::kKillBefore);
  ASSERT_FALSE(world_.a.run(world_.replace_current()).ok());
  world_.a.revive();
  must(kSweep);
  EXPECT_TRUE(world_.slot().pending);
  EXPECT_TRUE(world_.tokens.at("token-2").live);
}

// ---- A store that is older than the workspace ----

/// Everything lives that lived, and nothing new does.
class RotationRestoreTest : public RotationRevokeTest {
 protected:
  void restore(const hub::testing::MemorySlotStore::Backup& backup) {
    world_.restore(backup);
    before_ = world_.live_of_ours();
    minted_ = world_.mint_comments.size();
  }
  void expect_untouched(const Request& request) {
    EXPECT_EQ(refused(request).reason, "STORE_OLDER_THAN_WORKSPACE");
    EXPECT_EQ(world_.live_of_ours(), before_);
    EXPECT_EQ(world_.mint_comments.size(), minted_);
  }

  std::vector<std::string> before_;
  std::size_t minted_ = 0;
};

TEST_F(RotationRestoreTest, IsFoundByASweepWhichDeletesNothing) {
  const auto backup = world_.store.backup();
  must(world_.replace_current());
  restore(backup);
  expect_untouched(kSweep);
}

TEST_F(RotationRestoreTest, IsFoundByTheDailyLookAtADeadCurrent) {
  const auto backup = world_.store.backup();
  must(world_.replace_current());
  restore(backup);
  world_.now += kDay;
  expect_untouched(kRotate);
}

TEST_F(RotationRestoreTest, IsFoundBeforeAForcedRotationMints) {
  const auto backup = world_.store.backup();
  must(world_.replace_current());
  restore(backup);
  expect_untouched(world_.replace_current());
}

TEST_F(RotationRestoreTest, IsFoundBeforeADueRotationMints) {
  const auto backup = world_.store.backup();
  must(world_.replace_current());
  restore(backup);
  world_.now += 61 * kDay;
  expect_untouched(kRotate);
}

TEST_F(RotationRestoreTest, FromBetweenIntentAndValueIsFoundByTheUseOfTheToken) {
  world_.a.faults = fault_at("mint", Fault::kKillBefore);
  const Request replace = world_.replace_current();
  (void)world_.a.run(replace);
  const auto backup = world_.store.backup();
  const auto intent = hub::rotation::VersionNote::read(world_.slot().pending->note, "token_id");
  auto& used =
      world_.add("token-9", hub::rotation::marked_comment("x", {world_.slot().id, intent.nonce}));
  used.issued.last_used_day = world_.now;
  world_.a.revive();
  restore(backup);
  expect_untouched(replace);
}

TEST_F(RotationRestoreTest, FromBetweenIntentAndValueIsFoundByTheSuccessorsOfTheToken) {
  world_.a.faults = fault_at("mint", Fault::kKillBefore);
  const Request replace = world_.replace_current();
  (void)world_.a.run(replace);
  const auto backup = world_.store.backup();
  world_.a.revive();
  must(replace);
  must(world_.replace_current());
  restore(backup);
  expect_untouched(replace);
}

TEST_F(RotationRestoreTest, FromAfterTheValueIsTakenUpWhereItStood) {
  world_.a.faults = fault_at("verify", Fault::kKillBefore);
  const Request replace = world_.replace_current();
  (void)world_.a.run(replace);
  world_.a.revive();
  const auto backup = world_.store.backup();
  must(replace);
  restore(backup);
  EXPECT_EQ(must(replace).id, "token-2");
  EXPECT_EQ(world_.live_of_ours(), ids({"token-2"}));
}

TEST_F(RotationRestoreTest, ARevokedSlotThatWasPutIntoUseAgainIsNotCreatedTwice) {
  must(kRevokeAll);
  const auto backup = world_.store.backup();
  world_.revocation_asked = false;
  must(kCreate);
  restore(backup);
  expect_untouched(kCreate);
}

}  // namespace
}  // namespace rotation_test
