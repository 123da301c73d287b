#include <gtest/gtest.h>
#include <hub/testing/memory_slot_store.hpp>

#include <string>

namespace {

using hub::Secret;
using hub::Status;
using hub::testing::MemorySlotStore;
using std::chrono::seconds;

constexpr std::string_view kSlot = "prod/token";

class MemorySlotStoreTest : public ::testing::Test {
 protected:
  std::uint64_t staged(std::uint64_t fence, std::string_view value) {
    const Secret secret(value);
    return *store_.stage(kSlot, fence, &secret, R"({"n":1})", {});
  }

  std::int64_t now_ = 1'000'000;
  MemorySlotStore store_{[this] { return now_; }, "a"};
  MemorySlotStore other_ = store_.as_holder("b");
};

TEST_F(MemorySlotStoreTest, ASecondHolderWaitsUntilTheLeaseRanOutAndThenFencesTheFirst) {
  const auto first = store_.begin(kSlot, seconds(10));
  const auto busy = other_.begin(kSlot, seconds(10));
  ASSERT_FALSE(busy.ok());
  EXPECT_EQ(busy.error().reason, "SLOT_BUSY");
  EXPECT_EQ(busy.error().retry_after_ms, 10'000);
  now_ += 10'000;
  EXPECT_TRUE(store_.renew(kSlot, first->fence, seconds(1)).ok());
  now_ += 1'000;
  ASSERT_TRUE(other_.begin(kSlot, seconds(10)).ok());
  const auto late = store_.note(kSlot, first->fence, "{}");
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().status, Status::kAborted);
  EXPECT_EQ(late.error().reason, "LEASE_LOST");
}

TEST_F(MemorySlotStoreTest, ADeadHoldersLeaseIsFreeAtOnce) {
  ASSERT_TRUE(store_.begin(kSlot, seconds(10)).ok());
  store_.die();
  EXPECT_TRUE(other_.begin(kSlot, seconds(10)).ok());
}

TEST_F(MemorySlotStoreTest, CommitMovesTheRolesInOneStepAndCanBeRepeated) {
  const auto fence = store_.begin(kSlot, seconds(10))->fence;
  const auto old_version = staged(fence, "old value");
  ASSERT_TRUE(store_.commit(kSlot, fence, old_version, seconds(5), {}, {}).ok());
  const auto new_version = staged(fence, "new value");
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(store_.commit(kSlot, fence, new_version, seconds(5), R"({"n":2})", "{}").ok());
    const auto seen = store_.look(kSlot);
    EXPECT_EQ(seen->current->id, new_version);
    EXPECT_EQ(seen->current->note, R"({"n":2})");
    ASSERT_EQ(seen->previous.size(), 1U);
    EXPECT_EQ(seen->previous[0].id, old_version);
    EXPECT_EQ(seen->previous[0].retire_after, now_ + 5'000);
    EXPECT_FALSE(seen->pending);
  }
  EXPECT_EQ(store_.current(kSlot)->reveal(), "new value");
  ASSERT_TRUE(store_.commit(kSlot, fence, old_version, seconds(5), {}, {}).ok()) << "a rollback";
  EXPECT_EQ(store_.current(kSlot)->reveal(), "old value");
}

TEST_F(MemorySlotStoreTest, AnIntentTakesItsValueOnceAndAnotherValueIsRefused) {
  const auto fence = store_.begin(kSlot, seconds(10))->fence;
  const auto intent = store_.stage(kSlot, fence, nullptr, "{}", {});
  EXPECT_EQ(*store_.stage(kSlot, fence, nullptr, "{}", {}), *intent);
  EXPECT_EQ(store_.read(kSlot, fence, *intent).error().status, Status::kNotFound);
  EXPECT_EQ(staged(fence, "value one"), *intent);
  EXPECT_EQ(staged(fence, "value one"), *intent);
  const Secret another("value two");
  EXPECT_EQ(store_.stage(kSlot, fence, &another, {}, {}).error().reason, "VERSION_UNUSABLE");
  const Secret empty;
  EXPECT_EQ(store_.stage(kSlot, fence, &empty, {}, {}).error().status, Status::kInvalidArgument);
  EXPECT_EQ(store_.read(kSlot, fence, *intent)->reveal(), "value one");
}

TEST_F(MemorySlotStoreTest, WhatIsMarkedIsNeverCommitted) {
  const auto fence = store_.begin(kSlot, seconds(10))->fence;
  const auto version = staged(fence, "value");
  EXPECT_FALSE(store_.mark(kSlot, fence, version, HUB_MARK_RETIRING, {}).ok());
  ASSERT_TRUE(store_.mark(kSlot, fence, version, HUB_MARK_DISCARD, {}).ok());
  EXPECT_EQ(store_.commit(kSlot, fence, version, seconds(0), {}, {}).error().status,
            Status::kFailedPrecondition);
  EXPECT_TRUE(store_.drop(kSlot, fence, version, {}).ok());
  EXPECT_TRUE(store_.drop(kSlot, fence, version, {}).ok()) << "repeated";
  EXPECT_FALSE(store_.look(kSlot)->pending);
}

TEST_F(MemorySlotStoreTest, CurrentIsDroppedOnlyFromASlotThatIsBeingRevoked) {
  const auto fence = store_.begin(kSlot, seconds(10))->fence;
  const auto version = staged(fence, "value");
  ASSERT_TRUE(store_.commit(kSlot, fence, version, seconds(0), {}, {}).ok());
  EXPECT_FALSE(store_.drop(kSlot, fence, version, {}).ok());
  ASSERT_TRUE(store_.set_state(kSlot, fence, HUB_SLOT_REVOKING, {}).ok());
  ASSERT_TRUE(store_.mark(kSlot, fence, version, HUB_MARK_RETIRING, {}).ok());
  EXPECT_FALSE(store_.current(kSlot).ok());
  EXPECT_TRUE(store_.drop(kSlot, fence, version, {}).ok());
  EXPECT_FALSE(store_.look(kSlot)->current);
}

TEST_F(MemorySlotStoreTest, AFaultAnswersUnavailableBeforeOrAfterTheEffect) {
  const auto fence = store_.begin(kSlot, seconds(10))->fence;
  store_.set_faults([](std::string_view function) {
    return function == "note" ? MemorySlotStore::Fault::kBefore : MemorySlotStore::Fault::kAfter;
  });
  EXPECT_EQ(store_.note(kSlot, fence, R"({"seen": 1})").error().reason, "STORE_UNAVAILABLE");
  EXPECT_EQ(store_.stage(kSlot, fence, nullptr, {}, {}).error().status, Status::kUnavailable);
  EXPECT_EQ(other_.look(kSlot)->note, "");
  EXPECT_TRUE(other_.look(kSlot)->pending);
}

TEST_F(MemorySlotStoreTest, ANoteOverSixteenKibibytesChangesNothing) {
  const auto fence = store_.begin(kSlot, seconds(10))->fence;
  const std::string large(16 * 1024 + 1, ' ');
  EXPECT_EQ(store_.stage(kSlot, fence, nullptr, {}, large).error().reason, "NOTE_TOO_LARGE");
  EXPECT_FALSE(store_.look(kSlot)->pending);
}

}  // namespace
