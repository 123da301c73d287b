// The database under a store: what each does in its own way, and transactions on it.
#pragma once

#include <hub/error.hpp>

#include <Poco/Data/Session.h>
#include <Poco/Exception.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace sample_host {

/// One connection to a database that keeps a store, durably: what is committed is on the disk. No
/// call waits for longer than some seconds. Not thread-safe. All functions throw Poco::Exception
/// when the database cannot do it now.
class Database {
 public:
  enum class Kind {
    kRead,   // sees one state of the database
    kWrite,  // sees what it has locked as it is, until it ends
    kLease,  // the same, but may be lost with the machine, and then with all its holders; never
             // without what was written after it
    kMake,   // as kWrite, and nobody else makes or checks the tables meanwhile
  };

  virtual ~Database() = default;

  /// What messages call it: "the store ..".
  virtual std::string name() const = 0;

  /// The same object for as long as this one lives.
  virtual Poco::Data::Session& session() = 0;

  /// A begin() that throws has begun nothing. Of a commit() that throws nobody knows what it did.
  virtual void begin(Kind kind) = 0;
  virtual void commit() = 0;
  /// Does not throw: what cannot be rolled back now the database gives up by itself.
  virtual void roll_back() = 0;

  /// Keeps others from writing to the slot for as long as the writing transaction lasts. Nothing is
  /// locked of a slot that is not there.
  virtual void lock(std::string_view slot) = 0;

  /// Milliseconds since 1970, by one clock for all who use the database. Within a transaction.
  virtual std::int64_t now() = 0;

  /// The tables' format, 0 where there are none. Throws hub::Refused for somebody else's tables.
  virtual int format() = 0;
  /// Of a database without tables, before they are made.
  virtual void set_format(int format) = 0;
  /// How the database calls a column of bytes.
  virtual const char* type_of_bytes() const = 0;

  /// UNAVAILABLE: this database threw `failure`, so that nobody can tell what it did.
  virtual hub::Error unavailable(const Poco::Exception& failure) const = 0;
};

/// Rolled back unless committed.
class Transaction {
 public:
  /// Throws Poco::Exception, as commit() does.
  Transaction(Database& database, Database::Kind kind) : database_(database) {
    database_.begin(kind);
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() {
    if (open_) database_.roll_back();
  }

  void commit() {
    database_.commit();
    open_ = false;
  }

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace sample_host
