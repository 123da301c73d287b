// How the local workspace signs principals in: by OAuth of its own, and as Microsoft Entra does.
#include <Poco/Net/HTTPBasicCredentials.h>
#include <Poco/Net/HTTPRequest.h>

#include "unit/workspace_fixture.hpp"

namespace workspace_test {
namespace {

// ---- OAuth ----

class OauthTest : public WorkspaceTest {
 protected:
  HttpReply grant_by(const std::string& authorization, const std::string& form) const {
    return workspace.send("POST", "/oidc/v1/token", authorization, form,
                          "application/x-www-form-urlencoded");
  }
  std::string client_in_form(const std::string& secret) const {
    return "grant_type=client_credentials&scope=all-apis&client_id=" +
           workspace.text("oauth_client_id") + "&client_secret=" + secret;
  }
};

TEST_F(OauthTest, TellsWithoutACredentialWhereTheTokenEndpointIs) {
  const Object::Ptr server =
      workspace.send("GET", "/oidc/.well-known/oauth-authorization-server", "").json();
  EXPECT_EQ(server->getValue<std::string>("token_endpoint"), workspace.url() + "/oidc/v1/token");
  const Object::Ptr config = workspace.send("GET", "/.well-known/databricks-config", "").json();
  EXPECT_EQ(config->getValue<std::string>("oidc_endpoint"), workspace.url() + "/oidc");
  EXPECT_EQ(config->getValue<std::string>("workspace_id"), "900800700600");
}

TEST_F(OauthTest, GrantsTheAdminServicePrincipalAnAccessToken) {
  const HttpReply reply = grant_by("", client_in_form(workspace.text("oauth_client_secret")));
  ASSERT_EQ(reply.status, 200);
  EXPECT_EQ(reply.json()->getValue<std::string>("token_type"), "Bearer");
  EXPECT_EQ(reply.json()->getValue<int>("expires_in"), 3600);
  const auto token = reply.json()->getValue<std::string>("access_token");
  EXPECT_EQ(as(token, "GET", kTokens).status, 200);
  const HttpReply made =
      as(token, "POST", kCreate, R"({"application_id":")" + pipeline.application_id + "\"}");
  EXPECT_EQ(made.json()->getObject("token_info")->getValue<std::string>("created_by_username"),
            workspace.text("oauth_client_id"));
}

TEST_F(OauthTest, TakesTheClientFromHttpBasicToo) {
  Poco::Net::HTTPRequest request;
  Poco::Net::HTTPBasicCredentials(workspace.text("oauth_client_id"),
                                  workspace.text("oauth_client_secret"))
      .authenticate(request);
  EXPECT_EQ(
      grant_by(request.get("Authorization"), "grant_type=client_credentials&scope=all-apis").status,
      200);
}

TEST_F(OauthTest, RefusesAWrongSecretAnUnknownClientAndAnotherGrant) {
  const HttpReply wrong = grant_by("", client_in_form("wrong"));
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(wrong.json()->getValue<std::string>("error"), "invalid_client");
  EXPECT_EQ(wrong.json()->getValue<std::string>("error_description"),
            "Client authentication failed");
  EXPECT_EQ(grant_by("", "grant_type=client_credentials").status, 401);
  EXPECT_EQ(grant_by("Basic !!!", "grant_type=client_credentials").status, 401);
  // A service principal without an OAuth secret has none that is empty.
  EXPECT_EQ(grant_by("", "grant_type=client_credentials&client_secret=&client_id=" +
                             reporting.application_id)
                .status,
            401);
  EXPECT_EQ(grant_by("", "grant_type=password").json()->getValue<std::string>("error"),
            "unsupported_grant_type");
}

// ---- Microsoft Entra ----

constexpr const char* kDatabricksScope = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default";
constexpr const char* kManagementScope = "https://management.core.windows.net//.default";

class EntraTest : public WorkspaceTest {
 protected:
  HttpReply ask(const std::string& client, const std::string& secret,
                const std::string& scope = kDatabricksScope) const {
    return ask_tenant(workspace.text("tenant_id"), client, secret, scope);
  }
  HttpReply ask_tenant(const std::string& tenant, const std::string& client,
                       const std::string& secret, const std::string& scope) const {
    return workspace.send("POST", "/" + tenant + "/oauth2/v2.0/token", "",
                          "grant_type=client_credentials&client_id=" + client +
                              "&client_secret=" + secret + "&scope=" + scope,
                          "application/x-www-form-urlencoded");
  }
  std::string of_operator(const std::string& scope) const {
    return ask(workspace.text("azure_client_id"), workspace.text("azure_client_secret"), scope)
        .json()
        ->getValue<std::string>("access_token");
  }
};

TEST_F(EntraTest, GrantsAPrincipalAnAccessTokenForItself) {
  const HttpReply reply = ask(pipeline.application_id, pipeline.oauth_secret);
  ASSERT_EQ(reply.status, 200);
  EXPECT_EQ(reply.json()->getValue<std::string>("token_type"), "Bearer");
  EXPECT_EQ(reply.json()->getValue<int>("expires_in"), 3599);
  const auto token = reply.json()->getValue<std::string>("access_token");
  EXPECT_EQ(as(token, "GET", kMe).json()->getValue<std::string>("userName"),
            pipeline.application_id);
  EXPECT_EQ(as(token, "POST", "/api/2.0/token/create", "{}").status, 200);
  EXPECT_EQ(as(token, "GET", kTokens).status, 403);
}

TEST_F(EntraTest, NamesItsRefusalsByNumber) {
  const auto expect_refusal = [](const HttpReply& reply, int status, const char* word,
                                 const char* number) {
    EXPECT_EQ(reply.status, status) << number;
    EXPECT_EQ(reply.json()->getValue<std::string>("error"), word) << number;
    EXPECT_TRUE(reply.json()->getValue<std::string>("error_description").starts_with(number));
  };
  const std::string& client = pipeline.application_id;
  const std::string& secret = pipeline.oauth_secret;
  expect_refusal(ask(client, "wrong"), 401, "invalid_client", "AADSTS7000215: ");
  expect_refusal(ask(reporting.application_id, ""), 401, "invalid_client", "AADSTS7000215: ");
  expect_refusal(ask("nobody", secret), 400, "unauthorized_client", "AADSTS700016: ");
  expect_refusal(ask_tenant("elsewhere", client, secret, kDatabricksScope), 400, "invalid_request",
                 "AADSTS90002: ");
  expect_refusal(ask(client, secret, "all-apis"), 400, "invalid_scope", "AADSTS1002012: ");
  expect_refusal(ask(client, secret, "https://graph.microsoft.com/.default"), 400,
                 "invalid_resource", "AADSTS500011: ");
}

TEST_F(EntraTest, LetsAPrincipalThatIsNoMemberInByItsRoleInAzureAlone) {
  const std::string token = of_operator(kDatabricksScope);
  const std::string management = of_operator(kManagementScope);
  const auto list = [&](const std::string& bearer, const std::string& shown,
                        const std::string& resource_id) {
    return workspace.send("GET", kTokens, "Bearer " + bearer, "", "application/json",
                          {{"X-Databricks-Azure-SP-Management-Token", shown},
                           {"X-Databricks-Azure-Workspace-Resource-Id", resource_id}});
  };
  const std::string resource_id = workspace.text("azure_resource_id");
  EXPECT_EQ(list(token, management, resource_id).status, 200);
  expect_error(as(token, "GET", kTokens), 403, "403", "User not authorized.");
  EXPECT_EQ(list(token, token, resource_id).status, 403);
  EXPECT_EQ(list(token, management, resource_id + "2").status, 403);
  EXPECT_EQ(list(management, management, resource_id).body, kInvalidAccessToken);
  const auto others = ask(pipeline.application_id, pipeline.oauth_secret, kManagementScope)
                          .json()
                          ->getValue<std::string>("access_token");
  EXPECT_EQ(list(token, others, resource_id).status, 403);
}

}  // namespace
}  // namespace workspace_test
