// create-token and rotate-token up to the value: due or not, drift, lost answers, refusals.
#include <gtest/gtest.h>

#include <string>

#include "fixture.hpp"
#include "plan.hpp"

namespace rotation_test {
namespace {

using hub::Effect;
using hub::Status;
using hub::rotation::kDay;
using hub::rotation::kHour;
using hub::rotation::Request;

class RotationMintTest : public RotationTest {};

// ---- create-token ----

TEST_F(RotationMintTest, CreatesTheFirstTokenAndSaysWhenItWantsToBeCalledAgain) {
  const auto answer = must(kCreate);
  EXPECT_EQ(answer.state, "active");
  EXPECT_EQ(answer.id, "token-1");
  EXPECT_EQ(answer.expiry_time, kStart + world_.policy.lifetime_seconds * 1000);
  EXPECT_TRUE(did(answer, "minted"));
  EXPECT_TRUE(did(answer, "committed"));
  EXPECT_TRUE(answer.warnings.empty());
  EXPECT_GT(answer.next_action_at, kStart);
  EXPECT_EQ(world_.known(), world_.live_of_ours());
}

TEST_F(RotationMintTest, WritesTheIntentBeforeTheRequestAndTheValueBeforeTheProofBeforeTheCommit) {
  must(kCreate);
  EXPECT_LT(place("stage intent"), place("mint"));
  EXPECT_LT(place("mint"), place("stage value"));
  EXPECT_LT(place("stage value"), place("verify"));
  EXPECT_LT(place("verify"), place("commit"));
}

TEST_F(RotationMintTest, MarksTheCommentWithSlotAndNonceAfterTheUsersPart) {
  must(kCreate);
  ASSERT_EQ(world_.mint_comments.size(), 1U);
  EXPECT_TRUE(world_.mint_comments[0].starts_with("nightly export hub:" + world_.slot().id + "/"));
}

TEST_F(RotationMintTest, CreateSaysThatThereIsATokenAndNamesIt) {
  world_.create();
  const auto error = refused(kCreate);
  EXPECT_EQ(error.status, Status::kAlreadyExists);
  EXPECT_EQ(error.reason, "CURRENT_EXISTS");
  EXPECT_NE(error.message.find(world_.current_id()), std::string::npos);
  EXPECT_EQ(world_.live_of_ours().size(), 1U);
}

TEST_F(RotationMintTest, RotateOfAnEmptySlotMakesNothing) {
  const auto error = refused(kRotate);
  EXPECT_EQ(error.status, Status::kFailedPrecondition);
  EXPECT_EQ(error.reason, "NO_CURRENT");
  EXPECT_TRUE(world_.tokens.empty());
}

TEST_F(RotationMintTest, AKilledCreateIsFinishedByRotateAsWellAsByCreate) {
  for (const Request& finisher : {kCreate, kRotate}) {
    World world;
    world.a.faults = fault_at("verify", Fault::kKillBefore);
    ASSERT_FALSE(world.a.run(kCreate).ok());
    world.a.revive();
    const auto answer = world.a.run(finisher);
    ASSERT_TRUE(answer.ok());
    EXPECT_EQ(answer->id, "token-1") << "the staged value was thrown away";
    EXPECT_EQ(world.live_of_ours().size(), 1U);
  }
}

TEST_F(RotationMintTest, CreatePutsARevokedSlotIntoUseAgain) {
  world_.create();
  must(kRevokeAll);
  world_.revocation_asked = false;
  const auto answer = must(kCreate);
  EXPECT_EQ(answer.state, "active");
  EXPECT_EQ(world_.live_of_ours(), std::vector<std::string>{*answer.id});
}

TEST_F(RotationMintTest, RefusesAPolicyBeforeItTouchesAnything) {
  world_.policy.lifetime_seconds = 0;
  EXPECT_EQ(refused(kCreate).reason, "POLICY_INVALID");
  EXPECT_TRUE(world_.a.operations.empty());
}

// ---- Due or not ----

TEST_F(RotationMintTest, LeavesATokenAloneThatIsNotDue) {
  world_.create();
  const auto answer = must(kRotate);
  EXPECT_EQ(answer.id, "token-1");
  EXPECT_TRUE(answer.did.empty());
  EXPECT_EQ(count("mint"), 0U);
}

TEST_F(RotationMintTest, ReplacesATokenThatIsDueAndKeepsTheOldOneForTheGracePeriod) {
  world_.create();
  world_.now = must(kRotate).next_action_at;
  while (world_.current_id() == "token-1") {
    const auto answer = must(kRotate);
    ASSERT_GT(answer.next_action_at, world_.now);
    ASSERT_LT(world_.now, kStart + 61 * kDay) << "it came too late";
    if (world_.current_id() == "token-1") world_.now = answer.next_action_at;
  }
  EXPECT_GE(world_.now, kStart + 45 * kDay);
  EXPECT_TRUE(world_.tokens.at("token-1").live);
  EXPECT_EQ(world_.known(), world_.live_of_ours());
}

TEST_F(RotationMintTest, TwoHostsThatReadTheSameCurrentMintOneToken) {
  world_.create();
  const Request replace = world_.replace_current();
  const auto first = must(replace);
  const auto second = world_.b.run(replace);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(first.id, second->id);
  EXPECT_EQ(world_.mint_comments.size(), 1U);
}

TEST_F(RotationMintTest, AKilledReplacementAndItsRerunMintOneToken) {
  world_.create();
  const Request replace = world_.replace_current();
  world_.a.faults = fault_at("commit", Fault::kKillAfter);
  ASSERT_FALSE(world_.a.run(replace).ok());
  world_.a.revive();
  must(replace);
  EXPECT_EQ(world_.mint_comments.size(), 1U);
}

TEST_F(RotationMintTest, NowWithoutATokenToReplaceMintsOnceACall) {
  world_.create();
  const Request now{.goal = hub::rotation::Goal::kRotate, .now = true};
  must(now);
  EXPECT_EQ(world_.mint_comments.size(), 1U);
  must(now);
  EXPECT_EQ(world_.mint_comments.size(), 2U);
}

// ---- Drift ----

TEST_F(RotationMintTest, ReplacesACurrentTokenThatSomebodyRevokedWithinADay) {
  world_.create();
  world_.revoked_by_somebody("token-1");
  world_.now += kDay;
  const auto answer = must(kRotate);
  EXPECT_EQ(answer.id, "token-2");
  EXPECT_TRUE(warned(answer, "DRIFT"));
}

TEST_F(RotationMintTest, DoesNotForgetADeadCurrentWhenItsReplacementFailsAtFirst) {
  world_.create();
  world_.revoked_by_somebody("token-1");
  world_.now += kDay;
  world_.a.faults = fault_at("mint", Fault::kRefuse);
  EXPECT_EQ(refused(kRotate).reason, "PERMISSION");
  world_.a.revive();
  EXPECT_EQ(must(kRotate).id, "token-2");
}

TEST_F(RotationMintTest, ReplacesACurrentTokenWhoseScopesSomebodyChanged) {
  world_.scopes = {"files", "sql"};
  world_.create();
  world_.tokens.at("token-1").issued.scopes = {"files"};
  world_.now += kDay;
  const auto answer = must(kRotate);
  EXPECT_EQ(answer.id, "token-2");
  EXPECT_EQ(world_.tokens.at("token-2").issued.scopes, (hub::rotation::Scopes{{"files", "sql"}}));
}

TEST_F(RotationMintTest, ReplacesACurrentTokenThatWasUnusedForNearly90Days) {
  world_.policy.lifetime_seconds = 2 * 365 * 86400;
  world_.create();
  world_.now += 82 * kDay;
  world_.tokens.at("token-1").issued.last_used_day = kStart;
  EXPECT_EQ(must(kRotate).id, "token-1");
  world_.now += 2 * kDay;
  EXPECT_EQ(must(kRotate).id, "token-2");
}

TEST_F(RotationMintTest, LooksForDriftOnceADayAndLivesWithoutTheAnswer) {
  world_.create();
  world_.now += kDay;
  world_.a.faults = always("find", Fault::kFailBefore);
  EXPECT_EQ(must(kRotate).id, "token-1");
  world_.a.revive();
  must(kRotate);
  must(kRotate);
  EXPECT_EQ(count("find"), 1U);
}

// ---- Answers that are lost ----

TEST_F(RotationMintTest, FindsAndRevokesATokenWhoseAnswerWasLostBeforeItMintsAgain) {
  world_.create();
  world_.a.faults = fault_at("mint", Fault::kFailAfter);
  const auto answer = must(world_.replace_current());
  EXPECT_EQ(answer.id, "token-3");
  EXPECT_FALSE(world_.tokens.at("token-2").live);
  EXPECT_TRUE(did(answer, "orphan-revoked"));
  ASSERT_EQ(world_.mint_comments.size(), 2U);
  EXPECT_NE(world_.mint_comments[0], world_.mint_comments[1]) << "the nonce was used again";
}

TEST_F(RotationMintTest, GivesUpForThisCallAfterTwoLostAnswers) {
  world_.create();
  world_.a.faults = always("mint", Fault::kFailAfter);
  const auto error = refused(world_.replace_current());
  EXPECT_EQ(error.effect, Effect::kUnknown);
  EXPECT_EQ(world_.mint_comments.size(), 2U);
  EXPECT_EQ(world_.live_of_ours(), std::vector<std::string>{"token-1"});
}

TEST_F(RotationMintTest, ATokenThatArrivesLateIsSweptWithinMinutes) {
  world_.create();
  world_.a.faults = fault_at("mint", Fault::kLate);
  must(world_.replace_current());
  world_.settle();
  ASSERT_EQ(world_.live_of_ours().size(), 3U);
  world_.now += 11 * kMinute;
  const auto answer = must(kRotate);
  EXPECT_TRUE(did(answer, "orphan-revoked"));
  EXPECT_EQ(world_.live_of_ours(), world_.known());
}

TEST_F(RotationMintTest, ListsUntilTwoInARowAreCleanAfterALostAnswerAndThenDaily) {
  world_.create();
  world_.a.faults = fault_at("mint", Fault::kLate);
  must(world_.replace_current());
  int lists = 0;
  while (world_.now < kStart + 20 * kHour) {
    world_.a.operations.clear();
    world_.now = must(kRotate).next_action_at;
    lists += static_cast<int>(count("list"));
  }
  EXPECT_EQ(lists, 2);
}

// ---- Refusals ----

TEST_F(RotationMintTest, ARefusedRequestLeavesCurrentAndNoIntent) {
  world_.create();
  world_.a.faults = always("mint", Fault::kRefuse);
  const auto error = refused(world_.replace_current());
  EXPECT_EQ(error.reason, "PERMISSION");
  EXPECT_EQ(error.effect, Effect::kNone);
  EXPECT_FALSE(world_.slot().pending);
  EXPECT_EQ(world_.current_id(), "token-1");
  EXPECT_EQ(count("mint"), 1U);
}

TEST_F(RotationMintTest, DoesNotAskForATokenWhenTheStoreCannotBeWritten) {
  world_.create();
  world_.a.faults = always("stage intent", Fault::kFailBefore);
  const auto error = refused(world_.replace_current());
  EXPECT_EQ(error.status, Status::kUnavailable);
  EXPECT_TRUE(world_.mint_comments.empty());
}

TEST_F(RotationMintTest, DoesNotAskForATokenWhenTheLeaseCannotBeRenewed) {
  world_.create();
  world_.a.faults = always("renew", Fault::kFailBefore);
  EXPECT_EQ(refused(world_.replace_current()).status, Status::kUnavailable);
  EXPECT_TRUE(world_.mint_comments.empty());
}

TEST_F(RotationMintTest, RevokesItsOwnTokenWhenAnotherHostTookTheSlotBeforeTheValueWasStored) {
  world_.create();
  world_.a.faults = fault_at("stage value", Fault::kOvertaken);
  const auto error = refused(world_.replace_current());
  EXPECT_EQ(error.status, Status::kAborted);
  EXPECT_EQ(error.retry, hub::Retry::kFromStart);
  EXPECT_FALSE(world_.tokens.at("token-2").live);
  EXPECT_EQ(world_.live_of_ours(), world_.known());
  EXPECT_EQ(world_.a.operations.back(), "end") << "it wrote under a lost fence";
  EXPECT_EQ(count("note"), 0U) << "it wrote under a lost fence";
}

TEST_F(RotationMintTest, LeavesEverythingWhenTheStoreCannotTellWhetherTheValueIsStored) {
  for (const Fault fault : {Fault::kFailBefore, Fault::kFailAfter}) {
    World world;
    world.create();
    const Request replace = world.replace_current();
    world.a.faults = fault_at("stage value", fault);
    const auto failed = world.a.run(replace);
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().status, Status::kUnavailable);
    EXPECT_EQ(failed.error().effect, Effect::kApplied);
    EXPECT_TRUE(world.tokens.at("token-2").live);
    world.a.revive();
    const auto answer = world.a.run(replace);
    ASSERT_TRUE(answer.ok());
    EXPECT_EQ(answer->id, fault == Fault::kFailAfter ? "token-2" : "token-3");
    EXPECT_EQ(world.live_of_ours(), world.known());
    EXPECT_TRUE(world.violations.empty());
  }
}

}  // namespace
}  // namespace rotation_test
