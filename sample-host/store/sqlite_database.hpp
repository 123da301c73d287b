// A store's database in one SQLite file.
#pragma once

#include "store/database.hpp"

#include <sys/types.h>

#include <filesystem>

namespace sample_host {

/// Several processes of one machine may use one file; not across fork(). What is deleted is
/// overwritten, and a lock is waited for no longer than two seconds.
class SqliteDatabase : public Database {
 public:
  /// Opens the file, or makes it with mode 0600. Throws hub::Refused.
  explicit SqliteDatabase(std::filesystem::path file);

  std::string name() const override { return "the store " + file_.string(); }
  Poco::Data::Session& session() override { return session_; }
  void begin(Kind kind) override;
  void commit() override;
  void roll_back() override;
  void lock(std::string_view) override {}  // who may write has locked the whole file
  std::int64_t now() override;
  int format() override;
  void set_format(int format) override;
  const char* type_of_bytes() const override { return "BLOB"; }
  hub::Error unavailable(const Poco::Exception& failure) const override;

 private:
  struct Identity {
    explicit Identity(const std::filesystem::path& file);
    bool operator==(const Identity&) const = default;
    dev_t device = 0;
    ino_t number = 0;
  };

  Poco::Data::Session open() const;
  int pragma(const char* name);

  const std::filesystem::path file_;
  Poco::Data::Session session_;
  const Identity identity_;
  bool waits_for_disk_ = false;  // as SQLite is told before each transaction
};

}  // namespace sample_host
