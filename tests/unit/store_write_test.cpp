#include "store_fixture.hpp"

#include <store/slot_rows.hpp>

#include <Poco/Data/DataException.h>
#include <signal.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <ostream>
#include <string>
#include <tuple>

namespace sample_host {
namespace {

// ---- What holds for each write ----

struct Write {
  const char* name;
  std::function<hub::Result<>(hub::SlotStore&, std::uint64_t fence)> run;
};

void PrintTo(const Write& write, std::ostream* out) { *out << write.name; }

/// For each write the slot has 1 previous, 2 current, 3 pending with the value "three".
class StoreWriteTest : public StoreTest,
                       public testing::WithParamInterface<std::tuple<Kind, Write>> {
 protected:
  StoreWriteTest() : StoreTest(std::get<Kind>(GetParam())) {
    fence_ = begin();
    rotate(fence_, "one");
    rotate(fence_, "two");
    const Secret three("three");
    EXPECT_OK(store().stage(kSlot, fence_, &three, R"({"n":3})", "{}"));
  }
  hub::Result<> run(hub::SlotStore& store, std::uint64_t fence) const {
    return std::get<Write>(GetParam()).run(store, fence);
  }
  /// The rows, as text, but for the sealed values, which differ each time.
  std::string rows() const {
    return ask("SELECT CAST(id AS TEXT) || role || CAST(rank AS TEXT) || note ||"
               " CAST(marked AS TEXT) || COALESCE(CAST(retire_after AS TEXT), '-')"
               " FROM version ORDER BY id") +
           ask("SELECT CAST(revision AS TEXT) || CAST(state AS TEXT) || note ||"
               " CAST(lease_until AS TEXT) FROM slot");
  }
  std::uint64_t fence_ = 0;
};

TEST_P(StoreWriteTest, TakesEffectUnderItsFenceAloneAndIsOkWhenRepeated) {
  EXPECT_OK(run(store(), fence_));
  const std::string after = rows();
  EXPECT_OK(run(store(), fence_));
  EXPECT_EQ(rows(), after);
}

TEST_P(StoreWriteTest, IsAbortedAndChangesNothingOnceSomebodyElseBegan) {
  now_ += 75'000;
  EXPECT_EQ(begin(), fence_ + 1);
  const std::string before = rows();
  expect_error(run(store(), fence_), Status::kAborted, "LEASE_LOST");
  expect_error(run(store(), fence_ + 2), Status::kAborted, "LEASE_LOST");
  EXPECT_EQ(run(store(), fence_).error().retry, hub::Retry::kFromStart);
  EXPECT_EQ(rows(), before);
}

TEST_P(StoreWriteTest, StillWorksWithALeaseThatRanOutAndThatNobodyTook) {
  now_ += 1'000'000;
  EXPECT_OK(run(store(), fence_));
}

TEST_P(StoreWriteTest, IsUnavailableAndChangesNothingWhileTheDatabaseIsLocked) {
  Poco::Data::Session other = lock();
  const std::string before = rows();
  const auto locked = run(store(), fence_);
  expect_error(locked, Status::kUnavailable, "STORE_UNAVAILABLE");
  EXPECT_EQ(locked.error().retry, hub::Retry::kSameCall);
  EXPECT_EQ(rows(), before);
  other << "ROLLBACK", Poco::Data::Keywords::now;
  EXPECT_OK(run(store(), fence_));
}

/// A database whose answer to a commit gets lost on the way.
template <class Base>
class Forgetful : public Clocked<Base> {
 public:
  using Clocked<Base>::Clocked;
  void commit() override {
    Base::commit();
    if (armed) throw Poco::Data::ConnectionFailedException("lost");
  }
  static inline bool armed = false;
};

TEST_P(StoreWriteTest, IsUnavailableWhenTheAnswerToItsCommitIsLostAndOkWhenItIsRepeated) {
  DatabaseSlotStore forgetful(open_database<Forgetful>(), key_file_);
  bool& armed = kind_ == Kind::kSqlite ? Forgetful<SqliteDatabase>::armed
                                       : Forgetful<PostgresDatabase>::armed;
  armed = true;
  const auto lost = run(forgetful, fence_);
  armed = false;
  expect_error(lost, Status::kUnavailable, "STORE_UNAVAILABLE");
  const std::string after = rows();
  EXPECT_OK(run(forgetful, fence_));
  EXPECT_EQ(rows(), after);
}

class SqliteWriteTest : public StoreWriteTest {};  // the disk of PostgreSQL is its server's

TEST_P(SqliteWriteTest, IsUnavailableAndChangesNothingWhenTheDiskIsFull) {
  const std::string before = rows();
  restart();
  Child writer([&](const auto&) {
    const auto mine = open();
    const struct rlimit none { 0, 0 };
    ::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &none);
    const auto full = run(*mine, fence_);
    if (full) return 1;
    return full.error().status == Status::kUnavailable && full.error().reason == "STORE_UNAVAILABLE"
               ? 0
               : 2;
  });
  EXPECT_EQ(writer.exit_code(), 0);
  EXPECT_EQ(rows(), before);
  EXPECT_OK(run(store(), fence_));
}

const Write kWrites[] = {
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
    Write{"commit",
          [](auto& s, auto fence) { return s.commit(kSlot, fence, 3, 1h, "{}", R"({"c":1})"); }},
    Write{"roll_back", [](auto& s, auto fence) { return s.commit(kSlot, fence, 1, 1h, {}, {}); }},
    Write{"drop_pending", [](auto& s, auto fence) { return s.drop(kSlot, fence, 3, {}); }},
    Write{"drop_previous",
          [](auto& s, auto fence) { return s.drop(kSlot, fence, 1, R"({"d":1})"); }},
    Write{"note", [](auto& s, auto fence) { return s.note(kSlot, fence, R"({"n":9})"); }},
    Write{"end", [](auto& s, auto fence) { return s.end(kSlot, fence); }}};

std::string name_of_each(const testing::TestParamInfo<std::tuple<Kind, Write>>& each) {
  return name_of(std::get<Kind>(each.param)) + "_" + std::get<Write>(each.param).name;
}

INSTANTIATE_TEST_SUITE_P(EachWrite, StoreWriteTest,
                         testing::Combine(testing::Values(Kind::kSqlite, Kind::kPostgres),
                                          testing::ValuesIn(kWrites)),
                         name_of_each);
INSTANTIATE_TEST_SUITE_P(EachWrite, SqliteWriteTest,
                         testing::Combine(testing::Values(Kind::kSqlite),
                                          testing::ValuesIn(kWrites)),
                         name_of_each);

// ---- Faults of the store as a whole ----

using StoreFaultTest = EachStoreTest;

TEST_P(StoreFaultTest, BeginIsUnavailableWhileTheDatabaseIsLockedAndReadingIsNot) {
  const std::uint64_t fence = begin();
  const std::uint64_t one = rotate(fence, "one");
  const Poco::Data::Session other = lock();
  expect_error(store().begin(kSlot, 75s), Status::kUnavailable, "STORE_UNAVAILABLE");
  EXPECT_EQ(store().read(kSlot, fence, one)->reveal(), "one");
  EXPECT_EQ(store().current(kSlot)->reveal(), "one");
  EXPECT_EQ(look().revision, fence);
}

TEST_P(StoreFaultTest, AReadingTransactionSeesOneStateOfTheDatabase) {
  begin();
  const auto database = open_database<Clocked>();
  const Transaction reading(*database, Database::Kind::kRead);
  SlotRows rows(database->session());
  EXPECT_EQ(rows.load(kSlot)->snapshot.note, "");
  tamper("UPDATE slot SET note = '{}'");
  EXPECT_EQ(rows.load(kSlot)->snapshot.note, "");
}

INSTANTIATE_TEST_SUITE_P(Databases, StoreFaultTest, testing::Values(Kind::kSqlite, Kind::kPostgres),
                         [](const auto& each) { return name_of(each.param); });

TEST_F(StoreTest, AFileThatWasExchangedUnderneathIsNotWrittenAnyMore) {
  const std::uint64_t fence = begin();
  fs::rename(file_, directory_ / "moved.db");
  expect_error(store().note(kSlot, fence, "{}"), Status::kUnavailable, "STORE_UNAVAILABLE");
  std::ofstream(file_) << "another";
  expect_error(store().note(kSlot, fence, "{}"), Status::kUnavailable, "STORE_UNAVAILABLE");
  expect_error(store().begin(kSlot, 75s), Status::kUnavailable, "STORE_UNAVAILABLE");
  expect_error(store().current(kSlot), Status::kUnavailable, "STORE_UNAVAILABLE");
}

}  // namespace
}  // namespace sample_host
