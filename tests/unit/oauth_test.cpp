// The client-credentials grant, against servers that answer what the test says.
#include "databricks/oauth.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "databricks/reasons.hpp"
#include "http/clients.hpp"
#include "support/fake_call.hpp"
#include "support/token_endpoint.hpp"

namespace databricks_token {
namespace {

using test_support::Authority;
using test_support::FakeCall;
using test_support::Peer;
using test_support::TlsServer;
using test_support::TokenEndpoint;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kSecret = "canary-client:secret/+";

struct Oauth {
  static std::shared_ptr<HttpClient> client_of(const std::string& url) {
    return HttpClients("test/1").get(*Origin::parse(url), {.ca_file = Authority::get().file()});
  }

  hub::Result<Grant> workspace(const std::string& url) {
    const auto client = client_of(url);
    return ask_workspace(call.call(), *client, {id, secret});
  }
  hub::Result<Grant> entra(const std::string& url) {
    const auto client = client_of(url);
    return ask_entra(call.call(), *client, "tenant/..", {id, secret},
                     "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default");
  }

  FakeCall call;
  const std::string id = "client 1";
  const hub::Secret secret{kSecret};
};

std::string oauth_error(int status, const std::string& code, const std::string& description) {
  return TlsServer::response(
      status, R"({"error":")" + code + R"(","error_description":")" + description + "\"}");
}

// ---- The workspace's own ----

TEST(AskWorkspace, AsksTheEndpointThatTheWorkspaceNames) {
  TokenEndpoint endpoint({.tokens = {TokenEndpoint::granted("canary-granted")}});
  const auto grant = Oauth().workspace(endpoint.server.url());
  ASSERT_TRUE(grant.ok()) << grant.error().message;
  EXPECT_TRUE(grant->access_token.reveal() == "canary-granted");
  EXPECT_EQ(grant->lifetime, std::chrono::seconds(3600));

  const auto requests = endpoint.server.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_THAT(requests[0], AllOf(HasSubstr("GET /oidc/.well-known/oauth-authorization-server "),
                                 Not(HasSubstr("Authorization"))));
  // base64("client%201:canary-client%3Asecret%2F%2B")
  const bool is_basic =
      requests[1].find(
          "\r\nAuthorization: Basic "
          "Y2xpZW50JTIwMTpjYW5hcnktY2xpZW50JTNBc2VjcmV0JTJGJTJC\r\n") != std::string::npos;
  EXPECT_TRUE(is_basic);
  EXPECT_TRUE(requests[1].ends_with("\r\n\r\ngrant_type=client_credentials&scope=all-apis"));
  EXPECT_TRUE(requests[1].starts_with("POST /oidc/v1/token HTTP/1.1\r\n"));
}

TEST(AskWorkspace, ReadsALifetimeThatIsTextOrMissing) {
  for (const auto& [expires_in, lifetime] :
       std::vector<std::pair<const char*, int>>{{"\"3600\"", 3600}, {"null", 0}, {"-5", 0}}) {
    TokenEndpoint endpoint({.tokens = {TokenEndpoint::granted("canary-granted", expires_in)}});
    const auto grant = Oauth().workspace(endpoint.server.url());
    ASSERT_TRUE(grant.ok()) << grant.error().message;
    EXPECT_EQ(grant->lifetime, std::chrono::seconds(lifetime));
  }
}

TEST(AskWorkspace, SendsTheSecretToNoOtherOrigin) {
  for (const char* elsewhere : {"https://127.0.0.1:1/oidc/v1/token",
                                "http://127.0.0.1/oidc/v1/token", "https://login.example.com/token",
                                "{url}.example.com/token", "/oidc/v1/token", "https://", "%"}) {
    TokenEndpoint endpoint(
        {.tokens = {TokenEndpoint::granted("canary-granted")},
         .discovery = R"({"token_endpoint":")" + std::string(elsewhere) + "\"}"});
    const auto grant = Oauth().workspace(endpoint.server.url());
    ASSERT_FALSE(grant.ok()) << elsewhere;
    EXPECT_EQ(grant.error().reason, "OAUTH_ENDPOINT_INVALID") << elsewhere;
    EXPECT_EQ(endpoint.server.requests().size(), 1U) << elsewhere;
  }
}

TEST(AskWorkspace, SaysThatAWorkspaceHasNoOauth) {
  TokenEndpoint endpoint({.discovery = "<html>", .discovery_status = 404});
  const auto grant = Oauth().workspace(endpoint.server.url());
  ASSERT_FALSE(grant.ok());
  EXPECT_EQ(grant.error().reason, "OAUTH_UNSUPPORTED");
  EXPECT_EQ(to_text(grant.error().status), to_text(hub::Status::kFailedPrecondition));
}

TEST(AskWorkspace, IsNotFooledByAPageInPlaceOfTheDocument) {
  for (const char* document : {"<!DOCTYPE html>", "{}", R"({"token_endpoint":7})"}) {
    TokenEndpoint endpoint({.discovery = document});
    const auto grant = Oauth().workspace(endpoint.server.url());
    ASSERT_FALSE(grant.ok()) << document;
    EXPECT_EQ(grant.error().reason, "OAUTH_ANSWER_INVALID") << document;
    EXPECT_EQ(to_text(grant.error().retry), to_text(hub::Retry::kNever)) << document;
  }
}

TEST(AskWorkspace, NamesAClientThatIsRefused) {
  TokenEndpoint endpoint(
      {.tokens = {TlsServer::response(
           401,
           R"({"error":"invalid_client","error_id":"4f","error_description":"Client authentication failed"})")}});
  const auto grant = Oauth().workspace(endpoint.server.url());
  ASSERT_FALSE(grant.ok());
  const hub::Error& error = grant.error();
  EXPECT_EQ(error.reason, "OAUTH_CLIENT_REFUSED");
  EXPECT_EQ(error.http_status, 401);
  EXPECT_EQ(to_text(error.status), to_text(hub::Status::kUnauthenticated));
  EXPECT_EQ(to_text(error.retry), to_text(hub::Retry::kNever));
  EXPECT_EQ(to_text(error.effect), to_text(hub::Effect::kNone));
  EXPECT_EQ(error.message,
            "POST oidc/v1/token answered 401: invalid_client: \"Client authentication failed\"");
  EXPECT_EQ(error.hint, find_reason("OAUTH_CLIENT_REFUSED")->hint);
  EXPECT_EQ(endpoint.requests("/token").size(), 1U);
}

TEST(AskWorkspace, IsRepeatedWhileTheServerIsBusy) {
  TokenEndpoint endpoint(
      {.tokens = {TlsServer::response(503, "<html>"), oauth_error(429, "slow_down", "later"),
                  TokenEndpoint::granted("canary-granted")}});
  EXPECT_TRUE(Oauth().workspace(endpoint.server.url()).ok());
  EXPECT_EQ(endpoint.requests("/token").size(), 3U);

  TokenEndpoint down({.tokens = {TlsServer::response(503, "")}});
  const auto grant = Oauth().workspace(down.server.url());
  ASSERT_FALSE(grant.ok());
  EXPECT_EQ(grant.error().reason, "OAUTH_UNAVAILABLE");
  EXPECT_EQ(down.requests("/token").size(), 3U);
}

TEST(AskWorkspace, EndsWithTheCall) {
  TlsServer silent(Authority::get().certificate(), [](Peer& peer) {
    if (!peer.shake_hands()) return;
    peer.read_request();
    peer.wait_for_release();
  });
  Oauth hurried{.call = FakeCall(std::chrono::milliseconds(300))};
  const auto grant = hurried.workspace(silent.url());
  ASSERT_FALSE(grant.ok());
  EXPECT_EQ(grant.error().reason, "DEADLINE_EXCEEDED");
  EXPECT_EQ(to_text(grant.error().effect), to_text(hub::Effect::kNone));
}

TEST(AskWorkspace, TakesNoAnswerThatItCannotUseAndShowsNone) {
  for (const char* body : {
           "<html>canary-granted</html>",
           "[]",
           "{}",
           R"({"access_token":"","token_type":"Bearer","expires_in":3600})",
           R"({"access_token":"canary-granted\r\nX: y","token_type":"Bearer","expires_in":3600})",
           R"({"access_token":["canary-granted"],"token_type":"Bearer"})",
           R"({"access_token":"canary-granted","token_type":"mac","expires_in":3600})",
           R"({"access_token":"canary-granted","expires_in":3600})",
           R"({"access_token":"canary-granted","token_type":"Bearer","expires_in":"soon"})",
       }) {
    TokenEndpoint endpoint({.tokens = {TlsServer::response(200, body)}});
    const auto grant = Oauth().workspace(endpoint.server.url());
    ASSERT_FALSE(grant.ok());
    EXPECT_EQ(grant.error().reason, "OAUTH_ANSWER_INVALID");
    EXPECT_TRUE(grant.error().message.find("canary") == std::string::npos);
  }
}

TEST(AskWorkspace, ShowsNoSecretThatTheServerRepeats) {
  TokenEndpoint endpoint(
      {.tokens = {oauth_error(400, kSecret, std::string("no such secret: ") + kSecret)}});
  const auto grant = Oauth().workspace(endpoint.server.url());
  ASSERT_FALSE(grant.ok());
  EXPECT_EQ(grant.error().reason, "OAUTH_REFUSED");
  EXPECT_TRUE(grant.error().message.find("canary") == std::string::npos);
  EXPECT_TRUE(grant.error().message.find("no such secret: **REDACTED**") != std::string::npos);
}

// ---- Microsoft Entra ----

TEST(AskEntra, SendsClientAndScopeInAForm) {
  TokenEndpoint endpoint(
      {.tokens = {TlsServer::response(
           200,
           R"({"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":"canary-granted"})")}});
  const auto grant = Oauth().entra(endpoint.server.url());
  ASSERT_TRUE(grant.ok()) << grant.error().message;
  EXPECT_TRUE(grant->access_token.reveal() == "canary-granted");
  EXPECT_EQ(grant->lifetime, std::chrono::seconds(3599));

  const auto requests = endpoint.server.requests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_TRUE(requests[0].starts_with("POST /tenant%2F../oauth2/v2.0/token HTTP/1.1\r\n"));
  EXPECT_TRUE(requests[0].find("\r\nContent-Type: application/x-www-form-urlencoded\r\n") !=
              std::string::npos);
  EXPECT_TRUE(requests[0].find("Authorization") == std::string::npos);
  EXPECT_TRUE(
      requests[0].ends_with("\r\n\r\ngrant_type=client_credentials&client_id=client%201"
                            "&client_secret=canary-client%3Asecret%2F%2B"
                            "&scope=2ff814a6-3304-4ab8-85cb-cd0e6f879c1d%2F.default"));
}

struct Refusal {
  int status;
  const char* code;
  const char* description;
  const char* reason;
};

TEST(AskEntra, TellsItsRefusalsApart) {
  const std::vector<Refusal> refusals = {
      {401, "invalid_client", "AADSTS7000215: Invalid client secret provided.",
       "OAUTH_CLIENT_REFUSED"},
      {401, "invalid_client", "AADSTS7000222: The provided client secret keys are expired.",
       "OAUTH_SECRET_EXPIRED"},
      {400, "unauthorized_client", "AADSTS700016: Application with identifier was not found.",
       "OAUTH_CLIENT_UNKNOWN"},
      {401, "unauthorized_client", "AADSTS7000112: Application is disabled.",
       "OAUTH_CLIENT_UNKNOWN"},
      {400, "invalid_request", "AADSTS90002: Tenant was not found.", "OAUTH_TENANT_UNKNOWN"},
      {400, "invalid_request", "AADSTS900023: Specified tenant identifier is neither.",
       "OAUTH_TENANT_UNKNOWN"},
      {400, "invalid_resource", "AADSTS500011: The resource principal was not found.",
       "OAUTH_RESOURCE_UNKNOWN"},
      {400, "invalid_grant", "AADSTS53003: Blocked by Conditional Access policies.",
       "OAUTH_ACCESS_BLOCKED"},
      {400, "invalid_scope", "AADSTS1002012: The provided value for scope is not valid.",
       "OAUTH_REFUSED"},
      {400, "temporarily_unavailable", "AADSTS90033: A transient error has occurred.",
       "OAUTH_UNAVAILABLE"},
  };
  for (const auto& [status, code, description, reason] : refusals) {
    TokenEndpoint endpoint({.tokens = {oauth_error(status, code, description)}});
    const auto grant = Oauth().entra(endpoint.server.url());
    ASSERT_FALSE(grant.ok()) << description;
    EXPECT_EQ(grant.error().reason, reason) << description;
    EXPECT_EQ(grant.error().http_status, status) << description;
    EXPECT_THAT(grant.error().message, HasSubstr(description));
    EXPECT_EQ(to_text(grant.error().effect), to_text(hub::Effect::kNone)) << description;
    ASSERT_NE(find_reason(reason), nullptr) << reason;
  }
}

TEST(AskEntra, IsNotFooledByAPageOfAProxy) {
  TokenEndpoint endpoint({.tokens = {TlsServer::response(403, "<html>Blocked</html>")}});
  const auto grant = Oauth().entra(endpoint.server.url());
  ASSERT_FALSE(grant.ok());
  EXPECT_EQ(grant.error().reason, "OAUTH_ANSWER_INVALID");
}

TEST(AskEntra, BlamesTheAuthorityWhenItCannotBeSpokenWith) {
  const TlsServer plain(Authority::get().certificate(),
                        [](Peer& peer) { peer.write("HTTP/1.1 400 Bad Request\r\n\r\n"); });
  const auto grant = Oauth().entra(plain.url());
  ASSERT_FALSE(grant.ok());
  EXPECT_EQ(grant.error().reason, "TLS_FAILED");
  EXPECT_THAT(grant.error().hint, HasSubstr("auth.authority"));
}

}  // namespace
}  // namespace databricks_token
