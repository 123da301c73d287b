// What this host supplies to its connectors.
#pragma once

#include "configuration.hpp"

#include "credentials/credentials.hpp"
#include "store/database.hpp"

#include <hub/host.hpp>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace sample_host {

/// Credentials by reference, slots in a database, logs to Poco's loggers, one for each connection.
class Services : public hub::HostServices {
 public:
  explicit Services(Configuration::Store store);
  ~Services() override;

  hub::Result<hub::Secret> credential(const std::string& reference) override;

  /// Opened when first asked for. Throws hub::Refused if that fails, so ask before a connector
  /// does.
  hub::SlotStore& slots() override;

  void log(hub::LogLevel level, std::string_view connection, std::string_view message) override;

 private:
  std::unique_ptr<Database> open_database() const;

  const Configuration::Store where_;
  Credentials credentials_;
  std::once_flag opened_;
  std::unique_ptr<hub::SlotStore> store_;
};

}  // namespace sample_host
