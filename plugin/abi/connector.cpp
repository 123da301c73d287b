#include "abi/connector.hpp"

#include <memory>
#include <optional>

namespace databricks_token {
namespace {

// From start until stop, both on the loader's thread.
std::optional<hub::Host> the_host;
std::shared_ptr<AccessTokens> the_access_tokens;

/// As the Databricks SDKs write it (databricks-sdk-go useragent/): "key/value" with spaces between,
/// of these characters, others become '-'.
std::string user_agent(hub::Host host, AuthType auth) {
  const auto clean = [](std::string text) {
    constexpr std::string_view kAllowed =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.+-";
    for (char& c : text) {
      if (kAllowed.find(c) == std::string_view::npos) c = '-';
    }
    return text.empty() ? "-" : text;
  };
  return clean(std::string(Connector::kId)) + "/" + clean(std::string(Connector::kVersion)) + " " +
         clean(std::string(host.name())) + "/" + clean(std::string(host.version())) + " auth/" +
         std::string(to_text(auth));
}

std::shared_ptr<HttpClient> client(hub::Host host, const Configuration& configuration,
                                   const Origin& origin) {
  return std::make_shared<HttpClient>(origin, configuration.tls,
                                      user_agent(host, configuration.auth.type));
}

hub::Error invalid_request(std::string message) {
  return {.status = hub::Status::kInvalidArgument,
          .reason = "REQUEST_INVALID",
          .message = std::move(message),
          .hint = "The operation's request schema is in the connector's description."};
}

}  // namespace

hub::Result<> Connector::start(hub::Host host, hub::Call) {
  the_host = host;
  the_access_tokens = std::make_shared<AccessTokens>([host] { return host.monotonic(); });
  return {};
}

void Connector::stop() {
  the_access_tokens.reset();
  the_host.reset();
}

hub::Result<std::unique_ptr<Connector>> Connector::open(hub::Call, std::string_view,
                                                        std::string_view config_json) {
  auto configuration = Configuration::read(config_json);
  if (!configuration) return std::move(configuration).error();
  return std::make_unique<Connector>(the_host.value(), *std::move(configuration));
}

Connector::Connector(hub::Host host, Configuration configuration)
    : instance_{
          host, configuration,
          Workspace(configuration.origin, configuration.tls,
                    user_agent(host, configuration.auth.type)),
          SignIn(configuration.auth, client(host, configuration, configuration.origin),
                 client(host, configuration, configuration.auth.authority), the_access_tokens)} {}

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
