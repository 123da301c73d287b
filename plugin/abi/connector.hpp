// The connector behind the ABI: JSON and errors here, what it does in operations/.
#pragma once

#include <hub/connector.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "operations/operation.hpp"

namespace databricks_token {

class Connector {
 public:
  static constexpr std::string_view kId = "databricks-token";
  static constexpr std::string_view kVersion = HUB_CONNECTORS_VERSION;

  static std::string describe();
  static hub::Result<> start(hub::Host host, hub::Call call);
  static void stop();
  static hub::Result<std::unique_ptr<Connector>> open(hub::Call call, std::string_view connection,
                                                      std::string_view config_json);

  struct Process;
  Connector(Process& process, const Configuration& configuration,
            const std::shared_ptr<HttpClient>& workspace,
            const std::shared_ptr<ServerClock>& clock);

  hub::Result<std::string> invoke(hub::Call call, std::string_view operation,
                                  std::string_view request_json);

 private:
  static std::optional<Process> the_process;

  Instance instance_;
};

}  // namespace databricks_token
