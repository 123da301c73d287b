// Credentials without a comment: what a request made whose answer was lost is known by what the
// list did not show before.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "attribution.hpp"
#include "fixture.hpp"
#include "plan.hpp"

namespace rotation_test {
namespace {

using hub::rotation::Attempt;
using hub::rotation::examine;
using hub::rotation::Issued;
using hub::rotation::kDay;
using hub::rotation::kHour;
using hub::rotation::kLateWindow;
using hub::rotation::kSecond;
using hub::rotation::Slot;
using hub::rotation::SlotNote;
using hub::rotation::told_lifetime;

// ---- What a list says ----

class RotationDifferenceTest : public ::testing::Test {
 protected:
  RotationDifferenceTest() {
    slot_.kind = kSecrets;
    slot_.note.attempts["a"] = {kStart, 10000, {"known"}};
  }

  static Issued issued(const std::string& id, std::int64_t age = 0, std::int64_t lifetime = 10000) {
    return {.id = id,
            .creation_time = kStart - age,
            .expiry_time = kStart - age + lifetime * kSecond,
            .comment = {},
            .owner_id = "me",
            .last_used_day = {},
            .scopes = {}};
  }
  static std::vector<std::string> ids(const std::vector<Issued>& found) {
    std::vector<std::string> ids;
    for (const Issued& each : found) ids.push_back(each.id);
    return ids;
  }
  auto examined(const std::vector<Issued>& listed, std::int64_t now = kStart) {
    return examine(listed, slot_, "me", now);
  }

  using Ids = std::vector<std::string>;
  Slot slot_;
};

TEST_F(RotationDifferenceTest, IsOursIfItIsTheOnlyOneThatFits) {
  const auto found = examined({issued("known"), issued("new")});
  EXPECT_EQ(ids(found.orphans), Ids{"new"});
  EXPECT_TRUE(found.doubtful.empty());
  EXPECT_TRUE(found.settled.empty()) << "it ends once that is revoked";
  EXPECT_EQ(found.live_of_owner, 2U);
}

TEST_F(RotationDifferenceTest, IsTakenForRoundedByASecondAndNoMore) {
  EXPECT_EQ(ids(examined({issued("new", 0, 10001)}).orphans), Ids{"new"});
  EXPECT_EQ(ids(examined({issued("new", 0, 10002)}).orphans), Ids{});
}

TEST_F(RotationDifferenceTest, OfAnotherLifetimeOrWithoutAnEndIsDoubtful) {
  Issued endless = issued("endless");
  endless.expiry_time = -1;
  const auto found = examined({endless, issued("short", 0, 9000)});
  EXPECT_TRUE(found.orphans.empty());
  EXPECT_EQ(ids(found.doubtful), (Ids{"endless", "short"}));
  EXPECT_TRUE(found.settled.empty()) << "ours may still arrive";
}

TEST_F(RotationDifferenceTest, OfAnotherLifetimeIsNotDoubtfulBesideOneThatFits) {
  const auto found = examined({issued("new"), issued("short", 0, 9000)});
  EXPECT_EQ(ids(found.orphans), Ids{"new"});
  EXPECT_TRUE(found.doubtful.empty());
}

TEST_F(RotationDifferenceTest, ThatFitsTwiceIsDoubtfulAndEndsTheAttempt) {
  const auto found = examined({issued("one"), issued("two")});
  EXPECT_TRUE(found.orphans.empty());
  EXPECT_EQ(ids(found.doubtful), (Ids{"one", "two"}));
  EXPECT_TRUE(found.settled.contains("a"));
}

TEST_F(RotationDifferenceTest, ThatFitsTwoAttemptsIsOneOrphanAndTwoAreNone) {
  slot_.note.attempts["b"] = {kStart, 10000, {"known", "one"}};
  EXPECT_EQ(ids(examined({issued("new")}).orphans), Ids{"new"});
  const auto found = examined({issued("one"), issued("two")});
  EXPECT_TRUE(found.orphans.empty()) << "for b there is one alone, and a makes it doubtful";
  EXPECT_EQ(ids(found.doubtful), (Ids{"one", "two"}));
}

TEST_F(RotationDifferenceTest, ThatIsListedTwiceIsOne) {
  const auto found = examined({issued("new"), issued("new")});
  EXPECT_EQ(ids(found.orphans), Ids{"new"});
  EXPECT_EQ(found.live_of_owner, 1U);
}

TEST_F(RotationDifferenceTest, IsNoneOfOursOutsideTheWindowOrOfAnotherOwnerOrUsedOrNamed) {
  Issued others = issued("others");
  others.owner_id = "you";
  Issued used = issued("used");
  used.last_used_day = kStart;
  slot_.current = {{1, {}}};
  slot_.current->note.credential_id = "named";
  const auto found = examined(
      {issued("old", 6 * kMinute), issued("new", -kLateWindow - 1), others, used, issued("named")});
  EXPECT_TRUE(found.orphans.empty());
  EXPECT_EQ(ids(found.doubtful), Ids{"used"});
}

TEST_F(RotationDifferenceTest, EndsAnAttemptOnceItsWindowHasPassed) {
  EXPECT_TRUE(examined({}, kStart + 20 * kMinute).settled.empty());
  EXPECT_TRUE(examined({}, kStart + 20 * kMinute + 1).settled.contains("a"));
  EXPECT_TRUE(examined({issued("new")}, kStart + 20 * kMinute + 1).settled.empty());
}

TEST(RotationLifetime, TellsTwoRequestsApartAndIsHardlyShorter) {
  constexpr std::int64_t kAsked = 90 * 86400;
  EXPECT_EQ(told_lifetime(kAsked, 0), kAsked - 3);
  EXPECT_EQ(told_lifetime(kAsked, 1), kAsked - 6);
  EXPECT_EQ(told_lifetime(kAsked, 1199), kAsked - 3600);
  EXPECT_EQ(told_lifetime(kAsked, 1200), kAsked - 3);
  EXPECT_EQ(told_lifetime(3600, 11), 3600 - 36);
  EXPECT_EQ(told_lifetime(3600, 12), 3600 - 3);
  EXPECT_EQ(told_lifetime(300, 7), 297);
  EXPECT_EQ(told_lifetime(299, 0xffffffffffffffff), 299);
}

TEST(RotationNoteTest, KeepsAttempts) {
  SlotNote note;
  note.attempts["a"] = {kStart, 1000, {"one", "two"}};
  const SlotNote read = SlotNote::read(note.to_json());
  EXPECT_EQ(read.to_json(), note.to_json());
  ASSERT_TRUE(read.attempts.contains("a"));
  EXPECT_EQ(read.attempts.at("a").started_at, kStart);
  EXPECT_EQ(read.attempts.at("a").lifetime_seconds, 1000);
  EXPECT_EQ(read.attempts.at("a").known, (std::set<std::string>{"one", "two"}));
}

// ---- The machine ----

class RotationSecretTest : public RotationTest {
 protected:
  RotationSecretTest() : RotationTest({.kind = kSecrets}) { world_.create(); }

  SlotNote note() { return SlotNote::read(world_.slot().note); }
  /// The only request that was not answered.
  Attempt attempt() {
    const auto attempts = note().attempts;
    EXPECT_EQ(attempts.size(), 1U);
    return attempts.empty() ? Attempt{} : attempts.begin()->second;
  }
  /// Token-2 is asked for, and the host killed before it hears of it.
  void lose_an_answer(Fault fault = Fault::kKillAfter) {
    world_.a.faults = fault_at("mint", fault);
    (void)world_.a.run(world_.replace_current());
    world_.a.revive();
  }
  /// Somebody else makes one that looks just like it, but for what the test changes.
  Issued& add_likeness(const std::string& id) {
    Issued& made = world_.add(id, {}).issued;
    made.expiry_time = made.creation_time + attempt().lifetime_seconds * kSecond;
    return made;
  }
  bool is_live(const std::string& id) { return world_.tokens.at(id).live; }
};

TEST_F(RotationSecretTest, SendsNoCommentAndKeepsNothingOfWhatWasAnswered) {
  must(world_.replace_current());
  EXPECT_EQ(world_.mint_comments, std::vector<std::string>{""});
  EXPECT_TRUE(note().attempts.empty());
  EXPECT_TRUE(note().nonces.empty());
}

TEST_F(RotationSecretTest, KeepsNothingOfWhatWasRefused) {
  world_.a.faults = fault_at("mint", Fault::kRefuse);
  EXPECT_EQ(refused(world_.replace_current()).reason, "PERMISSION");
  EXPECT_TRUE(note().attempts.empty());
}

TEST_F(RotationSecretTest, KeepsTheAttemptUntilItsAnswerIsStored) {
  world_.a.faults = fault_at("stage value", Fault::kFailBefore);
  EXPECT_EQ(refused(world_.replace_current()).status, hub::Status::kUnavailable);
  EXPECT_EQ(attempt().started_at, world_.now);
  world_.a.revive();
  EXPECT_EQ(must(world_.replace_current()).id, "token-3");
  EXPECT_FALSE(is_live("token-2"));
}

TEST_F(RotationSecretTest, RevokesTheOneDifferenceAndOnlyThatBeforeItMintsAgain) {
  lose_an_answer();
  EXPECT_TRUE(is_live("token-2"));
  const auto answer = must(replace("token-1"));
  EXPECT_EQ(answer.id, "token-3");
  EXPECT_TRUE(did(answer, "orphan-revoked"));
  EXPECT_FALSE(is_live("token-2"));
  EXPECT_TRUE(note().attempts.empty());
}

TEST_F(RotationSecretTest, ReportsTwoCandidatesAndDeletesNeitherThenOrLater) {
  lose_an_answer();
  add_likeness("theirs");
  const auto answer = must(replace("token-1"));
  EXPECT_EQ(answer.id, "token-3");
  std::string said;
  for (const auto& warning : answer.warnings)
    if (warning.reason == "CANNOT_TELL_APART") said += warning.message;
  EXPECT_NE(said.find("secret theirs "), std::string::npos) << said;
  EXPECT_NE(said.find("secret token-2 "), std::string::npos) << said;
  EXPECT_TRUE(is_live("theirs"));
  EXPECT_TRUE(is_live("token-2"));
  // Somebody finds out which it is and revokes it. What is left is none of ours.
  world_.tokens.at("token-2").live = false;
  must(kSweep);
  EXPECT_TRUE(is_live("theirs"));
}

TEST_F(RotationSecretTest, NeverDeletesSomebodyElsesOfTheSameMomentWithAnotherLifetime) {
  lose_an_answer(Fault::kKillBefore);
  add_likeness("theirs").expiry_time += 2 * kSecond;
  const auto answer = must(replace("token-1"));
  EXPECT_EQ(answer.id, "token-2");
  EXPECT_TRUE(warned(answer, "CANNOT_TELL_APART"));
  EXPECT_TRUE(is_live("theirs"));
  world_.now += 21 * kMinute;
  must(kSweep);
  EXPECT_TRUE(is_live("theirs"));
  EXPECT_FALSE(warned(must(kSweep), "CANNOT_TELL_APART")) << "its window has passed";
}

TEST_F(RotationSecretTest, NeverDeletesWhatWasThereBefore) {
  const std::int64_t lifetime =
      told_lifetime(world_.policy.lifetime_seconds, 0x1001) * kSecond;  // of the next request
  Issued& before = world_.add("before", {}).issued;
  before.expiry_time = before.creation_time + lifetime;
  lose_an_answer(Fault::kKillBefore);
  EXPECT_TRUE(attempt().known.contains("before"));
  EXPECT_EQ(attempt().lifetime_seconds * kSecond, lifetime);
  EXPECT_FALSE(did(must(replace("token-1")), "orphan-revoked"));
  EXPECT_TRUE(is_live("before"));
}

TEST_F(RotationSecretTest, NamesInAnErrorWhatItCannotTellApart) {
  lose_an_answer();
  add_likeness("theirs");
  world_.capacity = 3;
  const auto error = refused(replace("token-1"));
  EXPECT_EQ(error.reason, "CAPACITY_REACHED");
  EXPECT_NE(error.message.find("secret theirs"), std::string::npos) << error.message;
  EXPECT_NE(error.message.find("secret token-2"), std::string::npos) << error.message;
}

TEST_F(RotationSecretTest, AsksForNoLifetimeOfAnAttemptThatStands) {
  world_.policy.lifetime_seconds = 600;  // room for two
  lose_an_answer(Fault::kLate);
  lose_an_answer(Fault::kLate);
  std::set<std::int64_t> lifetimes;
  for (const auto& [nonce, attempt] : note().attempts) lifetimes.insert(attempt.lifetime_seconds);
  EXPECT_EQ(lifetimes, (std::set<std::int64_t>{594, 597}));
  EXPECT_EQ(note().attempts.size(), 2U);
}

TEST_F(RotationSecretTest, AnOrphanEndsTheOldestAttemptThatItFitsAndNoOther) {
  world_.policy.lifetime_seconds = 120;  // no room to tell two apart
  for (int i = 0; i < 2; ++i) {
    lose_an_answer(Fault::kLate);
    world_.now += kSecond;
  }
  ASSERT_EQ(note().attempts.size(), 2U);
  world_.late.front()();
  world_.late.erase(world_.late.begin());
  EXPECT_TRUE(did(must(kSweep), "orphan-revoked"));
  EXPECT_EQ(attempt().started_at, kStart + kSecond);
  world_.settle();
  EXPECT_TRUE(did(must(kSweep), "orphan-revoked"));
  EXPECT_TRUE(note().attempts.empty());
}

TEST_F(RotationSecretTest, MintsNothingWithoutAList) {
  world_.a.faults = always("list", Fault::kFailBefore);
  const auto error = refused(world_.replace_current());
  EXPECT_EQ(error.reason, "NO_ANSWER");
  EXPECT_NE(error.message.find("no secret is made before the list can be read"), std::string::npos);
  EXPECT_EQ(count("mint"), 0U);
  EXPECT_EQ(count("stage intent"), 0U);
  EXPECT_EQ(world_.current_id(), "token-1");
}

TEST_F(RotationSecretTest, SendsNothingWhenTheHostSleptAfterItsIntent) {
  world_.before_operation = [&](Host&, std::string_view operation) {
    if (operation == "renew" && count("renew") == 0) world_.now += 6 * kMinute;
  };
  const auto error = refused(world_.replace_current());
  EXPECT_EQ(error.reason, "HOST_OVERSLEPT");
  EXPECT_EQ(error.effect, hub::Effect::kNone);
  EXPECT_EQ(count("mint"), 0U);
  EXPECT_FALSE(world_.slot().pending);
  EXPECT_TRUE(note().attempts.empty());
  EXPECT_EQ(must(world_.replace_current()).id, "token-2");
}

TEST_F(RotationSecretTest, FindsALateOneThatArrivesAfterItWasLookedFor) {
  lose_an_answer(Fault::kLate);
  must(replace("token-1"));
  EXPECT_EQ(note().attempts.size(), 1U);
  world_.now += 9 * kMinute;
  world_.settle();
  ASSERT_EQ(world_.live_of_ours().size(), 3U);
  world_.now += 2 * kMinute;
  const auto answer = must(kRotate);
  EXPECT_TRUE(did(answer, "orphan-revoked"));
  EXPECT_EQ(world_.live_of_ours(), world_.known());
  EXPECT_TRUE(note().attempts.empty());
}

TEST_F(RotationSecretTest, LooksUntilTheWindowHasPassedAndThenDaily) {
  lose_an_answer(Fault::kKillBefore);
  must(replace("token-1"));
  int sweeps = 0;
  while (world_.now < kStart + 20 * kHour) {
    if (world_.now > kStart + 31 * kMinute) {
      EXPECT_TRUE(note().attempts.empty());
    } else if (world_.now <= kStart + 20 * kMinute) {
      EXPECT_EQ(attempt().started_at, kStart);
    }
    const auto answer = must(kRotate);
    sweeps += did(answer, "swept") ? 1 : 0;
    world_.now = answer.next_action_at;
  }
  EXPECT_EQ(sweeps, 3);
}

TEST_F(RotationSecretTest, IsRelievedOfItsOwnOrphanWhenThereAreFive) {
  for (const char* id : {"theirs-1", "theirs-2", "theirs-3"}) world_.add(id, {});
  lose_an_answer();
  world_.capacity = 5;
  ASSERT_EQ(world_.live_of_owner(), 5U);
  EXPECT_EQ(must(replace("token-1")).id, "token-3");
  EXPECT_FALSE(is_live("token-2"));
  EXPECT_EQ(world_.live_of_owner(), 5U);
}

TEST_F(RotationSecretTest, SaysThatThereAreFiveAndKeepsEachThatItCannotTellApart) {
  for (const char* id : {"theirs-1", "theirs-2"}) world_.add(id, {});
  lose_an_answer();
  add_likeness("theirs-3");
  world_.capacity = 5;
  ASSERT_EQ(world_.live_of_owner(), 5U);
  EXPECT_EQ(refused(replace("token-1")).reason, "CAPACITY_REACHED");
  EXPECT_EQ(world_.live_of_owner(), 5U);
  EXPECT_EQ(count("mint"), 0U);
}

}  // namespace
}  // namespace rotation_test
