// One run of a command: what it was asked, and the configuration, the store and the connector, each
// opened when the command first needs it.
#pragma once

#include "command_line.hpp"
#include "configuration.hpp"
#include "services.hpp"

#include <hub/host.hpp>

#include <Poco/JSON/Object.h>

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace sample_host {

class Session {
 public:
  Session(const CommandLine& line, std::stop_token cancel)
      : line_(line), cancel_(std::move(cancel)) {}

  const CommandLine& line() const { return line_; }

  /// Throws hub::Refused.
  const Configuration& configuration();

  /// The manifest of the connection that the command line names. Throws hub::Refused, UsageError.
  const hub::ConnectionManifest& manifest();

  /// Throws hub::Refused when the store cannot be opened.
  hub::SlotStore& store() { return services().slots(); }

  /// The name of the connection's slot. Throws hub::Refused, UsageError.
  const std::string& slot() { return slot_of(manifest()); }

  /// Loads the connection's connector, not yet started. Throws hub::Refused.
  hub::ConnectorLibrary& connector();

  /// Opens the connection and runs one operation, until it is done, out of time or cancelled.
  /// Throws hub::Refused for what is wrong before the operation begins.
  hub::Result<Poco::JSON::Object::Ptr> invoke(const std::string& operation,
                                              std::string_view request_json);

  /// The operation that invoke() began, if any.
  const std::optional<std::string>& operation() const { return operation_; }

 private:
  Services& services();

  const CommandLine& line_;
  std::stop_token cancel_;
  std::optional<Configuration> configuration_;
  std::unique_ptr<Services> services_;
  std::unique_ptr<hub::ConnectorLibrary> connector_;  // before the services go
  std::optional<std::string> operation_;
};

}  // namespace sample_host
