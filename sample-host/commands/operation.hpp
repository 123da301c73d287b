// The commands that are an operation of the connector.
#pragma once

#include "commands/command.hpp"

#include <string>
#include <string_view>

namespace sample_host {

/// Invokes `operation` on the connection of the command line; the answer is the connector's
/// response. Throws what Session::invoke throws.
hub::Result<Answer> run_operation(Session& session, const std::string& operation,
                                  const Poco::JSON::Object& request = Poco::JSON::Object());

/// The same with a request that has yet to be checked: the host does so.
hub::Result<Answer> run_operation(Session& session, const std::string& operation,
                                  std::string_view request_json);

/// Says in `request` which token is to be replaced: the one of --replace, or the current one, so
/// that of two hosts one replaces it.
hub::Result<> name_replaced(Session& session, Poco::JSON::Object& request);

}  // namespace sample_host
