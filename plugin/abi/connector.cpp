#include "abi/connector.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "databricks/user_agent.hpp"
#include "http/clients.hpp"

namespace databricks_token {
namespace {

std::string user_agent(hub::Host host) {
  return user_agent_part(Connector::kId, Connector::kVersion) + ' ' +
         user_agent_part(host.name(), host.version());
}

hub::Error invalid_request(std::string message) {
  return {.status = hub::Status::kInvalidArgument,
          .reason = "REQUEST_INVALID",
          .message = std::move(message),
          .hint = "The operation's request schema is in the connector's description."};
}

}  // namespace

/// What the process has once.
struct Connector::Process {
  explicit Process(hub::Host the_host)
      : host(the_host),
        clients(user_agent(the_host)),
        access_tokens(std::make_shared<AccessTokens>([the_host] { return the_host.monotonic(); })) {
  }

  std::shared_ptr<HttpClient> workspace(const Configuration& configuration) {
    return clients.get(configuration.origin, configuration.tls, configuration.proxy);
  }

  /// The client certificate and the pinned keys are for the workspace alone.
  std::shared_ptr<HttpClient> authority(const Configuration& configuration) {
    if (configuration.auth.type != AuthType::kAzureEntra) return nullptr;
    return clients.get(configuration.auth.authority, {.ca_file = configuration.tls.ca_file},
                       configuration.proxy);
  }

  std::shared_ptr<ServerClock> clock() const {
    return std::make_shared<ServerClock>(
        [of = host] { return of.now(); },
        [of = host] {
          return std::chrono::duration_cast<std::chrono::milliseconds>(of.monotonic());
        });
  }

  hub::Host host;
  HttpClients clients;
  Paces paces;
  std::shared_ptr<AccessTokens> access_tokens;
};

// From start until stop, both on the loader's thread.
std::optional<Connector::Process> Connector::the_process;

hub::Result<> Connector::start(hub::Host host, hub::Call) {
  the_process.emplace(host);
  return {};
}

void Connector::stop() { the_process.reset(); }

hub::Result<std::unique_ptr<Connector>> Connector::open(hub::Call, std::string_view connection,
                                                        std::string_view config_json) {
  Process& process = the_process.value();
  const auto configuration =
      Configuration::read(config_json, {.connection = connection, .host = process.host.name()});
  if (!configuration) return configuration.error();
  return std::make_unique<Connector>(process, *configuration, process.workspace(*configuration),
                                     process.clock());
}

Connector::Connector(Process& process, const Configuration& configuration,
                     const std::shared_ptr<HttpClient>& workspace,
                     const std::shared_ptr<ServerClock>& clock)
    : instance_{process.host, configuration, clock,
                Workspace(workspace, process.paces.of(configuration.origin), clock),
                SignIn(configuration.auth, workspace, process.authority(configuration),
                       process.access_tokens)} {}

hub::Result<std::string> Connector::invoke(hub::Call call, std::string_view operation,
                                           std::string_view request_json) {
  const auto request = JsonObject::parse(std::string(request_json));
  if (!request) return invalid_request("the request is not a JSON object");
  for (const Operation* known : operations()) {
    if (known->name != operation) continue;
    try {
      return known->run(instance_, call, *request);
    } catch (const WrongShape& wrong) {
      return invalid_request(wrong.what());
    }
  }
  return hub::Error{.status = hub::Status::kInvalidArgument,
                    .reason = "UNKNOWN_OPERATION",
                    .message = "there is no operation " + std::string(operation),
                    .hint = "The connector's description lists the operations."};
}

}  // namespace databricks_token

HUB_EXPORT_CONNECTOR(databricks_token::Connector)
