// One machine for every kind of credential: it speaks in the words of each.
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <string>

#include "fixture.hpp"
#include "plan.hpp"

namespace rotation_test {
namespace {

using hub::rotation::kDay;
using hub::rotation::Kind;

TEST(RotationKindTest, SaysTheReasonsInTheWordsOfTheKind) {
  const auto tokens = hub::rotation::reasons(kTokens);
  const auto secrets = hub::rotation::reasons(Kind{.noun = "secret"});
  ASSERT_EQ(tokens.size(), secrets.size());
  EXPECT_TRUE(std::ranges::any_of(tokens, [](const auto& own) {
    return own.reason == "NO_CURRENT" && own.hint == "Make the first one with create-token.";
  }));
  for (const auto& own : secrets) {
    const std::string all = own.reason + own.summary + own.hint;
    EXPECT_EQ(all.find("oken"), std::string::npos) << all;
    EXPECT_EQ(all.find("{}"), std::string::npos) << all;
  }
}

TEST(RotationKindTest, SaysNothingOfMarkersWhereThereIsNoComment) {
  const auto secrets = hub::rotation::reasons(kSecrets);
  EXPECT_EQ(secrets.size() + 2, hub::rotation::reasons(kTokens).size());
  for (const auto& own : secrets) {
    const std::string all = own.reason + own.summary + own.hint;
    for (const char* word : {"adopt-", "accept_store", "marker", "last use"})
      EXPECT_EQ(all.find(word), std::string::npos) << all;
  }
}

TEST(RotationKindTest, NeverCallsASecretATokenWhateverHappens) {
  World world({.kind = {.noun = "secret"}});
  std::string said;
  const auto say = [&](const hub::Result<hub::rotation::Answer>& answer) {
    said += answer ? answer->to_json() : answer.error().message + answer.error().hint;
    if (const auto slot = world.slot(); slot.current) said += slot.note + slot.current->note;
  };
  const hub::Secret by_hand("value of hand-1");
  say(world.a.run(kRotate));
  say(world.a.run(kCreate));
  say(world.a.run(kCreate));
  say(world.a.plan(world.replace_current()));
  world.refuses_fresh = true;
  say(world.a.run(world.replace_current()));
  world.refuses_fresh = false;
  world.a.faults = always("revoke", Fault::kRefuse);
  say(world.a.run(replace_leaked(world.current_id())));
  say(world.a.run(roll_back(world.current_id())));
  say(world.a.run(adopt(by_hand)));
  world.a.revive();
  world.revoked_by_somebody(world.current_id());
  world.now += kDay;
  say(world.a.run(kRevokePrevious));
  say(world.a.run(kRotate));
  say(world.a.run(kRevokeAll));
  say(world.a.run(kRotate));
  EXPECT_NE(said.find(R"("secret_id":"token-)"), std::string::npos);
  said = std::regex_replace(said, std::regex("token-[0-9]+"), "it");
  EXPECT_EQ(said.find("oken"), std::string::npos) << said;
}

TEST(RotationKindTest, ReplacesForDisuseOnlyWhatTheRemoteSideRevokesForIt) {
  for (const auto limit : {kTokens.idle_limit_ms, std::optional<std::int64_t>()}) {
    World world({.kind = {.idle_limit_ms = limit}});
    world.policy.lifetime_seconds = 2 * 365 * 86400;
    world.create();
    world.now += 84 * kDay;
    EXPECT_EQ(world.a.run(kRotate)->id, limit ? "token-2" : "token-1");
  }
}

}  // namespace
}  // namespace rotation_test
