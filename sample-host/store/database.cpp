#include "store/database.hpp"

#include "store/store_files.hpp"

#include <Poco/Data/SQLite/Connector.h>
#include <Poco/Data/Statement.h>
#include <Poco/Exception.h>

namespace sample_host {
namespace {

using namespace Poco::Data::Keywords;

constexpr int kApplicationId = 0x48554253;  // "HUBS", for file(1) and for us
constexpr int kFormat = 1;
constexpr std::size_t kBusySeconds = 2;

// Times are milliseconds since 1970, notes are JSON or empty, `marked` is discard for a pending
// version and retiring for the others; previous versions are ordered by rank, the newest has the
// highest.
constexpr const char* kTables[] = {
    "CREATE TABLE store (key_id TEXT NOT NULL)",
    "CREATE TABLE slot ("
    " name TEXT NOT NULL PRIMARY KEY,"
    " id TEXT NOT NULL UNIQUE,"
    " created_at BIGINT NOT NULL,"
    " revision BIGINT NOT NULL,"
    " state INTEGER NOT NULL CHECK (state IN (0, 1, 2)),"
    " note TEXT NOT NULL,"
    " last_version BIGINT NOT NULL,"
    " lease_until BIGINT NOT NULL,"
    " lease_holder TEXT NOT NULL)",
    "CREATE TABLE version ("
    " slot TEXT NOT NULL REFERENCES slot (id),"
    " id BIGINT NOT NULL,"
    " role TEXT NOT NULL CHECK (role IN ('pending', 'current', 'previous')),"
    " rank BIGINT NOT NULL,"
    " note TEXT NOT NULL,"
    " sealed BLOB,"
    " marked INTEGER NOT NULL CHECK (marked IN (0, 1)),"
    " retire_after BIGINT,"
    " PRIMARY KEY (slot, id),"
    " CHECK (role = 'pending' OR sealed IS NOT NULL))",
    "CREATE UNIQUE INDEX one_of_a_role ON version (slot, role) WHERE role <> 'previous'",
};

int pragma(Poco::Data::Session& session, const std::string& name) {
  int value = 0;
  session << "PRAGMA " + name, into(value), now;
  return value;
}

void make_tables(Poco::Data::Session& session, const std::string& key_id) {
  for (const char* table : kTables) session << table, now;
  session << "INSERT INTO store (key_id) VALUES ($1)", bind(key_id), now;
  session << "PRAGMA application_id = " + std::to_string(kApplicationId), now;
  session << "PRAGMA user_version = " + std::to_string(kFormat), now;
}

/// Under a lock, so that of two processes that open a new store one makes it.
void make_or_check(Poco::Data::Session& session, const std::filesystem::path& file,
                   const std::filesystem::path& key_file, const std::string& key_id) {
  Transaction transaction(session, Transaction::Kind::kWrite);
  int tables = 0;
  session << "SELECT COUNT(*) FROM sqlite_master", into(tables), now;
  if (tables == 0) make_tables(session, key_id);

  if (pragma(session, "application_id") != kApplicationId) {
    throw refusal(file, "STORE_INVALID", "is a database, but not a store of this program",
                  "correct the store's path");
  }
  if (const int format = pragma(session, "user_version"); format != kFormat) {
    throw refusal(file, "STORE_NEWER",
                  "has format " + std::to_string(format) + ", this program knows format " +
                      std::to_string(kFormat),
                  "run the program that wrote it, or a later one");
  }
  std::string expected;
  session << "SELECT key_id FROM store", into(expected), now;
  if (expected != key_id) {
    throw refusal(key_file, "STORE_KEY_WRONG", "does not belong to the store " + file.string(),
                  "put the store's own key file back");
  }
  transaction.commit();
}

}  // namespace

Poco::Data::Session open_database(const std::filesystem::path& file,
                                  const std::filesystem::path& key_file,
                                  const std::string& key_id) {
  Poco::Data::SQLite::Connector::registerConnector();
  Poco::Data::Session session(Poco::Data::SQLite::Connector::KEY, file.string(), kBusySeconds);

  std::string mode;
  session << "PRAGMA journal_mode = WAL", into(mode), now;
  if (mode != "wal") {
    throw refusal(file, "STORE_INVALID", "is on a file system without shared memory",
                  "keep the store on a local disk");
  }
  session << "PRAGMA synchronous = FULL", now;  // in WAL mode: fsync at each commit
  session << "PRAGMA foreign_keys = ON", now;
  session << "PRAGMA secure_delete = ON", now;
  make_or_check(session, file, key_file, key_id);
  return session;
}

Transaction::Transaction(Poco::Data::Session& session, Kind kind) : session_(session) {
  // Session::begin() would be a deferred one, which fails when two read and then both write.
  session_ << (kind == Kind::kWrite ? "BEGIN IMMEDIATE" : "BEGIN"), now;
}

Transaction::~Transaction() {
  if (!open_) return;
  try {
    session_ << "ROLLBACK", now;
  } catch (
      const Poco::Exception&) {  // SQLite has rolled back by itself, as it does for some errors
  }
}

void Transaction::commit() {
  session_ << "COMMIT", now;
  open_ = false;
}

}  // namespace sample_host
