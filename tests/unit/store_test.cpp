#include <store/sqlite_slot_store.hpp>

#include <hub/host.hpp>

#include <Poco/Data/SQLite/Connector.h>
#include <Poco/Data/Session.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace sample_host {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using namespace Poco::Data::Keywords;
using hub::Secret;
using hub::Status;

constexpr const char* kSlot = "prod/token";
constexpr const char* kCanary = "dapi-canary-77aa1c";

/// Another process that opens the store itself. SQLite does not survive fork(), so no store of the
/// test's own may be open when one is made.
class Child {
 public:
  /// `work` gets a function that tells the parent to go on.
  explicit Child(const std::function<int(const std::function<void()>& ready)>& work) {
    int ends[2] = {-1, -1};
    if (::pipe(ends) != 0) throw std::runtime_error("pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(ends[0]);
      ::alarm(60);
      ::_exit(work([&] { ::close(ends[1]); }));
    }
    ::close(ends[1]);
    ready_ = ends[0];
  }
  ~Child() {
    ::close(ready_);
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Until it is ready, or has ended.
  void await() const {
    char byte = 0;
    EXPECT_EQ(::read(ready_, &byte, 1), 0);
  }
  /// Killed, but not waited for: a zombie until this object ends.
  void kill() const {
    ::kill(pid_, SIGKILL);
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT);
  }
  int exit_code() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t pid_ = 0;
  int ready_ = -1;
};

class StoreTest : public testing::Test {
 protected:
  StoreTest() {
    char name[] = "/tmp/store_test.XXXXXX";
    directory_ = ::mkdtemp(name);
    file_ = directory_ / "store.db";
    key_file_ = directory_ / "store.key";
  }
  ~StoreTest() override {
    store_.reset();
    fs::remove_all(directory_);
  }

  std::unique_ptr<SqliteSlotStore> open() const {
    return std::make_unique<SqliteSlotStore>(file_, key_file_, [this] { return now_.load(); });
  }
  SqliteSlotStore& store() {
    if (!store_) store_ = open();
    return *store_;
  }
  void restart() { store_.reset(); }

  /// What opening the store is refused with.
  hub::Error refusal() const {
    try {
      open();
    } catch (const hub::Refused& refused) {
      EXPECT_FALSE(refused.error.message.empty());
      EXPECT_FALSE(refused.error.hint.empty());
      return refused.error;
    }
    ADD_FAILURE() << "the store was opened";
    return {};
  }

  std::uint64_t begin() {
    auto begun = store().begin(kSlot, 75s);
    if (!begun) throw std::runtime_error(begun.error().message);
    return begun->fence;
  }
  hub::SlotSnapshot look() {
    auto seen = store().look(kSlot);
    if (!seen) throw std::runtime_error(seen.error().message);
    return *std::move(seen);
  }
  /// Stages `value` and makes it current; its version.
  std::uint64_t rotate(std::uint64_t fence, const char* value,
                       std::chrono::milliseconds grace = 0ms) {
    const Secret secret(value);
    const auto version = store().stage(kSlot, fence, &secret, "{}", {});
    if (!version) throw std::runtime_error(version.error().message);
    const auto done = store().commit(kSlot, fence, *version, grace, {}, {});
    if (!done) throw std::runtime_error(done.error().message);
    return *version;
  }

  /// Runs SQL behind the store's back.
  void tamper(const std::string& sql) const {
    Poco::Data::SQLite::Connector::registerConnector();
    Poco::Data::Session session("SQLite", file_.string());
    session << sql, Poco::Data::Keywords::now;
  }
  std::string ask(const std::string& sql) const {
    Poco::Data::SQLite::Connector::registerConnector();
    Poco::Data::Session session("SQLite", file_.string());
    std::string answer;
    session << sql, into(answer), Poco::Data::Keywords::now;
    return answer;
  }

  /// All bytes of all files of the store.
  std::string bytes() const {
    std::string all;
    for (const auto& each : fs::directory_iterator(directory_)) {
      std::ifstream in(each.path(), std::ios::binary);
      all.append(std::istreambuf_iterator<char>(in), {});
    }
    return all;
  }

  fs::path directory_;
  fs::path file_;
  fs::path key_file_;
  std::atomic<std::int64_t> now_ = 1'700'000'000'000;
  std::unique_ptr<SqliteSlotStore> store_;
};

template <class T>
void expect_error(const hub::Result<T>& got, Status status, const char* reason) {
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().status, status) << got.error().message;
  EXPECT_EQ(got.error().reason, reason) << got.error().message;
  EXPECT_FALSE(got.error().message.empty());
}

#define EXPECT_OK(expression)                                                \
  do {                                                                       \
    const auto result = (expression);                                        \
    EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message); \
  } while (false)

// ---- Slots, leases, fences ----

TEST_F(StoreTest, BeginMakesTheSlotWithALowerCaseRandomUuid) {
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

TEST_F(StoreTest, OnlyBeginMovesTheRevision) {
  const std::uint64_t fence = begin();
  rotate(fence, "one");
  EXPECT_OK(store().note(kSlot, fence, "{}"));
  EXPECT_OK(store().renew(kSlot, fence, 200s));
  EXPECT_OK(store().end(kSlot, fence));
  EXPECT_EQ(look().revision, fence);
  EXPECT_EQ(begin(), fence + 1);
}

TEST_F(StoreTest, LookingMakesNoSlot) {
  expect_error(store().look(kSlot), Status::kNotFound, "SLOT_ABSENT");
  expect_error(store().look(kSlot), Status::kNotFound, "SLOT_ABSENT");
}

TEST_F(StoreTest, ASlotThatAnotherCallOfThisProcessHoldsIsBusyForTheTimeLeft) {
  begin();
  now_ += 30'000;
  const auto second = store().begin(kSlot, 75s);
  expect_error(second, Status::kUnavailable, "SLOT_BUSY");
  EXPECT_EQ(second.error().retry, hub::Retry::kSameCall);
  EXPECT_EQ(second.error().retry_after_ms, 45'000);
  EXPECT_EQ(look().revision, 1U);
}

TEST_F(StoreTest, ABusySlotAsksForAWaitOfAtMostAMinuteAndAtLeastATenthOfASecond) {
  EXPECT_OK(store().begin(kSlot, 24h));
  EXPECT_EQ(store().begin(kSlot, 75s).error().retry_after_ms, 60'000);
  now_ += 24 * 3600 * 1000 - 1;
  EXPECT_EQ(store().begin(kSlot, 75s).error().retry_after_ms, 100);
}

TEST_F(StoreTest, ALeaseThatRanOutCanBeTaken) {
  begin();
  now_ += 75'000;
  EXPECT_EQ(begin(), 2U);
}

TEST_F(StoreTest, ALeaseThatWasGivenBackCanBeTakenAtOnce) {
  EXPECT_OK(store().end(kSlot, begin()));
  EXPECT_EQ(begin(), 2U);
}

TEST_F(StoreTest, ALeaseLongerThanTimeIsNoOverflow) {
  EXPECT_OK(store().begin(kSlot, std::chrono::milliseconds::max()));
  expect_error(store().begin(kSlot, 75s), Status::kUnavailable, "SLOT_BUSY");
}

TEST_F(StoreTest, RenewExtendsALeaseThatRanOutAndThatNobodyTook) {
  const std::uint64_t fence = begin();
  now_ += 100'000;
  EXPECT_OK(store().renew(kSlot, fence, 10s));
  expect_error(store().begin(kSlot, 75s), Status::kUnavailable, "SLOT_BUSY");
  now_ += 10'000;
  EXPECT_EQ(begin(), fence + 1);
  expect_error(store().renew(kSlot, fence, 10s), Status::kAborted, "LEASE_LOST");
}

TEST_F(StoreTest, RenewWritesNothingWhileEnoughIsLeft) {
  const std::uint64_t fence = begin();
  const std::string until = ask("SELECT CAST(lease_until AS TEXT) FROM slot");
  const auto size = fs::file_size(file_.string() + "-wal");
  EXPECT_OK(store().renew(kSlot, fence, 60s));
  EXPECT_EQ(ask("SELECT CAST(lease_until AS TEXT) FROM slot"), until);
  EXPECT_EQ(fs::file_size(file_.string() + "-wal"), size);
  EXPECT_OK(store().renew(kSlot, fence, 76s));
  EXPECT_NE(ask("SELECT CAST(lease_until AS TEXT) FROM slot"), until);
}

TEST_F(StoreTest, OfTwoThreadsThatBeginAtOnceOneGetsTheSlot) {
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

TEST_F(StoreTest, ALiveProcessKeepsItsLeaseAndAKilledOneLosesItAtOnce) {
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

TEST_F(StoreTest, AProcessThatEndedAndIsGoneHoldsNothing) {
  Child holder([&](const auto&) { return open()->begin(kSlot, 75s) ? 0 : 1; });
  ASSERT_EQ(holder.exit_code(), 0);
  EXPECT_EQ(begin(), 2U);
}

TEST_F(StoreTest, AnotherProcessWithTheHoldersNumberIsNotTheHolder) {
  begin();
  tamper("UPDATE slot SET lease_holder = lease_holder || '1'");  // a later start time
  EXPECT_EQ(begin(), 2U);
}

TEST_F(StoreTest, AHolderOfAnotherBootOrNamespaceOrOfUnknownNameKeepsItsLeaseUntilItRunsOut) {
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

TEST_F(StoreTest, WhatWasStagedIsThereAfterItsProcessWasKilled) {
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

TEST_F(StoreTest, SeveralProcessesThatRotateOneSlotLoseNoStep) {
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

TEST_F(StoreTest, SeveralProcessesThatMakeTheStoreAtOnceMakeOneStoreWithOneKey) {
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

// ---- Versions ----

TEST_F(StoreTest, AnIntentBecomesAValueBecomesCurrent) {
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

TEST_F(StoreTest, PreviousVersionsQueueUpNewestFirstEachWithItsGrace) {
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

TEST_F(StoreTest, CommitOfTheNewestPreviousRollsBack) {
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

TEST_F(StoreTest, AVersionsIdIsNeverUsedAgain) {
  const std::uint64_t fence = begin();
  const auto first = store().stage(kSlot, fence, nullptr, {}, {});
  EXPECT_OK(store().drop(kSlot, fence, *first, {}));
  restart();
  EXPECT_GT(*store().stage(kSlot, fence, nullptr, {}, {}), *first);
}

TEST_F(StoreTest, AnEmptyValueIsRefused) {
  const Secret empty;
  expect_error(store().stage(kSlot, begin(), &empty, {}, {}), Status::kInvalidArgument,
               "VERSION_UNUSABLE");
  EXPECT_FALSE(look().pending.has_value());
}

TEST_F(StoreTest, APendingVersionWithAValueTakesNoOtherAndNoIntent) {
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

TEST_F(StoreTest, CommitRefusesAnIntentADiscardedOneAndOneThatIsNotThere) {
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

TEST_F(StoreTest, ARetiringVersionIsNotRolledBackTo) {
  const std::uint64_t fence = begin();
  const std::uint64_t one = rotate(fence, "one");
  rotate(fence, "two");
  EXPECT_OK(store().mark(kSlot, fence, one, HUB_MARK_RETIRING, R"({"sweep":1})"));
  EXPECT_TRUE(look().previous[0].retiring);
  EXPECT_EQ(look().note, R"({"sweep":1})");
  expect_error(store().commit(kSlot, fence, one, 0ms, {}, {}), Status::kFailedPrecondition,
               "VERSION_UNUSABLE");
}

TEST_F(StoreTest, AMarkFitsTheRole) {
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

TEST_F(StoreTest, CurrentIsMarkedAndDroppedOnlyInASlotThatIsBeingRevoked) {
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

TEST_F(StoreTest, AStateThatDoesNotExistIsRefused) {
  expect_error(store().set_state(kSlot, begin(), 7, {}), Status::kInvalidArgument,
               "VERSION_UNUSABLE");
}

TEST_F(StoreTest, WhatNeverWasCannotBeReadOrDropped) {
  expect_error(store().current(kSlot), Status::kFailedPrecondition, "SLOT_ABSENT");
  const std::uint64_t fence = begin();
  expect_error(store().read(kSlot, fence, 1), Status::kNotFound, "VERSION_ABSENT");
  expect_error(store().drop(kSlot, fence, 1, {}), Status::kNotFound, "VERSION_ABSENT");
  expect_error(store().drop(kSlot, fence, 0, {}), Status::kNotFound, "VERSION_ABSENT");
}

TEST_F(StoreTest, AGraceLongerThanTimeIsNoOverflowAndANegativeOneIsNone) {
  const std::uint64_t fence = begin();
  rotate(fence, "one");
  rotate(fence, "two", std::chrono::milliseconds::max());
  EXPECT_EQ(look().previous[0].retire_after, std::numeric_limits<std::int64_t>::max());
  rotate(fence, "three", -1h);
  EXPECT_EQ(look().previous[0].retire_after, now_);
}

TEST_F(StoreTest, ANoteOfSixteenKibibytesIsKeptAndALargerOneChangesNothing) {
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

TEST_F(StoreTest, NotesAndValuesOfAnyBytesComeBackAsTheyWere) {
  const std::uint64_t fence = begin();
  const std::string bytes("a\0'\xff\n\";--", 9);
  const Secret value(bytes);
  const auto version = store().stage(kSlot, fence, &value, R"({"name":"O'Hara \u00fc"})", {});
  restart();
  EXPECT_EQ(store().read(kSlot, fence, *version)->reveal(), bytes);
  EXPECT_EQ(look().pending->note, R"({"name":"O'Hara \u00fc"})");
}

TEST_F(StoreTest, EverythingIsThereAfterARestart) {
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

TEST_F(StoreTest, SlotsDoNotTouchEachOther) {
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

// ---- What holds for each write ----

struct Write {
  const char* name;
  std::function<hub::Result<>(SqliteSlotStore&, std::uint64_t fence)> run;
};

void PrintTo(const Write& write, std::ostream* out) { *out << write.name; }

/// For each write the slot has 1 previous, 2 current, 3 pending with the value "three".
class StoreWriteTest : public StoreTest, public testing::WithParamInterface<Write> {
 protected:
  StoreWriteTest() {
    fence_ = begin();
    rotate(fence_, "one");
    rotate(fence_, "two");
    const Secret three("three");
    EXPECT_OK(store().stage(kSlot, fence_, &three, R"({"n":3})", "{}"));
  }
  /// The rows, as text, but for the sealed values, which differ each time.
  std::string rows() const {
    return ask("SELECT group_concat(quote(id)||quote(role)||quote(rank)||quote(note)||"
               "quote(marked)||quote(retire_after)) FROM version") +
           ask("SELECT quote(revision)||quote(state)||quote(note)||quote(lease_until) FROM slot");
  }
  std::uint64_t fence_ = 0;
};

TEST_P(StoreWriteTest, TakesEffectUnderItsFenceAloneAndIsOkWhenRepeated) {
  EXPECT_OK(GetParam().run(store(), fence_));
  const std::string after = rows();
  EXPECT_OK(GetParam().run(store(), fence_));
  EXPECT_EQ(rows(), after);
}

TEST_P(StoreWriteTest, IsAbortedAndChangesNothingOnceSomebodyElseBegan) {
  now_ += 75'000;
  EXPECT_EQ(begin(), fence_ + 1);
  const std::string before = rows();
  expect_error(GetParam().run(store(), fence_), Status::kAborted, "LEASE_LOST");
  expect_error(GetParam().run(store(), fence_ + 2), Status::kAborted, "LEASE_LOST");
  EXPECT_EQ(GetParam().run(store(), fence_).error().retry, hub::Retry::kFromStart);
  EXPECT_EQ(rows(), before);
}

TEST_P(StoreWriteTest, StillWorksWithALeaseThatRanOutAndThatNobodyTook) {
  now_ += 1'000'000;
  EXPECT_OK(GetParam().run(store(), fence_));
}

TEST_P(StoreWriteTest, IsUnavailableAndChangesNothingWhileTheDatabaseIsLocked) {
  Poco::Data::Session other("SQLite", file_.string());
  other << "BEGIN IMMEDIATE", Poco::Data::Keywords::now;
  const std::string before = rows();
  const auto locked = GetParam().run(store(), fence_);
  expect_error(locked, Status::kUnavailable, "STORE_UNAVAILABLE");
  EXPECT_EQ(locked.error().retry, hub::Retry::kSameCall);
  EXPECT_EQ(rows(), before);
  other << "ROLLBACK", Poco::Data::Keywords::now;
  EXPECT_OK(GetParam().run(store(), fence_));
}

TEST_P(StoreWriteTest, IsUnavailableAndChangesNothingWhenTheDiskIsFull) {
  const std::string before = rows();
  restart();
  Child writer([&](const auto&) {
    const auto mine = open();
    const struct rlimit none { 0, 0 };
    ::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &none);
    const auto full = GetParam().run(*mine, fence_);
    if (full) return 1;
    return full.error().status == Status::kUnavailable && full.error().reason == "STORE_UNAVAILABLE"
               ? 0
               : 2;
  });
  EXPECT_EQ(writer.exit_code(), 0);
  EXPECT_EQ(rows(), before);
  EXPECT_OK(GetParam().run(store(), fence_));
}

INSTANTIATE_TEST_SUITE_P(
    EachWrite, StoreWriteTest,
    testing::Values(
        Write{"renew", [](auto& s, auto fence) { return s.renew(kSlot, fence, 2000s); }},
        Write{"stage",
              [](auto& s, auto fence) -> hub::Result<> {
                const Secret three("three");
                auto staged = s.stage(kSlot, fence, &three, R"({"n":4})", R"({"s":1})");
                if (!staged) return staged.error();
                return {};
              }},
        Write{"mark_discard",
              [](auto& s, auto fence) { return s.mark(kSlot, fence, 3, HUB_MARK_DISCARD, "{}"); }},
        Write{"mark_retiring",
              [](auto& s, auto fence) { return s.mark(kSlot, fence, 1, HUB_MARK_RETIRING, "{}"); }},
        Write{"set_state",
              [](auto& s, auto fence) { return s.set_state(kSlot, fence, HUB_SLOT_REVOKING, {}); }},
        Write{
            "commit",
            [](auto& s, auto fence) { return s.commit(kSlot, fence, 3, 1h, "{}", R"({"c":1})"); }},
        Write{"roll_back",
              [](auto& s, auto fence) { return s.commit(kSlot, fence, 1, 1h, {}, {}); }},
        Write{"drop_pending", [](auto& s, auto fence) { return s.drop(kSlot, fence, 3, {}); }},
        Write{"drop_previous",
              [](auto& s, auto fence) { return s.drop(kSlot, fence, 1, R"({"d":1})"); }},
        Write{"note", [](auto& s, auto fence) { return s.note(kSlot, fence, R"({"n":9})"); }},
        Write{"end", [](auto& s, auto fence) { return s.end(kSlot, fence); }}),
    [](const auto& each) { return each.param.name; });

// ---- Faults of the store as a whole ----

TEST_F(StoreTest, BeginIsUnavailableWhileTheDatabaseIsLockedAndReadingIsNot) {
  const std::uint64_t fence = begin();
  const std::uint64_t one = rotate(fence, "one");
  Poco::Data::Session other("SQLite", file_.string());
  other << "BEGIN IMMEDIATE", Poco::Data::Keywords::now;
  expect_error(store().begin("another", 75s), Status::kUnavailable, "STORE_UNAVAILABLE");
  EXPECT_EQ(store().read(kSlot, fence, one)->reveal(), "one");
  EXPECT_EQ(store().current(kSlot)->reveal(), "one");
  EXPECT_EQ(look().revision, fence);
}

TEST_F(StoreTest, AFileThatWasExchangedUnderneathIsNotWrittenAnyMore) {
  const std::uint64_t fence = begin();
  fs::rename(file_, directory_ / "moved.db");
  expect_error(store().note(kSlot, fence, "{}"), Status::kUnavailable, "STORE_UNAVAILABLE");
  std::ofstream(file_) << "another";
  expect_error(store().note(kSlot, fence, "{}"), Status::kUnavailable, "STORE_UNAVAILABLE");
  expect_error(store().begin(kSlot, 75s), Status::kUnavailable, "STORE_UNAVAILABLE");
  expect_error(store().current(kSlot), Status::kUnavailable, "STORE_UNAVAILABLE");
}

// ---- Sealing ----

TEST_F(StoreTest, NoFileHoldsAValueInClear) {
  const std::uint64_t fence = begin();
  rotate(fence, kCanary);
  EXPECT_EQ(bytes().find(kCanary), std::string::npos);
  EXPECT_NE(bytes().find(look().id), std::string::npos) << "or these are the wrong files";
  rotate(fence, "two");
  restart();
  EXPECT_EQ(bytes().find(kCanary), std::string::npos);
}

TEST_F(StoreTest, WhatWasDroppedIsOverwritten) {
  const std::uint64_t fence = begin();
  const std::uint64_t one = rotate(fence, kCanary);
  rotate(fence, "two");
  const std::string sealed = ask("SELECT sealed FROM version WHERE id = 1");
  ASSERT_GT(sealed.size(), 40U);
  EXPECT_NE(bytes().find(sealed), std::string::npos);
  EXPECT_OK(store().drop(kSlot, fence, one, {}));
  restart();
  EXPECT_EQ(bytes().find(sealed), std::string::npos);
}

TEST_F(StoreTest, TheSameValueIsSealedDifferentlyEachTime) {
  const std::uint64_t fence = begin();
  rotate(fence, "same");
  rotate(fence, "same");
  EXPECT_EQ(ask("SELECT CAST(COUNT(DISTINCT sealed) AS TEXT) FROM version"), "2");
}

TEST_F(StoreTest, AChangedValueIsDataLossAndNoValue) {
  rotate(begin(), "one");
  tamper("UPDATE version SET sealed = CAST(substr(sealed, 1, length(sealed) - 1) || 'x' AS BLOB)");
  expect_error(store().current(kSlot), Status::kDataLoss, "VERSION_UNUSABLE");
  tamper("UPDATE version SET sealed = x'00'");
  expect_error(store().current(kSlot), Status::kDataLoss, "VERSION_UNUSABLE");
}

TEST_F(StoreTest, AValueThatWasMovedToAnotherVersionDoesNotOpen) {
  const std::uint64_t fence = begin();
  rotate(fence, "one");
  rotate(fence, "two");
  tamper("UPDATE version SET sealed = (SELECT sealed FROM version WHERE id = 1) WHERE id = 2");
  expect_error(store().current(kSlot), Status::kDataLoss, "VERSION_UNUSABLE");
}

TEST_F(StoreTest, AValueThatWasMovedToAnotherSlotDoesNotOpen) {
  rotate(begin(), "one");
  const auto other = store().begin("other", 75s);
  const Secret value("other");
  const auto version = store().stage("other", other->fence, &value, {}, {});
  tamper(
      "UPDATE version SET sealed = (SELECT sealed FROM version WHERE role = 'current')"
      " WHERE role = 'pending'");
  expect_error(store().read("other", other->fence, *version), Status::kDataLoss,
               "VERSION_UNUSABLE");
}

// ---- The files ----

TEST_F(StoreTest, AllFilesArePrivateWhateverTheUmask) {
  for (const mode_t mask : {0U, 022U, 077U, 0277U}) {
    const mode_t before = ::umask(mask);
    rotate(begin(), "one");
    int files = 0;
    for (const auto& each : fs::directory_iterator(directory_)) {
      struct stat found {};
      ASSERT_EQ(::stat(each.path().c_str(), &found), 0);
      EXPECT_EQ(found.st_mode & 07777U, 0600U) << each.path() << " under umask " << mask;
      ++files;
    }
    EXPECT_EQ(files, 4) << "database, -wal, -shm, key";
    restart();
    fs::remove(file_);
    fs::remove(key_file_);
    ::umask(before);
  }
}

TEST_F(StoreTest, AStoreWithoutItsKeyFileIsRefusedAndGetsNoNewOne) {
  rotate(begin(), "one");
  restart();
  fs::rename(key_file_, directory_ / "kept");
  const hub::Error error = refusal();
  EXPECT_EQ(error.reason, "STORE_KEY_MISSING");
  EXPECT_NE(error.message.find(key_file_.string()), std::string::npos);
  EXPECT_NE(error.message.find(file_.string()), std::string::npos);
  EXPECT_FALSE(fs::exists(key_file_));
  fs::rename(directory_ / "kept", key_file_);
  EXPECT_EQ(store().current(kSlot)->reveal(), "one");
}

TEST_F(StoreTest, AnotherStoresKeyIsToldApartFromTampering) {
  rotate(begin(), "one");
  restart();
  std::ofstream(key_file_) << std::string(32, 'k');
  const hub::Error error = refusal();
  EXPECT_EQ(error.reason, "STORE_KEY_WRONG");
  EXPECT_EQ(error.message, key_file_.string() + " does not belong to the store " + file_.string());
}

TEST_F(StoreTest, AKeyOfAnotherSizeIsNoKey) {
  for (const std::size_t size : {0U, 31U, 33U}) {
    std::ofstream(key_file_) << std::string(size, 'k');
    ::chmod(key_file_.c_str(), 0600);
    EXPECT_EQ(refusal().reason, "STORE_KEY_INVALID");
  }
}

TEST_F(StoreTest, ANewStoreBesideAKeyFileUsesIt) {
  store();
  restart();
  fs::remove(file_);
  std::ifstream before(key_file_, std::ios::binary);
  const std::string key(std::istreambuf_iterator<char>(before), {});
  rotate(begin(), "one");
  std::ifstream after(key_file_, std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(after), {}), key);
}

TEST_F(StoreTest, AStoreWhoseMakingWasCutShortIsMadeByTheNextStart) {
  std::ofstream{file_};
  ::chmod(file_.c_str(), 0600);
  rotate(begin(), "one");
  EXPECT_EQ(store().current(kSlot)->reveal(), "one");
}

TEST_F(StoreTest, AKeyThatOthersCanReadIsRefused) {
  store();
  restart();
  ::chmod(key_file_.c_str(), 0640);
  EXPECT_EQ(refusal().reason, "FILE_UNTRUSTED");
}

TEST_F(StoreTest, AStoreThatOthersCanWriteIsRefused) {
  store();
  restart();
  ::chmod(file_.c_str(), 0620);
  const hub::Error error = refusal();
  EXPECT_EQ(error.reason, "FILE_UNTRUSTED");
  EXPECT_EQ(error.hint, "chmod 600 " + file_.string());
}

TEST_F(StoreTest, AStoreInADirectoryThatOthersCanWriteIsRefused) {
  ::chmod(directory_.c_str(), 0777);
  EXPECT_EQ(refusal().reason, "FILE_UNTRUSTED");
}

TEST_F(StoreTest, AStoreOrKeyOfAnotherUserIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  store();
  restart();
  for (const fs::path& each : {file_, key_file_}) {
    ASSERT_EQ(::chown(each.c_str(), 65534, 65534), 0);
    EXPECT_EQ(refusal().reason, "FILE_UNTRUSTED") << each;
    ASSERT_EQ(::chown(each.c_str(), 0, 0), 0);
  }
}

TEST_F(StoreTest, SymbolicLinksAreRefused) {
  store();
  restart();
  for (const fs::path& each : {file_, key_file_}) {
    fs::rename(each, directory_ / "real");
    fs::create_symlink(directory_ / "real", each);
    EXPECT_EQ(refusal().reason, "FILE_UNTRUSTED") << each;
    fs::remove(each);
    fs::rename(directory_ / "real", each);
  }
}

TEST_F(StoreTest, AMissingDirectoryIsRefused) {
  file_ = directory_ / "absent" / "store.db";
  EXPECT_EQ(refusal().reason, "FILE_MISSING");
}

TEST_F(StoreTest, AStoreOfALaterFormatIsRefused) {
  store();
  restart();
  tamper("PRAGMA user_version = 2");
  const hub::Error error = refusal();
  EXPECT_EQ(error.reason, "STORE_NEWER");
  EXPECT_NE(error.message.find("format 2"), std::string::npos);
}

TEST_F(StoreTest, ADatabaseOfAnotherProgramIsRefusedAndLeftAlone) {
  store();
  restart();
  fs::remove(file_);
  tamper("CREATE TABLE theirs (x TEXT)");
  ::chmod(file_.c_str(), 0600);
  EXPECT_EQ(refusal().reason, "STORE_INVALID");
  EXPECT_EQ(ask("SELECT group_concat(name) FROM sqlite_master"), "theirs");
}

TEST_F(StoreTest, AFileThatIsNoDatabaseIsRefused) {
  store();
  restart();
  std::ofstream(file_) << std::string(8192, 'x');
  const hub::Error error = refusal();
  EXPECT_EQ(error.reason, "STORE_UNAVAILABLE");
  EXPECT_NE(error.message.find(file_.string()), std::string::npos);
}

}  // namespace
}  // namespace sample_host
