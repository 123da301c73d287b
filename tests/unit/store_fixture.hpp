// What the tests of the store share.
#pragma once

#include <store/database_slot_store.hpp>
#include <store/postgres_database.hpp>
#include <store/sqlite_database.hpp>

#include <hub/host.hpp>
#include <hub/testing/memory_slot_store.hpp>

#include <Poco/Data/PostgreSQL/Connector.h>
#include <Poco/Data/SQLite/Connector.h>
#include <Poco/Data/Session.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/postgres.hpp"

namespace sample_host {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using namespace Poco::Data::Keywords;
using hub::Secret;
using hub::Status;

inline constexpr const char* kSlot = "prod/token";
inline constexpr const char* kCanary = "dapi-canary-77aa1c";
inline constexpr const char* kPassword = "canary-of-postgres";

enum class Kind { kSqlite, kPostgres, kMemory };

inline std::string name_of(Kind kind) {
  return kind == Kind::kSqlite ? "Sqlite" : kind == Kind::kPostgres ? "Postgres" : "Memory";
}

/// One for all tests of this process.
inline test_support::PostgresServer& server() {
  static test_support::PostgresServer only(kPassword);
  return only;
}

/// An empty database, the same one each time, which is quicker than another.
inline std::string empty_database() {
  static const std::string only = server().make_database();
  server().run(only, "SET client_min_messages = warning; DROP SCHEMA IF EXISTS hub_slots CASCADE");
  return only;
}

/// Another process that opens the store itself. A database does not survive fork(), so no store of
/// the test's own may be open when one is made.
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
      try {
        ::_exit(work([&] { ::close(ends[1]); }));
      } catch (const std::exception& thrown) {  // must not go on as the test does
        std::cerr << "a process of the test: " << thrown.what() << '\n';
        ::_exit(99);
      }
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

/// A database by the test's clock.
template <class Base>
class Clocked : public Base {
 public:
  template <class... Arguments>
  explicit Clocked(const std::atomic<std::int64_t>& now, Arguments&&... arguments)
      : Base(std::forward<Arguments>(arguments)...), now_(now) {}
  std::int64_t now() override { return now_; }

 private:
  const std::atomic<std::int64_t>& now_;
};

class StoreTest : public testing::Test {
 protected:
  explicit StoreTest(Kind kind = Kind::kSqlite) : kind_(kind) {
    char name[] = "/tmp/store_test.XXXXXX";
    directory_ = ::mkdtemp(name);
    file_ = directory_ / "store.db";
    key_file_ = directory_ / "store.key";
    if (kind == Kind::kPostgres) database_ = empty_database();
  }
  ~StoreTest() override {
    store_.reset();
    fs::remove_all(directory_);
  }

  /// The database, wrapped in another class.
  template <template <class> class Wrapped>
  std::unique_ptr<Database> open_database() const {
    if (kind_ == Kind::kSqlite) return std::make_unique<Wrapped<SqliteDatabase>>(now_, file_);
    return std::make_unique<Wrapped<PostgresDatabase>>(
        now_, PostgresAddress(server().address(database_)), PostgresDatabase::Password());
  }
  std::unique_ptr<hub::SlotStore> open() const {
    if (kind_ == Kind::kMemory)
      return std::make_unique<hub::testing::MemorySlotStore>(memory_.as_holder("host"));
    return std::make_unique<DatabaseSlotStore>(open_database<Clocked>(), key_file_);
  }
  hub::SlotStore& store() {
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

  /// Another connection to the database.
  Poco::Data::Session session() const {
    if (kind_ == Kind::kSqlite) {
      Poco::Data::SQLite::Connector::registerConnector();
      return Poco::Data::Session("SQLite", file_.string());
    }
    Poco::Data::PostgreSQL::Connector::registerConnector();
    Poco::Data::Session session("PostgreSQL", server().address(database_));
    session << "SET search_path = hub_slots", Poco::Data::Keywords::now;
    return session;
  }
  /// Runs SQL behind the store's back.
  void tamper(const std::string& sql) const { session() << sql, Poco::Data::Keywords::now; }
  /// The one column of all rows.
  std::string ask(const std::string& sql) const {
    std::vector<std::string> rows;
    session() << sql, into(rows), Poco::Data::Keywords::now;
    std::string answer;
    for (const std::string& row : rows) answer += row;
    return answer;
  }
  /// Another who writes to all slots, until its session ends.
  Poco::Data::Session lock() const {
    Poco::Data::Session other = session();
    if (kind_ == Kind::kSqlite) {
      other << "BEGIN IMMEDIATE", Poco::Data::Keywords::now;
    } else {
      other << "BEGIN", Poco::Data::Keywords::now;
      other << "UPDATE slot SET note = note", Poco::Data::Keywords::now;
    }
    return other;
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

  const Kind kind_;
  fs::path directory_;
  fs::path file_;
  fs::path key_file_;
  std::string database_;
  std::atomic<std::int64_t> now_ = 1'700'000'000'000;
  hub::testing::MemorySlotStore memory_{[this] { return now_.load(); }};
  std::unique_ptr<hub::SlotStore> store_;
};

/// What has to hold for stores of each kind that it is instantiated with.
class EachStoreTest : public StoreTest, public testing::WithParamInterface<Kind> {
 protected:
  EachStoreTest() : StoreTest(GetParam()) {}
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

}  // namespace sample_host
