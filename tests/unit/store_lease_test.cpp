#include "store_fixture.hpp"

#include <sched.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace sample_host {
namespace {

using StoreLeaseTest = EachStoreTest;

// ---- Slots, leases, fences ----

TEST_P(StoreLeaseTest, BeginMakesTheSlotWithALowerCaseRandomUuid) {
  const auto begun = store().begin(kSlot, 75s);
  ASSERT_TRUE(begun.ok());
  EXPECT_EQ(begun->fence, 1U);
  const hub::SlotSnapshot& made = begun->snapshot;
  EXPECT_EQ(made.id.size(), 36U);
  EXPECT_EQ(made.id.find_first_not_of("0123456789abcdef-"), std::string::npos);
  EXPECT_EQ(made.id[14], '4');
  EXPECT_EQ(made.created_at, now_);
  EXPECT_EQ(made.now, now_);
  EXPECT_EQ(made.revision, 1U);
  EXPECT_EQ(made.state, HUB_SLOT_ACTIVE);
  EXPECT_EQ(made.note, "");
  EXPECT_FALSE(made.current || made.pending || !made.previous.empty());
  EXPECT_NE(store().begin("other/token", 75s)->snapshot.id, made.id);
}

TEST_P(StoreLeaseTest, OnlyBeginMovesTheRevision) {
  const std::uint64_t fence = begin();
  rotate(fence, "one");
  EXPECT_OK(store().note(kSlot, fence, "{}"));
  EXPECT_OK(store().renew(kSlot, fence, 200s));
  EXPECT_OK(store().end(kSlot, fence));
  EXPECT_EQ(look().revision, fence);
  EXPECT_EQ(begin(), fence + 1);
}

TEST_P(StoreLeaseTest, LookingMakesNoSlot) {
  expect_error(store().look(kSlot), Status::kNotFound, "SLOT_ABSENT");
  expect_error(store().look(kSlot), Status::kNotFound, "SLOT_ABSENT");
}

TEST_P(StoreLeaseTest, ASlotThatAnotherCallOfThisProcessHoldsIsBusyForTheTimeLeft) {
  begin();
  now_ += 30'000;
  const auto second = store().begin(kSlot, 75s);
  expect_error(second, Status::kUnavailable, "SLOT_BUSY");
  EXPECT_EQ(second.error().retry, hub::Retry::kSameCall);
  EXPECT_EQ(second.error().retry_after_ms, 45'000);
  EXPECT_EQ(look().revision, 1U);
}

TEST_P(StoreLeaseTest, ABusySlotAsksForAWaitOfAtMostAMinuteAndAtLeastATenthOfASecond) {
  EXPECT_OK(store().begin(kSlot, 24h));
  EXPECT_EQ(store().begin(kSlot, 75s).error().retry_after_ms, 60'000);
  now_ += 24 * 3600 * 1000 - 1;
  EXPECT_EQ(store().begin(kSlot, 75s).error().retry_after_ms, 100);
}

TEST_P(StoreLeaseTest, ALeaseThatRanOutCanBeTaken) {
  begin();
  now_ += 75'000;
  EXPECT_EQ(begin(), 2U);
}

TEST_P(StoreLeaseTest, ALeaseThatWasGivenBackCanBeTakenAtOnce) {
  EXPECT_OK(store().end(kSlot, begin()));
  EXPECT_EQ(begin(), 2U);
}

TEST_P(StoreLeaseTest, ALeaseLongerThanTimeIsNoOverflow) {
  EXPECT_OK(store().begin(kSlot, std::chrono::milliseconds::max()));
  expect_error(store().begin(kSlot, 75s), Status::kUnavailable, "SLOT_BUSY");
}

TEST_P(StoreLeaseTest, RenewExtendsALeaseThatRanOutAndThatNobodyTook) {
  const std::uint64_t fence = begin();
  now_ += 100'000;
  EXPECT_OK(store().renew(kSlot, fence, 10s));
  expect_error(store().begin(kSlot, 75s), Status::kUnavailable, "SLOT_BUSY");
  now_ += 10'000;
  EXPECT_EQ(begin(), fence + 1);
  expect_error(store().renew(kSlot, fence, 10s), Status::kAborted, "LEASE_LOST");
}

TEST_P(StoreLeaseTest, RenewWritesNothingWhileEnoughIsLeft) {
  const std::uint64_t fence = begin();
  const std::string until = ask("SELECT CAST(lease_until AS TEXT) FROM slot");
  const auto written = [this] {
    return kind_ == Kind::kSqlite ? std::to_string(fs::file_size(file_.string() + "-wal"))
                                  : ask("SELECT CAST(xmin AS TEXT) FROM slot");
  };
  const std::string before = written();
  EXPECT_OK(store().renew(kSlot, fence, 60s));
  EXPECT_EQ(ask("SELECT CAST(lease_until AS TEXT) FROM slot"), until);
  EXPECT_EQ(written(), before);
  EXPECT_OK(store().renew(kSlot, fence, 76s));
  EXPECT_NE(ask("SELECT CAST(lease_until AS TEXT) FROM slot"), until);
}

TEST_P(StoreLeaseTest, AValueIsReadUnderItsFenceAlone) {
  const std::uint64_t fence = begin();
  const std::uint64_t one = rotate(fence, "one");
  now_ += 75'000;
  EXPECT_EQ(begin(), fence + 1);
  expect_error(store().read(kSlot, fence, one), Status::kAborted, "LEASE_LOST");
  EXPECT_EQ(store().read(kSlot, fence + 1, one)->reveal(), "one");
}

TEST_P(StoreLeaseTest, OfTwoThreadsThatBeginAtOnceOneGetsTheSlot) {
  store();
  std::atomic<int> got = 0;
  std::atomic<int> busy = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const auto begun = store_->begin(kSlot, 75s);
      if (begun) {
        ++got;
      } else if (begun.error().reason == "SLOT_BUSY") {
        ++busy;
      }
    });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(got, 1);
  EXPECT_EQ(busy, 3);
}

// ---- Other processes ----

TEST_P(StoreLeaseTest, ALiveProcessKeepsItsLeaseAndAKilledOneLosesItAtOnce) {
  const Child holder([&](const auto& ready) {
    const auto held = open();
    if (!held->begin(kSlot, 75s)) return 1;
    ready();
    return ::pause();
  });
  holder.await();
  expect_error(store().begin(kSlot, 75s), Status::kUnavailable, "SLOT_BUSY");
  holder.kill();
  EXPECT_EQ(begin(), 2U) << "a zombie holds nothing";
}

TEST_P(StoreLeaseTest, AProcessThatEndedAndIsGoneHoldsNothing) {
  Child holder([&](const auto&) { return open()->begin(kSlot, 75s) ? 0 : 1; });
  ASSERT_EQ(holder.exit_code(), 0);
  EXPECT_EQ(begin(), 2U);
}

TEST_P(StoreLeaseTest, AnotherProcessWithTheHoldersNumberIsNotTheHolder) {
  begin();
  tamper("UPDATE slot SET lease_holder = lease_holder || '1'");  // a later start time
  EXPECT_EQ(begin(), 2U);
}

TEST_P(StoreLeaseTest, AHolderOfAnotherBootOrNamespaceOrOfUnknownNameKeepsItsLeaseUntilItRunsOut) {
  for (const char* holder :
       {"'0' || lease_holder", "replace(lease_holder, 'pid:[', 'pid:[9')", "''", "'0 0'"}) {
    const std::uint64_t fence = begin();
    tamper(std::string("UPDATE slot SET lease_holder = ") + holder);
    expect_error(store().begin(kSlot, 75s), Status::kUnavailable, "SLOT_BUSY");
    now_ += 75'000;
    EXPECT_EQ(begin(), fence + 1);
    EXPECT_OK(store().end(kSlot, fence + 1));
  }
}

TEST_P(StoreLeaseTest, WhatWasStagedIsThereAfterItsProcessWasKilled) {
  const Child writer([&](const auto& ready) {
    const auto held = open();
    const Secret value(kCanary);
    const auto begun = held->begin(kSlot, 75s);
    if (!begun || !held->stage(kSlot, begun->fence, &value, R"({"nonce":"a"})", "{}")) return 1;
    ready();
    return ::pause();
  });
  writer.await();
  writer.kill();
  const std::uint64_t fence = begin();
  const auto pending = look().pending;
  ASSERT_TRUE(pending.has_value());
  EXPECT_TRUE(pending->has_value);
  EXPECT_EQ(pending->note, R"({"nonce":"a"})");
  EXPECT_EQ(store().read(kSlot, fence, pending->id)->reveal(), kCanary);
}

TEST_P(StoreLeaseTest, SeveralProcessesThatRotateOneSlotLoseNoStep) {
  constexpr int kProcesses = 3;
  constexpr int kRotations = 15;
  std::vector<std::unique_ptr<Child>> children;
  for (int i = 0; i < kProcesses; ++i) {
    children.push_back(std::make_unique<Child>([&](const auto&) {
      const auto mine = open();
      for (int done = 0; done < kRotations;) {
        const auto begun = mine->begin(kSlot, 75s);
        if (!begun && begun.error().reason != "SLOT_BUSY") return 1;
        if (!begun) {
          ::sched_yield();
          continue;
        }
        const Secret value("value");
        const auto version = mine->stage(kSlot, begun->fence, &value, {}, {});
        if (!version || !mine->commit(kSlot, begun->fence, *version, 0ms, {}, {})) return 2;
        for (const auto& old : begun->snapshot.previous) {
          if (!mine->drop(kSlot, begun->fence, old.id, {})) return 3;
        }
        if (!mine->end(kSlot, begun->fence)) return 4;
        ++done;
      }
      return 0;
    }));
  }
  for (const auto& each : children) EXPECT_EQ(each->exit_code(), 0);
  const hub::SlotSnapshot seen = look();
  EXPECT_EQ(seen.revision, static_cast<std::uint64_t>(kProcesses * kRotations));
  ASSERT_TRUE(seen.current.has_value());
  EXPECT_EQ(seen.current->id, static_cast<std::uint64_t>(kProcesses * kRotations));
}

TEST_P(StoreLeaseTest, SeveralProcessesThatMakeTheStoreAtOnceMakeOneStoreWithOneKey) {
  std::vector<std::unique_ptr<Child>> children;
  for (int i = 0; i < 4; ++i) {
    const std::string slot = "slot/" + std::to_string(i);
    children.push_back(std::make_unique<Child>([this, slot](const auto&) {
      const auto mine = open();
      const auto begun = mine->begin(slot, 75s);
      const Secret value(kCanary);
      if (!begun) return 1;
      return mine->stage(slot, begun->fence, &value, {}, {}) ? 0 : 2;
    }));
  }
  for (const auto& each : children) EXPECT_EQ(each->exit_code(), 0);
  for (int i = 0; i < 4; ++i) {
    const std::string slot = "slot/" + std::to_string(i);
    const auto begun = store().begin(slot, 75s);
    ASSERT_TRUE(begun.ok());
    EXPECT_EQ(store().read(slot, begun->fence, 1)->reveal(), kCanary);
  }
}

INSTANTIATE_TEST_SUITE_P(Databases, StoreLeaseTest, testing::Values(Kind::kSqlite, Kind::kPostgres),
                         [](const auto& each) { return name_of(each.param); });

}  // namespace
}  // namespace sample_host
