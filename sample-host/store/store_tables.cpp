#include "store/store_tables.hpp"

#include "store/store_files.hpp"

#include <Poco/Data/Statement.h>

#include <string>
#include <system_error>

namespace sample_host {
namespace {

namespace fs = std::filesystem;
using namespace Poco::Data::Keywords;

constexpr int kFormat = 1;

// Times are milliseconds since 1970, notes are JSON or empty, `marked` is discard for a pending
// version and retiring for the others; previous versions are ordered by rank, the newest has the
// highest.
void make_tables(Database& database, const std::string& key_id) {
  const std::string bytes = database.type_of_bytes();
  const std::string tables[] = {
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
      " sealed " +
          bytes +
          ","
          " marked INTEGER NOT NULL CHECK (marked IN (0, 1)),"
          " retire_after BIGINT,"
          " PRIMARY KEY (slot, id),"
          " CHECK (role = 'pending' OR sealed IS NOT NULL))",
      "CREATE UNIQUE INDEX one_of_a_role ON version (slot, role) WHERE role <> 'previous'",
  };
  database.set_format(kFormat);
  for (const std::string& table : tables) database.session() << table, now;
  database.session() << "INSERT INTO store (key_id) VALUES ($1)", bind(key_id), now;
}

SealingKey check_tables(Database& database, const fs::path& key_file) {
  if (const int format = database.format(); format != kFormat) {
    throw hub::Refused({.status = hub::Status::kFailedPrecondition,
                        .reason = "STORE_NEWER",
                        .message = database.name() + " has format " + std::to_string(format) +
                                   ", this program knows format " + std::to_string(kFormat),
                        .hint = "run the program that wrote it, or a later one"},
                       {});
  }
  if (std::error_code ignored; !fs::exists(key_file, ignored)) {
    throw refusal(key_file, "STORE_KEY_MISSING",
                  "is missing, and without it " + database.name() + " cannot be read",
                  "put the store's own key file there, from a backup or from a host that shares "
                  "the store; a new one would not open it");
  }
  SealingKey key = SealingKey::read(key_file);
  std::string expected;
  database.session() << "SELECT key_id FROM store", into(expected), now;
  if (expected != key.id()) {
    throw refusal(key_file, "STORE_KEY_WRONG", "does not belong to " + database.name(),
                  "put the store's own key file there");
  }
  return key;
}

}  // namespace

SealingKey open_tables(Database& database, const fs::path& key_file) {
  try {
    Transaction transaction(database, Database::Kind::kMake);
    if (database.format() == 0) {
      SealingKey::make(key_file);
      make_tables(database, SealingKey::read(key_file).id());
    }
    SealingKey key = check_tables(database, key_file);
    transaction.commit();
    return key;
  } catch (const Poco::Exception& failure) {
    throw hub::Refused(database.unavailable(failure), {});
  }
}

}  // namespace sample_host
