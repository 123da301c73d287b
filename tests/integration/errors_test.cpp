// Answers of a workspace, byte for byte, and what they become at the end of the whole way:
// sample-host, loader, plugin, TLS.
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <regex>

#include "integration/fixture.hpp"

namespace integration {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kMint = "/api/2.0/token-management/on-behalf-of/tokens";
constexpr const char* kToken = "/api/2.0/token-management/tokens/*";
constexpr const char* kEverything = "/api/*";

struct Row {
  const char* name;
  Served served;
  const char* status;
  const char* reason;
  const char* retry;
  const char* effect;
  int code;
  const char* hint;  // part of it
  std::string message{};
};

class Answers : public HostTest {
 protected:
  void forget_slot() const {
    for (const char* file : {"slots.db", "slots.db-wal", "slots.db-shm"})
      std::filesystem::remove(path(file));
  }

  std::ptrdiff_t sent(const std::string& method) const {
    return std::ranges::count(methods(), method);
  }

  /// Each row meets a slot that nothing has happened to.
  void expect(const std::vector<std::string>& command, const std::vector<Row>& rows) const {
    for (const Row& row : rows) {
      SCOPED_TRACE(row.name);
      forget_slot();
      serve(row.served);
      const auto error = json(command, row.code)->getObject("error");
      EXPECT_EQ(error->getValue<std::string>("status"), row.status);
      EXPECT_EQ(error->optValue<std::string>("reason", ""), row.reason);
      EXPECT_EQ(error->getValue<std::string>("retry"), row.retry);
      EXPECT_EQ(error->getValue<std::string>("effect"), row.effect);
      EXPECT_EQ(error->getValue<int>("http_status"), row.served.status);
      EXPECT_THAT(error->optValue<std::string>("hint", ""), HasSubstr(row.hint));
      EXPECT_THAT(error->getValue<std::string>("message"),
                  AllOf(HasSubstr("answered " + std::to_string(row.served.status)),
                        HasSubstr(row.message)));
    }
    workspace.clear_faults();
  }
};

std::string said(const std::string& code, const std::string& message) {
  return R"({"error_code":)" + code + R"(,"message":")" + message + R"("})";
}

// ---- What the wire shows for each cause ----

TEST_F(Answers, AboutTheCredentialSayWhichOneToUse) {
  const std::string invalid = said("403", "Invalid access token.");
  ASSERT_EQ(invalid.size(), 52U);  // databricks-sdk-go issue 1046
  const std::string html =
      "<html>\n<head>\n<title>Error 403 Invalid access token.</title>\n</head>\n<body>\n"
      "<pre>    Invalid access token.</pre>\n</body>\n</html>\n";
  const std::string scope = "Provided OAuth token does not have required scopes: authentication";
  expect(
      {"create-token", "local"},
      {{"invalid",
        {kEverything, "", 403, invalid},
        "unauthenticated",
        "CREDENTIAL_INVALID",
        "never",
        "none",
        1,
        "neither expired nor revoked",
        "\"Invalid access token.\""},
       {"invalid, to the POST alone",
        {kMint, "POST", 403, invalid},
        "unauthenticated",
        "CREDENTIAL_INVALID",
        "never",
        "none",
        1,
        "neither expired nor revoked"},
       {"invalid, of an older gateway",
        {kEverything, "", 403, html},
        "unauthenticated",
        "CREDENTIAL_INVALID",
        "never",
        "none",
        1,
        "neither expired nor revoked",
        "\"Invalid access token\""},
       {"expiring",
        {kEverything, "", 403, said("403", "Token is expiring within 30 seconds. (token expired)")},
        "unauthenticated",
        "CREDENTIAL_EXPIRING",
        "from-start",
        "none",
        3,
        "fresh token"},
       {"not sent",
        {kEverything, "", 401,
         said("401",
              "Credential was not sent or was of an unsupported type for this API. "
              "[ReqId: 5f1f7d5a]")},
        "unauthenticated",
        "CREDENTIAL_NOT_SENT",
        "never",
        "none",
        1,
        "Authorization header",
        "[ReqId: 5f1f7d5a]"},
       {"not in the workspace",
        {kEverything, "", 403, "<pre>    User not authorized.</pre>"},
        "permission-denied",
        "USER_NOT_IN_WORKSPACE",
        "never",
        "none",
        1,
        "account admin"},
       {"no admin",
        {kEverything, "", 403, said(R"("PERMISSION_DENIED")", "no")},
        "permission-denied",
        "NOT_ADMIN",
        "never",
        "none",
        1,
        "workspace admin"},
       {"no admin, in words",
        {kEverything, "", 403,
         said(R"("PERMISSION_DENIED")", "This API is only accessible by admins.")},
        "permission-denied",
        "NOT_ADMIN",
        "never",
        "none",
        1,
        "workspace admin"},
       {"without the scope",
        {kEverything, "", 403, said(R"("PERMISSION_DENIED")", scope)},
        "permission-denied",
        "SCOPE_MISSING",
        "never",
        "none",
        1,
        "\"authentication\"",
        scope},
       {"without the scope, to the POST alone",
        {kMint, "POST", 403, said("403", scope)},
        "permission-denied",
        "SCOPE_MISSING",
        "never",
        "none",
        1,
        "\"authentication\""},
       {"an OAuth endpoint's",
        {kEverything, "", 401,
         R"({"error":"invalid_client","error_id":"1","error_description":"Client authentication failed"})"},
        "unauthenticated",
        "CREDENTIAL_INVALID",
        "never",
        "none",
        1,
        "neither expired",
        "\"invalid_client\""}});
}

TEST_F(Answers, AboutThePrincipalAndTheWorkspacesSwitchesSayWhichOneToTurn) {
  const std::string off =
      "On-behalf-of token creation for service principals is not enabled for this workspace";
  const char* const switch_on =
      "account console > Settings > Feature enablement > \"Personal access tokens for service "
      "principals\"";
  const auto post = [](int status, std::string body) {
    return Served{kMint, "POST", status, std::move(body)};
  };
  expect(
      {"create-token", "local"},
      {{"lacks CAN_USE",
        post(403, said(R"("PERMISSION_DENIED")",
                       "User 6f5ccf28-d83a-4957-9bfb-5bbfac551410 does not have permission to use "
                       "tokens.")),
        "permission-denied", "TOKEN_PERMISSION_MISSING", "never", "none", 1,
        "PATCH /api/2.0/permissions/authorization/tokens"},
       {"on-behalf-of off, 400", post(400, said(R"("BAD_REQUEST")", off)), "failed-precondition",
        "ON_BEHALF_OF_DISABLED", "never", "none", 1, switch_on, off},
       {"on-behalf-of off, 403", post(403, said(R"("PERMISSION_DENIED")", off)),
        "failed-precondition", "ON_BEHALF_OF_DISABLED", "never", "none", 1, switch_on},
       {"on-behalf-of off, 404", post(404, said(R"("FEATURE_DISABLED")", off)),
        "failed-precondition", "ON_BEHALF_OF_DISABLED", "never", "none", 1, switch_on},
       {"on-behalf-of off, without a code", post(400, R"({"message":")" + off + R"("})"),
        "failed-precondition", "ON_BEHALF_OF_DISABLED", "never", "none", 1, switch_on},
       {"tokens off", post(403, said(R"("FEATURE_DISABLED")", "disabled")), "failed-precondition",
        "TOKENS_DISABLED", "never", "none", 1, "enableTokensConfig"},
       {"principal unknown, 404",
        post(404, said(R"("RESOURCE_DOES_NOT_EXIST")", "Service principal does not exist")),
        "not-found", "PRINCIPAL_UNKNOWN", "never", "none", 1, "a UUID"},
       {"principal unknown, 400",
        post(400, said(R"("INVALID_PARAMETER_VALUE")", "application_id is unknown")), "not-found",
        "PRINCIPAL_UNKNOWN", "never", "none", 1, "a UUID"},
       {"quota, 400", post(400, said(R"("QUOTA_EXCEEDED")", "x")), "resource-exhausted",
        "TOKEN_QUOTA_EXCEEDED", "never", "none", 1, "600"},
       {"quota, 403", post(403, said(R"("QUOTA_EXCEEDED")", "x")), "resource-exhausted",
        "TOKEN_QUOTA_EXCEEDED", "never", "none", 1, "600"},
       {"quota, 429", post(429, said(R"("QUOTA_EXCEEDED")", "x")), "resource-exhausted",
        "TOKEN_QUOTA_EXCEEDED", "never", "none", 1, "600"},
       {"lifetime too long",
        post(400, said(R"("INVALID_PARAMETER_VALUE")", "lifetime_seconds is too long")),
        "invalid-argument", "LIFETIME_INVALID", "never", "none", 1, "maxTokenLifetimeDays"},
       {"lifetime 0",
        post(400, said(R"("INVALID_PARAMETER_VALUE")",
                       "cannot create obo token: requirement failed: Invalid timeout: 0")),
        "invalid-argument", "LIFETIME_INVALID", "never", "none", 1, "0 is refused"},
       {"lifetime 0, without a code",
        post(400, R"({"message":"requirement failed: Invalid timeout: 0"})"), "invalid-argument",
        "LIFETIME_INVALID", "never", "none", 1, "0 is refused"}});
}

TEST_F(Answers, AboutTroubleThatPassesSayToTryAgain) {
  // More than the call's deadline: otherwise it would be waited for.
  const std::pair<std::string, std::string> later{"Retry-After", "90"};
  const std::string bucket = "Current request: 1, RPC token bucket limit has been exceeded";
  expect(
      {"create-token", "local"},
      {{"429",
        {kEverything, "", 429, said(R"("REQUEST_LIMIT_EXCEEDED")", bucket), {later}},
        "unavailable",
        "RATE_LIMITED",
        "same-call",
        "none",
        3,
        "Wait",
        bucket},
       {"429 without a body",
        {kEverything, "", 429, "", {later}},
        "unavailable",
        "RATE_LIMITED",
        "same-call",
        "none",
        3,
        "Wait",
        "Too Many Requests"},
       {"429 to the POST alone",
        {kMint, "POST", 429, said(R"("TOO_MANY_REQUESTS")", "x"), {later}},
        "unavailable",
        "RATE_LIMITED",
        "same-call",
        "none",
        3,
        "Wait"},
       {"400 with the code, to the POST alone",
        {kMint, "POST", 400, said(R"("REQUEST_LIMIT_EXCEEDED")", "x"), {later}},
        "unavailable",
        "RATE_LIMITED",
        "same-call",
        "none",
        3,
        "Wait"},
       {"400 with the other code",
        {kEverything, "", 400, said(R"("RESOURCE_EXHAUSTED")", "x"), {later}},
        "unavailable",
        "RATE_LIMITED",
        "same-call",
        "none",
        3,
        "Wait"},
       {"SCIM's 500",
        {kEverything, "", 500, R"({"detail":"REQUEST_LIMIT_EXCEEDED: x","status":"500"})", {later}},
        "unavailable",
        "RATE_LIMITED",
        "same-call",
        "none",
        3,
        "Wait"},
       {"503",
        {kEverything, "", 503,
         said(R"("TEMPORARILY_UNAVAILABLE")",
              "Authentication is temporarily unavailable. Please try again later.")},
        "unavailable",
        "WORKSPACE_UNAVAILABLE",
        "same-call",
        "none",
        3,
        "Try again later"},
       {"503 of a gateway",
        {kEverything, "", 503, "<pre>Worker environment not ready</pre>"},
        "unavailable",
        "WORKSPACE_UNAVAILABLE",
        "same-call",
        "none",
        3,
        "Try again later",
        "\"Worker environment not ready\""},
       {"502",
        {kEverything, "", 502, ""},
        "unavailable",
        "WORKSPACE_UNAVAILABLE",
        "same-call",
        "none",
        3,
        "Try again later",
        "\"Bad Gateway\""},
       {"504",
        {kEverything, "", 504, "upstream request timeout"},
        "unavailable",
        "WORKSPACE_UNAVAILABLE",
        "same-call",
        "none",
        3,
        "Try again later",
        "\"upstream request timeout\""},
       {"500",
        {kEverything, "", 500, said(R"("INTERNAL_ERROR")", "nope")},
        "internal",
        "WORKSPACE_INTERNAL_ERROR",
        "same-call",
        "none",
        3,
        "request id"}});
}

TEST_F(Answers, ThatLeaveAMintOpenSayNotToRepeatIt) {
  const auto open = [](const char* name, int status, std::string body, const char* how) {
    return Row{name,
               {kMint, "POST", status, std::move(body)},
               how,
               "UNKNOWN_MINT",
               "from-start",
               "unknown",
               4,
               "Do not repeat the request by hand"};
  };
  expect({"create-token", "local"},
         {open("500", 500, said(R"("INTERNAL_ERROR")", "nope"), "unknown"),
          open("502", 502, "", "unavailable"),
          open("503", 503, said(R"("TEMPORARILY_UNAVAILABLE")", "x"), "unavailable"),
          open("504", 504, "upstream request timeout", "unavailable"),
          open("throttled by a 500", 500, said(R"("REQUEST_LIMIT_EXCEEDED")", "x"), "unavailable"),
          open("a refusal in HTML", 403, "<pre>    Invalid access token.</pre>", "unknown"),
          open("a page", 200, "<html><title>Sign in</title></html>", "unknown"),
          open("half an answer", 200, R"({"token_value":"canary-half","token_info":{)", "unknown"),
          open("an answer without a token", 200, "{}", "unknown"),
          open("an empty answer", 200, "", "unknown"), open("a redirect", 302, "", "unknown")});
}

TEST_F(Answers, ThatThrottleAMintAreWaitedFor) {
  workspace.fail(
      std::string(R"({"path": ")") + kMint +
      R"(", "method": "POST", "times": 2, "status": 429, "headers": {"Retry-After": "1"}})");
  const auto result = json({"create-token", "local"}, 0)->getObject("result");
  EXPECT_EQ(result->getArray("warnings")->size(), 0U);
  EXPECT_EQ(sent("POST"), 3);
  EXPECT_EQ(live_tokens(), 1U);
}

// Each once: the token that it may have made is looked for and revoked, then one is made.
TEST_F(Answers, ThatLeaveAMintOpenAreFollowedByALookAndOneToken) {
  for (const char* fault :
       {R"("status": 500, "after_effect": true)", R"("status": 502, "after_effect": true)",
        R"("status": 503, "after_effect": true)", R"("status": 504, "after_effect": true)",
        R"("status": 200, "body": "<html>", "after_effect": true)",
        R"("status": 200, "body": "{}", "after_effect": true)", R"("close": "after")",
        R"("truncate": true)"}) {
    forget_slot();
    const std::size_t live = live_tokens();
    const auto posts = sent("POST"), deletes = sent("DELETE");
    workspace.fail(std::string(R"({"path": ")") + kMint + R"(", "method": "POST", )" + fault + "}");
    json({"create-token", "local"}, 0);
    EXPECT_EQ(sent("POST") - posts, 2) << fault;
    EXPECT_EQ(sent("DELETE") - deletes, 1) << fault;
    EXPECT_EQ(live_tokens() - live, 1U) << fault;
  }
}

// ---- The shapes of bodies ----

TEST_F(Answers, AreReadInEachShape) {
  const auto refused = [](const char* name, int status, std::string body, std::string message,
                          std::vector<std::pair<std::string, std::string>> headers = {}) {
    return Row{name,
               {kEverything, "", status, std::move(body), std::move(headers)},
               status == 403 ? "permission-denied" : "invalid-argument",
               "REQUEST_REFUSED",
               "never",
               "none",
               1,
               "workspace's message",
               std::move(message)};
  };
  expect(
      {"create-token", "local"},
      {{"empty",
        {kEverything, "", 401, ""},
        "unauthenticated",
        "CREDENTIAL_INVALID",
        "never",
        "none",
        1,
        "neither expired",
        "answered 401: \"Unauthorized\""},
       {"empty, with Databricks' own reason",
        {kEverything, "", 403, "", {{"X-Databricks-Reason-Phrase", "Invalid access token."}}},
        "unauthenticated",
        "CREDENTIAL_INVALID",
        "never",
        "none",
        1,
        "neither expired",
        "\"Invalid access token.\""},
       refused("code and message", 400, said(R"("MALFORMED_REQUEST")", "nope"), "\"nope\""),
       refused("a number for a code", 400,
               R"({"error_code":500,"status_code":400,"message":"Cluster abc is nowhere"})",
               "\"Cluster abc is nowhere\""),
       refused("API 1.2", 400, R"({"error":"old words","message":"new words"})", "\"old words\""),
       refused(
           "details", 400,
           R"({"error_code":"X","message":"m","details":[)"
           R"({"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"r","domain":"d","metadata":{"k":"v"}},)"
           R"({"@type":"type.googleapis.com/google.rpc.RequestInfo","request_id":"q","serving_data":""},)"
           R"({"@type":"type.googleapis.com/google.rpc.RetryInfo","retry_delay":"42.0000000012s"},)"
           R"({"@type":"type.googleapis.com/google.rpc.DebugInfo","stack_entries":[],"detail":"d"},)"
           R"({"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"subject":"s","description":"d"}]},)"
           R"({"@type":"type.googleapis.com/google.rpc.PreconditionFailure","violations":[]},)"
           R"({"@type":"type.googleapis.com/google.rpc.BadRequest","field_violations":[]},)"
           R"({"@type":"type.googleapis.com/google.rpc.ResourceInfo","resource_type":"t"},)"
           R"({"@type":"type.googleapis.com/google.rpc.Help","links":[{"description":"d","url":"u"}]}]})",
           "\"m\""),
       refused(
           "SCIM", 400,
           R"({"detail":"Group with id 1234 is not found","status":"404","schemas":["urn:ietf:params:scim:api:messages:2.0:Error"]})",
           "\"Group with id 1234 is not found\""),
       refused("SCIM with a type", 400,
               R"({"detail":"d","status":"400","scimType":"invalidFilter"})",
               "\"invalidFilter d\""),
       refused("SCIM that says null", 400, R"({"detail":"null","status":"400"})",
               "\"SCIM API Internal Error\""),
       refused("a line", 400, "MALFORMED_REQUEST: vpc_endpoints malformed parameters: x",
               "\"vpc_endpoints malformed parameters: x\""),
       refused("a line that forbids", 403, "PERMISSION_DENIED: no", "\"no\""),
       {"HTML with a title",
        {kEverything, "", 400, "<html><title>Not today.</title></html>"},
        "failed-precondition",
        "NOT_DATABRICKS",
        "never",
        "none",
        1,
        "workspace_url",
        "\"Not today\""},
       {"text",
        {kEverything, "", 400, "upstream connect error"},
        "failed-precondition",
        "NOT_DATABRICKS",
        "never",
        "none",
        1,
        "workspace_url",
        "\"upstream connect error\""},
       {"JSON that is no object",
        {kEverything, "", 400, "\"This is a string\""},
        "failed-precondition",
        "NOT_DATABRICKS",
        "never",
        "none",
        1,
        "workspace_url",
        "\"Bad Request\""}});
}

TEST_F(Answers, OfSomethingElseThanAWorkspaceSayToCorrectTheUrl) {
  const auto elsewhere = [](const char* name, Served served, const char* reason, const char* hint) {
    return Row{name, std::move(served), "failed-precondition", reason, "never", "none", 1, hint};
  };
  const auto redirect = [](const char* location) {
    return Served{kEverything, "", 302, "", {{"Location", location}}};
  };
  expect({"create-token", "local"},
         {elsewhere("no such API",
                    {kEverything, "", 404, said(R"("ENDPOINT_NOT_FOUND")", "No API found")},
                    "NOT_DATABRICKS", "workspace_url"),
          elsewhere("somebody's 404", {kEverything, "", 404, "<title>Not Found</title>"},
                    "NOT_DATABRICKS", "workspace_url"),
          elsewhere("a page", {kEverything, "", 200, "<!DOCTYPE html><html>Sign in</html>"},
                    "ACCOUNT_HOST", "accounts.*"),
          elsewhere("text", {kEverything, "", 200, "ok"}, "NOT_DATABRICKS", "workspace_url"),
          elsewhere("a way to sign in", redirect("/login.html"), "ACCOUNT_HOST", "accounts.*"),
          elsewhere("the account console", redirect("https://accounts.cloud.databricks.com/?o=1"),
                    "ACCOUNT_HOST", "accounts.*"),
          {"a private link",
           redirect("https://127.0.0.1/login.html?error=private-link-validation-error:1"),
           "permission-denied", "PRIVATE_LINK", "never", "none", 1, "private endpoint"}});
}

TEST_F(Answers, OfTheAccountConsoleAreNotAskedFor) {
  auto manifest = connection();
  for (const char* host : {"accounts.cloud.databricks.com", "accounts-dod.cloud.databricks.us",
                           "ACCOUNTS.azuredatabricks.net", "accounts.gcp.databricks.com:443"}) {
    manifest->getObject("config")->set("workspace_url", std::string("https://") + host);
    write_connection(manifest);
    const auto error = json({"check", "local"}, 2)->getObject("error");
    EXPECT_EQ(error->getValue<std::string>("reason"), "ACCOUNT_HOST") << host;
    EXPECT_THAT(error->getValue<std::string>("hint"), HasSubstr("accounts.*"));
  }
}

// ---- Tokens that are gone, or are not ----

TEST_F(Answers, ThatATokenIsGoneEndARevocation) {
  for (const auto& [code, message] : {std::pair{"NOT_FOUND", "Token does not exist"},
                                      std::pair{"RESOURCE_DOES_NOT_EXIST", "x"}}) {
    forget_slot();
    ASSERT_EQ(host({"create-token", "local"}).code, 0);
    serve({kToken, "DELETE", 404, said('"' + std::string(code) + '"', message)});
    EXPECT_EQ(host({"revoke-token", "local", "--all"}).code, 0) << code;
    workspace.clear_faults();
  }
}

TEST_F(Answers, OfNobodyInParticularKeepTheDebtOfARevocation) {
  ASSERT_EQ(host({"create-token", "local"}).code, 0);
  const std::vector<std::pair<Served, int>> answers = {
      {{kToken, "DELETE", 404, "<title>Not Found</title>"}, 4},
      {{kToken, "DELETE", 404, "NOT_FOUND: Token does not exist"}, 4},
      {{kToken, "DELETE", 404, said(R"("ENDPOINT_NOT_FOUND")", "no")}, 1},
      {{kToken, "DELETE", 200, "<html>Sign in</html>"}, 4},
      {{kToken, "DELETE", 403, said("403", "Invalid access token.")}, 1}};
  for (const auto& [served, code] : answers) {
    serve(served);
    json({"revoke-token", "local", "--all"}, code);
    EXPECT_EQ(live_tokens(), 1U);
  }
  workspace.clear_faults();
  EXPECT_EQ(host({"revoke-token", "local", "--all"}).code, 0);
  EXPECT_EQ(live_tokens(), 0U);
}

TEST_F(Answers, ThatRefuseARotationLeaveTheCurrentToken) {
  ASSERT_EQ(host({"create-token", "local"}).code, 0);
  const std::string token = reveal();
  serve({kMint, "POST", 403, said(R"("QUOTA_EXCEEDED")", "600 tokens")});
  const auto error = json({"rotate-token", "local", "--when", "now"}, 1)->getObject("error");
  EXPECT_EQ(error->getValue<std::string>("reason"), "TOKEN_QUOTA_EXCEEDED");
  EXPECT_EQ(error->getValue<std::string>("effect"), "none");
  EXPECT_TRUE(reveal() == token);
  EXPECT_EQ(answer_to(token), 200);
}

// ---- The list of reasons ----

/// The rows of README's table of reasons.
std::vector<std::pair<std::string, std::string>> reasons_of_the_readme() {
  std::ifstream readme(README);
  const std::regex row("\\| `([A-Z_]+)` \\| (.*) \\|");
  std::vector<std::pair<std::string, std::string>> rows;
  std::smatch match;
  for (std::string line; std::getline(readme, line);)
    if (std::regex_match(line, match, row)) rows.emplace_back(match[1], match[2]);
  return rows;
}

TEST_F(Answers, HaveReasonsThatTheReadmeListsAsTheConnectorDoes) {
  const auto reasons = json({"describe", "local"}, 0)->getObject("result")->getObject("reasons");
  std::vector<std::pair<std::string, std::string>> described;
  for (const std::string& name : reasons->getNames())
    described.emplace_back(name, reasons->getObject(name)->getValue<std::string>("summary"));
  EXPECT_EQ(reasons_of_the_readme(), described);
}

}  // namespace
}  // namespace integration
