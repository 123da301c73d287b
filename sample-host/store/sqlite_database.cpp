#include "store/sqlite_database.hpp"

#include "store/store_files.hpp"

#include <Poco/Data/SQLite/Connector.h>
#include <Poco/Data/SQLite/SQLiteException.h>
#include <Poco/Data/Statement.h>
#include <sys/stat.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>

namespace sample_host {
namespace {

namespace fs = std::filesystem;
using namespace Poco::Data::Keywords;

constexpr int kApplicationId = 0x48554253;  // "HUBS", for file(1) and for us
constexpr std::size_t kBusySeconds = 2;
constexpr std::chrono::milliseconds kPause{5};

hub::Error not_usable(const std::string& name, const std::string& why, std::string hint) {
  return {.status = hub::Status::kUnavailable,
          .retry = hub::Retry::kSameCall,
          .reason = "STORE_UNAVAILABLE",
          .message = name + " cannot be used: " + why,
          .hint = std::move(hint)};
}

/// SQL has placeholders where values go, so that the text of an exception holds none.
hub::Error not_usable(const std::string& name, const Poco::Exception& failure) {
  return not_usable(name, failure.displayText(),
                    "check that the disk has room, that the file can be written, and that no "
                    "other program keeps it locked; then try again");
}

/// The journal's mode afterwards. Of two who do it at once each has a lock that the other one
/// needs: then SQLite refuses at once instead of waiting, and who begins again finds it done.
std::string use_wal(Poco::Data::Session& session) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(kBusySeconds);
  for (;;) {
    try {
      std::string mode;
      session << "PRAGMA journal_mode = WAL", into(mode), Poco::Data::Keywords::now;
      return mode;
    } catch (const Poco::Data::SQLite::DBLockedException&) {
      if (std::chrono::steady_clock::now() > until) throw;
    }
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace

SqliteDatabase::Identity::Identity(const fs::path& file) {
  struct stat found {};
  if (::stat(file.c_str(), &found) == 0) {
    device = found.st_dev;
    number = found.st_ino;
  }
}

SqliteDatabase::SqliteDatabase(fs::path file)
    : file_(std::move(file)), session_(open()), identity_(file_) {}

Poco::Data::Session SqliteDatabase::open() const {
  if (size_of_trusted_file(file_) == 0) make_private_file(file_, {});
  try {
    Poco::Data::SQLite::Connector::registerConnector();
    Poco::Data::Session session(Poco::Data::SQLite::Connector::KEY, file_.string(), kBusySeconds);
    if (use_wal(session) != "wal") {
      throw refusal(file_, "STORE_INVALID", "is on a file system without shared memory",
                    "keep the store on a local disk");
    }
    session << "PRAGMA foreign_keys = ON", Poco::Data::Keywords::now;
    session << "PRAGMA secure_delete = ON", Poco::Data::Keywords::now;
    return session;
  } catch (const Poco::Exception& failure) {
    throw hub::Refused(not_usable(name(), failure), {.file = file_.string()});
  }
}

// ---- Transactions ----

void SqliteDatabase::begin(Kind kind) {
  // SQLite would go on with a file that has been moved away, and its writes would be lost.
  if (Identity(file_) != identity_) throw Poco::FileNotFoundException(file_.string());
  if (const bool waits = kind != Kind::kLease; waits != waits_for_disk_) {
    // In WAL mode: fsync at each commit, or none; one that waits takes what came before along.
    session_ << std::string("PRAGMA synchronous = ") + (waits ? "FULL" : "NORMAL"),
        Poco::Data::Keywords::now;
    waits_for_disk_ = waits;
  }
  // Session::begin() would be a deferred one, which fails when two read and then both write.
  session_ << (kind == Kind::kRead ? "BEGIN" : "BEGIN IMMEDIATE"), Poco::Data::Keywords::now;
}

void SqliteDatabase::commit() { session_ << "COMMIT", Poco::Data::Keywords::now; }

void SqliteDatabase::roll_back() {
  try {
    session_ << "ROLLBACK", Poco::Data::Keywords::now;
  } catch (const Poco::Exception&) {  // SQLite has done so by itself, as it does for some errors
  }
}

std::int64_t SqliteDatabase::now() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

// ---- The tables ----

int SqliteDatabase::pragma(const char* name) {
  int value = 0;
  session_ << std::string("PRAGMA ") + name, into(value), Poco::Data::Keywords::now;
  return value;
}

int SqliteDatabase::format() {
  int tables = 0;
  session_ << "SELECT COUNT(*) FROM sqlite_master", into(tables), Poco::Data::Keywords::now;
  if (tables == 0) return 0;
  if (pragma("application_id") != kApplicationId) {
    throw refusal(file_, "STORE_INVALID", "is a database, but not a store of this program",
                  "correct the store's path");
  }
  return pragma("user_version");
}

void SqliteDatabase::set_format(int format) {
  session_ << "PRAGMA application_id = " + std::to_string(kApplicationId),
      Poco::Data::Keywords::now;
  session_ << "PRAGMA user_version = " + std::to_string(format), Poco::Data::Keywords::now;
}

// ---- Errors ----

hub::Error SqliteDatabase::unavailable(const Poco::Exception& failure) const {
  if (Identity(file_) != identity_) {
    return not_usable(name(), "it was replaced or removed while it was open",
                      "start this program again");
  }
  return not_usable(name(), failure);
}

}  // namespace sample_host
