#pragma once

#include <hub/host.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "loaded_connector.hpp"

namespace hub {

struct Connection::State {
  std::shared_ptr<LoadedConnector> connector;
  std::string name;
  std::map<std::string, ConnectionManifest::Grant> grants;
  hub_instance* instance = nullptr;
  std::mutex one_call;
};

}  // namespace hub
