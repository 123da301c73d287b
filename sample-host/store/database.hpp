// The database of a store: how it is opened, and transactions on it.
#pragma once

#include <Poco/Data/Session.h>

#include <filesystem>
#include <string>

namespace sample_host {

/// Opens the SQLite database, which exists, and makes its tables if it has none. Every commit is
/// on the disk when it returns, what is deleted is overwritten, and a lock is waited for no longer
/// than two seconds. Throws hub::Refused for a file that is no store, a store of a later format or
/// one whose key has another id; Poco::Exception if the database cannot be read.
Poco::Data::Session open_database(const std::filesystem::path& file,
                                  const std::filesystem::path& key_file, const std::string& key_id);

/// Rolled back unless committed. A reading one sees one state of the database, a writing one also
/// keeps others from writing from its begin on, so that what it read is still true when it commits.
class Transaction {
 public:
  enum class Kind { kRead, kWrite };

  /// Throws Poco::Exception, as commit() does.
  Transaction(Poco::Data::Session& session, Kind kind);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();

  void commit();

 private:
  Poco::Data::Session& session_;
  bool open_ = true;
};

}  // namespace sample_host
