#include "workspace/tokens.hpp"

#include <Poco/JSON/Array.h>
#include <Poco/NumberParser.h>
#include <Poco/StringTokenizer.h>

#include <algorithm>

#include "workspace/authorization.hpp"

namespace local_workspace {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;

constexpr std::int64_t kSecondsADay = 24 * 60 * 60;
constexpr std::int64_t kLongestLifetimeDays = 730;  // docs: default maximum since December 2024
constexpr int kTokensAnOwner = 600;                 // docs: tokens per user and workspace

std::int64_t longest_lifetime_seconds(const Data& data) {
  const auto setting = data.settings.find("maxTokenLifetimeDays");
  const std::int64_t days =
      setting == data.settings.end() ? 0 : Poco::NumberParser::parse64(setting->second);
  return (days == 0 ? kLongestLifetimeDays : days) * kSecondsADay;
}

/// Leaving the field out gives the longest that is allowed. Sources contradict each other here, so
/// a client has to read expiry_time anyway.
std::int64_t lifetime_seconds(const Data& data, const Body& request) {
  const std::int64_t longest = longest_lifetime_seconds(data);
  const std::int64_t asked = request.integer("lifetime_seconds").value_or(longest);
  if (asked <= 0) {
    throw Refusal::invalid("requirement failed: Invalid timeout: " + std::to_string(asked));
  }
  if (asked > longest) {
    throw Refusal::invalid("lifetime_seconds " + std::to_string(asked) +
                           " is above the maximum token lifetime of this workspace, " +
                           std::to_string(longest / kSecondsADay) + " days.");
  }
  return asked;
}

/// Only live tokens count here; whether they do in the real workspace is not documented.
void require_quota(const Data& data, const Principal& owner) {
  const auto live = std::count_if(data.tokens.begin(), data.tokens.end(),
                                  [&owner, now = now_ms()](const Token& token) {
                                    return token.owner_id == owner.id && token.live(now);
                                  });
  if (live >= kTokensAnOwner) {
    throw Refusal(400, std::string("QUOTA_EXCEEDED"),
                  "User " + owner.name + " has reached the quota of " +
                      std::to_string(kTokensAnOwner) + " tokens.");
  }
}

}  // namespace

Object::Ptr public_token_info(const Token& token) {
  Object::Ptr json = new Object;
  json->set("token_id", token.id);
  json->set("creation_time", token.creation_time);
  json->set("expiry_time", token.expiry_time);
  if (!token.comment.empty()) json->set("comment", token.comment);
  if (token.last_used_day != 0) json->set("last_accessed_time", token.last_used_day);
  if (!token.scopes.empty()) {
    Array::Ptr scopes = new Array;
    for (const std::string& scope : token.scopes) scopes->add(scope);
    json->set("scopes", scopes);
  }
  return json;
}

Object::Ptr token_info(const Data& data, const Token& token) {
  Object::Ptr json = public_token_info(token);
  json->remove("last_accessed_time");
  json->set("created_by_id", token.created_by_id);
  json->set("created_by_username", data.principal(token.created_by_id)->name);
  json->set("owner_id", token.owner_id);
  json->set("workspace_id", data.workspace_id);
  if (token.last_used_day != 0) json->set("last_used_day", token.last_used_day);
  return json;
}

Made create_token(Data& data, const Principal& owner, const Caller& creator, const Body& request) {
  require_tokens_enabled(data);
  require_can_use_tokens(data, owner);
  require_quota(data, owner);

  std::string value = "dapi" + random_hex(16);
  Token token;
  token.id = sha256_hex(value);
  token.owner_id = owner.id;
  token.created_by_id = creator.id;
  token.comment = request.text("comment").value_or("");
  token.scopes = request.texts("scopes").value_or(std::vector<std::string>{});
  token.creation_time = now_ms();
  token.expiry_time = token.creation_time + lifetime_seconds(data, request) * 1000;
  data.tokens.push_back(std::move(token));
  return {std::move(value), data.tokens.back()};
}

Answer answer(const Made& made, const Object::Ptr& info) {
  Object json;
  json.set("token_value", made.value);
  json.set("token_info", info);
  return Answer(json);
}

void update_token(Token& token, const Body& fields, const std::string& update_mask) {
  for (const std::string& field :
       Poco::StringTokenizer(update_mask, ",", Poco::StringTokenizer::TOK_TRIM)) {
    if (field == "comment") {
      token.comment = fields.text("comment").value_or("");
    } else if (field == "scopes") {
      token.scopes = fields.texts("scopes").value_or(std::vector<std::string>{});
    } else {
      throw Refusal::invalid("update_mask may name comment and scopes, not '" + field + "'.");
    }
  }
}

}  // namespace local_workspace
