// Each way to sign in, from the secret to the bytes of a request.
#include "databricks/sign_in.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "databricks/workspace.hpp"
#include "http/clients.hpp"
#include "support/fake_call.hpp"
#include "support/token_endpoint.hpp"

namespace databricks_token {
namespace {

using test_support::Authority;
using test_support::FakeCall;
using test_support::TlsServer;
using test_support::TokenEndpoint;

constexpr const char* kResourceId =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Databricks/workspaces/w";

std::string me() { return TlsServer::response(200, R"({"id":"1","userName":"a"})"); }
std::string refusal(const std::string& message = "Invalid access token.") {
  return TlsServer::response(403, R"({"error_code":403,"message":")" + message + "\"}");
}

/// One connection to an endpoint that is workspace and authority in one.
struct Signed {
  Signed(AuthSettings settings, TokenEndpoint::Answers answers) : endpoint(std::move(answers)) {
    settings.client_id = "6f5ccf28-d83a-4957-9bfb-5bbfac551410";
    settings.tenant_id = "tenant";
    const Origin origin = *Origin::parse(endpoint.server.url());
    const auto client = HttpClients("test/1").get(origin, {.ca_file = Authority::get().file()});
    sign_in.emplace(std::move(settings), client, client, tokens);
    workspace.emplace(client, std::make_shared<Pace>());
  }

  hub::Result<Identity> ask(const hub::Secret& secret) {
    return sign_in->with(call.call(), secret, [&](const Credential& credential) {
      return workspace->me(call.call(), credential);
    });
  }
  hub::Result<Identity> ask() { return ask(admin); }

  hub::Result<MintedToken> mint() {
    return sign_in->with(call.call(), admin, [&](const Credential& credential) {
      return workspace->create_on_behalf_of(
          call.call(), credential,
          {.application_id = "a", .lifetime_seconds = 60, .comment = "c", .scopes = std::nullopt});
    });
  }

  /// How often a request to the workspace carried this header line.
  std::size_t carried(const std::string& line) const {
    std::size_t count = 0;
    for (const std::string& request : endpoint.requests("/api/"))
      count += request.find("\r\n" + line + "\r\n") != std::string::npos ? 1U : 0U;
    return count;
  }

  TokenEndpoint endpoint;
  FakeCall call;
  const hub::Secret admin{"canary-admin"};
  const std::shared_ptr<AccessTokens> tokens = std::make_shared<AccessTokens>(
      [] { return std::chrono::steady_clock::now().time_since_epoch(); });
  std::optional<SignIn> sign_in;
  std::optional<Workspace> workspace;
};

TEST(SignIn, WithAPatSendsTheSecretItself) {
  Signed pat({}, {.api = {me()}});
  EXPECT_TRUE(pat.ask().ok());
  EXPECT_EQ(pat.carried("Authorization: Bearer canary-admin"), 1U);
  EXPECT_EQ(pat.carried("User-Agent: test/1 auth/pat"), 1U);
  EXPECT_EQ(pat.endpoint.server.requests().size(), 1U);
}

TEST(SignIn, WithAPatIsNotRepeatedWhenItIsRefused) {
  Signed pat({}, {.api = {refusal()}});
  const auto answer = pat.ask();
  EXPECT_TRUE(!answer.ok() && answer.error().reason == "CREDENTIAL_INVALID");
  EXPECT_EQ(pat.endpoint.server.requests().size(), 1U);
}

TEST(SignIn, WithOauthSendsTheAccessTokenAndAsksForItOnce) {
  Signed m2m({.type = AuthType::kOauthM2m},
             {.tokens = {TokenEndpoint::granted("canary-access")}, .api = {me()}});
  EXPECT_TRUE(m2m.ask().ok());
  EXPECT_TRUE(m2m.ask().ok());
  EXPECT_EQ(m2m.carried("Authorization: Bearer canary-access"), 2U);
  EXPECT_EQ(m2m.carried("User-Agent: test/1 auth/oauth-m2m"), 2U);
  EXPECT_EQ(m2m.endpoint.requests("/oidc/v1/token").size(), 1U);
}

TEST(SignIn, AsksAnewForAnotherSecret) {
  Signed m2m({.type = AuthType::kOauthM2m},
             {.tokens = {TokenEndpoint::granted("canary-access")}, .api = {me()}});
  EXPECT_TRUE(m2m.ask().ok());
  EXPECT_TRUE(m2m.ask(hub::Secret("canary-rotated")).ok());
  EXPECT_EQ(m2m.endpoint.requests("/oidc/v1/token").size(), 2U);
}

TEST(SignIn, ReplacesAKeptTokenOnceTheWorkspaceRefusesIt) {
  for (const char* message : {"Invalid access token.", "Token is expiring within 30 seconds."}) {
    Signed m2m({.type = AuthType::kOauthM2m}, {.tokens = {TokenEndpoint::granted("canary-old"),
                                                          TokenEndpoint::granted("canary-new")},
                                               .api = {me(), refusal(message), me()}});
    EXPECT_TRUE(m2m.ask().ok());
    EXPECT_TRUE(m2m.ask().ok()) << message;
    EXPECT_EQ(m2m.carried("Authorization: Bearer canary-old"), 2U);
    EXPECT_EQ(m2m.carried("Authorization: Bearer canary-new"), 1U);
  }
}

TEST(SignIn, ReplacesAKeptTokenOnlyOnce) {
  Signed m2m({.type = AuthType::kOauthM2m},
             {.tokens = {TokenEndpoint::granted("canary-access")}, .api = {me(), refusal()}});
  EXPECT_TRUE(m2m.ask().ok());
  EXPECT_FALSE(m2m.ask().ok());
  EXPECT_EQ(m2m.endpoint.requests("/api/").size(), 3U);
  EXPECT_EQ(m2m.endpoint.requests("/oidc/v1/token").size(), 2U);
}

TEST(SignIn, DropsAFreshTokenThatIsRefusedAndAsksForNoOther) {
  Signed m2m({.type = AuthType::kOauthM2m},
             {.tokens = {TokenEndpoint::granted("canary-access")}, .api = {refusal(), me()}});
  EXPECT_FALSE(m2m.ask().ok());
  EXPECT_EQ(m2m.endpoint.requests("/oidc/v1/token").size(), 1U);
  EXPECT_TRUE(m2m.ask().ok());
  EXPECT_EQ(m2m.endpoint.requests("/oidc/v1/token").size(), 2U);
}

TEST(SignIn, MintsAgainOnlyAfterARefusalThatHadNoEffect) {
  const std::string minted =
      TlsServer::response(200, R"({"token_value":"canary-pat","token_info":{"token_id":"b"}})");
  Signed refused(
      {.type = AuthType::kOauthM2m},
      {.tokens = {TokenEndpoint::granted("canary-access")}, .api = {me(), refusal(), minted}});
  EXPECT_TRUE(refused.ask().ok());
  EXPECT_TRUE(refused.mint().ok());
  EXPECT_EQ(refused.endpoint.requests("/on-behalf-of/tokens").size(), 2U);

  // A page of a gateway says nothing of what was behind it.
  Signed unclear({.type = AuthType::kOauthM2m},
                 {.tokens = {TokenEndpoint::granted("canary-access")},
                  .api = {me(), TlsServer::response(403, "<pre>Invalid access token.</pre>")}});
  EXPECT_TRUE(unclear.ask().ok());
  const auto mint = unclear.mint();
  EXPECT_TRUE(!mint.ok() && mint.error().effect == hub::Effect::kUnknown);
  EXPECT_EQ(unclear.endpoint.requests("/on-behalf-of/tokens").size(), 1U);
}

TEST(SignIn, ReplacesAKeptTokenThatAGatewayRefusedAtTheNextRequest) {
  Signed m2m({.type = AuthType::kOauthM2m},
             {.tokens = {TokenEndpoint::granted("canary-access")},
              .api = {me(), TlsServer::response(403, "<pre>Invalid access token.</pre>"), me()}});
  EXPECT_TRUE(m2m.ask().ok());
  EXPECT_FALSE(m2m.sign_in
                   ->with(m2m.call.call(), m2m.admin,
                          [&](const Credential& credential) {
                            return m2m.workspace->delete_token(m2m.call.call(), credential, "a");
                          })
                   .ok());
  EXPECT_EQ(m2m.endpoint.requests("/oidc/v1/token").size(), 1U);
  EXPECT_TRUE(m2m.ask().ok());
  EXPECT_EQ(m2m.endpoint.requests("/oidc/v1/token").size(), 2U);
}

TEST(SignIn, DeletesAgainOnlyAfterARefusalThatHadNoEffect) {
  Signed unclear({.type = AuthType::kOauthM2m},
                 {.tokens = {TokenEndpoint::granted("canary-access")},
                  .api = {me(), TlsServer::response(403, "<pre>Invalid access token.</pre>")}});
  EXPECT_TRUE(unclear.ask().ok());
  const auto deleted =
      unclear.sign_in->with(unclear.call.call(), unclear.admin, [&](const Credential& credential) {
        return unclear.workspace->delete_token(unclear.call.call(), credential, "a");
      });
  EXPECT_TRUE(!deleted.ok() && deleted.error().effect == hub::Effect::kUnknown);
  EXPECT_EQ(unclear.endpoint.requests("/tokens/a").size(), 1U);
}

TEST(SignIn, WithEntraAsksForDatabricksAlone) {
  Signed entra({.type = AuthType::kAzureEntra},
               {.tokens = {TokenEndpoint::granted("canary-entra")}, .api = {me()}});
  EXPECT_TRUE(entra.ask().ok());
  EXPECT_EQ(entra.carried("Authorization: Bearer canary-entra"), 1U);
  const auto asked = entra.endpoint.requests("/tenant/oauth2/v2.0/token");
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_TRUE(asked[0].ends_with("&scope=2ff814a6-3304-4ab8-85cb-cd0e6f879c1d%2F.default"));
}

TEST(SignIn, WithEntraAndAResourceIdShowsTheManagementTokenToo) {
  Signed entra({.type = AuthType::kAzureEntra, .workspace_resource_id = kResourceId},
               {.tokens = {TokenEndpoint::granted("canary-entra"),
                           TokenEndpoint::granted("canary-management")},
                .api = {me()}});
  EXPECT_TRUE(entra.ask().ok());
  EXPECT_TRUE(entra.ask().ok());
  EXPECT_EQ(entra.carried("Authorization: Bearer canary-entra"), 2U);
  EXPECT_EQ(entra.carried("X-Databricks-Azure-SP-Management-Token: canary-management"), 2U);
  EXPECT_EQ(entra.carried(std::string("X-Databricks-Azure-Workspace-Resource-Id: ") + kResourceId),
            2U);
  const auto asked = entra.endpoint.requests("/oauth2/v2.0/token");
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_TRUE(asked[1].ends_with("&scope=https%3A%2F%2Fmanagement.core.windows.net%2F%2F.default"));
}

TEST(SignIn, SendsNothingWhenAHeaderWouldEndItsLine) {
  Signed entra({.type = AuthType::kAzureEntra, .workspace_resource_id = "/subscriptions/s\r\nX: y"},
               {.tokens = {TokenEndpoint::granted("canary-entra")}, .api = {me()}});
  const auto identity = entra.ask();
  EXPECT_TRUE(!identity.ok() && identity.error().reason == "CREDENTIAL_INVALID");
  EXPECT_TRUE(entra.endpoint.requests("/api/").empty());
}

TEST(SignIn, ShowsNoAccessTokenThatTheWorkspaceRepeats) {
  const std::string echo = "canary-entra and canary-management";
  for (const std::string& answer :
       {refusal(echo), TlsServer::response(400, R"({"error_code":")" + echo + "\"}"),
        TlsServer::response(500, echo), TlsServer::response(403, "<pre>" + echo + "</pre>"),
        std::string("HTTP/1.1 302 Found\r\nLocation: https://a/" + echo +
                    "\r\nX-Request-Id: canary-entra\r\nContent-Length: 0\r\n\r\n")}) {
    Signed entra({.type = AuthType::kAzureEntra, .workspace_resource_id = kResourceId},
                 {.tokens = {TokenEndpoint::granted("canary-entra"),
                             TokenEndpoint::granted("canary-management")},
                  .api = {answer}});
    const auto identity = entra.ask();
    ASSERT_FALSE(identity.ok());
    const hub::Error& error = identity.error();
    const std::string shown = error.message + error.hint + error.detail_json;
    EXPECT_TRUE(shown.find("canary") == std::string::npos);
    EXPECT_TRUE(shown.find("REDACTED") != std::string::npos);
  }
}

}  // namespace
}  // namespace databricks_token
