#include "session.hpp"

#include "json.hpp"

#include <algorithm>

namespace sample_host {

const Configuration& Session::configuration() {
  if (!configuration_) {
    const auto file = line_.value("--config");
    configuration_ = Configuration::read(file.empty() ? Configuration::default_file() : file);
  }
  return *configuration_;
}

const hub::ConnectionManifest& Session::manifest() {
  const auto& connections = configuration().connections();
  const std::string name = line_.argument(0);
  const auto found = std::ranges::find(connections, name, &hub::ConnectionManifest::name);
  if (found != connections.end()) return *found;

  std::vector<std::string_view> names;
  for (const auto& connection : connections) names.push_back(connection.name());
  throw UsageError(
      "unknown connection" + shown(name) + nearest(name, names),
      "`sample-host list` names the connections of " + configuration().file().string() + ".");
}

Services& Session::services() {
  if (!services_) services_ = std::make_unique<Services>(configuration().store());
  return *services_;
}

hub::ConnectorLibrary& Session::connector() {
  if (!connector_)
    connector_ = std::make_unique<hub::ConnectorLibrary>(
        services(), configuration().connector_manifest(manifest()));
  return *connector_;
}

hub::Result<Poco::JSON::Object::Ptr> Session::invoke(const std::string& operation,
                                                     std::string_view request_json) {
  store();  // a store that cannot be opened is refused before anything of the connector runs
  const auto connection = connector().open(manifest());
  operation_ = operation;
  hub::CallOptions options;
  options.cancel = cancel_;
  const auto response = connection->invoke(operation, request_json, options);
  if (!response) return response.error();
  return parse_object(*response);
}

}  // namespace sample_host
