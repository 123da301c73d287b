// What the two OAuth endpoints have in common.
#pragma once

#include <Poco/Net/HTMLForm.h>

#include <optional>
#include <string>

#include "workspace/state.hpp"

namespace local_workspace {

inline constexpr int kAccessTokenSeconds = 3600;

struct Client {
  std::string id;
  std::string secret;
};

/// By HTTP Basic, or else in the form.
Client client_of(const std::string& authorization, const Poco::Net::HTMLForm& form);

/// A new access token for the principal with that name and OAuth secret; nothing if there is none.
std::optional<std::string> grant_access(State& state, const Client& client, Audience audience);

}  // namespace local_workspace
