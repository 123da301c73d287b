// What a connection can be asked to do.
#pragma once

#include <hub/connector.hpp>
#include <hub/rotation.hpp>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "databricks/json.hpp"
#include "databricks/sign_in.hpp"
#include "databricks/workspace.hpp"
#include "operations/configuration.hpp"

namespace databricks_token {

/// The names of the connector's secrets.
inline constexpr std::string_view kAdminSecret = "admin";
inline constexpr std::string_view kAdoptSecret = "adopt";
inline constexpr std::string_view kTokenSlot = "token";

/// What an operation works with: one connection's configuration and its workspace.
struct Instance {
  hub::Host host;
  Configuration configuration;
  std::shared_ptr<ServerClock> clock;  // the workspace's
  Workspace workspace;
  SignIn sign_in;

  /// `ask(credential)` with what the secret "admin" signs in with. It is fetched from the host anew
  /// each time, so that one that was replaced counts at once.
  template <class Ask>
  auto as_admin(hub::Call call, Ask ask) -> std::invoke_result_t<Ask, const Credential&> {
    auto admin = call.secret(kAdminSecret);
    if (!admin) return std::move(admin).error();
    return sign_in.with(call, *admin, std::move(ask));
  }
};

struct Operation {
  std::string_view name;
  std::string_view summary;
  bool idempotent;
  std::string_view request_schema;
  std::string_view response_schema;
  hub::Result<std::string> (*run)(Instance& instance, hub::Call call, const JsonObject& request);
};

extern const Operation kCheck;
extern const Operation kCreateToken;
extern const Operation kRotateToken;
extern const Operation kRollbackToken;
extern const Operation kAdoptToken;
extern const Operation kRevokeToken;
extern const Operation kListTokens;
extern const Operation kSweep;

std::span<const Operation* const> operations();

/// Runs the rotation machine on the connection's slot; the response of each operation that changes
/// tokens.
hub::Result<std::string> rotate(Instance& instance, hub::Call call,
                                const hub::rotation::Request& request);

/// What rotate() would do.
hub::Result<std::string> plan(Instance& instance, hub::Call call,
                              const hub::rotation::Request& request);

}  // namespace databricks_token
