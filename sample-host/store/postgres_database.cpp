#include "store/postgres_database.hpp"

#include <hub/host.hpp>

#include <Poco/Data/PostgreSQL/Connector.h>
#include <Poco/Data/PostgreSQL/PostgreSQLException.h>
#include <Poco/Data/PostgreSQL/Utility.h>
#include <Poco/Data/Statement.h>
#include <Poco/String.h>
#include <libpq-fe.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace sample_host {
namespace {

using namespace Poco::Data::Keywords;
using Poco::Data::PostgreSQL::ConnectionException;
using Poco::Data::PostgreSQL::PostgreSQLException;

// The server's own limits are shorter, so that it says what is wrong.
constexpr std::chrono::seconds kPatience{6};

// On the disk when COMMIT returns, whatever the database's default. Whether the server's disk keeps
// its word (fsync) is the server's: some keep their log elsewhere and have it off.
constexpr const char* kSettings =
    "SET synchronous_commit = on;"
    "SET statement_timeout = '3s';"
    "SET lock_timeout = '2s';"
    "SET idle_in_transaction_session_timeout = '10s';"
    "SET bytea_output = hex;"  // the only one that Poco reads
    "SET search_path = hub_slots";

// Both numbers are ours alone: "HUBS", and that it is about the tables.
constexpr const char* kLockTables = "SELECT pg_advisory_xact_lock(1213547091, 1)";

struct Finish {
  void operator()(PGconn* connection) const { ::PQfinish(connection); }
  void operator()(PGresult* result) const { ::PQclear(result); }
};

/// Returns the server's tag, such as "BEGIN". One round trip, where a statement of Poco's has four.
std::string execute(PGconn* connection, const char* sql) {
  const std::unique_ptr<PGresult, Finish> result(::PQexec(connection, sql));
  const ExecStatusType status = ::PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
    throw PostgreSQLException(::PQerrorMessage(connection));
  return ::PQcmdStatus(result.get());
}

/// What libpq said. Other exceptions of Poco's may quote the connection string, and the password in
/// it; their names do not.
std::string words_of(const Poco::Exception& failure) {
  if (dynamic_cast<const PostgreSQLException*>(&failure) == nullptr) return failure.name();
  std::string text = failure.message();
  for (const char* before : {"[PostgreSQL]: ", "_prepare error: ", "_execute error: "}) {
    if (const auto at = text.find(before); at != std::string::npos)
      text.erase(0, at + std::string_view(before).size());
  }
  // What comes after an error's first line may hold a row; that of a connection, another address.
  if (dynamic_cast<const ConnectionException*>(&failure) == nullptr)
    text.resize(std::min(text.size(), text.find('\n')));
  while (text.ends_with('\n')) text.pop_back();
  return Poco::translate(Poco::replace(text, "\n", "; "), "\t", "");
}

}  // namespace

// ---- The connection ----

PostgresDatabase::PostgresDatabase(PostgresAddress address, Password password)
    : address_(std::move(address)),
      password_(std::move(password)),
      connected_with_(parameters()),
      watchdog_(kPatience),
      session_(open()) {}

std::string PostgresDatabase::parameters() const {
  if (!password_) return address_.with({});
  const auto password = password_();
  if (!password) throw hub::Refused(password.error(), {});
  if (password->reveal().find(' ') != std::string_view::npos) {
    throw hub::Refused(
        {.status = hub::Status::kFailedPrecondition,
         .reason = "STORE_CONNECTION_INVALID",
         .message = "the password of " + name() + " has a blank",
         .hint = "Poco takes connection strings apart at blanks: choose another password, or name "
                 "a file of libpq's in \"connection\", passfile=PATH"},
        {});
  }
  return address_.with(password->reveal());
}

Poco::Data::Session PostgresDatabase::open() {
  try {
    return connect(connected_with_);
  } catch (const Poco::Exception& failure) {
    if (::PQping(connected_with_.c_str()) != PQPING_OK)
      throw hub::Refused(unavailable(failure), {});
    throw hub::Refused({.status = hub::Status::kFailedPrecondition,
                        .reason = "STORE_REFUSED",
                        .message = name() + " cannot be opened: " + words_of(failure),
                        .hint = "correct \"connection\" and \"password\" of the store, or make the "
                                "database and let the role in; `psql '" +
                                address_.text() + "'` asks for the same"},
                       {});
  }
}

Poco::Data::Session PostgresDatabase::connect(const std::string& parameters) {
  {
    // Poco never frees a connection that failed, nor the password in it; so one is tried that it
    // does not have.
    const std::unique_ptr<PGconn, Finish> trial(::PQconnectdb(parameters.c_str()));
    if (::PQstatus(trial.get()) != CONNECTION_OK)
      throw ConnectionException(::PQerrorMessage(trial.get()));
  }
  Poco::Data::PostgreSQL::Connector::registerConnector();
  Poco::Data::Session session(Poco::Data::PostgreSQL::Connector::KEY, parameters);
  PGconn* const connection = *Poco::Data::PostgreSQL::Utility::handle(session);
  // Or libpq would write what the server remarks to stderr.
  ::PQsetNoticeProcessor(
      connection, [](void*, const char*) {}, nullptr);
  set_up(connection);
  return session;
}

void PostgresDatabase::set_up(PGconn* connection) {
  watchdog_.watch(::PQsocket(connection));
  execute(connection, kSettings);
  watchdog_.release();
}

void PostgresDatabase::reconnect() {
  try {
    std::string now = parameters();
    if (now != connected_with_) {
      session_ = connect(now);  // what broke is lost memory, once for each new password
      connected_with_ = std::move(now);
      return;
    }
  } catch (const hub::Refused& refused) {
    throw ConnectionException(refused.error.message);
  }
  if (!handle().reset()) throw ConnectionException(::PQerrorMessage(handle()));
  set_up(handle());
}

Poco::Data::PostgreSQL::SessionHandle& PostgresDatabase::handle() {
  return *Poco::Data::PostgreSQL::Utility::handle(session_);
}

// ---- Transactions ----

void PostgresDatabase::begin(Kind kind) {
  if (handle().isConnected()) {
    try {
      return start(kind);
    } catch (const Poco::Exception&) {
      if (handle().isConnected()) throw;
    }
    // It broke since it was last used, and nothing has begun.
  }
  reconnect();
  start(kind);
}

void PostgresDatabase::start(Kind kind) {
  watchdog_.watch(::PQsocket(handle()));
  try {
    execute(handle(), kind == Kind::kRead ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
                                          : "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
    if (kind == Kind::kMake) execute(handle(), kLockTables);
  } catch (const Poco::Exception&) {
    roll_back();
    throw;
  }
}

void PostgresDatabase::commit() {
  // Of a transaction that has failed it makes a rollback, and calls that a success.
  if (execute(handle(), "COMMIT") != "COMMIT")
    throw PostgreSQLException("the transaction was rolled back");
  watchdog_.release();
}

void PostgresDatabase::roll_back() {
  // Poco cannot remove its prepared statements from a transaction that has failed.
  ::PQclear(::PQexec(handle(), "ROLLBACK; DEALLOCATE ALL"));
  watchdog_.release();
}

void PostgresDatabase::lock(std::string_view slot) {
  std::int64_t revision = 0;
  session_ << "SELECT revision FROM slot WHERE name = $1 FOR UPDATE", into(revision),
      bind(std::string(slot)), Poco::Data::Keywords::now;
}

std::int64_t PostgresDatabase::now() {
  std::int64_t ms = 0;
  session_ << "SELECT CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp()) * 1000) AS BIGINT)",
      into(ms), Poco::Data::Keywords::now;
  return ms;
}

// ---- The tables ----

int PostgresDatabase::format() {
  int made = 0;
  session_ << "SELECT CASE WHEN to_regclass('hub_slots.format') IS NULL THEN 0 ELSE 1 END",
      into(made), Poco::Data::Keywords::now;
  if (made == 0) return 0;
  int number = 0;
  session_ << "SELECT number FROM format", into(number), Poco::Data::Keywords::now;
  return number;
}

void PostgresDatabase::set_format(int format) {
  std::string encoding;
  session_ << "SELECT current_setting('server_encoding')", into(encoding),
      Poco::Data::Keywords::now;
  if (encoding != "UTF8") {
    throw hub::Refused({.status = hub::Status::kFailedPrecondition,
                        .reason = "STORE_INVALID",
                        .message = name() + " has the encoding " + encoding + ", not UTF8",
                        .hint = "createdb --encoding=UTF8 --template=template0 DATABASE"},
                       {});
  }
  // An administrator may have made the schema for a role that may make none.
  int schemas = 0;
  session_ << "SELECT COUNT(*) FROM pg_namespace WHERE nspname = 'hub_slots'", into(schemas),
      Poco::Data::Keywords::now;
  if (schemas == 0) execute(handle(), "CREATE SCHEMA hub_slots");
  session_ << "CREATE TABLE format (number INTEGER NOT NULL)", Poco::Data::Keywords::now;
  session_ << "INSERT INTO format (number) VALUES ($1)", bind(format), Poco::Data::Keywords::now;
}

// ---- Errors ----

hub::Error PostgresDatabase::unavailable(const Poco::Exception& failure) const {
  return {.status = hub::Status::kUnavailable,
          .retry = hub::Retry::kSameCall,
          .reason = "STORE_UNAVAILABLE",
          .message = name() + " cannot be used: " + words_of(failure),
          .hint =
              "check that the server runs, that this machine reaches it, that the role may use "
              "the schema hub_slots and that nobody keeps its tables locked; then try again"};
}

}  // namespace sample_host
