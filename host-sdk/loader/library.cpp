#include <hub/host.hpp>

#include <stdexcept>
#include <utility>

#include "admission.hpp"
#include "call.hpp"
#include "connection_state.hpp"
#include "refuse.hpp"

namespace hub {

struct ConnectorLibrary::State {
  std::shared_ptr<LoadedConnector> connector;
};

namespace {

using Lifecycle = LoadedConnector::State;

[[noreturn]] void refuse_with(Error error, Location where) {
  error.message = where.file + ": " + error.message;
  throw Refused(std::move(error), std::move(where));
}

/// Once; what it answered then, it answers ever after.
void start_once(LoadedConnector& connector) {
  const std::lock_guard lock(connector.mutex);
  if (connector.state == Lifecycle::kLoaded) {
    static const std::map<std::string, ConnectionManifest::Grant> kNothing;
    const HostCall::Subject subject{.services = connector.services,
                                    .connection = "",
                                    .declared = connector.description.secrets,
                                    .granted = kNothing};
    const CallOptions options;
    const HostCall call(subject, options);
    const hub_status status = connector.table.start(&connector.host, call.raw());
    connector.state = status == HUB_OK ? Lifecycle::kStarted : Lifecycle::kFailed;
    if (status != HUB_OK) connector.start_error = call.outcome(status, "start");
  }
  if (connector.state == Lifecycle::kFailed)
    refuse_with(*connector.start_error, {.file = connector.library, .rule = "HUB-L-15"});
  if (connector.state == Lifecycle::kStopped) {
    refuse({.file = connector.library, .rule = "HUB-L-15"}, Status::kFailedPrecondition,
           "CONNECTOR_STOPPED", "has been stopped, and starts only once",
           "start the process again");
  }
  ++connector.connections;
}

void forget_connection(LoadedConnector& connector) {
  const std::lock_guard lock(connector.mutex);
  --connector.connections;
}

/// Whether it is stopped now; not while a connection is open.
bool stop_once(LoadedConnector& connector) {
  const std::lock_guard lock(connector.mutex);
  if (connector.connections != 0) return false;
  if (connector.state == Lifecycle::kStarted) connector.table.stop();
  connector.state = Lifecycle::kStopped;
  return true;
}

}  // namespace

ConnectorLibrary::ConnectorLibrary(HostServices& services, const std::filesystem::path& manifest,
                                   Options options)
    : state_(std::make_unique<State>()) {
  state_->connector = std::make_shared<LoadedConnector>(services, manifest, options);
}

ConnectorLibrary::~ConnectorLibrary() {
  if (stop_once(*state_->connector)) return;
  constexpr std::string_view kMessage = "was not stopped, since a connection of it is still open";
  const std::string message = state_->connector->library + " " + std::string(kMessage);
  log_redacted(state_->connector->services, HUB_LOG_ERROR, "", text_of(message));
}

const std::string& ConnectorLibrary::id() const { return state_->connector->description.id; }

const std::string& ConnectorLibrary::version() const {
  return state_->connector->description.version;
}

const std::string& ConnectorLibrary::description() const {
  return state_->connector->description.text;
}

std::unique_ptr<Connection> ConnectorLibrary::open(const ConnectionManifest& manifest) {
  LoadedConnector& connector = *state_->connector;
  const std::string config = admit(connector.description, manifest);
  start_once(connector);

  auto opened = std::make_unique<Connection::State>();
  opened->connector = state_->connector;
  opened->name = manifest.name();
  opened->grants = manifest.secrets();
  const HostCall::Subject subject{.services = connector.services,
                                  .connection = opened->name,
                                  .declared = connector.description.secrets,
                                  .granted = opened->grants};
  const CallOptions options;
  const HostCall call(subject, options);
  const hub_status status =
      connector.table.open(call.raw(), text_of(opened->name), text_of(config), &opened->instance);
  if (status != HUB_OK || opened->instance == nullptr) {
    forget_connection(connector);
    refuse_with(call.outcome(status, "open"),
                {.file = manifest.file().string(), .rule = "HUB-L-15"});
  }
  return std::unique_ptr<Connection>(new Connection(std::move(opened)));
}

void ConnectorLibrary::stop() {
  if (!stop_once(*state_->connector))
    throw std::logic_error("ConnectorLibrary::stop: a connection is still open");
}

}  // namespace hub
