// A PostgreSQL server of a test's own.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

namespace test_support {

/// Debian's, with its data and its one Unix socket in a directory of its own, run by the user
/// `postgres` where the test is root. Does not outlive the thread that started it, and does not
/// write through to the disk: a killed server loses nothing, a machine without power would.
class PostgresServer {
 public:
  /// With two roles: `hub`, who may do everything and is believed, and `guarded`, who may nothing
  /// and needs a password. Throws std::runtime_error, as the others do.
  explicit PostgresServer(const std::string& password);
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  /// A connection string, without a password.
  std::string address(const std::string& database, const std::string& role = "hub") const;

  /// A new, empty database; its name.
  std::string make_database();

  /// Runs SQL, several statements if need be; the first column of the last one's first row, empty
  /// where there is none.
  std::string run(const std::string& database, const std::string& sql) const;
  /// Until this many connections of the database wait, for a lock or as `type` says (pg_sleep():
  /// "Timeout").
  void await_waiting(const std::string& database, int connections,
                     const std::string& type = "Lock") const;
  /// Signals the server's process of each connection to the database.
  void signal(const std::string& database, int number) const;

  /// As a crash does: every connection breaks, nothing is finished.
  void kill();
  void start();

 private:
  std::filesystem::path directory_;
  pid_t pid_ = -1;
  int databases_ = 0;
};

}  // namespace test_support
