#include "databricks/errors.hpp"

#include <Poco/JSON/Object.h>
#include <Poco/String.h>

#include <algorithm>
#include <iterator>
#include <sstream>
#include <string>
#include <utility>

#include "databricks/error_body.hpp"
#include "databricks/reasons.hpp"

namespace databricks_token {
namespace {

using hub::Effect;
using hub::Retry;
using hub::Status;

constexpr unsigned operator|(Purpose a, Purpose b) {
  return static_cast<unsigned>(a) | static_cast<unsigned>(b);
}
constexpr unsigned only(Purpose purpose) { return static_cast<unsigned>(purpose); }

constexpr unsigned kAnyCall = ~0U;
constexpr unsigned kAdminCall = kAnyCall & ~only(Purpose::kIdentify);
constexpr unsigned kOwnCall = 1U << 31;  // beside a purpose
constexpr unsigned kTokenCall = Purpose::kReadToken | Purpose::kDeleteToken;
constexpr unsigned kPlainCall =
    (Purpose::kIdentify | Purpose::kRead) | only(Purpose::kGrantPermission);

struct HttpRange {
  int first, last;
  constexpr bool has(int status) const { return first <= status && status <= last; }
};
constexpr HttpRange kAnyStatus{0, 999}, kRedirect{300, 399}, kClientError{400, 499},
    kError{400, 599}, kGatewayError{502, 504}, kServerError{500, 599};
constexpr HttpRange exactly(int status) { return {status, status}; }

/// kDatabricks: its JSON. kKnown: that, or its "CODE: message".
enum class Body { kAny, kDatabricks, kKnown, kHtml };

/// A rule holds when all of its columns do; empty text holds always. The first that holds counts.
struct Rule {
  unsigned calls;
  HttpRange http;
  Body body;
  std::string_view code;     // equal
  std::string_view message;  // contained, whatever the case
  Status status;
  Retry retry;
  std::string_view reason;
};

using enum Body;
using enum Status;

// Codes count before statuses, as in databricks-sdk-go apierr/error_mapping.go, and messages before
// codes, for several causes share one code. Messages and codes were seen where the line says so;
// the rest is by analogy.
constexpr Rule kRules[] = {
    // Only this is "gone": a debt of revocation must not vanish because of somebody's 404 page.
    {kTokenCall, exactly(404), kDatabricks, "RESOURCE_DOES_NOT_EXIST", "", kNotFound, Retry::kNever,
     "TOKEN_GONE"},
    {kTokenCall, exactly(404), kDatabricks, "NOT_FOUND", "", kNotFound, Retry::kNever,
     "TOKEN_GONE"},
    {kTokenCall, exactly(404), kDatabricks, "", "does not exist", kNotFound, Retry::kNever,
     "TOKEN_GONE"},
    {kTokenCall, exactly(404), kAny, "", "", kFailedPrecondition, Retry::kNever, "NOT_DATABRICKS"},

    // databricks-sdk-go apierr/private_link.go; terraform-provider-databricks pull request 4480.
    {kAnyCall, kRedirect, kAny, "", "error=private-link-validation-error", kPermissionDenied,
     Retry::kNever, "PRIVATE_LINK"},
    {kAnyCall, kRedirect, kHtml, "", "", kFailedPrecondition, Retry::kNever, "ACCOUNT_HOST"},
    {kAnyCall, kRedirect, kAny, "", "login", kFailedPrecondition, Retry::kNever, "ACCOUNT_HOST"},
    {kAnyCall, kRedirect, kAny, "", "//accounts", kFailedPrecondition, Retry::kNever,
     "ACCOUNT_HOST"},

    // Throttling: databricks-sdk-py tests/test_errors.py and issue 274; also on 400 and 500.
    {kAnyCall, kError, kAny, "QUOTA_EXCEEDED", "", kResourceExhausted, Retry::kNever,
     "TOKEN_QUOTA_EXCEEDED"},
    {kAnyCall, kError, kAny, "REQUEST_LIMIT_EXCEEDED", "", kUnavailable, Retry::kSameCall,
     "RATE_LIMITED"},
    {kAnyCall, kError, kAny, "RESOURCE_EXHAUSTED", "", kUnavailable, Retry::kSameCall,
     "RATE_LIMITED"},
    {kAnyCall, kError, kAny, "TOO_MANY_REQUESTS", "", kUnavailable, Retry::kSameCall,
     "RATE_LIMITED"},
    {kAnyCall, kError, kAny, "", "RPC token bucket limit has been exceeded", kUnavailable,
     Retry::kSameCall, "RATE_LIMITED"},
    {kAnyCall, kError, kAny, "", "REQUEST_LIMIT_EXCEEDED", kUnavailable, Retry::kSameCall,
     "RATE_LIMITED"},
    {kAnyCall, exactly(429), kAny, "", "", kUnavailable, Retry::kSameCall, "RATE_LIMITED"},

    // The credential: databricks-sdk-go issue 1046, MachineLearningNotebooks issue 840 (HTML),
    // databricks-vscode issue 583, databricks.vsts.tools issue 20 (HTML).
    {kAnyCall, kClientError, kAny, "", "Token is expiring within", kUnauthenticated,
     Retry::kFromStart, "CREDENTIAL_EXPIRING"},
    {kAnyCall, kClientError, kAny, "", "Invalid access token", kUnauthenticated, Retry::kNever,
     "CREDENTIAL_INVALID"},
    {kAnyCall, kClientError, kAny, "", "Credential was not sent", kUnauthenticated, Retry::kNever,
     "CREDENTIAL_NOT_SENT"},
    {kAnyCall, kClientError, kAny, "", "does not have required scopes", kPermissionDenied,
     Retry::kNever, "SCOPE_MISSING"},
    {kAnyCall, kClientError, kAny, "", "User not authorized", kPermissionDenied, Retry::kNever,
     "USER_NOT_IN_WORKSPACE"},
    {kAnyCall, kClientError, kAny, "", "blocked by Databricks IP ACL", kPermissionDenied,
     Retry::kNever, "IP_NOT_ALLOWED"},

    // The principal and the workspace's switches: kb.databricks.com
    // service-principal-cannot-create-access-token, databricks cli issue 596,
    // terraform-provider-databricks issues 494, 1415 and 1810.
    {kAnyCall, kClientError, kAny, "", "does not have permission to use tokens", kPermissionDenied,
     Retry::kNever, "TOKEN_PERMISSION_MISSING"},
    {kAnyCall, kClientError, kAny, "", "On-behalf-of token creation", kFailedPrecondition,
     Retry::kNever, "ON_BEHALF_OF_DISABLED"},
    {kAnyCall, kClientError, kAny, "FEATURE_DISABLED", "", kFailedPrecondition, Retry::kNever,
     "TOKENS_DISABLED"},
    {kAnyCall, kClientError, kAny, "", "ServicePrincipalName(", kNotFound, Retry::kNever,
     "PRINCIPAL_UNKNOWN"},
    {only(Purpose::kMintToken), kClientError, kAny, "", "Invalid timeout", kInvalidArgument,
     Retry::kNever, "LIFETIME_INVALID"},
    {only(Purpose::kMintToken), kClientError, kAny, "", "lifetime", kInvalidArgument, Retry::kNever,
     "LIFETIME_INVALID"},
    {only(Purpose::kMintToken), kClientError, kDatabricks, "RESOURCE_DOES_NOT_EXIST", "", kNotFound,
     Retry::kNever, "PRINCIPAL_UNKNOWN"},
    {only(Purpose::kMintToken), kClientError, kDatabricks, "NOT_FOUND", "", kNotFound,
     Retry::kNever, "PRINCIPAL_UNKNOWN"},
    {only(Purpose::kMintToken), kClientError, kDatabricks, "INVALID_PARAMETER_VALUE", "principal",
     kNotFound, Retry::kNever, "PRINCIPAL_UNKNOWN"},
    {only(Purpose::kMintToken), kClientError, kDatabricks, "INVALID_PARAMETER_VALUE",
     "application_id", kNotFound, Retry::kNever, "PRINCIPAL_UNKNOWN"},
    {kAnyCall, kClientError, kAny, "", "only accessible by admins", kPermissionDenied,
     Retry::kNever, "NOT_ADMIN"},
    {kOwnCall, exactly(403), kDatabricks, "PERMISSION_DENIED", "", kPermissionDenied, Retry::kNever,
     "TOKEN_PERMISSION_MISSING"},
    {kAdminCall, exactly(403), kDatabricks, "PERMISSION_DENIED", "", kPermissionDenied,
     Retry::kNever, "NOT_ADMIN"},

    // Trouble that passes: databricks-sdk-py tests/test_errors.py, databricks-sdk-go
    // apierr/errors_test.go ("worker env WorkerEnvId(...) not found").
    {kAnyCall, kError, kAny, "", "worker env", kUnavailable, Retry::kSameCall,
     "WORKSPACE_UNAVAILABLE"},
    {kAnyCall, kError, kAny, "TEMPORARILY_UNAVAILABLE", "", kUnavailable, Retry::kSameCall,
     "WORKSPACE_UNAVAILABLE"},

    // Codes.
    {kPlainCall, kError, kDatabricks, "RESOURCE_DOES_NOT_EXIST", "", kNotFound, Retry::kNever,
     "REQUEST_REFUSED"},
    {kPlainCall, exactly(404), kDatabricks, "NOT_FOUND", "", kNotFound, Retry::kNever,
     "REQUEST_REFUSED"},
    {kPlainCall, exactly(404), kDatabricks, "SCIM_404", "", kNotFound, Retry::kNever,
     "REQUEST_REFUSED"},
    {kPlainCall, kClientError, kDatabricks, "", "does not exist", kNotFound, Retry::kNever,
     "REQUEST_REFUSED"},
    {kAnyCall, kError, kAny, "INVALID_PARAMETER_VALUE", "", kInvalidArgument, Retry::kNever,
     "REQUEST_REFUSED"},
    {kAnyCall, kError, kAny, "INVALID_STATE", "", kFailedPrecondition, Retry::kNever,
     "REQUEST_REFUSED"},
    {kAnyCall, kError, kAny, "ABORTED", "", kAborted, Retry::kFromStart, "REQUEST_REFUSED"},
    {kAnyCall, kError, kAny, "ALREADY_EXISTS", "", kAlreadyExists, Retry::kNever,
     "REQUEST_REFUSED"},
    {kAnyCall, kError, kAny, "RESOURCE_ALREADY_EXISTS", "", kAlreadyExists, Retry::kNever,
     "REQUEST_REFUSED"},
    {kAnyCall, kError, kAny, "UNKNOWN", "", kInternal, Retry::kSameCall,
     "WORKSPACE_INTERNAL_ERROR"},
    {kAnyCall, kError, kAny, "DATA_LOSS", "", kInternal, Retry::kSameCall,
     "WORKSPACE_INTERNAL_ERROR"},
    // Failures that came with a 4xx: databricks-sdk-go apierr/errors_test.go (500 on a 400),
    // terraform-provider-databricks tokens/resource_token_test.go ("Internal error happened").
    {kAnyCall, kClientError, kAny, "500", "", kInternal, Retry::kSameCall,
     "WORKSPACE_INTERNAL_ERROR"},
    {kAnyCall, kClientError, kAny, "INTERNAL_ERROR", "", kInternal, Retry::kSameCall,
     "WORKSPACE_INTERNAL_ERROR"},
    {kAnyCall, kClientError, kAny, "INTERNAL", "", kInternal, Retry::kSameCall,
     "WORKSPACE_INTERNAL_ERROR"},
    {kAnyCall, kClientError, kAny, "", "Internal error happened", kInternal, Retry::kSameCall,
     "WORKSPACE_INTERNAL_ERROR"},
    {kAnyCall, kClientError, kAny, "502", "", kUnavailable, Retry::kSameCall,
     "WORKSPACE_UNAVAILABLE"},
    {kAnyCall, kClientError, kAny, "503", "", kUnavailable, Retry::kSameCall,
     "WORKSPACE_UNAVAILABLE"},
    {kAnyCall, kClientError, kAny, "504", "", kUnavailable, Retry::kSameCall,
     "WORKSPACE_UNAVAILABLE"},
    {kAnyCall, kClientError, kAny, "DEADLINE_EXCEEDED", "", kUnavailable, Retry::kSameCall,
     "WORKSPACE_UNAVAILABLE"},
    {kAnyCall, kClientError, kAny, "CANCELLED", "", kUnavailable, Retry::kSameCall,
     "WORKSPACE_UNAVAILABLE"},

    // Statuses.
    {kAnyCall, exactly(401), kAny, "", "", kUnauthenticated, Retry::kNever, "CREDENTIAL_INVALID"},
    {kAnyCall, exactly(403), kKnown, "", "", kPermissionDenied, Retry::kNever, "REQUEST_REFUSED"},
    // Never by itself: a wrong workspace_url does not mend, and who is told to try again learns of
    // it when the token has expired. A gateway's maintenance is over when rotate-token next runs.
    {kAnyCall, exactly(404), kAny, "", "", kFailedPrecondition, Retry::kNever, "NOT_DATABRICKS"},
    // A gateway gave up waiting, for us or for the workspace (databricks-sdk-go: 499 is cancelled).
    {kAnyCall, exactly(408), kAny, "", "", kUnavailable, Retry::kSameCall, "WORKSPACE_UNAVAILABLE"},
    {kAnyCall, exactly(499), kAny, "", "", kUnavailable, Retry::kSameCall, "WORKSPACE_UNAVAILABLE"},
    {kAnyCall, exactly(409), kKnown, "", "", kAborted, Retry::kFromStart, "REQUEST_REFUSED"},
    {kAnyCall, kClientError, kKnown, "", "", kInvalidArgument, Retry::kNever, "REQUEST_REFUSED"},
    {kAnyCall, exactly(501), kAny, "", "", kUnimplemented, Retry::kNever, "REQUEST_REFUSED"},
    {kAnyCall, kGatewayError, kAny, "", "", kUnavailable, Retry::kSameCall,
     "WORKSPACE_UNAVAILABLE"},
    {kAnyCall, kServerError, kAny, "", "", kInternal, Retry::kSameCall, "WORKSPACE_INTERNAL_ERROR"},
    {kAnyCall, kAnyStatus, kAny, "", "", kFailedPrecondition, Retry::kNever, "NOT_DATABRICKS"},
};

// Not by find_reason: with -fsanitize=undefined g++ 12 takes no address's comparison for a
// constant.
static_assert(std::all_of(std::begin(kRules), std::end(kRules), [](const Rule& rule) {
  return std::any_of(std::begin(kReasons), std::end(kReasons),
                     [&](const Reason& known) { return known.reason == rule.reason; });
}));

bool has(const ErrorBody& body, Body wanted) {
  switch (wanted) {
    case kAny:
      return true;
    case kDatabricks:
      return body.json;
    case kKnown:
      return body.json || !body.code.empty();
    case kHtml:
      return body.html;
  }
  return false;
}

const Rule& rule_for(const Asked& asked, int status, const ErrorBody& body) {
  const unsigned call = only(asked.purpose) | (asked.own ? kOwnCall : 0);
  return *std::find_if(std::begin(kRules), std::end(kRules), [&](const Rule& rule) {
    return (rule.calls & call) != 0 && rule.http.has(status) && has(body, rule.body) &&
           (rule.code.empty() || rule.code == body.code) &&
           (rule.message.empty() ||
            Poco::isubstr(body.message, std::string(rule.message)) != std::string::npos);
  });
}

bool changes(Purpose purpose) {
  return purpose == Purpose::kMintToken || purpose == Purpose::kDeleteToken ||
         purpose == Purpose::kGrantPermission;
}

/// The rule of errors.hpp, and what the error says besides, into `detail`.
hub::Error with_effect(const Asked& asked, Effect effect, hub::Error error,
                       Poco::JSON::Object detail) {
  error.effect = changes(asked.purpose) ? effect : Effect::kNone;
  if (error.effect == Effect::kUnknown) {
    error.retry = Retry::kFromStart;
    if (asked.purpose == Purpose::kMintToken) {
      // An answer below 500 says that the workspace works, so nothing of it is unavailable.
      if (error.status != kCancelled && error.status != kDeadlineExceeded &&
          (error.status != kUnavailable || (error.http_status != 0 && error.http_status < 500))) {
        error.status = kUnknown;
      }
      detail.set("cause", std::exchange(error.reason, "UNKNOWN_MINT"));
      error.message += "; whether it made a token is not known";
      error.hint.clear();
    }
  }
  if (error.hint.empty()) {
    if (const Reason* known = find_reason(error.reason)) error.hint = known->hint;
  }
  if (detail.size() != 0) {
    std::ostringstream json;
    detail.stringify(json);
    error.detail_json = json.str();
  }
  return error;
}

std::string answered(const Asked& asked, const HttpResponse& response) {
  return std::string(asked.name) + " answered " + std::to_string(response.status);
}

}  // namespace

hub::Error refused(const Asked& asked, const HttpResponse& response) {
  ErrorBody body = read_error_body(response);
  if (kRedirect.has(response.status)) body.message = response.headers.get("Location", "");
  const Rule& rule = rule_for(asked, response.status, body);
  // What follows a "?" is between the redirecting server and a browser.
  if (kRedirect.has(response.status))
    body.message.resize(std::min(body.message.find('?'), body.message.size()));

  std::string message = answered(asked, response);
  if (const std::string quote = quoted(body.message, asked.bearer); !quote.empty())
    message += ": \"" + quote + "\"";

  Poco::JSON::Object detail;
  if (!body.code.empty()) detail.set("error_code", quoted(body.code, asked.bearer));
  if (!body.request_id.empty()) detail.set("request_id", quoted(body.request_id, asked.bearer));

  // A code may make a failure of the workspace of a 4xx: such a one may come after the effect.
  const bool failed =
      rule.reason == "WORKSPACE_UNAVAILABLE" || rule.reason == "WORKSPACE_INTERNAL_ERROR";
  const bool decided =
      response.status == 429 || (kClientError.has(response.status) && body.json && !failed);
  return with_effect(asked, decided ? Effect::kNone : Effect::kUnknown,
                     {.status = rule.status,
                      .retry = rule.retry,
                      .http_status = response.status,
                      .retry_after_ms = body.retry_after_ms,
                      .reason = std::string(rule.reason),
                      .message = std::move(message)},
                     detail);
}

hub::Error unusable(const Asked& asked, const HttpResponse& response, Unusable what,
                    std::string_view why) {
  Poco::JSON::Object detail;
  if (const std::string id = response.headers.get("X-Request-Id", ""); !id.empty())
    detail.set("request_id", quoted(id, asked.bearer));
  const bool malformed = what == Unusable::kMalformed;
  const bool page = Poco::trimLeft(response.body).starts_with('<');
  return with_effect(asked, Effect::kUnknown,
                     {.status = malformed ? kInternal : kFailedPrecondition,
                      .http_status = response.status,
                      .reason = malformed ? "RESPONSE_INVALID"
                                : page    ? "ACCOUNT_HOST"
                                          : "NOT_DATABRICKS",
                      .message = answered(asked, response) + ", but " + std::string(why)},
                     detail);
}

hub::Error held_back(const Asked& asked, std::chrono::milliseconds wait) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  return with_effect(
      asked, Effect::kNone,
      {.status = kUnavailable,
       .retry = Retry::kSameCall,
       .retry_after_ms = wait.count(),
       .reason = "RATE_LIMITED",
       .message = std::string(asked.name) + " was not sent: the workspace asked for " +
                  std::to_string(seconds) + " s more without requests"},
      Poco::JSON::Object());
}

hub::Error unanswered(const Asked& asked, hub::Error transport) {
  // An error without texts is the host's, which adds them.
  if (!transport.message.empty())
    transport.message = std::string(asked.name) + ": " + transport.message;
  const Effect effect = transport.effect;
  return with_effect(asked, effect, std::move(transport), Poco::JSON::Object());
}

bool passes(const hub::Error& error) {
  const bool no_way = error.reason == "NAME_UNRESOLVED" || error.reason == "CONNECT_FAILED" ||
                      error.reason == "PROXY_REFUSED" || error.reason == "TLS_FAILED";
  return error.reason == "RATE_LIMITED" || error.reason == "WORKSPACE_UNAVAILABLE" ||
         error.reason == "CONNECTION_LOST" || (no_way && error.retry != hub::Retry::kNever);
}

}  // namespace databricks_token
