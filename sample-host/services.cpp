#include "services.hpp"

#include "store/database_slot_store.hpp"
#include "store/postgres_database.hpp"
#include "store/sqlite_database.hpp"

#include <Poco/Logger.h>
#include <Poco/Message.h>

#include <utility>

namespace sample_host {
namespace {

Poco::Message::Priority priority_of(hub::LogLevel level) {
  switch (level) {
    case hub::LogLevel::kDebug:
      return Poco::Message::PRIO_DEBUG;
    case hub::LogLevel::kInfo:
      return Poco::Message::PRIO_INFORMATION;
    case hub::LogLevel::kWarning:
      return Poco::Message::PRIO_WARNING;
    case hub::LogLevel::kError:
      break;
  }
  return Poco::Message::PRIO_ERROR;
}

}  // namespace

Services::Services(Configuration::Store store)
    : HostServices("sample-host", SAMPLE_HOST_VERSION), where_(std::move(store)) {}

Services::~Services() = default;

hub::Result<hub::Secret> Services::credential(const std::string& reference) {
  return credentials_.get(reference);
}

std::unique_ptr<Database> Services::open_database() const {
  if (!where_.postgres) return std::make_unique<SqliteDatabase>(where_.path);
  PostgresDatabase::Password password;
  if (!where_.password.empty()) password = [this] { return credentials_.get(where_.password); };
  return std::make_unique<PostgresDatabase>(*where_.postgres, std::move(password));
}

hub::SlotStore& Services::slots() {
  std::call_once(opened_, [this] {
    store_ = std::make_unique<DatabaseSlotStore>(open_database(), where_.key_file);
  });
  return *store_;
}

void Services::log(hub::LogLevel level, std::string_view connection, std::string_view message) {
  const std::string source(connection.empty() ? std::string_view(name()) : connection);
  Poco::Logger::get(source).log(Poco::Message(source, std::string(message), priority_of(level)));
}

}  // namespace sample_host
