// Each cause of an error, as the wire shows it.
#include "integration/answers.hpp"

namespace integration {
namespace {

// ---- What the wire shows for each cause ----

TEST_F(Answers, KeepTheirOwnCodeAndTheNumberOfTheRequestForTheSupport) {
  const Served refused{
      kEverything, "", 403, said(R"("PERMISSION_DENIED")", "no"), {{"X-Request-Id", "5f1f7d5a"}}};
  serve(refused);
  const auto detail = json({"create-token", "local"}, 1)->getObject("error")->getObject("detail");
  EXPECT_EQ(detail->getValue<std::string>("error_code"), "PERMISSION_DENIED");
  EXPECT_EQ(detail->getValue<std::string>("request_id"), "5f1f7d5a");
  EXPECT_THAT(host({"create-token", "local"}).err, testing::HasSubstr("\n  detail: {"));
}

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

}  // namespace
}  // namespace integration
