#include <chrono>
#include <thread>

#include "unit/workspace_fixture.hpp"

namespace workspace_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// ---- Create ----

TEST_F(WorkspaceTest, CreatesATokenOnBehalfOfAServicePrincipal) {
  const std::int64_t before = now_ms();
  const HttpReply reply = create(pipeline.application_id,
                                 R"(,"lifetime_seconds":3600,"comment":"Data \"pipeline\" ü")");
  ASSERT_EQ(reply.status, 200);
  const auto value = reply.json()->getValue<std::string>("token_value");
  EXPECT_EQ(value.size(), 36U);
  EXPECT_TRUE(value.starts_with("dapi"));

  const Object::Ptr info = reply.json()->getObject("token_info");
  EXPECT_EQ(info->getValue<std::string>("token_id"), sha256_hex(value));
  EXPECT_EQ(info->getValue<std::int64_t>("owner_id"), pipeline.id);
  EXPECT_EQ(info->getValue<std::string>("comment"), "Data \"pipeline\" ü");
  EXPECT_EQ(info->getValue<std::string>("created_by_username"), "admin@example.com");
  const auto creation = info->getValue<std::int64_t>("creation_time");
  EXPECT_GE(creation, before);
  EXPECT_LE(creation, now_ms());
  EXPECT_EQ(info->getValue<std::int64_t>("expiry_time"), creation + 3'600'000);
}

TEST_F(WorkspaceTest, KeepsAnIdThatDoesNotFitIntoADouble) {
  const HttpReply reply = create(reporting.application_id);
  EXPECT_NE(reply.body.find("\"owner_id\":9007199254740993"), std::string::npos);
}

TEST_F(WorkspaceTest, ShowsATokensValueInNoOtherPlace) {
  const Made token = make(pipeline.application_id);
  EXPECT_EQ(workspace.admin("GET", token_path(token)).body.find(token.value), std::string::npos);
  EXPECT_EQ(workspace.admin("GET", kTokens).body.find(token.value), std::string::npos);
  EXPECT_EQ(workspace.admin("GET", "/__local/state").body.find(token.value), std::string::npos);
}

TEST_F(WorkspaceTest, GivesTheLongestLifetimeWhenNoneIsAsked) {
  const Made token = make(pipeline.application_id, R"(,"lifetime_seconds":null)");
  EXPECT_EQ(token.info->getValue<std::int64_t>("expiry_time") -
                token.info->getValue<std::int64_t>("creation_time"),
            730 * kDayMs);
}

TEST_F(WorkspaceTest, RefusesALifetimeOfZeroOrLess) {
  for (const std::string lifetime : {"0", "-1"}) {
    expect_error(create(pipeline.application_id, ",\"lifetime_seconds\":" + lifetime), 400,
                 "INVALID_PARAMETER_VALUE", "requirement failed: Invalid timeout: " + lifetime);
  }
}

TEST_F(WorkspaceTest, RefusesALifetimeAboveTheWorkspacesMaximum) {
  ASSERT_EQ(create(pipeline.application_id, R"(,"lifetime_seconds":63072000)").status, 200);
  ASSERT_EQ(create(pipeline.application_id, R"(,"lifetime_seconds":63072001)").status, 400);
  ASSERT_EQ(workspace.admin("PATCH", kSettings, R"({"maxTokenLifetimeDays":"90"})").status, 204);
  EXPECT_EQ(create(pipeline.application_id, R"(,"lifetime_seconds":7776000)").status, 200);
  const HttpReply refused = create(pipeline.application_id, R"(,"lifetime_seconds":7776001)");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.json()->getValue<std::string>("error_code"), "INVALID_PARAMETER_VALUE");
}

TEST_F(WorkspaceTest, RefusesAServicePrincipalWithoutCanUse) {
  expect_error(create(without.application_id), 403, "PERMISSION_DENIED",
               "User " + without.application_id + " does not have permission to use tokens.");
}

TEST_F(WorkspaceTest, RefusesAnUnknownAndAMalformedApplicationId) {
  const std::string unknown = "6f5ccf28-d83a-4957-9bfb-5bbfac551410";
  expect_error(create(unknown), 404, "RESOURCE_DOES_NOT_EXIST",
               "Service principal with application ID " + unknown + " does not exist.");
  for (const char* malformed : {"", "data-pipeline"}) {
    expect_error(create(malformed), 400, "INVALID_PARAMETER_VALUE",
                 "application_id is not the UUID of a service principal.");
  }
}

TEST_F(WorkspaceTest, RefusesABodyThatIsNotAnObjectAndAFieldOfTheWrongType) {
  for (const char* body : {"{", "[]", "\"text\"", "7"}) {
    expect_error(workspace.admin("POST", kCreate, body), 400, "MALFORMED_REQUEST",
                 "The request's body is not a JSON object.");
  }
  expect_error(create(pipeline.application_id, R"(,"lifetime_seconds":"soon")"), 400,
               "INVALID_PARAMETER_VALUE", "lifetime_seconds is not an integer");
  expect_error(create(pipeline.application_id, R"(,"lifetime_seconds":1.5)"), 400,
               "INVALID_PARAMETER_VALUE", "lifetime_seconds is not an integer");
  expect_error(create(pipeline.application_id, R"(,"comment":7)"), 400, "INVALID_PARAMETER_VALUE",
               "comment is not a string");
  EXPECT_TRUE(workspace.live_tokens(pipeline.application_id).empty());
}

TEST_F(WorkspaceTest, RefusesTheTokenAfterTheSixHundredth) {
  for (int i = 0; i < 600; ++i) ASSERT_EQ(create(pipeline.application_id).status, 200) << i;
  const HttpReply refused = create(pipeline.application_id);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.json()->getValue<std::string>("error_code"), "QUOTA_EXCEEDED");
  EXPECT_EQ(create(reporting.application_id).status, 200);
}

// ---- Get, list, update, delete ----

TEST_F(WorkspaceTest, AnswersATokenWrappedAndAnUnknownOneWith404) {
  const Made token = make(pipeline.application_id, R"(,"comment":"e")");
  const HttpReply found = workspace.admin("GET", token_path(token));
  EXPECT_EQ(found.status, 200);
  EXPECT_EQ(found.json()->getObject("token_info")->getValue<std::string>("comment"), "e");
  for (const char* method : {"GET", "DELETE"}) {
    expect_error(workspace.admin(method, std::string(kTokens) + "/abc"), 404, "NOT_FOUND",
                 "Token does not exist");
  }
}

TEST_F(WorkspaceTest, ListsByCreatorNotByOwner) {
  make(pipeline.application_id);
  EXPECT_EQ(count(workspace.admin("GET", kTokens), "token_infos"), 2U);
  EXPECT_EQ(count(workspace.admin("GET", std::string(kTokens) +
                                             "?created_by_username=" + "admin%40example.com"),
                  "token_infos"),
            2U);
  EXPECT_EQ(count(workspace.admin("GET", std::string(kTokens) +
                                             "?created_by_id=" + std::to_string(pipeline.id)),
                  "token_infos"),
            0U);
}

TEST_F(WorkspaceTest, DeletesATokenWithATrailingQuestionMarkToo) {
  const Made token = make(pipeline.application_id);
  EXPECT_EQ(as(token.value, "GET", kMe).status, 200);
  EXPECT_EQ(workspace.admin("DELETE", token_path(token) + "?").status, 200);
  EXPECT_EQ(as(token.value, "GET", kMe).body, kInvalidAccessToken);
  EXPECT_EQ(workspace.admin("GET", token_path(token)).status, 404);
  EXPECT_EQ(workspace.admin("DELETE", token_path(token)).status, 404);
  EXPECT_TRUE(truth(token.id)->getValue<bool>("deleted"));
  EXPECT_FALSE(truth(token.id)->getValue<bool>("live"));
}

TEST_F(WorkspaceTest, UpdatesWhatTheMaskNamesAndNothingElse) {
  const Made token = make(pipeline.application_id, R"(,"comment":"old")");
  const HttpReply reply =
      workspace.admin("PATCH", token_path(token),
                      R"({"token":{"comment":"new","scopes":["sql"]},"update_mask":"comment"})");
  EXPECT_EQ(reply.json()->getValue<std::string>("comment"), "new");
  EXPECT_FALSE(reply.json()->has("scopes"));
  expect_error(workspace.admin("PATCH", token_path(token),
                               R"({"token":{},"update_mask":"lifetime_seconds"})"),
               400, "INVALID_PARAMETER_VALUE",
               "update_mask may name comment and scopes, not 'lifetime_seconds'.");
}

TEST_F(WorkspaceTest, ServesTheSameBelowPreview) {
  const Made token = make(pipeline.application_id);
  for (const std::string path : {"/token-management/tokens", "/permissions/authorization/tokens"}) {
    EXPECT_EQ(workspace.admin("GET", "/api/2.0/preview" + path).body,
              workspace.admin("GET", "/api/2.0" + path).body);
  }
}

TEST_F(WorkspaceTest, StillShowsAnExpiredTokenButNoLongerAcceptsIt) {
  const Made token = make(pipeline.application_id, R"(,"lifetime_seconds":1)");
  const auto deadline = steady_clock::now() + std::chrono::seconds(10);
  HttpReply reply = as(token.value, "GET", kMe);
  while (reply.status == 200 && steady_clock::now() < deadline) {
    std::this_thread::sleep_for(milliseconds(20));
    reply = as(token.value, "GET", kMe);
  }
  EXPECT_EQ(reply.status, 403);
  EXPECT_EQ(reply.body, kInvalidAccessToken);
  EXPECT_GE(now_ms(), token.info->getValue<std::int64_t>("expiry_time"));
  EXPECT_EQ(workspace.admin("GET", token_path(token)).status, 200);
  EXPECT_EQ(count(workspace.admin("GET", kTokens), "token_infos"), 2U);
  EXPECT_FALSE(truth(token.id)->getValue<bool>("live"));
  EXPECT_FALSE(truth(token.id)->getValue<bool>("deleted"));
}

TEST_F(WorkspaceTest, NotesTheDayOfUse) {
  const Made token = make(pipeline.application_id);
  EXPECT_FALSE(truth(token.id)->has("last_used_day"));
  as(token.value, "GET", kMe);
  const auto day = truth(token.id)->getValue<std::int64_t>("last_used_day");
  EXPECT_EQ(day % kDayMs, 0);
  EXPECT_LE(day, now_ms());
  EXPECT_GT(day, now_ms() - 2 * kDayMs);
}

// ---- Credentials ----

TEST_F(WorkspaceTest, RefusesAMissingCredentialWith401AndABadOneWith403) {
  for (const char* none : {"", "Bearer", "Basic YTpi"}) {
    const HttpReply reply = workspace.send("GET", kMe, none);
    EXPECT_EQ(reply.status, 401);
    EXPECT_EQ(reply.json()->get("error_code").convert<int>(), 401);
    EXPECT_TRUE(reply.json()->getValue<std::string>("message").starts_with(
        "Credential was not sent or was of an unsupported type for this API. [ReqId: "));
  }
  for (const char* bad : {"x", "dapi00000000000000000000000000000000"}) {
    EXPECT_EQ(as(bad, "GET", kMe).status, 403);
    EXPECT_EQ(as(bad, "POST", kCreate).body, kInvalidAccessToken);
  }
}

TEST_F(WorkspaceTest, DoesNotTakeAServicePrincipalForAnAdmin) {
  const Made token = make(pipeline.application_id);
  for (const char* path : {kTokens, kPermissions, kServicePrincipals, "/__local/state"}) {
    expect_error(as(token.value, "GET", path), 403, "PERMISSION_DENIED",
                 "This API is only accessible by admins.");
  }
  EXPECT_EQ(as(token.value, "POST", kCreate, "{}").status, 403);
  EXPECT_EQ(as(token.value, "DELETE", token_path(token)).status, 403);
  EXPECT_EQ(as(token.value, "POST", "/__local/faults", R"({"path":"*"})").status, 403);
}

TEST_F(WorkspaceTest, RefusesTheTokenOfAnInactiveServicePrincipal) {
  const Made token = make(workspace.principal("inactive").application_id);
  EXPECT_EQ(as(token.value, "GET", kMe).body, kInvalidAccessToken);
}

TEST_F(WorkspaceTest, SwitchesTokensOffAndOnAgain) {
  const Made token = make(pipeline.application_id);
  ASSERT_EQ(workspace.admin("PATCH", kSettings, R"({"enableTokensConfig":"false"})").status, 204);
  expect_error(create(pipeline.application_id), 403, "FEATURE_DISABLED",
               "Personal access tokens are disabled for this workspace.");
  EXPECT_EQ(as(token.value, "GET", kMe).status, 403);
  ASSERT_EQ(workspace.admin("PATCH", kSettings, R"({"enableTokensConfig":"true"})").status, 204);
  EXPECT_EQ(as(token.value, "GET", kMe).status, 200);
}

// ---- A principal's own tokens ----

TEST_F(WorkspaceTest, LetsAPrincipalManageItsOwnTokensOnly) {
  const Made mine = make(pipeline.application_id);
  const Made other = make(reporting.application_id);
  const HttpReply made =
      as(mine.value, "POST", "/api/2.0/token/create", R"({"lifetime_seconds":60,"comment":"own"})");
  ASSERT_EQ(made.status, 200);
  EXPECT_FALSE(made.json()->getObject("token_info")->has("owner_id"));
  EXPECT_EQ(workspace.live_tokens(pipeline.application_id).size(), 2U);
  EXPECT_EQ(count(as(mine.value, "GET", "/api/2.0/token/list"), "token_infos"), 2U);
  expect_error(
      as(mine.value, "POST", "/api/2.0/token/delete", R"({"token_id":")" + other.id + "\"}"), 404,
      "RESOURCE_DOES_NOT_EXIST", "Token does not exist");
  EXPECT_EQ(
      as(mine.value, "POST", "/api/2.0/token/delete", R"({"token_id":")" + mine.id + "\"}").status,
      200);
  EXPECT_EQ(as(mine.value, "GET", kMe).status, 403);
  EXPECT_EQ(as(other.value, "GET", kMe).status, 200);
}

TEST_F(WorkspaceTest, NeedsTheAuthenticationScopeOfAScopedTokenToManageTokens) {
  const Made token = make(pipeline.application_id, R"(,"scopes":["sql"])");
  EXPECT_EQ(as(token.value, "GET", kMe).status, 200);
  expect_error(as(token.value, "POST", "/api/2.0/token/create"), 403, "PERMISSION_DENIED",
               "Provided OAuth token does not have required scopes: authentication");
}

// ---- Permissions ----

TEST_F(WorkspaceTest, ShowsWhoMayUseTokensAndTheLevels) {
  const Object::Ptr json = workspace.admin("GET", kPermissions).json();
  EXPECT_EQ(json->getValue<std::string>("object_id"), "/authorization/tokens");
  EXPECT_EQ(json->getValue<std::string>("object_type"), "tokens");
  EXPECT_EQ(json->getArray("access_control_list")->size(), 4U);  // three principals and admins
  const HttpReply levels = workspace.admin("GET", std::string(kPermissions) + "/permissionLevels");
  EXPECT_EQ(count(levels, "permission_levels"), 2U);
}

std::string grant(const std::string& name, const std::string& level = "CAN_USE",
                  const std::string& kind = "service_principal_name") {
  return R"({"access_control_list":[{")" + kind + R"(":")" + name + R"(","permission_level":")" +
         level + R"("}]})";
}

TEST_F(WorkspaceTest, PatchAddsAPermissionAndTakesNoneAway) {
  const Made token = make(pipeline.application_id);
  ASSERT_EQ(workspace.admin("PATCH", kPermissions, grant(without.application_id)).status, 200);
  EXPECT_EQ(create(without.application_id).status, 200);
  EXPECT_EQ(as(token.value, "GET", kMe).status, 200);
}

TEST_F(WorkspaceTest, PutDeletesTheTokensOfWhoLosesThePermission) {
  const Made lost = make(pipeline.application_id);
  const Made kept = make(reporting.application_id);
  ASSERT_EQ(workspace.admin("PUT", kPermissions, grant(reporting.application_id)).status, 200);
  EXPECT_EQ(as(lost.value, "GET", kMe).body, kInvalidAccessToken);
  EXPECT_TRUE(truth(lost.id)->getValue<bool>("deleted"));
  EXPECT_EQ(as(kept.value, "GET", kMe).status, 200);
  EXPECT_EQ(create(pipeline.application_id).status, 403);
}

TEST_F(WorkspaceTest, LosingThePermissionThroughAGroupOnlyMakesTokensUnusable) {
  const std::string everybody = grant("users", "CAN_USE", "group_name");
  ASSERT_EQ(workspace.admin("PUT", kPermissions, everybody).status, 200);
  const Made token = make(without.application_id);
  ASSERT_EQ(workspace.admin("PUT", kPermissions, "{}").status, 200);
  EXPECT_EQ(as(token.value, "GET", kMe).status, 403);
  ASSERT_EQ(workspace.admin("PUT", kPermissions, everybody).status, 200);
  EXPECT_EQ(as(token.value, "GET", kMe).status, 200);
}

TEST_F(WorkspaceTest, RefusesAPermissionForADisplayNameAndALevelThatCannotBeGranted) {
  expect_error(workspace.admin("PATCH", kPermissions, grant("data-pipeline")), 404,
               "RESOURCE_DOES_NOT_EXIST",
               "Principal: ServicePrincipalName(data-pipeline) does not exist");
  EXPECT_EQ(
      workspace.admin("PATCH", kPermissions, grant(pipeline.application_id, "CAN_MANAGE")).status,
      400);
  EXPECT_EQ(workspace.admin("PATCH", kPermissions, R"({"access_control_list":[{}]})").status, 400);
}

// ---- SCIM ----

TEST_F(WorkspaceTest, TellsAServicePrincipalThatItsUserNameIsItsApplicationId) {
  const HttpReply reply = as(make(reporting.application_id).value, "GET", kMe);
  ASSERT_EQ(reply.status, 200);
  EXPECT_EQ(reply.json()->getValue<std::string>("userName"), reporting.application_id);
  EXPECT_EQ(reply.json()->get("id").extract<std::string>(), "9007199254740993");
  EXPECT_TRUE(reply.json()->getValue<bool>("active"));
  EXPECT_EQ(reply.headers.get("X-Databricks-Org-Id", ""), "900800700600");
  EXPECT_EQ(reply.headers.get("Server", ""), "databricks");
  EXPECT_TRUE(reply.headers.has("X-Request-Id"));
  EXPECT_TRUE(reply.headers.has("Date"));
}

TEST_F(WorkspaceTest, FindsAServicePrincipalByItsApplicationId) {
  const auto find = [&](const std::string& id) {
    return workspace.admin(
        "GET", std::string(kServicePrincipals) + "?filter=applicationId%20eq%20%22" + id + "%22");
  };
  const HttpReply found = find(pipeline.application_id);
  ASSERT_EQ(count(found, "Resources"), 1U);
  const Object::Ptr one = found.json()->getArray("Resources")->getObject(0);
  EXPECT_EQ(one->get("id").extract<std::string>(), std::to_string(pipeline.id));
  EXPECT_EQ(one->getValue<std::string>("displayName"), "data-pipeline");

  const HttpReply nothing = find("6f5ccf28-d83a-4957-9bfb-5bbfac551410");
  EXPECT_EQ(nothing.status, 200);
  EXPECT_FALSE(nothing.json()->has("Resources"));
}

TEST_F(WorkspaceTest, PagesTheListOfServicePrincipalsToItsEnd) {
  const auto page = [&](const char* query) {
    return count(workspace.admin("GET", std::string(kServicePrincipals) + query), "Resources");
  };
  EXPECT_EQ(page(""), 5U);
  EXPECT_EQ(page("?startIndex=1&count=3"), 3U);
  EXPECT_EQ(page("?startIndex=4&count=3"), 2U);
  EXPECT_EQ(page("?startIndex=6&count=10000"), 0U);
}

TEST_F(WorkspaceTest, AnswersScimErrorsInScimsOwnEnvelope) {
  const HttpReply filter =
      workspace.admin("GET", std::string(kServicePrincipals) + "?filter=applicationId");
  EXPECT_EQ(filter.status, 400);
  EXPECT_EQ(filter.json()->getValue<std::string>("scimType"), "invalidFilter");
  const HttpReply missing = workspace.admin("GET", std::string(kServicePrincipals) + "/1234");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.json()->getValue<std::string>("detail"),
            "ServicePrincipal with id 1234 is not found");
}

// ---- Settings ----

TEST_F(WorkspaceTest, AnswersSettingsAsStringsAndRefusesUnknownOnes) {
  const HttpReply reply = workspace.admin(
      "GET", std::string(kSettings) + "?keys=enableTokensConfig,maxTokenLifetimeDays");
  EXPECT_EQ(reply.body, R"({"enableTokensConfig":"true","maxTokenLifetimeDays":"0"})");
  EXPECT_EQ(workspace.admin("GET", std::string(kSettings) + "?keys=nonsense").status, 400);
  for (const char* bad : {R"({"nonsense":"1"})", R"({"maxTokenLifetimeDays":"731"})",
                          R"({"maxTokenLifetimeDays":90})", R"({"enableTokensConfig":"no"})"}) {
    EXPECT_EQ(workspace.admin("PATCH", kSettings, bad).status, 400) << bad;
  }
}

}  // namespace
}  // namespace workspace_test
