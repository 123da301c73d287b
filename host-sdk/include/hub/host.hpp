// For hosts: load a connector, open connections, invoke operations.
//
//     MyServices services;  // credentials, slots, log: what the hub supplies
//     hub::ConnectorLibrary library(
//         services, "/etc/hub/connectors/databricks-token.connector.json");
//     auto connection = library.open(
//         hub::ConnectionManifest::read("/etc/hub/connections/prod.connection.json"));
//     auto response = connection->invoke("rotate-token", R"({"when": "due"})");
//     ...
//     connection.reset();
//     library.stop();  // before main returns
//
// Loading and opening throw Refused, since whoever configured the host must act; invoking returns a
// Result.
#pragma once

#include <hub/error.hpp>
#include <hub/redactor.hpp>
#include <hub/secret.hpp>
#include <hub/slot_store.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace hub {

/// Where in which file, by which rule of docs/contract.md.
struct Location {
  std::string file;
  int line = 0;        // from 1; 0 where no line is to blame
  std::string path{};  // JSON pointer, "/config/auth/type"; empty where the whole file is to blame
  std::string rule{};  // "HUB-L-03"
};

/// A file or library that the host will not use. The error's hint mends it.
class Refused : public std::runtime_error {
 public:
  Refused(Error why, Location location)
      : std::runtime_error(why.message), error(std::move(why)), where(std::move(location)) {}

  Error error;
  Location where;
};

/// What a hub supplies to its connectors. Outlives every ConnectorLibrary. Its functions are called
/// on any thread.
class HostServices {
 public:
  HostServices(std::string name, std::string version)
      : name_(std::move(name)), version_(std::move(version)) {}
  virtual ~HostServices() = default;
  HostServices(const HostServices&) = delete;
  HostServices& operator=(const HostServices&) = delete;

  const std::string& name() const { return name_; }
  const std::string& version() const { return version_; }
  Redactor& redactor() { return redactor_; }

  /// The present value behind a manifest's `reference`. Error: FAILED_PRECONDITION,
  /// CREDENTIAL_MISSING and what to do.
  virtual Result<Secret> credential(const std::string& reference) = 0;

  virtual SlotStore& slots() = 0;

  /// `connection` is empty for what belongs to none; `message` is redacted already.
  virtual void log(LogLevel level, std::string_view connection, std::string_view message) = 0;

  virtual std::chrono::milliseconds now() const;       // since 1970 UTC
  virtual std::chrono::nanoseconds monotonic() const;  // never jumps

 private:
  std::string name_;
  std::string version_;
  Redactor redactor_;
};

/// A connection's manifest, checked: a trusted file, strict JSON, valid by
/// schemas/connection.schema.json.
class ConnectionManifest {
 public:
  /// What is granted for one name of the connector's secrets: a credential's reference or a slot.
  struct Grant {
    std::string reference;  // "env:NAME"; empty for a slot
    std::string slot;       // "prod/token"; empty for a credential
  };

  /// Throws Refused.
  static ConnectionManifest read(const std::filesystem::path& file);

  const std::filesystem::path& file() const { return file_; }
  const std::string& name() const { return name_; }
  const std::string& connector() const { return connector_; }
  const std::string& config_json() const { return config_json_; }
  const std::map<std::string, Grant>& secrets() const { return secrets_; }

  /// The line of a JSON pointer in the file, for errors that are found later.
  int line_of(const std::string& pointer) const;

 private:
  ConnectionManifest() = default;

  std::filesystem::path file_;
  std::string name_;
  std::string connector_;
  std::string config_json_;
  std::map<std::string, Grant> secrets_;
  std::map<std::string, int> lines_;
};

/// Two manifests that share a name or a slot are refused. Throws Refused.
void check_connections(const std::vector<ConnectionManifest>& connections);

/// The files of `directories` that end with `suffix`, by name within each directory, in the order
/// of the directories. Throws Refused for a directory that is missing, unreadable or that others
/// can write.
std::vector<std::filesystem::path> find_manifests(
    const std::vector<std::filesystem::path>& directories, std::string_view suffix);

/// Of one invoke.
struct CallOptions {
  std::chrono::milliseconds timeout = std::chrono::seconds(60);  // max(): none
  std::stop_token cancel;
  std::uint32_t attempt = 1;    // at the same job, from 1 on
  std::string idempotency_key;  // the same for each attempt; may be empty
  std::string trace_parent;     // W3C traceparent; may be empty
};

/// One configured connection. One call at a time, from any thread; connections run in parallel.
/// Closed when destroyed, which must be before its library stops.
class Connection {
 public:
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  const std::string& name() const;

  /// Checks the request against the operation's schema, invokes, and gives back the response's
  /// JSON. Response and error are redacted. Errors are the connector's, and the host's own:
  /// INVALID_ARGUMENT with reason UNKNOWN_OPERATION or REQUEST_INVALID, and UNAVAILABLE with
  /// CONNECTION_BUSY, never reach the connector; INTERNAL with RESPONSE_INVALID is a response that
  /// is no JSON, and any status with UNEXPLAINED one that the connector did not explain.
  Result<std::string> invoke(std::string_view operation, std::string_view request_json,
                             const CallOptions& options = {});

 private:
  friend class ConnectorLibrary;
  struct State;
  explicit Connection(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// A loaded connector. It is never unmapped: destroying this object leaves the library in the
/// process.
class ConnectorLibrary {
 public:
  struct Options {
    bool allow_unpinned = false;  // a manifest without sha256
  };

  /// Checks and maps the library that `manifest` names, in the order of docs/contract.md, section
  /// "Loading"; nothing of it has run when a check before that refuses. Throws Refused.
  ConnectorLibrary(HostServices& services, const std::filesystem::path& manifest, Options options);
  ConnectorLibrary(HostServices& services, const std::filesystem::path& manifest)
      : ConnectorLibrary(services, manifest, Options{}) {}
  ~ConnectorLibrary();
  ConnectorLibrary(const ConnectorLibrary&) = delete;
  ConnectorLibrary& operator=(const ConnectorLibrary&) = delete;

  const std::string& id() const;
  const std::string& version() const;

  /// What describe() wrote, JSON that is valid by schemas/describe.schema.json.
  const std::string& description() const;

  /// Checks the configuration against the connector's schema and the grants against its secrets,
  /// starts the connector if this is the first, and opens. The first is for the thread that loads
  /// and stops, the others for any. Throws Refused.
  std::unique_ptr<Connection> open(const ConnectionManifest& manifest);

  /// The connector's clean-up, once, when every connection is closed and before main returns.
  /// Without it the destructor stops. Throws std::logic_error while a connection is open.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hub
