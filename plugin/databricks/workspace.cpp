#include "databricks/workspace.hpp"

#include <Poco/String.h>
#include <Poco/URI.h>
#include <Poco/UUID.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "databricks/error_body.hpp"
#include "databricks/errors.hpp"
#include "databricks/http_date.hpp"
#include "databricks/json.hpp"
#include "databricks/pause.hpp"
#include "databricks/random.hpp"
#include "databricks/reasons.hpp"

namespace databricks_token {
namespace {

using std::chrono::milliseconds;

constexpr const char* kOnBehalfOf = "/api/2.0/token-management/on-behalf-of/tokens";
constexpr const char* kTokens = "/api/2.0/token-management/tokens";
constexpr const char* kCreateOwn = "/api/2.0/token/create";
constexpr const char* kListOwn = "/api/2.0/token/list";
constexpr const char* kDeleteOwn = "/api/2.0/token/delete";
constexpr const char* kMe = "/api/2.0/preview/scim/v2/Me";
constexpr const char* kServicePrincipals = "/api/2.0/preview/scim/v2/ServicePrincipals";
constexpr const char* kTokenPermissions = "/api/2.0/permissions/authorization/tokens";
constexpr const char* kConf =
    "/api/2.0/workspace-conf?keys=enableTokensConfig,maxTokenLifetimeDays";

constexpr int kMaxAttempts = 3;
constexpr milliseconds kFirstPause{250};
constexpr milliseconds kLongestPause{10'000};
/// With less time than this no request is begun after a wait: it would likely end without an
/// answer.
constexpr milliseconds kTimeToAnswer{1000};

/// A request is not tried for longer than this, whatever time the call has: it holds a lease.
constexpr std::chrono::nanoseconds kLongestTry = std::chrono::minutes(1);

std::chrono::nanoseconds time_to_try(hub::Call call) {
  return std::min(call.remaining(), kLongestTry);
}

/// From 0 to 1.
double random_share() { return std::ldexp(static_cast<double>(random_bits() >> 11), -53); }

/// Exponential with full jitter, and no shorter than the workspace asked for. What it asked for
/// at first is taken at its word, but for a little, so that many hosts do not return as one.
milliseconds pause_after(const hub::Error& error, int attempt) {
  const milliseconds asked(error.retry_after_ms);
  const milliseconds jitter =
      asked.count() > 0 && attempt == 1
          ? asked / 32
          : std::min(kLongestPause, kFirstPause * (1 << std::min(attempt - 1, 8)));
  return asked + std::chrono::duration_cast<milliseconds>(random_share() * jitter);
}

bool may_be_sent_again(const Asked& asked, const hub::Error& error, int attempt) {
  if (!passes(error)) return false;
  if (asked.purpose != Purpose::kMintToken) return attempt < kMaxAttempts;
  // As databricks-sdk-java's NonIdempotentRequestRetryStrategy; the Go and Python SDKs send a POST
  // again after a lost answer, and then two tokens live.
  return error.effect == hub::Effect::kNone &&
         (attempt < kMaxAttempts || error.reason == "RATE_LIMITED");
}

/// `text` as a segment of a path or the value of a query's parameter.
std::string encoded(const std::string& text) {
  std::string result;
  Poco::URI::encode(text, "/?#;:@&=+", result);
  return result;
}

/// What `read` makes of the JSON object in the answer.
template <class Read>
auto read_answer(const Asked& asked, const HttpResponse& response, Read read)
    -> hub::Result<decltype(read(std::declval<JsonObject&>()))> {
  auto object = JsonObject::parse(response.body);
  if (!object) return unusable(asked, response, Unusable::kForeign, "not with a JSON object");
  try {
    return read(*object);
  } catch (const WrongShape& wrong) {
    return unusable(asked, response, Unusable::kMalformed, wrong.what());
  }
}

hub::Result<> read_deletion(const Asked& asked, const HttpResponse& response) {
  // A sign-in page with status 200 has revoked nothing.
  if (!Poco::trim(response.body).empty() && !JsonObject::parse(response.body))
    return unusable(asked, response, Unusable::kForeign, "neither empty nor with a JSON object");
  return {};
}

TokenInfo read_token_info(const JsonObject& object) {
  TokenInfo info;
  info.token_id = object.required("token_id", object.text("token_id"));
  if (info.token_id.empty()) throw WrongShape("token_id is empty");
  info.creation_time = object.integer("creation_time").value_or(info.creation_time);
  info.expiry_time = object.integer("expiry_time").value_or(info.expiry_time);
  info.comment = object.text("comment").value_or("");
  info.created_by_id = object.integer("created_by_id").value_or(0);
  info.created_by_username = object.text("created_by_username").value_or("");
  info.owner_id = object.integer("owner_id").value_or(0);
  info.last_used_day = object.integer("last_used_day");
  // What PublicTokenInfo has in its place, to the millisecond.
  const auto last_accessed = object.integer("last_accessed_time");
  if (last_accessed.value_or(0) > 0) info.last_used_day = last_accessed;
  info.scopes = object.texts("scopes");
  return info;
}

TokenInfo read_token_info_member(const JsonObject& object) {
  return read_token_info(object.required("token_info", object.object("token_info")));
}

std::vector<TokenInfo> read_token_infos(const JsonObject& object) {
  std::vector<TokenInfo> infos;
  for (const JsonObject& info : object.objects("token_infos"))
    infos.push_back(read_token_info(info));
  return infos;
}

/// What `write` writes, a JSON object.
template <class Write>
std::string written(Write write) {
  rapidjson::StringBuffer text;
  rapidjson::Writer writer(text);
  writer.StartObject();
  write(writer);
  writer.EndObject();
  return {text.GetString(), text.GetSize()};
}

std::string to_json(const TokenRequest& request) {
  return written([&](auto& writer) {
    const auto add = [&](const char* key, const std::string& value) {
      writer.Key(key);
      writer.String(value);
    };
    if (!request.application_id.empty()) add("application_id", request.application_id);
    writer.Key("lifetime_seconds");
    writer.Int64(request.lifetime_seconds);
    add("comment", request.comment);
    if (!request.scopes) return;
    writer.Key("scopes");
    writer.StartArray();
    for (const std::string& scope : *request.scopes) writer.String(scope);
    writer.EndArray();
  });
}

}  // namespace

Workspace::Workspace(std::shared_ptr<HttpClient> client, std::shared_ptr<Pace> pace,
                     std::shared_ptr<ServerClock> clock)
    : client_(std::move(client)), pace_(std::move(pace)), clock_(std::move(clock)) {}

hub::Result<> Workspace::wait_for_turn(hub::Call call, const Asked& asked,
                                       std::chrono::steady_clock::time_point until) const {
  // Again after each wait: the workspace may have asked for more meanwhile. Who is cancelled is
  // told so by the client.
  while (!call.cancelled()) {
    const milliseconds wait = pace_->wait_at(std::chrono::steady_clock::now());
    if (wait.count() == 0) break;
    if (std::chrono::steady_clock::now() + wait + kTimeToAnswer > until)
      return held_back(asked, wait);
    pause(call, wait);
  }
  return {};
}

hub::Result<HttpResponse> Workspace::send_once(hub::Call call, const Asked& asked,
                                               const HttpRequest& request,
                                               std::chrono::steady_clock::time_point until) {
  if (auto turn = wait_for_turn(call, asked, until); !turn) return std::move(turn).error();
  auto answer = client_->send(call, request);
  if (!answer) return unanswered(asked, std::move(answer).error());
  if (answer->headers.has("Date")) {
    if (const auto date = parse_http_date(answer->headers["Date"])) clock_->heard(*date);
  }
  if (answer->status < 200 || answer->status > 299) return refused(asked, *answer);
  return answer;
}

hub::Result<HttpResponse> Workspace::send_repeatedly(hub::Call call, const Asked& asked,
                                                     const char* method, std::string target,
                                                     std::string json) {
  const HttpRequest request =
      asked.bearer.sign({.method = method,
                         .target = std::move(target),
                         .content_type = json.empty() ? "" : "application/json",
                         .body = std::move(json)});
  const Pace::Time until = std::chrono::steady_clock::now() + time_to_try(call);
  bool uncertain = false;
  for (int attempt = 1;; ++attempt) {
    auto answer = send_once(call, asked, request, until);
    if (answer) return answer;
    hub::Error& error = answer.error();
    uncertain = uncertain || error.effect == hub::Effect::kUnknown;
    const milliseconds next = pause_after(error, attempt);
    const bool asked_to_wait =
        error.http_status != 0 && (error.reason == "RATE_LIMITED" || error.retry_after_ms > 0);
    if (asked_to_wait) pace_->hold_back(next, std::chrono::steady_clock::now());
    if (!may_be_sent_again(asked, error, attempt) ||
        std::chrono::steady_clock::now() + next + kTimeToAnswer > until) {
      // An earlier attempt may have done it, whatever became of the last one.
      if (uncertain) {
        error.effect = hub::Effect::kUnknown;
        error.retry = hub::Retry::kFromStart;
      }
      return answer;
    }
    if (!asked_to_wait) pause(call, next);
  }
}

hub::Result<MintedToken> Workspace::create(hub::Call call, const Asked& asked, const char* target,
                                           const TokenRequest& request) {
  auto answer = send_repeatedly(call, asked, "POST", target, to_json(request));
  if (!answer) return std::move(answer).error();
  auto minted = read_answer(asked, *answer, [](JsonObject& object) {
    hub::Secret value = object.take_secret("token_value");
    return MintedToken{std::move(value), read_token_info_member(object)};
  });
  wipe(answer->body);
  return minted;
}

hub::Result<MintedToken> Workspace::create_on_behalf_of(hub::Call call, const Credential& admin,
                                                        const TokenRequest& request) {
  return create(call, {Purpose::kMintToken, "POST on-behalf-of/tokens", admin}, kOnBehalfOf,
                request);
}

hub::Result<std::vector<TokenInfo>> Workspace::list_tokens(hub::Call call,
                                                           const Credential& admin) {
  const Asked asked{Purpose::kRead, "GET token-management/tokens", admin};
  const auto answer = send_repeatedly(call, asked, "GET", kTokens);
  if (!answer) return answer.error();
  return read_answer(asked, *answer, read_token_infos);
}

hub::Result<TokenInfo> Workspace::get_token(hub::Call call, const Credential& admin,
                                            const std::string& token_id) {
  const Asked asked{Purpose::kReadToken, "GET token-management/tokens/{id}", admin};
  const auto answer = send_repeatedly(call, asked, "GET", kTokens + ("/" + encoded(token_id)));
  if (!answer) return answer.error();
  return read_answer(asked, *answer, read_token_info_member);
}

hub::Result<> Workspace::delete_token(hub::Call call, const Credential& admin,
                                      const std::string& token_id) {
  const Asked asked{Purpose::kDeleteToken, "DELETE token-management/tokens/{id}", admin};
  const auto answer = send_repeatedly(call, asked, "DELETE", kTokens + ("/" + encoded(token_id)));
  if (!answer) return answer.error();
  return read_deletion(asked, *answer);
}

hub::Result<MintedToken> Workspace::create_own_token(hub::Call call, const Credential& bearer,
                                                     const TokenRequest& request) {
  TokenRequest own = request;
  own.application_id.clear();
  return create(call, {Purpose::kMintToken, "POST token/create", bearer, true}, kCreateOwn, own);
}

hub::Result<std::vector<TokenInfo>> Workspace::list_own_tokens(hub::Call call,
                                                               const Credential& bearer) {
  const Asked asked{Purpose::kIdentify, "GET token/list", bearer};
  const auto answer = send_repeatedly(call, asked, "GET", kListOwn);
  if (!answer) return answer.error();
  return read_answer(asked, *answer, read_token_infos);
}

hub::Result<> Workspace::delete_own_token(hub::Call call, const Credential& bearer,
                                          const std::string& token_id) {
  const Asked asked{Purpose::kDeleteToken, "POST token/delete", bearer, true};
  const std::string json = written([&](auto& writer) {
    writer.Key("token_id");
    writer.String(token_id);
  });
  const auto answer = send_repeatedly(call, asked, "POST", kDeleteOwn, json);
  if (!answer) return answer.error();
  return read_deletion(asked, *answer);
}

hub::Result<Identity> Workspace::me(hub::Call call, const Credential& bearer) {
  const Asked asked{Purpose::kIdentify, "GET scim/v2/Me", bearer};
  const auto answer = send_repeatedly(call, asked, "GET", kMe);
  if (!answer) return answer.error();
  return read_answer(asked, *answer, [&](const JsonObject& object) {
    return Identity{
        .id = object.required("id", object.integer("id")),
        // For show as well, and the other side may repeat the bearer.
        .user_name = quoted(object.required("userName", object.text("userName")), bearer),
        .active = object.boolean("active").value_or(true)};
  });
}

hub::Result<std::optional<ServicePrincipal>> Workspace::find_service_principal(
    hub::Call call, const Credential& admin, const std::string& application_id) {
  Poco::UUID uuid;
  if (!uuid.tryParse(application_id) || uuid.toString() != Poco::toLower(application_id)) {
    return hub::Error{.status = hub::Status::kInvalidArgument,
                      .reason = "APPLICATION_ID_INVALID",
                      .message = "application_id is not a UUID",
                      .hint = std::string(find_reason("APPLICATION_ID_INVALID")->hint)};
  }
  const Asked asked{Purpose::kRead, "GET scim/v2/ServicePrincipals", admin};
  const std::string filter = encoded("applicationId eq \"" + application_id + "\"");
  const auto answer =
      send_repeatedly(call, asked, "GET", kServicePrincipals + ("?filter=" + filter));
  if (!answer) return answer.error();
  return read_answer(
      asked, *answer, [&](const JsonObject& object) -> std::optional<ServicePrincipal> {
        for (const JsonObject& found : object.objects("Resources")) {
          ServicePrincipal principal{.id = found.required("id", found.integer("id")),
                                     .application_id = found.text("applicationId").value_or(""),
                                     .display_name = found.text("displayName").value_or(""),
                                     .active = found.boolean("active").value_or(true)};
          if (Poco::icompare(principal.application_id, application_id) == 0) return principal;
        }
        return std::nullopt;
      });
}

hub::Result<bool> Workspace::has_token_permission(hub::Call call, const Credential& admin,
                                                  const std::string& application_id) {
  const Asked asked{Purpose::kRead, "GET permissions/authorization/tokens", admin};
  const auto answer = send_repeatedly(call, asked, "GET", kTokenPermissions);
  if (!answer) {
    if (answer.error().status == hub::Status::kNotFound) return false;
    return answer.error();
  }
  return read_answer(asked, *answer, [&](const JsonObject& object) {
    for (const JsonObject& entry : object.objects("access_control_list")) {
      const std::string name = entry.text("service_principal_name").value_or("");
      if (Poco::icompare(name, application_id) != 0) continue;
      for (const JsonObject& permission : entry.objects("all_permissions")) {
        const std::string level = permission.text("permission_level").value_or("");
        if ((level == "CAN_USE" || level == "CAN_MANAGE") &&
            !permission.boolean("inherited").value_or(false)) {
          return true;
        }
      }
    }
    return false;
  });
}

hub::Result<> Workspace::grant_token_permission(hub::Call call, const Credential& admin,
                                                const std::string& application_id) {
  const Asked asked{Purpose::kGrantPermission, "PATCH permissions/authorization/tokens", admin};
  const std::string json = written([&](auto& writer) {
    writer.Key("access_control_list");
    writer.StartArray();
    writer.StartObject();
    writer.Key("service_principal_name");
    writer.String(application_id);
    writer.Key("permission_level");
    writer.String("CAN_USE");
    writer.EndObject();
    writer.EndArray();
  });
  const auto answer = send_repeatedly(call, asked, "PATCH", kTokenPermissions, json);
  if (!answer) return answer.error();
  const auto read = read_answer(asked, *answer, [](const JsonObject&) { return true; });
  if (!read) return read.error();
  return {};
}

hub::Result<TokenPolicy> Workspace::token_policy(hub::Call call, const Credential& admin) {
  const Asked asked{Purpose::kRead, "GET workspace-conf", admin};
  const auto answer = send_repeatedly(call, asked, "GET", kConf);
  if (!answer) return answer.error();
  return read_answer(asked, *answer, [](const JsonObject& object) {
    TokenPolicy policy;
    // Texts, and empty ones where nothing was ever set.
    const std::string enabled = object.text("enableTokensConfig").value_or("");
    if (!enabled.empty()) policy.tokens_enabled = enabled != "false";
    if (!object.text("maxTokenLifetimeDays").value_or("").empty()) {
      policy.max_lifetime_days = object.integer("maxTokenLifetimeDays");
      if (*policy.max_lifetime_days <= 0) policy.max_lifetime_days.reset();  // 0: no limit
    }
    return policy;
  });
}

}  // namespace databricks_token
