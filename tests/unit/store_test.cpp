#include "store_fixture.hpp"

#include <limits>
#include <string>

namespace sample_host {
namespace {

// ---- Versions ----

TEST_P(EachStoreTest, AnIntentBecomesAValueBecomesCurrent) {
  const std::uint64_t fence = begin();
  const auto intent = store().stage(kSlot, fence, nullptr, R"({"nonce":"a"})", R"({"log":["a"]})");
  ASSERT_TRUE(intent.ok());
  EXPECT_FALSE(look().pending->has_value);
  EXPECT_EQ(look().pending->note, R"({"nonce":"a"})");
  EXPECT_EQ(look().note, R"({"log":["a"]})");
  expect_error(store().read(kSlot, fence, *intent), Status::kNotFound, "VERSION_ABSENT");

  const Secret value("one");
  EXPECT_EQ(*store().stage(kSlot, fence, &value, R"({"token_id":"t"})", {}), *intent);
  EXPECT_TRUE(look().pending->has_value);
  EXPECT_EQ(look().pending->note, R"({"token_id":"t"})");
  EXPECT_EQ(look().note, R"({"log":["a"]})") << "an absent note changes nothing";
  EXPECT_EQ(store().read(kSlot, fence, *intent)->reveal(), "one");
  expect_error(store().current(kSlot), Status::kFailedPrecondition, "VERSION_ABSENT");

  EXPECT_OK(store().commit(kSlot, fence, *intent, 1h, R"({"verified":true})", "{}"));
  const hub::SlotSnapshot seen = look();
  EXPECT_FALSE(seen.pending.has_value());
  EXPECT_TRUE(seen.previous.empty());
  EXPECT_EQ(seen.current->id, *intent);
  EXPECT_EQ(seen.current->note, R"({"verified":true})");
  EXPECT_EQ(seen.note, "{}");
  EXPECT_EQ(store().current(kSlot)->reveal(), "one");
}

TEST_P(EachStoreTest, PreviousVersionsQueueUpNewestFirstEachWithItsGrace) {
  const std::uint64_t fence = begin();
  const std::uint64_t one = rotate(fence, "one");
  const std::uint64_t two = rotate(fence, "two", 1h);
  rotate(fence, "three", 2h);
  const auto previous = look().previous;
  ASSERT_EQ(previous.size(), 2U);
  EXPECT_EQ(previous[0].id, two);
  EXPECT_EQ(previous[0].retire_after, now_ + 7'200'000);
  EXPECT_EQ(previous[1].id, one);
  EXPECT_EQ(previous[1].retire_after, now_ + 3'600'000);
  EXPECT_FALSE(previous[0].retiring || previous[1].retiring);
  EXPECT_EQ(store().read(kSlot, fence, one)->reveal(), "one");
}

TEST_P(EachStoreTest, CommitOfTheNewestPreviousRollsBack) {
  const std::uint64_t fence = begin();
  const std::uint64_t one = rotate(fence, "one");
  const std::uint64_t two = rotate(fence, "two");
  const std::uint64_t three = rotate(fence, "three");
  expect_error(store().commit(kSlot, fence, one, 0ms, {}, {}), Status::kFailedPrecondition,
               "VERSION_UNUSABLE");
  EXPECT_OK(store().commit(kSlot, fence, two, 1h, {}, {}));
  const hub::SlotSnapshot seen = look();
  EXPECT_EQ(seen.current->id, two);
  ASSERT_EQ(seen.previous.size(), 2U);
  EXPECT_EQ(seen.previous[0].id, three);
  EXPECT_EQ(seen.previous[0].retire_after, now_ + 3'600'000);
  EXPECT_EQ(seen.previous[1].id, one);
  EXPECT_EQ(store().current(kSlot)->reveal(), "two");
}

TEST_P(EachStoreTest, AVersionsIdIsNeverUsedAgain) {
  const std::uint64_t fence = begin();
  const auto first = store().stage(kSlot, fence, nullptr, {}, {});
  EXPECT_OK(store().drop(kSlot, fence, *first, {}));
  restart();
  EXPECT_GT(*store().stage(kSlot, fence, nullptr, {}, {}), *first);
}

TEST_P(EachStoreTest, AnEmptyValueIsRefused) {
  const Secret empty;
  expect_error(store().stage(kSlot, begin(), &empty, {}, {}), Status::kInvalidArgument,
               "VERSION_UNUSABLE");
  EXPECT_FALSE(look().pending.has_value());
}

TEST_P(EachStoreTest, APendingVersionWithAValueTakesNoOtherAndNoIntent) {
  const std::uint64_t fence = begin();
  const Secret one("one");
  const Secret two("two");
  const auto version = store().stage(kSlot, fence, &one, R"({"n":1})", {});
  ASSERT_TRUE(version.ok());
  expect_error(store().stage(kSlot, fence, &two, R"({"n":2})", "{}"), Status::kFailedPrecondition,
               "VERSION_UNUSABLE");
  expect_error(store().stage(kSlot, fence, nullptr, R"({"n":2})", "{}"),
               Status::kFailedPrecondition, "VERSION_UNUSABLE");
  EXPECT_EQ(look().pending->note, R"({"n":1})");
  EXPECT_EQ(look().note, "") << "what is refused changes nothing";
  EXPECT_EQ(store().read(kSlot, fence, *version)->reveal(), "one");
}

TEST_P(EachStoreTest, CommitRefusesAnIntentADiscardedOneAndOneThatIsNotThere) {
  const std::uint64_t fence = begin();
  const auto version = store().stage(kSlot, fence, nullptr, {}, {});
  expect_error(store().commit(kSlot, fence, *version, 0ms, {}, {}), Status::kFailedPrecondition,
               "VERSION_UNUSABLE");
  const Secret value("one");
  EXPECT_OK(store().stage(kSlot, fence, &value, {}, {}));
  EXPECT_OK(store().mark(kSlot, fence, *version, HUB_MARK_DISCARD, {}));
  EXPECT_TRUE(look().pending->discard);
  expect_error(store().commit(kSlot, fence, *version, 0ms, {}, {}), Status::kFailedPrecondition,
               "VERSION_UNUSABLE");
  expect_error(store().stage(kSlot, fence, &value, {}, {}), Status::kFailedPrecondition,
               "VERSION_UNUSABLE");
  expect_error(store().commit(kSlot, fence, 99, 0ms, {}, {}), Status::kNotFound, "VERSION_ABSENT");
}

TEST_P(EachStoreTest, ARetiringVersionIsNotRolledBackTo) {
  const std::uint64_t fence = begin();
  const std::uint64_t one = rotate(fence, "one");
  rotate(fence, "two");
  EXPECT_OK(store().mark(kSlot, fence, one, HUB_MARK_RETIRING, R"({"sweep":1})"));
  EXPECT_TRUE(look().previous[0].retiring);
  EXPECT_EQ(look().note, R"({"sweep":1})");
  expect_error(store().commit(kSlot, fence, one, 0ms, {}, {}), Status::kFailedPrecondition,
               "VERSION_UNUSABLE");
}

TEST_P(EachStoreTest, AMarkFitsTheRole) {
  const std::uint64_t fence = begin();
  const std::uint64_t one = rotate(fence, "one");
  const std::uint64_t two = rotate(fence, "two");
  const std::uint64_t three = *store().stage(kSlot, fence, nullptr, {}, {});
  const auto refused = [&](std::uint64_t version, hub_mark mark) {
    expect_error(store().mark(kSlot, fence, version, mark, "{}"), Status::kFailedPrecondition,
                 "VERSION_UNUSABLE");
  };
  refused(one, HUB_MARK_DISCARD);
  refused(two, HUB_MARK_DISCARD);
  refused(two, HUB_MARK_RETIRING);
  refused(three, HUB_MARK_RETIRING);
  expect_error(store().mark(kSlot, fence, one, 3, {}), Status::kInvalidArgument,
               "VERSION_UNUSABLE");
  expect_error(store().mark(kSlot, fence, 99, HUB_MARK_RETIRING, {}), Status::kNotFound,
               "VERSION_ABSENT");
  EXPECT_EQ(look().note, "");
}

TEST_P(EachStoreTest, CurrentIsMarkedAndDroppedOnlyInASlotThatIsBeingRevoked) {
  const std::uint64_t fence = begin();
  const std::uint64_t one = rotate(fence, "one");
  expect_error(store().drop(kSlot, fence, one, {}), Status::kFailedPrecondition,
               "VERSION_UNUSABLE");
  EXPECT_OK(store().set_state(kSlot, fence, HUB_SLOT_REVOKING, R"({"why":"all"})"));
  EXPECT_EQ(look().state, HUB_SLOT_REVOKING);
  EXPECT_EQ(look().note, R"({"why":"all"})");
  EXPECT_EQ(store().current(kSlot)->reveal(), "one");
  EXPECT_OK(store().mark(kSlot, fence, one, HUB_MARK_RETIRING, {}));
  expect_error(store().current(kSlot), Status::kFailedPrecondition, "VERSION_UNUSABLE");
  expect_error(store().commit(kSlot, fence, one, 0ms, {}, {}), Status::kFailedPrecondition,
               "VERSION_UNUSABLE");
  EXPECT_OK(store().drop(kSlot, fence, one, {}));
  EXPECT_OK(store().set_state(kSlot, fence, HUB_SLOT_REVOKED, {}));
  EXPECT_FALSE(look().current.has_value());
  expect_error(store().current(kSlot), Status::kFailedPrecondition, "VERSION_ABSENT");
}

TEST_P(EachStoreTest, AStateThatDoesNotExistIsRefused) {
  expect_error(store().set_state(kSlot, begin(), 7, {}), Status::kInvalidArgument,
               "VERSION_UNUSABLE");
}

TEST_P(EachStoreTest, WhatNeverWasCannotBeReadOrDropped) {
  expect_error(store().current(kSlot), Status::kFailedPrecondition, "SLOT_ABSENT");
  const std::uint64_t fence = begin();
  expect_error(store().read(kSlot, fence, 1), Status::kNotFound, "VERSION_ABSENT");
  expect_error(store().drop(kSlot, fence, 1, {}), Status::kNotFound, "VERSION_ABSENT");
  expect_error(store().drop(kSlot, fence, 0, {}), Status::kNotFound, "VERSION_ABSENT");
}

TEST_P(EachStoreTest, AGraceLongerThanTimeIsNoOverflowAndANegativeOneIsNone) {
  const std::uint64_t fence = begin();
  rotate(fence, "one");
  rotate(fence, "two", std::chrono::milliseconds::max());
  EXPECT_EQ(look().previous[0].retire_after, std::numeric_limits<std::int64_t>::max());
  rotate(fence, "three", -1h);
  EXPECT_EQ(look().previous[0].retire_after, now_);
}

TEST_P(EachStoreTest, ANoteOfSixteenKibibytesIsKeptAndALargerOneChangesNothing) {
  const std::uint64_t fence = begin();
  const std::string fits(16 * 1024, 'x');
  const std::string large(16 * 1024 + 1, 'x');
  EXPECT_OK(store().note(kSlot, fence, fits));
  EXPECT_EQ(look().note, fits);
  expect_error(store().note(kSlot, fence, large), Status::kInvalidArgument, "NOTE_TOO_LARGE");
  expect_error(store().stage(kSlot, fence, nullptr, {}, large), Status::kInvalidArgument,
               "NOTE_TOO_LARGE");
  expect_error(store().stage(kSlot, fence, nullptr, large, {}), Status::kInvalidArgument,
               "NOTE_TOO_LARGE");
  EXPECT_FALSE(look().pending.has_value());
}

TEST_P(EachStoreTest, NotesAndValuesOfAnyBytesComeBackAsTheyWere) {
  const std::uint64_t fence = begin();
  const std::string bytes("a\0'\xff\n\";--", 9);
  const Secret value(bytes);
  const auto version = store().stage(kSlot, fence, &value, R"({"name":"O'Hara \u00fc"})", {});
  restart();
  EXPECT_EQ(store().read(kSlot, fence, *version)->reveal(), bytes);
  EXPECT_EQ(look().pending->note, R"({"name":"O'Hara \u00fc"})");
}

TEST_P(EachStoreTest, EverythingIsThereAfterARestart) {
  const std::uint64_t fence = begin();
  const std::string id = look().id;
  rotate(fence, "one");
  rotate(fence, "two", 1h);
  EXPECT_OK(store().note(kSlot, fence, R"({"kept":1})"));
  restart();
  now_ += 75'000;
  const auto begun = store().begin(kSlot, 75s);
  ASSERT_TRUE(begun.ok());
  EXPECT_EQ(begun->fence, fence + 1);
  EXPECT_EQ(begun->snapshot.id, id);
  EXPECT_EQ(begun->snapshot.note, R"({"kept":1})");
  EXPECT_EQ(begun->snapshot.previous.size(), 1U);
  EXPECT_EQ(store().current(kSlot)->reveal(), "two");
}

TEST_P(EachStoreTest, SlotsDoNotTouchEachOther) {
  const std::uint64_t fence = begin();
  rotate(fence, "one");
  const auto other = store().begin("other/token", 75s);
  const Secret value("other");
  const auto version = store().stage("other/token", other->fence, &value, {}, {});
  EXPECT_OK(store().commit("other/token", other->fence, *version, 0ms, {}, {}));
  EXPECT_EQ(store().current(kSlot)->reveal(), "one");
  EXPECT_EQ(store().current("other/token")->reveal(), "other");
  EXPECT_TRUE(look().previous.empty());
}

INSTANTIATE_TEST_SUITE_P(Slots, EachStoreTest,
                         testing::Values(Kind::kSqlite, Kind::kPostgres, Kind::kMemory),
                         [](const auto& each) { return name_of(each.param); });

}  // namespace
}  // namespace sample_host
