// rotate-token from the proof of the new token on; lifetimes, caps, bindings and failures.
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

class RotationVerifyTest : public RotationTest {};

// ---- Verify ----

TEST_F(RotationVerifyTest, DiscardsANewTokenThatIsRefusedAndKeepsCurrent) {
  world_.create();
  world_.refuses_fresh = true;
  const auto error = refused(world_.replace_current());
  EXPECT_EQ(error.reason, "VERIFICATION_FAILED");
  EXPECT_EQ(error.effect, Effect::kApplied);
  EXPECT_EQ(world_.current_id(), "token-1");
  EXPECT_FALSE(world_.slot().pending);
  EXPECT_EQ(world_.live_of_ours(), std::vector<std::string>{"token-1"});
  EXPECT_LT(place("mark"), place("revoke"));
  EXPECT_LT(place("revoke"), place("drop"));
}

TEST_F(RotationVerifyTest, DiscardsANewTokenOfAnotherPrincipal) {
  world_.create();
  world_.verify_as = "somebody-else";
  const auto error = refused(world_.replace_current());
  EXPECT_EQ(error.reason, "VERIFICATION_FAILED");
  EXPECT_EQ(world_.live_of_ours(), std::vector<std::string>{"token-1"});
}

TEST_F(RotationVerifyTest, TakesScopesInAnyOrder) {
  world_.scopes = {"files", "sql"};
  world_.create();
  world_.reverses_scopes = true;
  EXPECT_EQ(must(world_.replace_current()).id, "token-2");
  world_.now += kDay;
  EXPECT_FALSE(warned(must(kRotate), "DRIFT"));
}

TEST_F(RotationVerifyTest, LeavesANewTokenPendingWhileItCannotBeVerifiedAndAdoptsItLater) {
  world_.create();
  const Request replace = world_.replace_current();
  world_.a.faults = always("verify", Fault::kFailBefore);
  EXPECT_EQ(refused(replace).status, Status::kUnavailable);
  EXPECT_EQ(world_.current_id(), "token-1");
  ASSERT_TRUE(world_.slot().pending);
  world_.a.revive();
  EXPECT_EQ(must(replace).id, "token-2");
  EXPECT_EQ(world_.mint_comments.size(), 1U);
}

TEST_F(RotationVerifyTest, FinishesADiscardOnTheNextCallAndNeverCommitsWhatWasDiscarded) {
  world_.create();
  world_.refuses_fresh = true;
  const Request replace = world_.replace_current();
  world_.a.faults = fault_at("revoke", Fault::kKillBefore);
  ASSERT_FALSE(world_.a.run(replace).ok());
  world_.a.revive();
  world_.refuses_fresh = false;
  ASSERT_TRUE(world_.slot().pending->discard);
  EXPECT_EQ(must(replace).id, "token-3");
  EXPECT_FALSE(world_.tokens.at("token-2").live);
}

TEST_F(RotationVerifyTest, DoesNotAdoptAStagedTokenThatDiedMeanwhile) {
  world_.create();
  const Request replace = world_.replace_current();
  world_.a.faults = fault_at("verify", Fault::kKillBefore);
  ASSERT_FALSE(world_.a.run(replace).ok());
  world_.a.revive();
  world_.revoked_by_somebody("token-2");
  EXPECT_EQ(refused(replace).reason, "VERIFICATION_FAILED");
  EXPECT_EQ(world_.current_id(), "token-1");
  EXPECT_EQ(must(replace).id, "token-3");
}

TEST_F(RotationVerifyTest, AnotherHostThatAdoptedThePendingTokenKeepsIt) {
  world_.create();
  world_.a.faults = fault_at("commit", Fault::kOvertaken);
  EXPECT_EQ(refused(world_.replace_current()).status, Status::kAborted);
  EXPECT_EQ(world_.current_id(), "token-2");
  EXPECT_TRUE(world_.tokens.at("token-2").live);
}

TEST_F(RotationVerifyTest, CommitsATokenThatAnsweredLateForWhetherItWasCommitted) {
  world_.create();
  const Request replace = world_.replace_current();
  world_.a.faults = fault_at("commit", Fault::kFailAfter);
  EXPECT_EQ(refused(replace).status, Status::kUnavailable);
  world_.a.revive();
  EXPECT_EQ(must(replace).id, "token-2");
  EXPECT_EQ(world_.mint_comments.size(), 1U);
}

// ---- Lifetimes and caps ----

TEST_F(RotationVerifyTest, ALifetimeThatIsLongerOrEndlessIsSaid) {
  world_.granted_seconds = 91 * 86400;
  EXPECT_TRUE(warned(must(kCreate), "LIFETIME_EXTENDED"));
  world_.granted_seconds.reset();
  EXPECT_FALSE(warned(must(world_.replace_current()), "LIFETIME_EXTENDED"));
  world_.no_expiry = true;
  EXPECT_TRUE(warned(must(world_.replace_current()), "LIFETIME_EXTENDED"));
}

TEST_F(RotationVerifyTest, ConfiguredScopesAreThoseOfTheFirstTokenAndOfItsReplacements) {
  const std::vector<std::string> scopes = {"sql", "files"};
  world_.policy.scopes = scopes;
  must(kCreate);
  EXPECT_EQ(world_.tokens.at("token-1").issued.scopes, scopes);
  world_.policy.scopes = std::vector<std::string>{"all-apis"};
  EXPECT_TRUE(warned(must(world_.replace_current()), "SCOPES_KEPT"));
  EXPECT_EQ(world_.tokens.at("token-2").issued.scopes, scopes);
  world_.policy.scopes.reset();
  EXPECT_FALSE(warned(must(world_.replace_current()), "SCOPES_KEPT"));
  EXPECT_EQ(world_.tokens.at("token-3").issued.scopes, scopes);
}

TEST_F(RotationVerifyTest, AFirstTokenWithoutTheConfiguredScopesIsRevoked) {
  world_.policy.scopes = std::vector<std::string>{"sql"};
  world_.drops_scopes = true;
  EXPECT_EQ(refused(kCreate).reason, "VERIFICATION_FAILED");
  EXPECT_FALSE(world_.tokens.at("token-1").live);
}

TEST_F(RotationVerifyTest, AnHourGrantedInsteadOf90DaysKeepsRotating) {
  world_.granted_seconds = 3600;  // while the grace period is a day
  must(kCreate);
  while (world_.now < kStart + kDay) {
    const auto answer = must(kRotate);
    ASSERT_GT(*answer.expiry_time, world_.now) << "current has expired";
    world_.now = answer.next_action_at;
  }
}

TEST_F(RotationVerifyTest, AShortLifetimeKeepsRotating) {
  world_.policy.lifetime_seconds = 120;
  must(kCreate);
  while (world_.now < kStart + 2 * kHour) {
    const auto answer = must(kRotate);
    ASSERT_GT(*answer.expiry_time, world_.now) << "current has expired";
    world_.now = answer.next_action_at;
  }
}

TEST_F(RotationVerifyTest, ATokenWithoutExpiryIsReplacedWhenTheAskedLifetimeEnds) {
  world_.no_expiry = true;
  EXPECT_EQ(must(kCreate).expiry_time, kStart + 90 * kDay);
  world_.now += 61 * kDay;
  world_.tokens.at("token-1").issued.last_used_day = world_.now;
  EXPECT_EQ(must(kRotate).id, "token-2");
}

TEST_F(RotationVerifyTest, StopsALoopThatAsksForTokensAtTheCapAndLeavesCurrent) {
  world_.policy.grace_seconds = 0;
  world_.create();
  std::string reason;
  for (int i = 0; i < 20 && reason.empty(); ++i) {
    const auto answer = world_.a.run(world_.replace_current());
    if (!answer.ok()) reason = answer.error().reason;
  }
  EXPECT_EQ(reason, "MINT_CAP_REACHED");
  EXPECT_EQ(world_.mint_comments.size(), 5U) << "six a day, with the first";
  world_.now += kDay + 1;
  must(world_.replace_current());
}

TEST_F(RotationVerifyTest, StopsAtTenVersions) {
  world_.policy.grace_seconds = 40 * 86400;
  world_.create();
  for (int i = 0; i < 9; ++i) {
    must(world_.replace_current());
    world_.now += kDay;
  }
  EXPECT_EQ(refused(world_.replace_current()).reason, "MINT_CAP_REACHED");
  EXPECT_EQ(world_.live_of_ours().size(), 10U);
}

// ---- Where the slot belongs ----

TEST_F(RotationVerifyTest, ASlotOfAnotherWorkspaceOrPrincipalIsRefusedForEachGoal) {
  world_.create();
  world_.a.bound_to = R"({"issue":"own","origin":"https://two.example"})";
  for (const Request& request : {kCreate, kRotate, kRevokePrevious, kRevokeAll, kSweep}) {
    const auto error = refused(request);
    EXPECT_EQ(error.status, Status::kFailedPrecondition);
    EXPECT_EQ(error.reason, "SLOT_BELONGS_ELSEWHERE");
    EXPECT_NE(error.message.find("two.example"), std::string::npos);
  }
  EXPECT_EQ(world_.live_of_ours().size(), 1U);
  EXPECT_EQ(count("mint") + count("revoke") + count("list"), 0U);
  world_.revocation_asked = false;
}

TEST_F(RotationVerifyTest, TheBindingIsComparedAsJsonNotAsText) {
  world_.create();
  world_.a.bound_to = R"({ "origin":"https://one.example", "issue":"own" })";
  must(kRotate);
}

TEST_F(RotationVerifyTest, ABusySlotIsLeftToItsHolder) {
  world_.create();
  ASSERT_TRUE(world_.store.begin(kSlot, std::chrono::minutes(1)).ok());
  const auto error = refused(kRotate);
  EXPECT_EQ(error.status, Status::kUnavailable);
  EXPECT_EQ(world_.a.operations, std::vector<std::string>{"begin"});
}

// ---- Failures ----

TEST_F(RotationVerifyTest, ErrorsAskForMoreAndMoreTimeAndSuccessForgetsThem) {
  world_.create();
  world_.now += 61 * kDay;
  world_.a.faults = always("mint", Fault::kFailBefore);
  std::int64_t before = 0;
  for (int i = 0; i < 3; ++i) {
    const auto error = refused(kRotate);
    EXPECT_GT(error.retry_after_ms, before);
    before = error.retry_after_ms;
    world_.now += kDay;  // past the cap
  }
  world_.a.revive();
  must(kRotate);
  world_.now += kDay;
  world_.a.faults = always("revoke", Fault::kFailBefore);
  const auto answer = must(kRotate);
  EXPECT_TRUE(warned(answer, "REVOKE_DEBT"));
  EXPECT_LE(answer.next_action_at, world_.now + kMinute);
}

}  // namespace
}  // namespace rotation_test
