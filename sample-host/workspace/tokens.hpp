#pragma once

#include <Poco/JSON/Object.h>

#include <string>

#include "workspace/http.hpp"
#include "workspace/state.hpp"

namespace local_workspace {

/// A token as Databricks tells an admin of it (AdminTokenInfo); members without a value are left
/// out.
Poco::JSON::Object::Ptr token_info(const Data& data, const Token& token);

/// The same for its owner (PublicTokenInfo), whom it does not name.
Poco::JSON::Object::Ptr public_token_info(const Token& token);

struct Made {
  std::string value;
  const Token& token;
};

/// Makes a token for `owner` from the request's lifetime_seconds, comment and scopes, and puts it
/// into `data`. Refuses what the real workspace refuses.
Made create_token(Data& data, const Principal& owner, const Caller& creator, const Body& request);

/// {"token_value", "token_info"}, the only place that has the value.
Answer answer(const Made& made, const Poco::JSON::Object::Ptr& info);

/// Brings the fields that `update_mask` names ("comment,scopes") into the token.
void update_token(Token& token, const Body& fields, const std::string& update_mask);

/// The token with this id, expired or not, unless it never was or is revoked: then 404 with `code`.
template <typename SomeData>
auto& require_token(SomeData& data, const std::string& id, const std::string& code = "NOT_FOUND") {
  auto* token = data.token(id);
  if (token == nullptr || token->revoked()) throw Refusal(404, code, "Token does not exist");
  return *token;
}

}  // namespace local_workspace
