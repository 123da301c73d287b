#include "abi/connector.hpp"

#include <optional>
#include <utility>

#include "http/clients.hpp"

namespace databricks_token {
namespace {

std::string user_agent(hub::Host host) {
  return std::string(Connector::kId) + "/" + std::string(Connector::kVersion) + " " +
         std::string(host.name()) + "/" + std::string(host.version());
}

/// What the process has once, from start until stop, both on the loader's thread.
struct Process {
  explicit Process(hub::Host the_host) : host(the_host), clients(user_agent(the_host)) {}

  hub::Host host;
  HttpClients clients;
  Paces paces;
};
std::optional<Process> the_process;

hub::Error invalid_request(std::string message) {
  return {.status = hub::Status::kInvalidArgument,
          .reason = "REQUEST_INVALID",
          .message = std::move(message),
          .hint = "The operation's request schema is in the connector's description."};
}

}  // namespace

hub::Result<> Connector::start(hub::Host host, hub::Call) {
  the_process.emplace(host);
  return {};
}

void Connector::stop() { the_process.reset(); }

hub::Result<std::unique_ptr<Connector>> Connector::open(hub::Call, std::string_view,
                                                        std::string_view config_json) {
  auto configuration = Configuration::read(config_json);
  if (!configuration) return std::move(configuration).error();
  Process& process = the_process.value();
  auto client =
      process.clients.get(configuration->origin, configuration->tls, configuration->proxy);
  auto pace = process.paces.of(configuration->origin);
  return std::make_unique<Connector>(process.host, *std::move(configuration), std::move(client),
                                     std::move(pace));
}

Connector::Connector(hub::Host host, Configuration configuration,
                     std::shared_ptr<HttpClient> client, std::shared_ptr<Pace> pace)
    : instance_{host, std::move(configuration), Workspace(std::move(client), std::move(pace))} {}

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
