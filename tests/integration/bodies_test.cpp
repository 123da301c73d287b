// Each shape of body, and what is no answer of a workspace at all.
#include "integration/answers.hpp"

namespace integration {
namespace {

using testing::HasSubstr;

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
       {"a number for a code, which is of a failure",
        {kEverything, "GET", 400,
         R"({"error_code":500,"status_code":400,"message":"Cluster abc is nowhere"})"},
        "internal",
        "WORKSPACE_INTERNAL_ERROR",
        "same-call",
        "none",
        3,
        "Try again later",
        "\"Cluster abc is nowhere\""},
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

}  // namespace
}  // namespace integration
