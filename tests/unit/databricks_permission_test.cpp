// The permission to use tokens, and the workspace's settings for them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "scripted_workspace.hpp"

namespace databricks_token {
namespace {

using hub::Effect;
using test_support::TlsServer;
using ::testing::HasSubstr;

hub::Result<bool> permission(const std::string& answer) {
  Scripted scripted(answer);
  auto has =
      scripted.workspace.has_token_permission(scripted.call.call(), scripted.admin, kApplicationId);
  EXPECT_EQ(scripted.request_line(), "GET /api/2.0/permissions/authorization/tokens HTTP/1.1");
  return has;
}

std::string acl(const std::string& principal, const std::string& permissions) {
  return ok(
      R"({"object_id":"/authorization/tokens","object_type":"tokens","access_control_list":[{"group_name":"admins","all_permissions":[{"permission_level":"CAN_MANAGE","inherited":true,"inherited_from_object":["/x"]}]},{"service_principal_name":")" +
      principal + R"(","display_name":"d","all_permissions":[)" + permissions + "]}]}");
}

TEST(Permission, IsThePrincipalsOwnCanUse) {
  const auto has = [](const std::string& answer) {
    const auto read = permission(answer);
    EXPECT_TRUE(read.ok());
    return read.ok() && *read;
  };
  const std::string direct = R"({"permission_level":"CAN_USE","inherited":false})";
  EXPECT_TRUE(has(acl(kApplicationId, direct)));
  EXPECT_TRUE(has(acl("6F5CCF28-D83A-4957-9BFB-5BBFAC551410", direct)));
  EXPECT_TRUE(has(acl(kApplicationId, R"({"permission_level":"CAN_USE"})")));
  EXPECT_FALSE(has(acl("00000000-0000-0000-0000-000000000000", direct)));
  EXPECT_FALSE(has(acl(kApplicationId, R"({"permission_level":"CAN_USE","inherited":true})")));
  EXPECT_FALSE(has(acl(kApplicationId, R"({"permission_level":"CAN_VIEW","inherited":false})")));
  EXPECT_FALSE(has(acl(kApplicationId, "")));
  EXPECT_FALSE(has(ok("{}")));
}

TEST(Permission, IsMissingInAWorkspaceThatNeverHadAToken) {
  const auto has = permission(TlsServer::response(
      404, R"({"error_code":"RESOURCE_DOES_NOT_EXIST","message":"tokens tokens does not exist"})"));
  ASSERT_TRUE(has.ok()) << has.error().message;
  EXPECT_FALSE(*has);
}

TEST(Permission, IsAnErrorWhenTheListCannotBeRead) {
  EXPECT_EQ(permission(TlsServer::response(404, "<html>")).error().reason, "NOT_DATABRICKS");
  EXPECT_EQ(permission(ok(R"({"access_control_list":"x"})")).error().reason, "RESPONSE_INVALID");
}

TEST(Permission, IsGrantedByAPatchThatNamesThePrincipalAlone) {
  Scripted scripted({TlsServer::response(503, ""), ok("{}")});
  EXPECT_TRUE(scripted.workspace
                  .grant_token_permission(scripted.call.call(), scripted.admin, kApplicationId)
                  .ok());
  ASSERT_EQ(scripted.server.requests().size(), 2U);
  EXPECT_EQ(scripted.request_line(), "PATCH /api/2.0/permissions/authorization/tokens HTTP/1.1");
  EXPECT_THAT(
      scripted.server.requests()[0],
      HasSubstr("\r\n\r\n"
                R"({"access_control_list":[{"service_principal_name":)"
                R"("6f5ccf28-d83a-4957-9bfb-5bbfac551410","permission_level":"CAN_USE"}]})"));
}

TEST(Permission, IsNotGrantedByAPageAndNotByARefusal) {
  const auto grant = [](const std::string& answer) {
    Scripted scripted(answer);
    return scripted.workspace
        .grant_token_permission(scripted.call.call(), scripted.admin, kApplicationId)
        .error();
  };
  EXPECT_EQ(grant(ok("<html>")).reason, "ACCOUNT_HOST");
  EXPECT_EQ(to_text(grant(ok("<html>")).effect), to_text(Effect::kUnknown));
  const auto refused = grant(TlsServer::response(
      404, R"({"error_code":"RESOURCE_DOES_NOT_EXIST","message":"tokens tokens does not exist"})"));
  EXPECT_EQ(refused.reason, "REQUEST_REFUSED");
  EXPECT_EQ(to_text(refused.effect), to_text(Effect::kNone));
}

TEST(Policy, IsWhatTheWorkspaceSaysAndNothingElse) {
  const auto policy = [](const char* body) {
    Scripted scripted(ok(body));
    auto read = scripted.workspace.token_policy(scripted.call.call(), scripted.admin);
    EXPECT_EQ(scripted.request_line(),
              "GET /api/2.0/workspace-conf?keys=enableTokensConfig,maxTokenLifetimeDays HTTP/1.1");
    EXPECT_TRUE(read.ok());
    return read.ok() ? *read : TokenPolicy{};
  };
  const TokenPolicy said = policy(R"({"maxTokenLifetimeDays":"90","enableTokensConfig":"true"})");
  EXPECT_EQ(said.tokens_enabled, true);
  EXPECT_EQ(said.max_lifetime_days, 90);
  EXPECT_EQ(policy(R"({"enableTokensConfig":"false"})").tokens_enabled, false);
  EXPECT_EQ(policy(R"({"maxTokenLifetimeDays":"0"})").max_lifetime_days, std::nullopt);
  for (const char* silent : {"{}", R"({"maxTokenLifetimeDays":"","enableTokensConfig":""})",
                             R"({"maxTokenLifetimeDays":null,"enableTokensConfig":null})"}) {
    EXPECT_EQ(policy(silent).tokens_enabled, std::nullopt) << silent;
    EXPECT_EQ(policy(silent).max_lifetime_days, std::nullopt) << silent;
  }
}

TEST(Policy, OfAnotherShapeIsAnError) {
  Scripted scripted(ok(R"({"maxTokenLifetimeDays":"ninety"})"));
  const auto read = scripted.workspace.token_policy(scripted.call.call(), scripted.admin);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().reason, "RESPONSE_INVALID");
}

}  // namespace
}  // namespace databricks_token
