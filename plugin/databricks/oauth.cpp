#include "databricks/oauth.hpp"

#include <Poco/String.h>
#include <Poco/URI.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "databricks/error_body.hpp"
#include "databricks/errors.hpp"
#include "databricks/json.hpp"
#include "databricks/pause.hpp"
#include "databricks/reasons.hpp"
#include "http/base64.hpp"

namespace databricks_token {
namespace {

using hub::Status;
using std::chrono::milliseconds;

constexpr const char* kDiscovery = "/oidc/.well-known/oauth-authorization-server";
constexpr const char* kForm = "application/x-www-form-urlencoded";

constexpr int kMaxAttempts = 3;
constexpr milliseconds kFirstPause{250};
constexpr milliseconds kLongestPause{5000};
constexpr std::int64_t kLongestLifetime = 24 * 3600;

/// What an error of a token endpoint means. A rule holds when both texts do: `code` equal, `text`
/// contained in the description; empty ones hold always. The first that holds counts.
struct Rule {
  std::string_view code;
  std::string_view text;
  Status status;
  std::string_view reason;
};

// AADSTS: learn.microsoft.com/entra/identity-platform/reference-error-codes; the code is more exact
// than the error, which is invalid_client or invalid_request for most of them.
constexpr Rule kRules[] = {
    {"", "AADSTS7000222", Status::kUnauthenticated, "OAUTH_SECRET_EXPIRED"},
    {"", "AADSTS7000215", Status::kUnauthenticated, "OAUTH_CLIENT_REFUSED"},
    {"", "AADSTS700016", Status::kUnauthenticated, "OAUTH_CLIENT_UNKNOWN"},
    {"", "AADSTS7000112", Status::kUnauthenticated, "OAUTH_CLIENT_UNKNOWN"},
    {"", "AADSTS90002", Status::kFailedPrecondition, "OAUTH_TENANT_UNKNOWN"},
    {"", "AADSTS500011", Status::kFailedPrecondition, "OAUTH_RESOURCE_UNKNOWN"},
    {"", "AADSTS53003", Status::kPermissionDenied, "OAUTH_ACCESS_BLOCKED"},
    {"invalid_client", "", Status::kUnauthenticated, "OAUTH_CLIENT_REFUSED"},
    {"unauthorized_client", "", Status::kUnauthenticated, "OAUTH_CLIENT_REFUSED"},
    {"temporarily_unavailable", "", Status::kUnavailable, "OAUTH_UNAVAILABLE"},
    {"server_error", "", Status::kUnavailable, "OAUTH_UNAVAILABLE"},
};
constexpr Rule kBusy{"", "", Status::kUnavailable, "OAUTH_UNAVAILABLE"};
constexpr Rule kForeign{"", "", Status::kFailedPrecondition, "OAUTH_ANSWER_INVALID"};
constexpr Rule kOther{"", "", Status::kFailedPrecondition, "OAUTH_REFUSED"};
// Not by find_reason: see errors.cpp.
static_assert(std::all_of(std::begin(kRules), std::end(kRules), [](const Rule& rule) {
  return std::any_of(std::begin(kReasons), std::end(kReasons),
                     [&](const Reason& known) { return known.reason == rule.reason; });
}));

hub::Error error(Status status, std::string_view reason, std::string message) {
  return {.status = status,
          .retry = status == Status::kUnavailable ? hub::Retry::kSameCall : hub::Retry::kNever,
          .reason = std::string(reason),
          .message = std::move(message),
          .hint = std::string(find_reason(reason)->hint)};
}

const Rule& rule_for(int status, const std::string& code, const std::string& description) {
  if (status == 429 || status >= 500) return kBusy;
  if (code.empty()) return kForeign;
  const auto* const rule =
      std::find_if(std::begin(kRules), std::end(kRules), [&](const Rule& each) {
        return (each.code.empty() || each.code == code) &&
               description.find(each.text) != std::string::npos;
      });
  return rule == std::end(kRules) ? kOther : *rule;
}

/// For an answer that is no success.
hub::Error refused(const std::string& name, const HttpResponse& response,
                   const Credential& credential) {
  std::string code, description;
  if (const auto object = JsonObject::parse(response.body)) {
    try {
      code = object->text("error").value_or("");
      description = object->text("error_description").value_or("");
    } catch (const WrongShape&) {  // the server's trouble is another than these words
    }
  }
  const Rule& rule = rule_for(response.status, code, description);
  hub::Error result =
      error(rule.status, rule.reason, name + " answered " + std::to_string(response.status));
  result.http_status = response.status;
  result.retry_after_ms = read_error_body(response).retry_after_ms;
  if (!code.empty()) result.message += ": " + quoted(code, credential);
  if (!description.empty()) result.message += ": \"" + quoted(description, credential) + "\"";
  return result;
}

hub::Error unanswered(const std::string& name, hub::Error transport) {
  transport.effect = hub::Effect::kNone;
  // An error without texts is the host's, which adds them.
  if (!transport.message.empty()) transport.message = name + ": " + transport.message;
  return transport;
}

/// Sends until there is an answer that says something.
hub::Result<HttpResponse> send(hub::Call call, HttpClient& client, const std::string& name,
                               const HttpRequest& request, const Credential& credential) {
  for (int attempt = 1;; ++attempt) {
    auto answer = client.send(call, request);
    if (answer && answer->status == 200) return answer;
    hub::Error failed =
        answer ? refused(name, *answer, credential) : unanswered(name, std::move(answer).error());
    const milliseconds wait =
        std::max(milliseconds(failed.retry_after_ms), kFirstPause * (1 << (attempt - 1)));
    const bool may_pass = failed.reason == "OAUTH_UNAVAILABLE" || passes(failed);
    if (!may_pass || attempt == kMaxAttempts || wait > kLongestPause || wait >= call.remaining())
      return failed;
    pause(call, wait);
  }
}

/// As application/x-www-form-urlencoded wants it; also what client_secret_basic does with id and
/// secret (RFC 6749 section 2.3.1).
void append_encoded(hub::Secret& to, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char c : text) {
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                          (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_' || c == '~';
    const auto byte = static_cast<unsigned char>(c);
    const char escaped[] = {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    to.append(is_plain ? std::string_view(&c, 1) : std::string_view(escaped, sizeof escaped));
  }
}

hub::Result<Grant> read_grant(const std::string& name, HttpResponse& response) {
  const auto unusable = [&](const std::string& why) {
    hub::Error wrong = error(Status::kFailedPrecondition, "OAUTH_ANSWER_INVALID",
                             name + " answered 200, but " + why);
    wrong.http_status = 200;
    return wrong;
  };
  auto object = JsonObject::parse(response.body);
  wipe(response.body);
  if (!object) return unusable("not with a JSON object");
  try {
    hub::Secret token = object->take_secret("access_token");
    if (Poco::icompare(object->text("token_type").value_or(""), "Bearer") != 0)
      return unusable("its token_type is not Bearer");
    // As text from some servers (databricks cli, libs/testserver/fake_oidc.go). A server that does
    // not say is asked each time.
    const std::int64_t lifetime = object->integer("expires_in").value_or(0);
    return Grant{std::move(token),
                 std::chrono::seconds(std::clamp<std::int64_t>(lifetime, 0, kLongestLifetime))};
  } catch (const WrongShape& wrong) {
    return unusable(wrong.what());
  }
}

/// The path and query of the token endpoint.
hub::Result<std::string> find_endpoint(hub::Call call, HttpClient& workspace,
                                       const Credential& credential) {
  const std::string name = "GET oidc/.well-known/oauth-authorization-server";
  auto answer = send(call, workspace, name, {.method = "GET", .target = kDiscovery}, credential);
  if (!answer) {
    if (answer.error().http_status == 404) {
      return error(
          Status::kFailedPrecondition, "OAUTH_UNSUPPORTED",
          workspace.origin().text() + " has no authorization server: " + answer.error().message);
    }
    return std::move(answer).error();
  }
  const auto object = JsonObject::parse(answer->body);
  if (!object) {
    return error(Status::kFailedPrecondition, "OAUTH_ANSWER_INVALID",
                 name + " answered 200, but not with a JSON object");
  }
  try {
    const Poco::URI uri(object->required("token_endpoint", object->text("token_endpoint")));
    // Which takes https alone.
    const auto origin = Origin::parse(uri.getScheme() + "://" + uri.getAuthority());
    if (!origin || origin->text() != workspace.origin().text()) {
      return error(Status::kFailedPrecondition, "OAUTH_ENDPOINT_INVALID",
                   "the token endpoint that " + workspace.origin().text() +
                       " names is not its own, or not https");
    }
    return uri.getPathAndQuery();
  } catch (const WrongShape& wrong) {
    return error(Status::kFailedPrecondition, "OAUTH_ANSWER_INVALID", name + ": " + wrong.what());
  } catch (const Poco::SyntaxException&) {
    return error(Status::kFailedPrecondition, "OAUTH_ENDPOINT_INVALID",
                 "the token endpoint that " + workspace.origin().text() + " names is no URL");
  }
}

}  // namespace

hub::Result<Grant> ask_workspace(hub::Call call, HttpClient& workspace, const OauthClient& client) {
  const Credential credential(client.secret);
  auto endpoint = find_endpoint(call, workspace, credential);
  if (!endpoint) return std::move(endpoint).error();

  hub::Secret pair;
  append_encoded(pair, client.id);
  pair.append(":");
  append_encoded(pair, client.secret.reveal());
  hub::Secret basic("Basic ");
  basic.append(base64(pair).reveal());

  const std::string name = "POST oidc/v1/token";
  auto answer = send(call, workspace, name,
                     {.method = "POST",
                      .target = *std::move(endpoint),
                      .secret_headers = {{"Authorization", &basic}},
                      .content_type = kForm,
                      .body = "grant_type=client_credentials&scope=all-apis"},
                     credential);
  if (!answer) return std::move(answer).error();
  return read_grant(name, *answer);
}

hub::Result<Grant> ask_entra(hub::Call call, HttpClient& authority, const std::string& tenant,
                             const OauthClient& client, const std::string& scope) {
  std::string target = "/";
  Poco::URI::encode(tenant, "/?#;:@&=+", target);
  target += "/oauth2/v2.0/token";

  hub::Secret form("grant_type=client_credentials&client_id=");
  append_encoded(form, client.id);
  form.append("&client_secret=");
  append_encoded(form, client.secret.reveal());
  form.append("&scope=");
  append_encoded(form, scope);

  const std::string name = "POST oauth2/v2.0/token";
  HttpRequest request{.method = "POST",
                      .target = std::move(target),
                      .content_type = kForm,
                      .body = std::string(form.reveal())};
  auto answer = send(call, authority, name, request, client.secret);
  wipe(request.body);
  if (!answer) {
    // The transport knows one origin only.
    Poco::replaceInPlace(answer.error().hint, "workspace_url", "auth.authority");
    return std::move(answer).error();
  }
  return read_grant(name, *answer);
}

}  // namespace databricks_token
