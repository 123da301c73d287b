#include "store_fixture.hpp"

#include <Poco/Data/DataException.h>
#include <Poco/Data/PostgreSQL/Utility.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <vector>

namespace sample_host {
namespace {

class PostgresStoreTest : public StoreTest {
 protected:
  PostgresStoreTest() : StoreTest(Kind::kPostgres) {}
  ~PostgresStoreTest() override { store_.reset(); }

  static PostgresDatabase::Password password(const std::string& text) {
    return [text] { return Secret(text); };
  }
  std::unique_ptr<DatabaseSlotStore> open_at(const std::string& address,
                                             PostgresDatabase::Password password = {}) const {
    return std::make_unique<DatabaseSlotStore>(
        std::make_unique<PostgresDatabase>(PostgresAddress(address), std::move(password)),
        key_file_);
  }
  /// What opening it is refused with.
  hub::Error refusal_of(const std::string& address,
                        PostgresDatabase::Password password = {}) const {
    try {
      open_at(address, std::move(password));
    } catch (const hub::Refused& refused) {
      EXPECT_FALSE(refused.error.hint.empty());
      EXPECT_EQ(refused.error.message.find('\n'), std::string::npos) << refused.error.message;
      EXPECT_TRUE((refused.error.message + refused.error.hint).find("canary") == std::string::npos);
      return refused.error;
    }
    ADD_FAILURE() << "the store was opened";
    return {};
  }

  /// Breaks the database's connections, or those alone that wait for a lock.
  void terminate(const std::string& which = "TRUE") const {
    server().run("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE " +
                                 which + " AND datname = '" + database_ + "'");
  }
  /// A session that was broken on purpose, whose memory Poco would not free.
  static void mend(Poco::Data::Session& session) {
    Poco::Data::PostgreSQL::Utility::handle(session)->reset();
  }

  /// Two hosts begin while `other` keeps both from it, until it ends with `how`: how many got it.
  int begin_at_once(Poco::Data::Session& other, const std::string& how) {
    store();
    const auto second = open();
    const auto begin_on = [](hub::SlotStore& store) {
      return std::async(std::launch::async, [&store] { return store.begin(kSlot, 75s); });
    };
    auto one = begin_on(store());
    auto two = begin_on(*second);
    server().await_waiting(database_, 2);
    other << how, Poco::Data::Keywords::now;
    int got = 0;
    for (const auto& begun : {one.get(), two.get()}) {
      if (begun) {
        ++got;
        EXPECT_EQ(begun->fence, look().revision);
      } else {
        EXPECT_EQ(begun.error().reason, "SLOT_BUSY") << begun.error().message;
      }
    }
    return got;
  }

  /// A write that waits for a lock.
  std::future<hub::Result<>> note_while_locked(std::uint64_t fence) {
    auto writing =
        std::async(std::launch::async, [this, fence] { return store_->note(kSlot, fence, "{}"); });
    server().await_waiting(database_, 1);
    return writing;
  }
};

// ---- Two hosts ----

TEST_F(PostgresStoreTest, OfTwoHostsThatBeginAtOnceOneGetsTheLease) {
  EXPECT_OK(store().end(kSlot, begin()));
  Poco::Data::Session other = lock();
  EXPECT_EQ(begin_at_once(other, "COMMIT"), 1);
  EXPECT_EQ(look().revision, 2U);
}

TEST_F(PostgresStoreTest, TwoHostsThatBeginAnAbsentSlotAtOnceMakeOneSlot) {
  store();
  for (const char* how : {"ROLLBACK", "COMMIT"}) {
    Poco::Data::Session third = session();
    third << "BEGIN", Poco::Data::Keywords::now;
    third << "INSERT INTO slot VALUES ('prod/token', 'third', 0, 0, 0, '', 0, 0, '')",
        Poco::Data::Keywords::now;
    EXPECT_EQ(begin_at_once(third, how), 1) << how;
    EXPECT_EQ(ask("SELECT CAST(COUNT(*) AS TEXT) FROM slot"), "1");
    EXPECT_EQ(look().id == "third", std::string(how) == "COMMIT");
    EXPECT_EQ(look().revision, 1U);
    tamper("DELETE FROM slot");
  }
}

TEST_F(PostgresStoreTest, HostsThatWriteToDifferentSlotsDoNotWaitForEachOther) {
  const std::uint64_t fence = begin();
  EXPECT_OK(open()->begin("other", 75s));
  Poco::Data::Session locked = session();
  locked << "BEGIN", Poco::Data::Keywords::now;
  locked << "UPDATE slot SET note = note WHERE name = 'other'", Poco::Data::Keywords::now;
  EXPECT_OK(store().note(kSlot, fence, "{}"));
  rotate(fence, "one");
}

TEST_F(PostgresStoreTest, AHostWithACopyOfTheKeyFileReadsWhatAnotherWrote) {
  rotate(begin(), "one");
  fs::copy_file(key_file_, directory_ / "copy");
  key_file_ = directory_ / "copy";
  EXPECT_EQ(open()->current(kSlot)->reveal(), "one");
}

TEST_F(PostgresStoreTest, AHostWithoutTheKeyFileIsRefusedAndGetsNoNewOne) {
  store();
  key_file_ = directory_ / "absent";
  const hub::Error error = refusal_of(server().address(database_));
  EXPECT_EQ(error.reason, "STORE_KEY_MISSING");
  EXPECT_NE(error.message.find(database_), std::string::npos);
  EXPECT_FALSE(fs::exists(key_file_));
}

TEST_F(PostgresStoreTest, AHostWithAnotherKeyIsRefused) {
  store();
  std::ofstream(key_file_) << std::string(32, 'k');
  EXPECT_EQ(refusal_of(server().address(database_)).reason, "STORE_KEY_WRONG");
}

TEST_F(PostgresStoreTest, AnEmptyDatabaseTakesTheKeyThatIsThere) {
  const std::string key(32, 'k');
  std::ofstream{key_file_} << key;
  ::chmod(key_file_.c_str(), 0600);
  rotate(begin(), "one");
  std::ifstream after(key_file_, std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(after), {}), key);
}

// ---- Broken connections ----

TEST_F(PostgresStoreTest, AConnectionThatBrokeBetweenTwoCallsIsMadeAgain) {
  const std::uint64_t fence = begin();
  terminate();
  EXPECT_OK(store().note(kSlot, fence, R"({"n":1})"));
  server().kill();
  server().start();
  EXPECT_EQ(look().note, R"({"n":1})");
}

TEST_F(PostgresStoreTest, AConnectionThatBreaksWithinACallLeavesTheSlotAndTheNextCallWorks) {
  const std::uint64_t fence = begin();
  Poco::Data::Session other = lock();
  auto writing = note_while_locked(fence);
  terminate("wait_event_type = 'Lock'");
  expect_error(writing.get(), Status::kUnavailable, "STORE_UNAVAILABLE");
  EXPECT_EQ(look().note, "");
  other << "ROLLBACK", Poco::Data::Keywords::now;
  EXPECT_OK(store().note(kSlot, fence, "{}"));
}

TEST_F(PostgresStoreTest, AServerThatCrashesWithinACallIsUnavailableUntilItIsBack) {
  const std::uint64_t fence = begin();
  const std::uint64_t one = rotate(fence, "one");
  Poco::Data::Session other = lock();
  auto writing = note_while_locked(fence);
  server().kill();
  expect_error(writing.get(), Status::kUnavailable, "STORE_UNAVAILABLE");
  const auto down = store().begin(kSlot, 75s);
  expect_error(down, Status::kUnavailable, "STORE_UNAVAILABLE");
  EXPECT_EQ(down.error().retry, hub::Retry::kSameCall);
  server().start();
  mend(other);
  EXPECT_EQ(store().read(kSlot, fence, one)->reveal(), "one");
  EXPECT_EQ(look().note, "");
  EXPECT_OK(store().note(kSlot, fence, "{}"));
}

TEST_F(PostgresStoreTest, AServerThatNeitherAnswersNorGoesAwayIsGivenUpAfterSomeSeconds) {
  const std::uint64_t fence = begin();
  Poco::Data::Session other = lock();
  auto writing = note_while_locked(fence);
  const auto start = std::chrono::steady_clock::now();
  server().signal(database_, SIGSTOP);
  expect_error(writing.get(), Status::kUnavailable, "STORE_UNAVAILABLE");
  EXPECT_LT(std::chrono::steady_clock::now() - start, 9s);
  server().signal(database_, SIGCONT);
  other << "ROLLBACK", Poco::Data::Keywords::now;
  EXPECT_OK(store().note(kSlot, fence, "{}"));
}

TEST_F(PostgresStoreTest, ALockThatSomebodyElseKeepsIsNamedAfterTwoSeconds) {
  const std::uint64_t fence = begin();
  const Poco::Data::Session other = lock();
  const auto start = std::chrono::steady_clock::now();
  const auto locked = store().note(kSlot, fence, "{}");
  EXPECT_LT(std::chrono::steady_clock::now() - start, 4s);
  expect_error(locked, Status::kUnavailable, "STORE_UNAVAILABLE");
  EXPECT_TRUE(locked.error().message.ends_with("canceling statement due to lock timeout"))
      << locked.error().message;
}

TEST_F(PostgresStoreTest, TheCommitOfATransactionThatHasFailedIsNoSuccess) {
  store();
  PostgresDatabase database(PostgresAddress(server().address(database_)), {});
  database.begin(Database::Kind::kWrite);
  EXPECT_THROW((database.session() << "SELECT 1/0", Poco::Data::Keywords::now), Poco::Exception);
  EXPECT_THROW(database.commit(), Poco::Exception);
}

TEST_F(PostgresStoreTest, APasswordThatWasReplacedIsTakenForTheNextConnection) {
  const std::string replaced = "canary-'\\=\"x";
  database_ = server().make_database();
  server().run("postgres", "GRANT CREATE ON DATABASE " + database_ + " TO guarded");
  std::string now = kPassword;
  const auto store =
      open_at(server().address(database_, "guarded"), [&now] { return Secret(now); });
  const auto begun = store->begin(kSlot, 75s);
  ASSERT_TRUE(begun.ok());
  server().run("postgres", "ALTER ROLE guarded PASSWORD 'canary-''\\=\"x'");
  terminate();
  const auto stale = store->note(kSlot, begun->fence, "{}");
  expect_error(stale, Status::kUnavailable, "STORE_UNAVAILABLE");
  EXPECT_TRUE(stale.error().message.find("canary") == std::string::npos);
  now = replaced;
  EXPECT_OK(store->note(kSlot, begun->fence, "{}"));
  server().run("postgres", std::string("ALTER ROLE guarded PASSWORD '") + kPassword + "'");
}

// ---- What is refused ----

TEST_F(PostgresStoreTest, NoServerIsUnavailable) {
  for (const char* address : {"host=/nowhere user=hub", "host=127.0.0.1 port=1 user=hub"}) {
    const hub::Error error = refusal_of(address, password("canary-one"));
    EXPECT_EQ(error.status, Status::kUnavailable) << address;
    EXPECT_EQ(error.reason, "STORE_UNAVAILABLE") << address;
    EXPECT_NE(error.message.find(address), std::string::npos);
    EXPECT_NE(error.message.find("failed: "), std::string::npos) << error.message;
  }
}

TEST_F(PostgresStoreTest, AServerThatDoesNotLetUsInSaysWhyAndIsNoReasonToTryAgain) {
  const std::string guarded = server().address(database_, "guarded");
  const struct {
    std::string address;
    PostgresDatabase::Password password;
    const char* words;
  } refused[] = {
      {guarded, password("canary-wrong"), "password authentication failed for user \"guarded\""},
      {guarded, {}, "no password supplied"},
      {server().address("absent"), {}, "database \"absent\" does not exist"},
      {server().address(database_, "nobody"), {}, "role \"nobody\" does not exist"},
  };
  for (const auto& [address, secret, words] : refused) {
    const hub::Error error = refusal_of(address, secret);
    EXPECT_EQ(error.status, Status::kFailedPrecondition) << words;
    EXPECT_EQ(error.reason, "STORE_REFUSED") << words;
    EXPECT_NE(error.message.find(words), std::string::npos) << error.message;
    EXPECT_NE(error.hint.find("psql '" + address), std::string::npos);
  }
}

TEST_F(PostgresStoreTest, ARoleThatMayMakeNothingIsToldSo) {
  const hub::Error error = refusal_of(server().address(database_, "guarded"), password(kPassword));
  EXPECT_NE(error.message.find("permission denied for database"), std::string::npos)
      << error.message;
  EXPECT_FALSE(ask("SELECT datname FROM pg_database").empty());
}

TEST_F(PostgresStoreTest, APasswordThatIsNotThereOrHasABlankIsRefused) {
  const std::string address = server().address(database_);
  const auto missing = [] {
    return hub::Error{.reason = "CREDENTIAL_MISSING", .message = "not set", .hint = "export"};
  };
  EXPECT_EQ(refusal_of(address, missing).reason, "CREDENTIAL_MISSING");
  EXPECT_EQ(refusal_of(address, password("canary two")).reason, "STORE_CONNECTION_INVALID");
}

TEST_F(PostgresStoreTest, AStoreOfALaterFormatIsRefused) {
  store();
  tamper("UPDATE format SET number = 2");
  const hub::Error error = refusal_of(server().address(database_));
  EXPECT_EQ(error.reason, "STORE_NEWER");
  EXPECT_NE(error.message.find("format 2"), std::string::npos);
}

TEST_F(PostgresStoreTest, ADatabaseThatCannotKeepEveryTextIsRefused) {
  server().run("postgres", "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
  const hub::Error error = refusal_of(server().address("latin"));
  EXPECT_EQ(error.reason, "STORE_INVALID");
  EXPECT_NE(error.message.find("LATIN1"), std::string::npos);
}

TEST_F(PostgresStoreTest, NoErrorQuotesTheConnectionStringOfPoco) {
  const PostgresDatabase database(PostgresAddress(server().address(database_)), {});
  const hub::Error error =
      database.unavailable(Poco::Data::NotConnectedException("host=x password=canary-two"));
  EXPECT_TRUE(error.message.find("canary") == std::string::npos);
}

// ---- What the server's settings do not change ----

TEST_F(PostgresStoreTest, WhatADatabaseSetsDoesNotWeakenTheStore) {
  database_ = server().make_database();
  for (const char* setting :
       {"synchronous_commit = off", "bytea_output = escape", "search_path = public",
        "default_transaction_isolation = serializable", "statement_timeout = 0"}) {
    server().run("postgres", "ALTER DATABASE " + database_ + " SET " + setting);
  }
  rotate(begin(), "one");
  EXPECT_EQ(store().current(kSlot)->reveal(), "one");
  PostgresDatabase database(PostgresAddress(server().address(database_)), {});
  for (const auto& [setting, expected] :
       {std::pair("synchronous_commit", "on"), {"statement_timeout", "3s"}}) {
    std::string value;
    database.session() << std::string("SELECT current_setting('") + setting + "')", into(value),
        Poco::Data::Keywords::now;
    EXPECT_EQ(value, expected) << setting;
  }
}

TEST_F(PostgresStoreTest, TheClockIsTheServersInMilliseconds) {
  const char* const clock = "SELECT FLOOR(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)";
  PostgresDatabase database(PostgresAddress(server().address(database_)), {});
  const std::int64_t before = std::stoll(server().run("postgres", clock));
  database.begin(Database::Kind::kRead);
  const std::int64_t now = database.now();
  database.roll_back();
  EXPECT_LE(before, now);
  EXPECT_LE(now, std::stoll(server().run("postgres", clock)));
}

}  // namespace
}  // namespace sample_host
