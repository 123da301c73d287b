// What each answer of a workspace means: databricks/errors.hpp.
#include "databricks/errors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "databricks/reasons.hpp"

namespace databricks_token {
namespace {

using hub::Effect;
using hub::Retry;
using hub::Status;
using ::testing::HasSubstr;

const hub::Secret kBearer("s#Cr3t-bearer");

HttpResponse answer(int status, std::string body, std::string reason_phrase = "") {
  HttpResponse response;
  response.status = status;
  response.reason_phrase = std::move(reason_phrase);
  response.body = std::move(body);
  return response;
}

hub::Error refused_as(Purpose purpose, const HttpResponse& response) {
  return refused({purpose, "POST on-behalf-of/tokens", kBearer}, response);
}

struct Case {
  const char* name;
  Purpose purpose;
  int http;
  std::string body;
  Status status;
  Retry retry;
  Effect effect;
  const char* reason;
  const char* hint;  // part of it
};

void PrintTo(const Case& row, std::ostream* out) { *out << row.name; }

class Answer : public ::testing::TestWithParam<Case> {};

TEST_P(Answer, MeansWhatTheTableSays) {
  const Case& row = GetParam();
  const hub::Error error = refused_as(row.purpose, answer(row.http, row.body));
  EXPECT_EQ(to_text(error.status), to_text(row.status));
  EXPECT_EQ(to_text(error.retry), to_text(row.retry));
  EXPECT_EQ(to_text(error.effect), to_text(row.effect));
  EXPECT_EQ(error.reason, row.reason);
  EXPECT_THAT(error.hint, HasSubstr(row.hint));
  EXPECT_EQ(error.http_status, row.http);
  EXPECT_THAT(error.message,
              HasSubstr("POST on-behalf-of/tokens answered " + std::to_string(row.http)));
}

constexpr auto kMint = Purpose::kMintToken;
constexpr auto kDelete = Purpose::kDeleteToken;
constexpr auto kGet = Purpose::kReadToken;
constexpr auto kList = Purpose::kRead;
constexpr auto kMe = Purpose::kIdentify;

constexpr auto kInvalidToken = R"({"error_code":403,"message":"Invalid access token."})";
static_assert(std::string_view(kInvalidToken).size() == 52);  // as in databricks-sdk-go issue 1046
constexpr auto kInvalidTokenHtml =
    "<html>\n<head><title>Error 403 Invalid access token.</title></head>\n<body><h2>HTTP ERROR "
    "403</h2>\n<p>Reason:\n<pre>    Invalid access token.</pre></p>\n</body>\n</html>\n";

INSTANTIATE_TEST_SUITE_P(
    Credential, Answer,
    ::testing::Values(
        Case{"numeric code", kMint, 403, kInvalidToken, Status::kUnauthenticated, Retry::kNever,
             Effect::kNone, "CREDENTIAL_INVALID", "neither expired nor revoked"},
        Case{"numeric code on a read", kMe, 403, kInvalidToken, Status::kUnauthenticated,
             Retry::kNever, Effect::kNone, "CREDENTIAL_INVALID", "neither expired nor revoked"},
        Case{"HTML of an older gateway", kList, 403, kInvalidTokenHtml, Status::kUnauthenticated,
             Retry::kNever, Effect::kNone, "CREDENTIAL_INVALID", "neither expired nor revoked"},
        Case{"bare 401", kList, 401, "", Status::kUnauthenticated, Retry::kNever, Effect::kNone,
             "CREDENTIAL_INVALID", "neither expired nor revoked"},
        Case{
            "expiring", kMint, 403,
            R"_({"error_code":403,"message":"Token is expiring within 30 seconds. (token expired)"})_",
            Status::kUnauthenticated, Retry::kFromStart, Effect::kNone, "CREDENTIAL_EXPIRING",
            "fresh token"},
        Case{
            "not sent", kMint, 401,
            R"({"error_code":401,"message":"Credential was not sent or was of an unsupported type for this API. [ReqId: 7]"})",
            Status::kUnauthenticated, Retry::kNever, Effect::kNone, "CREDENTIAL_NOT_SENT",
            "Authorization header"},
        Case{
            "scope", kList, 403,
            R"({"error_code":"PERMISSION_DENIED","message":"Provided OAuth token does not have required scopes: authentication"})",
            Status::kPermissionDenied, Retry::kNever, Effect::kNone, "SCOPE_MISSING",
            "\"authentication\""},
        Case{"not in the workspace, in HTML", kList, 403, "<pre>    User not authorized.</pre>",
             Status::kPermissionDenied, Retry::kNever, Effect::kNone, "USER_NOT_IN_WORKSPACE",
             "account admin"},
        Case{
            "IP access list", kMe, 403,
            R"({"error_code":403,"message":"Source IP address: 203.0.113.7 is blocked by Databricks IP ACL for workspace: 12"})",
            Status::kPermissionDenied, Retry::kNever, Effect::kNone, "IP_NOT_ALLOWED",
            "IP access list"},
        Case{
            "not an admin", kMint, 403,
            R"({"error_code":"PERMISSION_DENIED","message":"This API is disabled for users without admin status."})",
            Status::kPermissionDenied, Retry::kNever, Effect::kNone, "NOT_ADMIN",
            "workspace admin"},
        Case{"not an admin, by its words", kList, 400,
             R"({"error_code":"BAD_REQUEST","message":"only accessible by admins"})",
             Status::kPermissionDenied, Retry::kNever, Effect::kNone, "NOT_ADMIN",
             "workspace admin"},
        Case{"forbidden to somebody who need not be an admin", kMe, 403,
             R"({"error_code":"PERMISSION_DENIED","message":"no"})", Status::kPermissionDenied,
             Retry::kNever, Effect::kNone, "REQUEST_REFUSED", "workspace's message"}));

INSTANTIATE_TEST_SUITE_P(
    Principal, Answer,
    ::testing::Values(
        Case{
            "lacks CAN_USE", kMint, 403,
            R"({"error_code":"PERMISSION_DENIED","message":"User 6f5ccf28-d83a-4957-9bfb-5bbfac551410 does not have permission to use tokens."})",
            Status::kPermissionDenied, Retry::kNever, Effect::kNone, "TOKEN_PERMISSION_MISSING",
            "/api/2.0/permissions/authorization/tokens"},
        Case{
            "feature off", kMint, 400,
            R"({"error_code":"BAD_REQUEST","message":"On-behalf-of token creation for service principals is not enabled for this workspace"})",
            Status::kFailedPrecondition, Retry::kNever, Effect::kNone, "ON_BEHALF_OF_DISABLED",
            "account console > Settings > Feature enablement > \"Personal access tokens for "
            "service principals\""},
        Case{
            "feature off, with another status and code", kMint, 403,
            R"({"error_code":"PERMISSION_DENIED","message":"On-behalf-of token creation for service principals is not enabled for this workspace"})",
            Status::kFailedPrecondition, Retry::kNever, Effect::kNone, "ON_BEHALF_OF_DISABLED",
            "enableTokensConfig is another switch"},
        Case{"tokens off", kMint, 403,
             R"({"error_code":"FEATURE_DISABLED","message":"Personal access tokens are disabled"})",
             Status::kFailedPrecondition, Retry::kNever, Effect::kNone, "TOKENS_DISABLED",
             "enableTokensConfig"},
        Case{
            "unknown, 404", kMint, 404,
            R"({"error_code":"RESOURCE_DOES_NOT_EXIST","message":"Service principal does not exist"})",
            Status::kNotFound, Retry::kNever, Effect::kNone, "PRINCIPAL_UNKNOWN", "a UUID"},
        Case{"unknown, 404 NOT_FOUND", kMint, 404, R"({"error_code":"NOT_FOUND","message":"x"})",
             Status::kNotFound, Retry::kNever, Effect::kNone, "PRINCIPAL_UNKNOWN", "a UUID"},
        Case{
            "unknown, 400", kMint, 400,
            R"({"error_code":"INVALID_PARAMETER_VALUE","message":"No service principal with this id"})",
            Status::kNotFound, Retry::kNever, Effect::kNone, "PRINCIPAL_UNKNOWN", "a UUID"},
        Case{"named by its display name", kList, 404,
             R"({"message":"Principal: ServicePrincipalName(x) does not exist"})",
             Status::kNotFound, Retry::kNever, Effect::kNone, "PRINCIPAL_UNKNOWN", "not its name"},
        Case{"quota", kMint, 400, R"({"error_code":"QUOTA_EXCEEDED","message":"600"})",
             Status::kResourceExhausted, Retry::kNever, Effect::kNone, "TOKEN_QUOTA_EXCEEDED",
             "600"},
        Case{"quota is no throttling, even with 429", kMint, 429,
             R"({"error_code":"QUOTA_EXCEEDED","message":"600"})", Status::kResourceExhausted,
             Retry::kNever, Effect::kNone, "TOKEN_QUOTA_EXCEEDED", "600"},
        Case{
            "lifetime 0", kMint, 400,
            R"({"error_code":"INVALID_PARAMETER_VALUE","message":"cannot create obo token: requirement failed: Invalid timeout: 0"})",
            Status::kInvalidArgument, Retry::kNever, Effect::kNone, "LIFETIME_INVALID",
            "maxTokenLifetimeDays"},
        Case{
            "lifetime too long", kMint, 400,
            R"({"error_code":"INVALID_PARAMETER_VALUE","message":"Lifetime is longer than 730 days"})",
            Status::kInvalidArgument, Retry::kNever, Effect::kNone, "LIFETIME_INVALID",
            "lifetime_seconds"}));

constexpr auto kGone = R"({"error_code":"NOT_FOUND","message":"Token does not exist"})";

INSTANTIATE_TEST_SUITE_P(
    Gone, Answer,
    ::testing::Values(
        Case{"NOT_FOUND", kDelete, 404, kGone, Status::kNotFound, Retry::kNever, Effect::kNone,
             "TOKEN_GONE", "deleted already"},
        Case{"NOT_FOUND on a read", kGet, 404, kGone, Status::kNotFound, Retry::kNever,
             Effect::kNone, "TOKEN_GONE", "deleted already"},
        Case{"RESOURCE_DOES_NOT_EXIST", kDelete, 404, R"({"error_code":"RESOURCE_DOES_NOT_EXIST"})",
             Status::kNotFound, Retry::kNever, Effect::kNone, "TOKEN_GONE", "deleted already"},
        Case{"NOT_FOUND alone", kDelete, 404, R"({"error_code":"NOT_FOUND"})", Status::kNotFound,
             Retry::kNever, Effect::kNone, "TOKEN_GONE", "deleted already"},
        Case{"words alone", kDelete, 404, R"({"message":"Token abc does not exist."})",
             Status::kNotFound, Retry::kNever, Effect::kNone, "TOKEN_GONE", "deleted already"},
        Case{"an HTML 404 keeps the debt", kDelete, 404, "<title>Not Found</title>",
             Status::kFailedPrecondition, Retry::kFromStart, Effect::kUnknown, "NOT_DATABRICKS",
             "workspace_url"},
        Case{"a text 404 keeps the debt", kDelete, 404, "NOT_FOUND: Token does not exist",
             Status::kFailedPrecondition, Retry::kFromStart, Effect::kUnknown, "NOT_DATABRICKS",
             "workspace_url"},
        Case{"an empty 404 keeps the debt", kDelete, 404, "", Status::kFailedPrecondition,
             Retry::kFromStart, Effect::kUnknown, "NOT_DATABRICKS", "workspace_url"},
        Case{"another JSON 404 keeps the debt", kDelete, 404, R"({"detail":"Not Found"})",
             Status::kFailedPrecondition, Retry::kNever, Effect::kNone, "NOT_DATABRICKS",
             "workspace_url"},
        Case{"a missing route keeps the debt", kDelete, 404,
             R"({"error_code":"ENDPOINT_NOT_FOUND","message":"No API found"})",
             Status::kFailedPrecondition, Retry::kNever, Effect::kNone, "NOT_DATABRICKS",
             "workspace_url"},
        Case{"a 404 with a code of another class keeps the debt", kDelete, 404,
             R"({"error_code":"INVALID_PARAMETER_VALUE"})", Status::kFailedPrecondition,
             Retry::kNever, Effect::kNone, "NOT_DATABRICKS", "workspace_url"},
        Case{"a 400 keeps the debt", kDelete, 400, R"({"error_code":"RESOURCE_DOES_NOT_EXIST"})",
             Status::kInvalidArgument, Retry::kNever, Effect::kNone, "REQUEST_REFUSED",
             "workspace's message"},
        Case{"an HTML 404 on a read", kGet, 404, "<pre>Not Found</pre>",
             Status::kFailedPrecondition, Retry::kNever, Effect::kNone, "NOT_DATABRICKS",
             "workspace_url"},
        Case{"a missing route on a read", kList, 404,
             R"({"error_code":"ENDPOINT_NOT_FOUND","message":"No API found"})",
             Status::kFailedPrecondition, Retry::kNever, Effect::kNone, "NOT_DATABRICKS",
             "workspace_url"},
        Case{"something that is read, by its code", kList, 400,
             R"({"error_code":"RESOURCE_DOES_NOT_EXIST"})", Status::kNotFound, Retry::kNever,
             Effect::kNone, "REQUEST_REFUSED", "workspace's message"},
        Case{"something that is read, by its words", kList, 400,
             R"({"message":"tokens tokens does not exist"})", Status::kNotFound, Retry::kNever,
             Effect::kNone, "REQUEST_REFUSED", "workspace's message"},
        Case{"no token in the whole workspace", kList, 404,
             R"({"error_code":"RESOURCE_DOES_NOT_EXIST","message":"tokens tokens does not exist"})",
             Status::kNotFound, Retry::kNever, Effect::kNone, "REQUEST_REFUSED",
             "workspace's message"}));

INSTANTIATE_TEST_SUITE_P(
    Throttled, Answer,
    ::testing::Values(
        Case{"429", kMint, 429, "", Status::kUnavailable, Retry::kSameCall, Effect::kNone,
             "RATE_LIMITED", "Wait"},
        Case{"429 with another code", kDelete, 429, R"({"error_code":"TOO_MANY_REQUESTS"})",
             Status::kUnavailable, Retry::kSameCall, Effect::kNone, "RATE_LIMITED", "Wait"},
        Case{"400 with the code", kMint, 400,
             R"({"error_code":"REQUEST_LIMIT_EXCEEDED","message":"x"})", Status::kUnavailable,
             Retry::kSameCall, Effect::kNone, "RATE_LIMITED", "Wait"},
        Case{"400 RESOURCE_EXHAUSTED", kList, 400, R"({"error_code":"RESOURCE_EXHAUSTED"})",
             Status::kUnavailable, Retry::kSameCall, Effect::kNone, "RATE_LIMITED", "Wait"},
        Case{"400 TOO_MANY_REQUESTS", kList, 400, R"({"error_code":"TOO_MANY_REQUESTS"})",
             Status::kUnavailable, Retry::kSameCall, Effect::kNone, "RATE_LIMITED", "Wait"},
        Case{"SCIM's 500", kMe, 500, R"({"detail":"REQUEST_LIMIT_EXCEEDED: x","status":"500"})",
             Status::kUnavailable, Retry::kSameCall, Effect::kNone, "RATE_LIMITED", "Wait"},
        Case{"the words", kList, 400,
             R"({"message":"Current request: 1, RPC token bucket limit has been exceeded."})",
             Status::kUnavailable, Retry::kSameCall, Effect::kNone, "RATE_LIMITED", "Wait"}));

INSTANTIATE_TEST_SUITE_P(
    Trouble, Answer,
    ::testing::Values(
        Case{
            "503", kList, 503,
            R"({"error_code":"TEMPORARILY_UNAVAILABLE","message":"Authentication is temporarily unavailable. Please try again later."})",
            Status::kUnavailable, Retry::kSameCall, Effect::kNone, "WORKSPACE_UNAVAILABLE",
            "Try again later"},
        Case{"503 in HTML", kList, 503, "<pre>Worker environment not ready</pre>",
             Status::kUnavailable, Retry::kSameCall, Effect::kNone, "WORKSPACE_UNAVAILABLE",
             "Try again later"},
        Case{"500 TEMPORARILY_UNAVAILABLE", kList, 500,
             R"({"error_code":"TEMPORARILY_UNAVAILABLE"})", Status::kUnavailable, Retry::kSameCall,
             Effect::kNone, "WORKSPACE_UNAVAILABLE", "Try again later"},
        Case{"400 worker", kList, 400, "<pre>Worker environment not ready</pre>",
             Status::kUnavailable, Retry::kSameCall, Effect::kNone, "WORKSPACE_UNAVAILABLE",
             "Try again later"},
        Case{"a worker that does not know us", kList, 404,
             R"({"message":"worker env WorkerEnvId(workerenv-XXXXX) not found"})",
             Status::kUnavailable, Retry::kSameCall, Effect::kNone, "WORKSPACE_UNAVAILABLE",
             "Try again later"},
        Case{"408 of a gateway", kList, 408, "", Status::kUnavailable, Retry::kSameCall,
             Effect::kNone, "WORKSPACE_UNAVAILABLE", "Try again later"},
        Case{"499 of a gateway", kList, 499, R"({"message":"cancelled"})", Status::kUnavailable,
             Retry::kSameCall, Effect::kNone, "WORKSPACE_UNAVAILABLE", "Try again later"},
        Case{"502", kList, 502, "", Status::kUnavailable, Retry::kSameCall, Effect::kNone,
             "WORKSPACE_UNAVAILABLE", "Try again later"},
        Case{"504", kList, 504, "upstream request timeout", Status::kUnavailable, Retry::kSameCall,
             Effect::kNone, "WORKSPACE_UNAVAILABLE", "Try again later"},
        Case{"500", kGet, 500, R"({"error_code":"INTERNAL_ERROR","message":"nope"})",
             Status::kInternal, Retry::kSameCall, Effect::kNone, "WORKSPACE_INTERNAL_ERROR",
             "request id"},
        Case{"400 UNKNOWN is of class 500", kGet, 400, R"({"error_code":"UNKNOWN"})",
             Status::kInternal, Retry::kSameCall, Effect::kNone, "WORKSPACE_INTERNAL_ERROR",
             "request id"},
        Case{"400 DATA_LOSS is of class 500", kGet, 400, R"({"error_code":"DATA_LOSS"})",
             Status::kInternal, Retry::kSameCall, Effect::kNone, "WORKSPACE_INTERNAL_ERROR",
             "request id"},
        Case{"501", kList, 501, R"({"message":"No stub found for pattern: GET /x"})",
             Status::kUnimplemented, Retry::kNever, Effect::kNone, "REQUEST_REFUSED", ""},
        Case{"500 on a delete", kDelete, 500, R"({"error_code":"INTERNAL_ERROR"})",
             Status::kInternal, Retry::kFromStart, Effect::kUnknown, "WORKSPACE_INTERNAL_ERROR",
             "request id"},
        Case{"ABORTED", kMint, 409, R"({"error_code":"ABORTED"})", Status::kAborted,
             Retry::kFromStart, Effect::kNone, "REQUEST_REFUSED", ""},
        Case{"RESOURCE_ALREADY_EXISTS", kMint, 400, R"({"error_code":"RESOURCE_ALREADY_EXISTS"})",
             Status::kAlreadyExists, Retry::kNever, Effect::kNone, "REQUEST_REFUSED", ""},
        Case{"ALREADY_EXISTS", kMint, 409, R"({"error_code":"ALREADY_EXISTS"})",
             Status::kAlreadyExists, Retry::kNever, Effect::kNone, "REQUEST_REFUSED", ""},
        Case{"400 ABORTED", kMint, 400, R"({"error_code":"ABORTED"})", Status::kAborted,
             Retry::kFromStart, Effect::kNone, "REQUEST_REFUSED", ""},
        Case{"403 INVALID_PARAMETER_VALUE is of class 400", kMint, 403,
             R"({"error_code":"INVALID_PARAMETER_VALUE"})", Status::kInvalidArgument, Retry::kNever,
             Effect::kNone, "REQUEST_REFUSED", ""},
        Case{"INVALID_STATE", kMint, 400, R"({"error_code":"INVALID_STATE"})",
             Status::kFailedPrecondition, Retry::kNever, Effect::kNone, "REQUEST_REFUSED", ""},
        Case{"409", kMint, 409, R"({"error_code":"CONFLICT"})", Status::kAborted, Retry::kFromStart,
             Effect::kNone, "REQUEST_REFUSED", ""},
        Case{"another 4xx", kMint, 400, R"({"error_code":"INVALID_REQUEST","message":"no"})",
             Status::kInvalidArgument, Retry::kNever, Effect::kNone, "REQUEST_REFUSED", ""},
        Case{"an internal error on a 400", kMint, 400,
             R"({"error_code":"INVALID_REQUEST","message":"Internal error happened"})",
             Status::kUnknown, Retry::kFromStart, Effect::kUnknown, "UNKNOWN_MINT", "sweep"},
        Case{"numeric 500 on a 400", kMint, 400, R"({"error_code":500,"message":"x"})",
             Status::kUnknown, Retry::kFromStart, Effect::kUnknown, "UNKNOWN_MINT", "sweep"},
        Case{"numeric 503 on a 400", kMint, 400, R"({"error_code":503,"message":"x"})",
             Status::kUnknown, Retry::kFromStart, Effect::kUnknown, "UNKNOWN_MINT", "sweep"},
        Case{"a deadline on a 400", kMint, 400, R"({"error_code":"DEADLINE_EXCEEDED"})",
             Status::kUnknown, Retry::kFromStart, Effect::kUnknown, "UNKNOWN_MINT", "sweep"},
        Case{"a line", kList, 400, "MALFORMED_REQUEST: vpc_endpoints malformed parameters",
             Status::kInvalidArgument, Retry::kNever, Effect::kNone, "REQUEST_REFUSED",
             "workspace's message"},
        Case{"a line that forbids", kMe, 403, "PERMISSION_DENIED: no", Status::kPermissionDenied,
             Retry::kNever, Effect::kNone, "REQUEST_REFUSED", "workspace's message"},
        Case{"text of nobody", kList, 400, "upstream connect error", Status::kFailedPrecondition,
             Retry::kNever, Effect::kNone, "NOT_DATABRICKS", "workspace_url"},
        Case{"HTML of a proxy", kList, 403, "<title>Blocked</title>", Status::kFailedPrecondition,
             Retry::kNever, Effect::kNone, "NOT_DATABRICKS", "workspace_url"},
        Case{"a redirect", kList, 302, "", Status::kFailedPrecondition, Retry::kNever,
             Effect::kNone, "NOT_DATABRICKS", "workspace_url"}));

// A mint that was not plainly refused may have made a token.
INSTANTIATE_TEST_SUITE_P(
    UnknownMint, Answer,
    ::testing::Values(
        Case{"500", kMint, 500, R"({"error_code":"INTERNAL_ERROR","message":"nope"})",
             Status::kUnknown, Retry::kFromStart, Effect::kUnknown, "UNKNOWN_MINT", "rotate-token"},
        Case{"502", kMint, 502, "", Status::kUnavailable, Retry::kFromStart, Effect::kUnknown,
             "UNKNOWN_MINT", "rotate-token"},
        Case{"503 with JSON", kMint, 503, R"({"error_code":"TEMPORARILY_UNAVAILABLE"})",
             Status::kUnavailable, Retry::kFromStart, Effect::kUnknown, "UNKNOWN_MINT",
             "rotate-token"},
        Case{"504", kMint, 504, "", Status::kUnavailable, Retry::kFromStart, Effect::kUnknown,
             "UNKNOWN_MINT", "rotate-token"},
        Case{"throttled by a 500", kMint, 500, R"({"error_code":"REQUEST_LIMIT_EXCEEDED"})",
             Status::kUnavailable, Retry::kFromStart, Effect::kUnknown, "UNKNOWN_MINT",
             "rotate-token"},
        Case{"HTML 403", kMint, 403, kInvalidTokenHtml, Status::kUnknown, Retry::kFromStart,
             Effect::kUnknown, "UNKNOWN_MINT", "rotate-token"},
        Case{"JSON 400 that is nobody's", kMint, 400, R"({"status":"bad"})", Status::kUnknown,
             Retry::kFromStart, Effect::kUnknown, "UNKNOWN_MINT", "rotate-token"},
        Case{"a line", kMint, 400, "MALFORMED_REQUEST: x", Status::kUnknown, Retry::kFromStart,
             Effect::kUnknown, "UNKNOWN_MINT", "rotate-token"},
        Case{"400 with a code of class 500", kMint, 400,
             R"({"error_code":"UNKNOWN","message":"x"})", Status::kUnknown, Retry::kFromStart,
             Effect::kUnknown, "UNKNOWN_MINT", "rotate-token"},
        Case{"499", kMint, 499, R"({"error_code":"CANCELLED","message":"x"})", Status::kUnknown,
             Retry::kFromStart, Effect::kUnknown, "UNKNOWN_MINT", "rotate-token"},
        Case{"empty 400", kMint, 400, "", Status::kUnknown, Retry::kFromStart, Effect::kUnknown,
             "UNKNOWN_MINT", "rotate-token"},
        Case{"a redirect", kMint, 302, "", Status::kUnknown, Retry::kFromStart, Effect::kUnknown,
             "UNKNOWN_MINT", "rotate-token"}));

TEST(UnknownMint, KeepsWhatHappenedAsItsCause) {
  const hub::Error error = refused_as(kMint, answer(503, "", "Service Unavailable"));
  EXPECT_EQ(error.message,
            "POST on-behalf-of/tokens answered 503: \"Service Unavailable\"; whether it made a "
            "token is not known");
  EXPECT_EQ(error.detail_json, R"({"cause":"WORKSPACE_UNAVAILABLE"})");
}

TEST(PrivateLink, IsARedirectThatSaysSoAndIsNotFollowed) {
  HttpResponse response = answer(302, "");
  response.headers.set("Location",
                       "https://adb-1.azuredatabricks.net/"
                       "login.html?error=private-link-validation-error:1234&o=1");
  const hub::Error error = refused_as(kList, response);
  EXPECT_EQ(error.reason, "PRIVATE_LINK");
  EXPECT_EQ(error.status, Status::kPermissionDenied);
  EXPECT_EQ(error.retry, Retry::kNever);
  EXPECT_THAT(error.message, HasSubstr("https://adb-1.azuredatabricks.net/login.html\""));
  EXPECT_EQ(refused_as(kMint, response).detail_json, R"({"cause":"PRIVATE_LINK"})");
}

TEST(AccountHost, IsARedirectToSignIn) {
  for (const char* location :
       {"https://accounts.cloud.databricks.com/api/2.0/token-management/tokens", "/login.html?o=1",
        "https://login.microsoftonline.com/common/oauth2/authorize?client_id=x"}) {
    HttpResponse response = answer(303, "");
    response.headers.set("Location", location);
    const hub::Error error = refused_as(kList, response);
    EXPECT_EQ(error.reason, "ACCOUNT_HOST") << location;
    EXPECT_EQ(error.retry, Retry::kNever) << location;
    EXPECT_THAT(error.hint, HasSubstr("accounts.*"));
  }
  EXPECT_EQ(refused_as(kList, answer(307, "<html>")).reason, "ACCOUNT_HOST");
  HttpResponse elsewhere = answer(308, "");
  elsewhere.headers.set("Location", "https://adb-2.azuredatabricks.net/");
  EXPECT_EQ(refused_as(kList, elsewhere).reason, "NOT_DATABRICKS");
}

TEST(AccountHost, IsAPageInsteadOfAnAnswer) {
  const auto read = [](std::string body) {
    return unusable({kList, "GET x", kBearer}, answer(200, std::move(body)), Unusable::kForeign,
                    "not with a JSON object");
  };
  EXPECT_EQ(read("\n<!DOCTYPE html><title>Sign in</title>").reason, "ACCOUNT_HOST");
  EXPECT_EQ(read("ok").reason, "NOT_DATABRICKS");
  EXPECT_EQ(read("ok").status, Status::kFailedPrecondition);
  EXPECT_EQ(read("ok").retry, Retry::kNever);
}

TEST(Unusable, AnswerOfAMintIsAnUnknownMint) {
  const hub::Error error = unusable({kMint, "POST x", kBearer}, answer(200, "<html>"),
                                    Unusable::kForeign, "not with a JSON object");
  EXPECT_EQ(error.reason, "UNKNOWN_MINT");
  EXPECT_EQ(error.status, Status::kUnknown);
  EXPECT_EQ(error.effect, Effect::kUnknown);
  EXPECT_EQ(error.retry, Retry::kFromStart);
  EXPECT_THAT(error.message, HasSubstr("POST x answered 200, but not with a JSON object"));
}

hub::Error lost(Status status, Effect effect) {
  return {.status = status,
          .retry = Retry::kSameCall,
          .effect = effect,
          .reason = "CONNECTION_LOST",
          .message = "the connection was reset",
          .hint = "its own"};
}

TEST(Unanswered, MintIsUnknownOnceAByteWasSent) {
  const hub::Error error =
      unanswered({kMint, "POST x", kBearer}, lost(Status::kUnavailable, Effect::kUnknown));
  EXPECT_EQ(error.reason, "UNKNOWN_MINT");
  EXPECT_EQ(error.status, Status::kUnavailable);
  EXPECT_EQ(error.effect, Effect::kUnknown);
  EXPECT_EQ(error.retry, Retry::kFromStart);
  EXPECT_THAT(error.message, HasSubstr("POST x: the connection was reset"));
  EXPECT_EQ(error.detail_json, R"({"cause":"CONNECTION_LOST"})");
  EXPECT_THAT(error.hint, HasSubstr("rotate-token"));
}

TEST(Unanswered, MintStaysWithoutEffectWhenNothingWasSent) {
  const hub::Error error =
      unanswered({kMint, "POST x", kBearer}, lost(Status::kUnavailable, Effect::kNone));
  EXPECT_EQ(error.reason, "CONNECTION_LOST");
  EXPECT_EQ(error.effect, Effect::kNone);
  EXPECT_EQ(error.hint, "its own");
}

TEST(Unanswered, MintThatWasCancelledOrLateSaysSo) {
  for (const Status status : {Status::kCancelled, Status::kDeadlineExceeded}) {
    const hub::Error error = unanswered({kMint, "POST x", kBearer}, lost(status, Effect::kUnknown));
    EXPECT_EQ(error.status, status);
    EXPECT_EQ(error.reason, "UNKNOWN_MINT");
  }
}

TEST(Unanswered, ReadNeverHasAnEffect) {
  const hub::Error error =
      unanswered({kList, "GET x", kBearer}, lost(Status::kUnavailable, Effect::kUnknown));
  EXPECT_EQ(error.effect, Effect::kNone);
  EXPECT_EQ(error.retry, Retry::kSameCall);
  EXPECT_EQ(error.reason, "CONNECTION_LOST");
}

TEST(Unanswered, DeleteIsUnknownOnceAByteWasSent) {
  const hub::Error error =
      unanswered({kDelete, "DELETE x", kBearer}, lost(Status::kUnavailable, Effect::kUnknown));
  EXPECT_EQ(error.effect, Effect::kUnknown);
  EXPECT_EQ(error.retry, Retry::kFromStart);
  EXPECT_EQ(error.reason, "CONNECTION_LOST");
}

TEST(Reasons, AreUniqueAndSayWhatToDo) {
  std::set<std::string_view> seen;
  for (const Reason& reason : kReasons) {
    EXPECT_TRUE(seen.insert(reason.reason).second) << reason.reason;
    EXPECT_FALSE(reason.summary.empty()) << reason.reason;
    EXPECT_FALSE(reason.hint.empty()) << reason.reason;
  }
}

}  // namespace
}  // namespace databricks_token
