// What others got wrong, in the words of the reports that taught it: each is a test here.
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "fixture.hpp"
#include "plan.hpp"

namespace rotation_test {
namespace {

using hub::Effect;
using hub::Status;
using hub::rotation::kDay;
using hub::rotation::kHour;
using hub::rotation::Request;

class WhatOthersGotWrong : public RotationTest {};

// A published rotator, and AWS's sample for external APIs, invalidate first.
TEST_F(WhatOthersGotWrong, NeverRevokesBeforeTheNewValueIsDurable) {
  world_.policy.grace_seconds = 0;
  world_.create();
  must(replace("token-1"));
  EXPECT_LT(place("stage value"), place("commit"));
  EXPECT_LT(place("commit"), place("revoke"));
}

TEST_F(WhatOthersGotWrong, NeverRevokesOnASwallowedStoreError) {
  for (const char* write : {"stage intent", "stage value", "commit", "mark"}) {
    World world;
    world.policy.grace_seconds = 0;
    world.create();
    world.a.faults = always(write, Fault::kFailBefore);
    (void)world.a.run(replace("token-1"));
    EXPECT_TRUE(world.tokens.at("token-1").live) << write;
    EXPECT_TRUE(world.violations.empty()) << write;
  }
}

// OpenBao writes its intent in the transaction of the effect, so it is not durable before it.
TEST_F(WhatOthersGotWrong, WritesTheIntentInATransactionOfItsOwn) {
  world_.create();
  bool durable = false;
  world_.before_operation = [&](Host&, std::string_view operation) {
    if (operation == "mint") durable = world_.slot().pending && !world_.slot().pending->has_value;
  };
  must(replace("token-1"));
  EXPECT_TRUE(durable);
}

// The Go and the Python SDK do.
TEST_F(WhatOthersGotWrong, NeverSendsThePostAgainAfterATimeout) {
  world_.create();
  world_.a.faults = [first = true](std::string_view name, std::size_t) mutable {
    if (name == "mint" && std::exchange(first, false)) return Fault::kFailAfter;
    return name == "list" && !first ? Fault::kFailBefore : Fault::kNone;
  };
  for (int i = 0; i < 3; ++i) {
    const auto error = refused(replace("token-1"));
    EXPECT_EQ(error.effect, Effect::kUnknown);
    EXPECT_EQ(error.reason, "UNKNOWN_MINT");
  }
  EXPECT_EQ(world_.mint_comments.size(), 1U);
  world_.a.revive();
  EXPECT_EQ(must(replace("token-1")).id, "token-3");
  EXPECT_FALSE(world_.tokens.at("token-2").live);
}

// Infisical reads before it locks, and its lock has no fence.
TEST_F(WhatOthersGotWrong, NeverTrustsALockWithoutAFenceOrWhatWasReadBeforeIt) {
  world_.policy.grace_seconds = 0;
  for (const char* step : {"list", "stage intent", "renew", "mint", "stage value", "verify",
                           "commit", "mark", "revoke", "drop"}) {
    World world;
    world.policy.grace_seconds = 0;
    world.create();
    world.a.faults = fault_at(step, Fault::kOvertaken);
    world.meeting = replace("token-1");
    (void)world.a.run(replace("token-1"));
    world.settle();
    EXPECT_TRUE(world.violations.empty()) << step;
    EXPECT_TRUE(world.tokens.at(world.current_id()).live) << step;
  }
}

// Vault tries six times, and then the lease is irrevocable; before that it replayed for ever.
TEST_F(WhatOthersGotWrong, NeitherReplaysAFailingPendingForEverNorGivesUpForEver) {
  world_.create();
  world_.refuses_fresh = true;
  EXPECT_EQ(refused(replace("token-1")).reason, "VERIFICATION_FAILED");
  EXPECT_FALSE(world_.slot().pending) << "the refused one is tried again";
  world_.now += 61 * kDay;
  for (int i = 0; i < 20; ++i) {
    const auto error = refused(kRotate);
    EXPECT_LE(error.retry_after_ms, kHour);
    world_.now += kHour;
  }
  world_.refuses_fresh = false;
  world_.now += kDay;
  EXPECT_NE(must(kRotate).id, "token-1");
}

TEST_F(WhatOthersGotWrong, NeverLosesTheOldIdWhenItsRevocationFails) {
  world_.policy.grace_seconds = 0;
  world_.create();
  world_.a.faults = always("revoke", Fault::kFailBefore);
  const auto answer = must(replace("token-1"));
  EXPECT_TRUE(warned(answer, "REVOKE_DEBT"));
  ASSERT_EQ(answer.pending.size(), 1U);
  EXPECT_EQ(answer.pending[0].id, "token-1");
  for (int i = 0; i < 10; ++i) must(kRotate);
  world_.a.revive();
  must(kRotate);
  EXPECT_FALSE(world_.tokens.at("token-1").live);
}

// cert-manager #6378.
TEST_F(WhatOthersGotWrong, NeverBacksOffBeyondTheExpiry) {
  world_.create();
  world_.now += 60 * kDay;
  world_.a.faults = always("mint", Fault::kFailBefore);
  const std::int64_t end = kStart + 90 * kDay;
  while (world_.now < end - kHour) {
    const auto answer = world_.a.run(kRotate);
    const std::int64_t wait =
        answer.ok() ? answer->next_action_at - world_.now : answer.error().retry_after_ms;
    ASSERT_LE(wait, (end - world_.now) / 10);
    world_.now += std::max(wait, 6 * kHour);
  }
}

// Terraform's create_before_destroy; Vault #18738.
TEST_F(WhatOthersGotWrong, AlwaysLetsTheOldTokenAndTheNewOneOverlap) {
  world_.create();
  must(replace("token-1"));
  EXPECT_EQ(world_.live_of_ours(), (std::vector<std::string>{"token-1", "token-2"}));
  world_.now += kDay - 1;
  must(kRotate);
  EXPECT_TRUE(world_.tokens.at("token-1").live);
}

TEST_F(WhatOthersGotWrong, NeverPutsTheProvidersWholeAnswerIntoAnErrorMessage) {
  world_.create();
  const auto answer = must(world_.replace_current());
  world_.refuses_fresh = true;
  const auto error = refused(world_.replace_current());
  const auto slot = world_.slot();
  std::string all = answer.to_json() + error.message + error.hint + error.detail_json + slot.note +
                    slot.current->note;
  for (const auto& each : slot.previous) all += each.note;
  EXPECT_EQ(all.find("value of"), std::string::npos);
}

TEST_F(WhatOthersGotWrong, NeverTakes90DaysFor36Hours) {
  world_.granted_seconds = 36 * 3600;
  world_.policy.grace_seconds = 3600;
  EXPECT_TRUE(warned(must(kCreate), "LIFETIME_SHORTENED"));
  while (world_.now < kStart + 10 * kDay) {
    const auto answer = must(kRotate);
    ASSERT_GT(*answer.expiry_time, world_.now) << "the workspace's word was not taken";
    world_.now = answer.next_action_at;
  }
  EXPECT_LE(world_.mint_comments.size(), 15U) << "it made a storm";
}

TEST_F(WhatOthersGotWrong, NeverTakesARefusalForAReasonToGiveUpCurrent) {
  world_.create();
  world_.a.faults = fault_at("verify", Fault::kRefuse);
  EXPECT_FALSE(world_.a.run(replace("token-1")).ok());
  EXPECT_EQ(world_.current_id(), "token-1");
  world_.a.revive();
  EXPECT_EQ(must(replace("token-1")).id, "token-2") << "one 403 after minting is no proof";
}

TEST_F(WhatOthersGotWrong, NeverLosesScopesByRotating) {
  world_.scopes = {"files", "sql"};
  world_.create();
  world_.drops_scopes = true;
  EXPECT_EQ(refused(world_.replace_current()).reason, "VERIFICATION_FAILED");
  EXPECT_EQ(world_.current_id(), "token-1");
}

TEST_F(WhatOthersGotWrong, NeverGainsScopesByRotating) {
  world_.scopes = {"sql"};
  world_.create();
  world_.scopes = {"all-apis"};
  world_.policy.scopes = std::vector<std::string>{"all-apis"};
  EXPECT_TRUE(warned(must(world_.replace_current()), "SCOPES_KEPT"));
  EXPECT_EQ(world_.tokens.at("token-2").issued.scopes, (hub::rotation::Scopes{{"sql"}}));
}

}  // namespace
}  // namespace rotation_test
