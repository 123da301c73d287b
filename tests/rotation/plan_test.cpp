// When, and what a list means: the pure part of the machine, its marker, its notes and its table.
#include <gtest/gtest.h>
#include <hub/rotation.hpp>

#include <set>
#include <string>
#include <utility>

#include "attribution.hpp"
#include "machine.hpp"
#include "marker.hpp"
#include "plan.hpp"
#include "slot.hpp"

namespace hub::rotation {
namespace {

const std::string kId = "01234567-89ab-4cde-8f01-23456789abcd";
const std::string kOther = "11234567-89ab-4cde-8f01-23456789abcd";
const std::string kNonce = "00000000000000ff";
constexpr std::int64_t kNow = 1'800'000'000'000;

// ---- The table ----

TEST(RotationTable, HasEachPairOfStateAndEventOnce) {
  std::set<std::pair<State, Event>> seen;
  for (const Transition& row : kTransitions) {
    EXPECT_TRUE(seen.emplace(row.state, row.event).second)
        << static_cast<int>(row.state) << " " << static_cast<int>(row.event);
  }
}

TEST(RotationTable, LeavesNoStateThatItEntersWithoutAWayOn) {
  for (const Transition& row : kTransitions) {
    if (row.next == State::kDone || row.next == State::kStopped) continue;
    EXPECT_TRUE(std::ranges::any_of(kTransitions, [&](const Transition& other) {
      return other.state == row.next;
    })) << static_cast<int>(row.next);
  }
}

TEST(RotationTable, DeletesOnlyWhatWasMarkedOrFoundMarked) {
  for (const Transition& row : kTransitions) {
    if (row.action != Action::kDeleteTarget) continue;
    const bool after_mark = row.event == Event::kWritten;
    const bool found_marked = row.state == State::kDiscarding && row.event == Event::kBegin;
    EXPECT_TRUE(after_mark || found_marked);
  }
}

// ---- The marker ----

TEST(RotationMarker, IsReadBackFromTheCommentThatCarriesIt) {
  for (const std::string user_part : {"", "nightly export", "ends with hub"}) {
    const auto marker = Marker::parse(marked_comment(user_part, {kId, kNonce}));
    ASSERT_TRUE(marker) << user_part;
    EXPECT_EQ(marker->slot_id, kId);
    EXPECT_EQ(marker->nonce, kNonce);
  }
}

TEST(RotationMarker, StandsAtTheVeryEndAfterASpaceOrAlone) {
  const std::string marker = "hub:" + kId + "/" + kNonce;
  EXPECT_TRUE(Marker::parse(marker));
  EXPECT_TRUE(Marker::parse("a " + marker));
  for (const std::string& text :
       {marker + " ", marker + "\n", marker + "0", "x" + marker, "a\n" + marker, "a\t" + marker,
        " " + marker + " copied", std::string("a ") + marker + std::string(1, '\0')}) {
    EXPECT_FALSE(Marker::parse(text)) << text;
  }
}

TEST(RotationMarker, IsLowerCaseAndComplete) {
  for (const std::string& text :
       {"hub:" + kId, "hub:" + kId + "/" + kNonce.substr(1), "hub:" + kId + "/00000000000000FF",
        "HUB:" + kId + "/" + kNonce, "hub:" + kId.substr(1) + "/" + kNonce, std::string("hub:"),
        std::string(), "hub:01234567-89AB-4cde-8f01-23456789abcd/" + kNonce}) {
    EXPECT_FALSE(Marker::parse(text)) << text;
  }
}

TEST(RotationMarker, OfAnotherSlotIsNotOurs) {
  EXPECT_TRUE(is_marked(marked_comment("x", {kId, kNonce}), kId));
  EXPECT_FALSE(is_marked(marked_comment("x", {kOther, kNonce}), kId));
  EXPECT_FALSE(is_marked("x", kId));
}

TEST(RotationMarker, OfAVeryLongCommentIsFoundAtItsEnd) {
  const std::string filler(1'000'000, 'h');
  EXPECT_TRUE(is_marked(filler + " hub:" + kId + "/" + kNonce, kId));
  EXPECT_FALSE(is_marked(filler + "hub:" + kId + "/" + kNonce, kId));
}

TEST(RotationMarker, LeavesTheUsersPartWhatFitsInto255BytesCutAtACodePoint) {
  const std::size_t room = 255 - std::string("hub:" + kId + "/" + kNonce).size() - 1;
  EXPECT_EQ(marked_comment(std::string(room, 'x'), {kId, kNonce}).size(), 255U);
  EXPECT_EQ(marked_comment(std::string(room + 1, 'x'), {kId, kNonce}).size(), 255U);
  // A euro sign has three bytes: wherever the cut falls, none is broken.
  for (std::size_t shift = 0; shift < 3; ++shift) {
    std::string user_part(shift, 'x');
    while (user_part.size() < 400) user_part += "\u20ac";
    const std::string comment = marked_comment(user_part, {kId, kNonce});
    EXPECT_LE(comment.size(), 255U);
    EXPECT_GT(comment.size(), 252U);
    EXPECT_EQ((comment.find(" hub:") - shift) % 3, 0U);
    EXPECT_TRUE(is_marked(comment, kId));
  }
}

TEST(RotationMarker, IsKeptOutOfTheUsersPart) {
  EXPECT_TRUE(check_comment("github: nightly").ok() == false);
  EXPECT_EQ(check_comment("see hub:x").error().reason, "COMMENT_INVALID");
  EXPECT_TRUE(check_comment("hub, nightly").ok());
  EXPECT_FALSE(Policy{.comment = "hub:"}.check().ok());
}

TEST(RotationMarker, WritesANonceAs16LowerCaseHexDigits) {
  EXPECT_EQ(nonce_text(0), "0000000000000000");
  EXPECT_EQ(nonce_text(0xFEDCBA9876543210), "fedcba9876543210");
}

// ---- When ----

VersionNote note_of(std::int64_t lifetime_seconds) {
  return {.lifetime_seconds = lifetime_seconds,
          .credential_id = "t",
          .creation_time = kNow,
          .expiry_time = kNow + lifetime_seconds * kSecond};
}

std::string slot_id(int number) {
  std::string id = kId;
  for (std::size_t i = 35; number > 0; --i, number /= 10)
    id[i] = static_cast<char>('0' + number % 10);
  return id;
}

TEST(RotationPlan, RotatesAFleetBetweenHalfAndTwoThirdsOfTheLifetimeAndNotAtOnce) {
  const Policy policy;
  const auto note = note_of(policy.lifetime_seconds);
  const std::int64_t lifetime = policy.lifetime_seconds * kSecond;
  std::int64_t first = note.expiry_time, last = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::int64_t at = rotate_at(note, slot_id(i), policy);
    EXPECT_EQ(at, rotate_at(note, slot_id(i), policy));
    first = std::min(first, at);
    last = std::max(last, at);
  }
  EXPECT_LE(last, kNow + lifetime * 2 / 3);
  EXPECT_GE(first, kNow + lifetime * 2 / 3 - lifetime / 10);
  EXPECT_GT(last - first, lifetime / 15) << "the fleet rotates in one moment";
}

TEST(RotationPlan, NeverRotatesBeforeHalfOfWhatWasGrantedWhateverWasAskedFor) {
  const Policy policy;  // 90 days
  for (const std::int64_t granted : {60L, 3600L, 86400L, 7776000L, 63072000L}) {
    for (int i = 0; i < 50; ++i) {
      const auto at = rotate_at(note_of(granted), slot_id(i), policy);
      EXPECT_GE(at, kNow + granted * kSecond / 2);
      EXPECT_LT(at, kNow + granted * kSecond);
    }
  }
}

TEST(RotationPlan, TakesATokenWithoutExpiryToEndWhenItWasAskedTo) {
  const Policy policy;
  VersionNote endless = note_of(policy.lifetime_seconds);
  endless.expiry_time = -1;
  EXPECT_EQ(endless.ends_at(), kNow + policy.lifetime_seconds * kSecond);
  EXPECT_EQ(rotate_at(endless, kId, policy),
            rotate_at(note_of(policy.lifetime_seconds), kId, policy));
}

TEST(RotationPlan, LeavesGraceAndAnHourForRetriesBeforeTheExpiry) {
  const Policy policy{
      .lifetime_seconds = 100 * 3600, .rotate_before_seconds = 3600, .grace_seconds = 40 * 3600};
  ASSERT_TRUE(policy.check().ok());
  for (int i = 0; i < 50; ++i) {
    EXPECT_LE(rotate_at(note_of(policy.lifetime_seconds), slot_id(i), policy), kNow + 59 * kHour);
  }
}

TEST(RotationPlan, RefusesAPolicyUnderWhichNoMomentIsRight) {
  EXPECT_TRUE(Policy{}.check().ok());
  EXPECT_TRUE(Policy{.lifetime_seconds = 60}.check().ok());
  EXPECT_TRUE((Policy{.lifetime_seconds = 1000, .grace_seconds = 400}.check().ok()));
  for (const Policy& policy : {Policy{.lifetime_seconds = 0}, Policy{.lifetime_seconds = -1},
                               Policy{.lifetime_seconds = INT64_MAX},
                               Policy{.lifetime_seconds = 1000, .grace_seconds = 401},
                               Policy{.lifetime_seconds = 1000, .grace_seconds = -1},
                               Policy{.lifetime_seconds = 1000, .rotate_before_seconds = -1},
                               Policy{.lifetime_seconds = 1000, .rotate_before_seconds = 501},
                               Policy{.lifetime_seconds = 1000, .rotate_before_seconds = INT64_MAX},
                               Policy{.lifetime_seconds = 1000, .grace_seconds = INT64_MAX}}) {
    const auto checked = policy.check();
    ASSERT_FALSE(checked.ok()) << policy.lifetime_seconds;
    EXPECT_EQ(checked.error().reason, "POLICY_INVALID");
    EXPECT_FALSE(checked.error().hint.empty());
  }
}

Slot slot_with_current(std::int64_t lifetime_seconds) {
  Slot slot;
  slot.id = kId;
  slot.state = "active";
  slot.note.sweep_due_at = kNow + 1000 * kDay;
  slot.note.drift_checked_at = kNow + 1000 * kDay;
  slot.current = Slot::Version{1, note_of(lifetime_seconds)};
  return slot;
}

TEST(RotationPlan, BacksOffFromHalfAMinuteToAnHourAndNeverBeyondATenthOfWhatIsLeft) {
  Slot slot = slot_with_current(7776000);
  std::int64_t before = 0;
  for (slot.note.failures = 0; slot.note.failures < 100; ++slot.note.failures) {
    const std::int64_t wait = back_off_ms(slot, kNow);
    EXPECT_GE(wait, std::max(30 * kSecond, before));
    EXPECT_LE(wait, kHour);
    before = wait;
  }
  EXPECT_EQ(before, kHour);
  EXPECT_EQ(back_off_ms(slot, slot.current->note.ends_at() - 100 * kSecond), 10 * kSecond);
  EXPECT_EQ(back_off_ms(slot, slot.current->note.ends_at() + kDay), kSecond);
}

TEST(RotationPlan, WantsTheNextCallInTheFutureAlways) {
  Slot slot = slot_with_current(7776000);
  EXPECT_EQ(next_action_at(slot, kNow, Policy{}), rotate_at(slot.current->note, kId, Policy{}));
  const std::int64_t late = slot.current->note.ends_at() + kDay;
  EXPECT_GT(next_action_at(slot, late, Policy{}), late);
  EXPECT_LE(next_action_at(slot, late, Policy{}), late + kHour);
}

TEST(RotationPlan, WantsTheNextCallSoonForADebtWhoseMarkIsWritten) {
  Slot slot = slot_with_current(7776000);
  slot.previous.push_back({{2, note_of(7776000)}, kNow + 20 * kDay, true});
  EXPECT_LE(next_action_at(slot, kNow, Policy{}), kNow + kHour);
}

TEST(RotationPlan, CapsMintsAtSixADayOrThreePerLifetime) {
  EXPECT_EQ(mint_cap(slot_with_current(7776000), Policy{}), 6U);
  EXPECT_EQ(mint_cap(slot_with_current(6 * 3600), Policy{}), 12U);
  EXPECT_EQ(mint_window_ms(slot_with_current(6 * 3600), Policy{}), kDay);
  EXPECT_EQ(mint_cap(slot_with_current(120), Policy{}), 60U);
  EXPECT_EQ(mint_window_ms(slot_with_current(120), Policy{}), 40 * 60 * kSecond);
}

TEST(RotationPlan, RetiresTheOldestThatIsRipe) {
  Slot slot = slot_with_current(7776000);
  slot.now = kNow;
  EXPECT_EQ(next_to_retire(slot, kNow, true), nullptr);
  slot.previous.push_back({{4, note_of(7776000)}, std::nullopt, false});
  slot.previous.push_back({{3, note_of(7776000)}, kNow, false});
  slot.previous.push_back({{2, note_of(7776000)}, kNow - 1, false});
  slot.previous.push_back({{1, note_of(7776000)}, kNow + 1, false});
  EXPECT_EQ(next_to_retire(slot, kNow, false)->id, 2U);
  EXPECT_EQ(next_to_retire(slot, kNow, true)->id, 1U);
  slot.previous.resize(1);
  EXPECT_EQ(next_to_retire(slot, kNow, false), nullptr) << "nobody has said that it may go";
  slot.previous[0].retiring = true;
  EXPECT_NE(next_to_retire(slot, kNow, false), nullptr) << "its mark is written";
}

TEST(RotationPlan, TakesTheRemoteSidesTimeForAccurateToASecond) {
  Slot slot = slot_with_current(7776000);
  slot.now = kNow;
  slot.current->note.started_at = kNow;
  slot.previous.push_back({{2, note_of(7776000)}, kNow, false});
  settle_grace(slot, Policy{.grace_seconds = 0});
  EXPECT_NE(next_to_retire(slot, kNow - 900, false), nullptr) << "its Date has whole seconds";
  EXPECT_EQ(next_to_retire(slot, kNow - 2 * kSecond, false), nullptr);
}

TEST(RotationPlan, AnIntentIsNoTokenThatCouldHaveLeaked) {
  Slot slot;
  slot.pending = {{7, VersionNote{}}, false, false};
  note_leak(slot, {.leaked = true});
  EXPECT_TRUE(slot.note.leaked.empty());
}

// ---- What a list means ----

Issued listed(std::string id, const std::string& nonce) {
  return {.id = std::move(id),
          .creation_time = kNow,
          .expiry_time = kNow + kDay,
          .comment = marked_comment("x", {kId, nonce}),
          .owner_id = "me",
          .last_used_day = {},
          .scopes = {}};
}

TEST(RotationPlan, TakesForAnOrphanOnlyWhatIsOursByMarkerOwnerAndLogAndWasNeverUsed) {
  Slot slot = slot_with_current(7776000);
  slot.note.nonces[kNonce] = kNow + kDay;

  EXPECT_EQ(examine({listed("o", kNonce)}, slot, "me", kNow).orphans.size(), 1U);

  Issued other_owner = listed("o", kNonce);
  other_owner.owner_id = "you";
  Issued other_slot = listed("o", kNonce);
  other_slot.comment = marked_comment("x", {kOther, kNonce});
  Issued unmarked = listed("o", kNonce);
  unmarked.comment = "x";
  Issued expired = listed("o", kNonce);
  expired.expiry_time = kNow;
  for (const Issued& not_ours : {other_owner, other_slot, unmarked, expired, listed("t", kNonce)}) {
    const Findings found = examine({not_ours}, slot, "me", kNow);
    EXPECT_TRUE(found.orphans.empty());
    EXPECT_TRUE(found.strange.empty());
  }
}

TEST(RotationPlan, TakesForStrangeWhatIsOursButUsedOrNeverStaged) {
  Slot slot = slot_with_current(7776000);
  slot.note.nonces[kNonce] = kNow + kDay;
  Issued used = listed("o", kNonce);
  used.last_used_day = kNow;
  for (const Issued& strange : {used, listed("o", "00000000000000fe")}) {
    const Findings found = examine({strange}, slot, "me", kNow);
    EXPECT_TRUE(found.orphans.empty());
    EXPECT_EQ(found.strange.size(), 1U);
  }
}

// ---- Notes ----

TEST(RotationNote, OfAVersionReadsBackWhatItSays) {
  VersionNote note = note_of(100);
  note.nonce = kNonce;
  note.owner_id = "me";
  note.started_at = kNow - 1;
  note.scopes = {"sql", "files"};
  const VersionNote read = VersionNote::read(note.to_json("token_id"), "token_id");
  EXPECT_EQ(read.to_json("token_id"), note.to_json("token_id"));
  EXPECT_EQ(read.nonce, kNonce);
  EXPECT_EQ(read.scopes, note.scopes);
  EXPECT_EQ(read.ends_at(), note.ends_at());
  EXPECT_EQ(VersionNote::read(VersionNote{}.to_json("token_id"), "token_id").scopes, std::nullopt);
}

TEST(RotationNote, OfASlotReadsBackWhatItSays) {
  SlotNote note;
  note.binding = canonical_json(R"({"b":1,"a":"x"})");
  note.nonces[kNonce] = kNow + 1;
  note.mints = {kNow, kNow + 1};
  note.drift_checked_at = 1;
  note.sweep_due_at = 2;
  note.clean_lists = 3;
  note.failures = 4;
  const SlotNote read = SlotNote::read(note.to_json());
  EXPECT_EQ(read.binding, note.binding);
  EXPECT_EQ(read.mints, note.mints);
  EXPECT_EQ(read.drift_checked_at, 1);
  EXPECT_EQ(read.sweep_due_at, 2);
  EXPECT_EQ(read.clean_lists, 3);
  EXPECT_EQ(read.failures, 4);
  EXPECT_GE(read.nonces.at(kNonce), kNow + 1) << "forgotten before its token can be dead";
  EXPECT_EQ(canonical_json(R"({"a":"x","b":1})"), note.binding);
}

TEST(RotationNote, OfABindingIsTheSameTextWhateverTheOrderAtAnyDepth) {
  EXPECT_EQ(canonical_json(R"({"b": [1, {"d": {"f": null, "e": 2}, "c": "x"}], "a": true})"),
            R"({"a":true,"b":[1,{"c":"x","d":{"e":2,"f":null}}]})");
}

TEST(RotationNote, OfASlotStaysBelow16KiBWhateverHappens) {
  SlotNote note;
  note.binding = canonical_json(R"({"origin":"https://)" + std::string(253, 'x') +
                                R"(","application_id":")" + kId + R"(","issue":"own"})");
  for (std::uint64_t i = 0; i < 5000; ++i)
    note.nonces[nonce_text(i)] = kNow + static_cast<std::int64_t>(i) * kHour;
  Slot slot = slot_with_current(60);
  note.mints.assign(mint_cap(slot, Policy{}), kNow);
  EXPECT_LT(note.to_json().size(), 16U * 1024);
  const SlotNote read = SlotNote::read(note.to_json());
  EXPECT_EQ(read.nonces.size(), SlotNote::kMaxNonces);
  EXPECT_TRUE(read.nonces.contains(nonce_text(4999))) << "the last to end is the first to keep";
  EXPECT_FALSE(read.nonces.contains(nonce_text(0)));
}

TEST(RotationNote, OfADamagedSlotIsRefusedAsAWhole) {
  const std::string whole =
      R"({"slot":"s","created_at":1,"revision":1,"now":1,"state":"active","note":null,)"
      R"("current":{"version":1,"note":{"token_id":"t"}},"pending":null,"previous":[]})";
  ASSERT_TRUE(Slot::read(whole, {}).ok());
  for (const std::string& damaged :
       {std::string(), std::string("[]"), std::string("null"), whole.substr(0, 40),
        std::string(R"({"slot":"s"})"), whole + std::string("\0{}", 3),
        std::string(whole).replace(whole.find("[]"), 2, "7"),
        std::string(whole).replace(whole.find("[]"), 2, "[7]"),
        std::string(whole).replace(whole.find("\"t\""), 3, "\"\""),
        std::string(whole).replace(whole.find(":null,\"current"), 5,
                                   ":{\"nonces\":{\"a\":\"x\"}}")}) {
    const auto slot = Slot::read(damaged, {});
    ASSERT_FALSE(slot.ok()) << damaged;
    EXPECT_EQ(slot.error().reason, "SLOT_DAMAGED");
    EXPECT_EQ(slot.error().status, Status::kDataLoss);
  }
}

}  // namespace
}  // namespace hub::rotation
