// A store's database on a PostgreSQL server, for several hosts.
#pragma once

#include "store/database.hpp"
#include "store/postgres_address.hpp"
#include "store/watchdog.hpp"

#include <hub/error.hpp>
#include <hub/secret.hpp>

#include <functional>
#include <string>

struct pg_conn;  // libpq's PGconn

namespace Poco::Data::PostgreSQL {
class SessionHandle;
}

namespace sample_host {

/// One store a database, in a schema of its own, "hub_slots". A connection that broke between two
/// transactions is made again, with the password as it is then.
///
/// A writing transaction is READ COMMITTED and locks the slot's row first. SERIALIZABLE would do
/// without, but whoever is second would be thrown out, where it now waits and sees what the first
/// did; and pages that two slots share would throw out somebody who touched neither.
class PostgresDatabase : public Database {
 public:
  /// Gets the password; an empty function where there is none.
  using Password = std::function<hub::Result<hub::Secret>()>;

  /// Throws hub::Refused: STORE_UNAVAILABLE if no server answers, STORE_REFUSED if it does not let
  /// us in, whatever `password` returns.
  PostgresDatabase(PostgresAddress address, Password password);

  std::string name() const override { return "the store in PostgreSQL at " + address_.text(); }
  Poco::Data::Session& session() override { return session_; }
  void begin(Kind kind) override;
  void commit() override;
  void roll_back() override;
  void lock(std::string_view slot) override;
  std::int64_t now() override;
  int format() override;
  void set_format(int format) override;
  const char* type_of_bytes() const override { return "BYTEA"; }
  hub::Error unavailable(const Poco::Exception& failure) const override;

 private:
  std::string parameters() const;
  Poco::Data::Session open();
  Poco::Data::Session connect(const std::string& parameters);
  void set_up(pg_conn* connection);
  void reconnect();
  void start(Kind kind);
  Poco::Data::PostgreSQL::SessionHandle& handle();

  const PostgresAddress address_;
  const Password password_;
  std::string connected_with_;
  Watchdog watchdog_;
  Poco::Data::Session session_;
};

}  // namespace sample_host
