// Each way to sign in and each way to make tokens, for a token's whole life.
#include <Poco/JSON/Array.h>
#include <gmock/gmock.h>

#include <functional>
#include <string>
#include <vector>

#include "integration/fixture.hpp"
#include "support/token_endpoint.hpp"

namespace integration {
namespace {

using test_support::Authority;
using test_support::LocalWorkspace;
using test_support::TlsServer;
using test_support::TokenEndpoint;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

std::string text(const Poco::JSON::Object::Ptr& object, const std::string& key) {
  return object->isNull(key) ? "" : object->getValue<std::string>(key);
}

/// A way, as a connection says it, and whose secret it needs.
struct Way {
  const char* name;
  const char* issue;
  const char* type;
};

std::ostream& operator<<(std::ostream& out, const Way& way) { return out << way.name; }

class Auth : public HostTest {
 protected:
  /// Configures the connection for that way, for the principals that the workspace has for it.
  void use(const Way& way) {
    const bool self = way.issue == std::string("self");
    const LocalWorkspace::Principal pipeline = workspace.principal("data-pipeline");
    Object auth = new Poco::JSON::Object;
    auth->set("type", way.type);
    environment["DATABRICKS_ADMIN_TOKEN"] = workspace.admin_token();
    if (way.type == std::string("oauth-m2m")) {
      auth->set("client_id", self ? pipeline.application_id : workspace.text("oauth_client_id"));
      environment["DATABRICKS_ADMIN_TOKEN"] =
          self ? pipeline.oauth_secret : workspace.text("oauth_client_secret");
    } else if (way.type == std::string("azure-entra")) {
      auth->set("client_id", self ? pipeline.application_id : workspace.text("azure_client_id"));
      auth->set("tenant_id", workspace.text("tenant_id"));
      auth->set("authority", workspace.url());
      // The operator is no member of the workspace; the pipeline is.
      if (!self) auth->set("workspace_resource_id", workspace.text("azure_resource_id"));
      environment["DATABRICKS_ADMIN_TOKEN"] =
          self ? pipeline.oauth_secret : workspace.text("azure_client_secret");
    }
    auto manifest = connection();
    manifest->getObject("config")->set("issue", way.issue);
    manifest->getObject("config")->set("auth", auth);
    write_connection(manifest);
  }

  /// The ground truth of the connection's live tokens.
  std::vector<Object> live() const {
    std::vector<Object> tokens;
    const Poco::JSON::Array::Ptr all = workspace.state()->getArray("tokens");
    for (const auto& item : *all) {
      const Object token = item.extract<Object>();
      if (token->getValue<bool>("live") &&
          text(token, "owner") == workspace.principal("data-pipeline").application_id)
        tokens.push_back(token);
    }
    return tokens;
  }

  /// How often the workspace served this route.
  int served(const std::string& method, const std::string& route) const {
    int count = 0;
    const Poco::JSON::Array::Ptr all = workspace.state()->getArray("requests");
    for (const auto& item : *all) {
      const Object request = item.extract<Object>();
      count += text(request, "method") == method && text(request, "route") == route ? 1 : 0;
    }
    return count;
  }

  /// The error of a run that has to fail with that exit code.
  Object error(const std::vector<std::string>& arguments, int code) const {
    return json(arguments, code)->getObject("error");
  }

  /// What is refused in a configuration.
  std::string refusal(const std::function<void(Poco::JSON::Object&)>& change) const {
    auto manifest = connection();
    change(*manifest->getObject("config"));
    write_connection(manifest);
    const auto refused = error({"check", "local"}, 2);
    return text(refused, "path") + " " + text(refused, "message") + " " + text(refused, "hint");
  }
};

class EachWay : public Auth, public testing::WithParamInterface<Way> {};

INSTANTIATE_TEST_SUITE_P(Auth, EachWay,
                         testing::Values(Way{"OnBehalfOfWithAPat", "on-behalf-of", "pat"},
                                         Way{"OnBehalfOfWithOauth", "on-behalf-of", "oauth-m2m"},
                                         Way{"OnBehalfOfWithEntra", "on-behalf-of", "azure-entra"},
                                         Way{"SelfWithOauth", "self", "oauth-m2m"},
                                         Way{"SelfWithEntra", "self", "azure-entra"}),
                         [](const auto& way) { return std::string(way.param.name); });

TEST_P(EachWay, LastsForATokensWholeLife) {
  use(GetParam());
  const bool self = GetParam().issue == std::string("self");
  const auto checked = json({"check", "local"}, 0)->getObject("result");
  EXPECT_TRUE(checked->getValue<bool>("passed"));
  EXPECT_EQ(live().size(), 0U);

  const auto created = json({"create-token", "local"}, 0)->getObject("result");
  ASSERT_EQ(live().size(), 1U);
  EXPECT_EQ(text(live()[0], "token_id"), text(created, "token_id"));
  EXPECT_EQ(text(live()[0], "created_by_username") == text(live()[0], "owner"), self);
  EXPECT_EQ(served("POST", "/api/2.0/token/create"), self ? 1 : 0);
  const std::string first = reveal();
  EXPECT_EQ(answer_to(first), 200);

  const auto remote = json({"tokens", "local", "--remote"}, 0)->getObject("result");
  const auto listed = remote->getArray("tokens");
  ASSERT_EQ(listed->size(), 1U);
  EXPECT_EQ(text(listed->getObject(0), "token_id"), text(created, "token_id"));
  EXPECT_EQ(text(listed->getObject(0), "role"), "current");

  json({"rotate-token", "local", "--when", "now"}, 0);
  EXPECT_EQ(answer_to(first), 403);
  EXPECT_EQ(answer_to(reveal()), 200);
  ASSERT_EQ(live().size(), 1U);
  EXPECT_NE(text(live()[0], "token_id"), text(created, "token_id"));

  json({"sweep", "local"}, 0);
  EXPECT_EQ(live().size(), 1U);
  json({"revoke-token", "local", "--all"}, 0);
  EXPECT_EQ(live().size(), 0U);
  EXPECT_EQ(served("DELETE", "/api/2.0/token-management/tokens/{token_id}") > 0, !self);
}

TEST_P(EachWay, FindsAndRevokesATokenWhoseAnswerWasLost) {
  use(GetParam());
  json({"create-token", "local"}, 0);
  const bool self = GetParam().issue == std::string("self");
  workspace.fail(
      std::string(R"({"method": "POST", "close": "after", "path": ")") +
      (self ? "/api/2.0/token/create" : "/api/2.0/token-management/on-behalf-of/tokens") + "\"}");
  json({"rotate-token", "local", "--when", "now"}, 0);
  EXPECT_EQ(live().size(), 1U);
  EXPECT_EQ(answer_to(reveal()), 200);
}

TEST_P(EachWay, TakesATokenThatSomebodyDeletedForRevoked) {
  use(GetParam());
  const auto created = json({"create-token", "local"}, 0)->getObject("result");
  ASSERT_EQ(
      workspace.admin("DELETE", "/api/2.0/token-management/tokens/" + text(created, "token_id"))
          .status,
      200);
  json({"revoke-token", "local", "--all"}, 0);
}

// ---- What is refused ----

TEST_F(Auth, NamesAClientSecretThatIsWrong) {
  for (const char* type : {"oauth-m2m", "azure-entra"}) {
    use({"", "on-behalf-of", type});
    environment["DATABRICKS_ADMIN_TOKEN"] = "canary-wrong";
    const auto failed = error({"create-token", "local"}, 1);
    EXPECT_EQ(text(failed, "reason"), "OAUTH_CLIENT_REFUSED") << type;
    EXPECT_EQ(failed->getValue<int>("http_status"), 401) << type;
    EXPECT_EQ(text(failed, "effect"), "none") << type;
    EXPECT_THAT(text(failed, "hint"), HasSubstr("client_id")) << type;
  }
}

TEST_F(Auth, NeedsTheResourceIdOfAPrincipalThatIsNoMember) {
  environment["DATABRICKS_ADMIN_TOKEN"] = workspace.text("azure_client_secret");
  auto manifest = connection();
  auto auth = manifest->getObject("config")->getObject("auth");
  auth->set("type", "azure-entra");
  auth->set("client_id", workspace.text("azure_client_id"));
  auth->set("tenant_id", workspace.text("tenant_id"));
  auth->set("authority", workspace.url());
  write_connection(manifest);
  EXPECT_EQ(text(error({"create-token", "local"}, 1), "reason"), "USER_NOT_IN_WORKSPACE");
}

TEST_F(Auth, MakesNoOwnTokensForAnotherPrincipal) {
  use({"", "self", "oauth-m2m"});
  json({"create-token", "local"}, 0);
  auto manifest = connection();
  auto config = manifest->getObject("config");
  config->set("issue", "self");
  config->getObject("auth")->set("type", "oauth-m2m");
  config->getObject("auth")->set("client_id", workspace.text("oauth_client_id"));
  environment["DATABRICKS_ADMIN_TOKEN"] = workspace.text("oauth_client_secret");
  write_connection(manifest);
  // To the other principal the tokens are gone, which must not be believed.
  const auto failed = error({"revoke-token", "local", "--all"}, 1);
  EXPECT_EQ(text(failed, "reason"), "PRINCIPAL_MISMATCH");
  EXPECT_EQ(text(failed, "status"), "failed-precondition");
  EXPECT_EQ(live().size(), 1U);
}

TEST_F(Auth, ChecksThatOwnTokensCanBeListed) {
  use({"", "self", "oauth-m2m"});
  workspace.fail(
      R"({"path": "/api/2.0/token/list", "times": 10, "status": 403,
          "body": {"error_code": "FEATURE_DISABLED", "message": "no"}})");
  EXPECT_EQ(host({"check", "local"}).code, 1);
  workspace.clear_faults();
  EXPECT_EQ(host({"check", "local"}).code, 0);
}

TEST_F(Auth, KeepsASlotForTheWayInWhichItWasMade) {
  use({"", "self", "oauth-m2m"});
  json({"create-token", "local"}, 0);
  use({"", "on-behalf-of", "oauth-m2m"});
  EXPECT_EQ(text(error({"rotate-token", "local", "--when", "now"}, 1), "reason"),
            "SLOT_BELONGS_ELSEWHERE");
}

TEST_F(Auth, KnowsWhichKeysBelongToWhichType) {
  using Poco::JSON::Object;
  const auto with = [](const std::vector<std::pair<std::string, std::string>>& members) {
    return [members](Object& config) {
      Object::Ptr auth = new Object;
      for (const auto& [key, value] : members) auth->set(key, value);
      config.set("auth", auth);
    };
  };
  const std::string id = "6f5ccf28-d83a-4957-9bfb-5bbfac551410";
  EXPECT_THAT(refusal(with({{"type", "pat"}, {"client_id", id}})),
              HasSubstr("/config/auth/client_id is not a key that is known here"));
  EXPECT_THAT(refusal(with({{"type", "oauth-m2m"}})), HasSubstr("lacks the key \"client_id\""));
  EXPECT_THAT(refusal(with({{"type", "oauth-m2m"}, {"client_id", "robot"}})),
              HasSubstr("/config/auth/client_id must match"));
  EXPECT_THAT(refusal(with({{"type", "oauth-m2m"}, {"client_id", id}, {"tenant_id", id}})),
              HasSubstr("/config/auth/tenant_id is not a key that is known here"));
  EXPECT_THAT(refusal(with({{"type", "azure-entra"}, {"client_id", id}})),
              HasSubstr("lacks the key \"tenant_id\""));
  EXPECT_THAT(refusal(with({{"type", "azure-entra"},
                            {"client_id", id},
                            {"tenant_id", id},
                            {"authority", "http://login.microsoftonline.com"}})),
              HasSubstr("/config/auth/authority must match"));
  EXPECT_THAT(refusal(with({{"type", "basic"}})),
              HasSubstr(R"(/config/auth/type must be one of "pat", "oauth-m2m", "azure-entra")"));
}

TEST_F(Auth, RefusesToRotateTheTokenThatItSignsInWith) {
  EXPECT_THAT(refusal([](auto& config) { config.set("issue", "self"); }),
              AllOf(HasSubstr("issue \"self\""), HasSubstr("can make no new one")));
  EXPECT_EQ(requests(), 0U);
}

TEST_F(Auth, FindsTheExamplesCorrect) {
  environment["DATABRICKS_CLIENT_SECRET"] = environment["AZURE_CLIENT_SECRET"] = "canary-secret";
  // Up to the first thing that only the real workspace could know.
  for (const auto& [name, reason] :
       std::vector<std::pair<std::string, std::string>>{{"example", "PRINCIPAL_UNKNOWN"},
                                                        {"oauth", "OAUTH_CLIENT_REFUSED"},
                                                        {"entra-self", "OAUTH_TENANT_UNKNOWN"}}) {
    const auto example = manifest(name);
    auto config = example->getObject("config");
    config->set("workspace_url", workspace.url());
    config->set("tls", connection()->getObject("config")->getObject("tls"));
    if (name == "entra-self") config->getObject("auth")->set("authority", workspace.url());
    write_connection(example, name);
    EXPECT_EQ(text(error({"create-token", text(example, "name")}, 1), "reason"), reason) << name;
  }
}

// ---- What is asked for ----

TEST_F(Auth, MakesTokensAsTheConnectionSays) {
  auto manifest = connection();
  auto config = manifest->getObject("config");
  Poco::JSON::Array::Ptr scopes = new Poco::JSON::Array;
  scopes->add("sql");
  config->set("scopes", scopes);
  config->set("lifetime", "12h");
  config->set("comment", "{connection} of {host}");
  write_connection(manifest);
  json({"create-token", "local"}, 0);
  json({"rotate-token", "local", "--when", "now"}, 0);
  ASSERT_EQ(live().size(), 1U);
  const Object token = live()[0];
  EXPECT_THAT(text(token, "comment"), StartsWith("local of sample-host hub:"));
  EXPECT_EQ(token->getArray("scopes")->size(), 1U);
  EXPECT_EQ(token->getArray("scopes")->getElement<std::string>(0), "sql");
  EXPECT_EQ(
      token->getValue<Poco::Int64>("expiry_time") - token->getValue<Poco::Int64>("creation_time"),
      12 * 3600 * 1000);
}

TEST_F(Auth, RefusesALifetimeWithoutAUnitAndSaysWhy) {
  EXPECT_THAT(refusal([](auto& config) { config.set("lifetime", 129600); }),
              AllOf(HasSubstr("/config/lifetime is an integer"),
                    HasSubstr("129600, meant as 90 days in minutes, were 36 hours")));
  EXPECT_THAT(refusal([](auto& config) { config.set("lifetime", "129600"); }),
              HasSubstr("129600, meant as 90 days in minutes, were 36 hours"));
}

// ---- What must not show ----

TEST_F(Auth, ShowsNoAccessTokenThatAServerRepeats) {
  const std::vector<std::string> commands = {"check", "create-token", "sweep"};
  TokenEndpoint::Answers answers;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    answers.tokens.push_back(TokenEndpoint::granted("canary-access"));
    answers.tokens.push_back(TokenEndpoint::granted("canary-management"));
  }
  answers.api = {TlsServer::response(
      400, R"({"error_code":"INVALID_STATE","message":"canary-access and canary-management"})")};
  const TokenEndpoint endpoint(answers);
  std::filesystem::copy_file(Authority::get().file(), path("ca.pem"),
                             std::filesystem::copy_options::overwrite_existing);
  auto manifest = connection();
  auto config = manifest->getObject("config");
  config->set("workspace_url", endpoint.server.url());
  Object auth = new Poco::JSON::Object;
  auth->set("type", "azure-entra");
  auth->set("client_id", workspace.text("azure_client_id"));
  auth->set("tenant_id", workspace.text("tenant_id"));
  auth->set("authority", endpoint.server.url());
  auth->set("workspace_resource_id", workspace.text("azure_resource_id"));
  config->set("auth", auth);
  write_connection(manifest);
  for (const std::string& command : commands) {
    const auto finished = host({"--json", command, "local"});  // which searches both outputs
    EXPECT_EQ(finished.code, 1) << command;
    EXPECT_TRUE(finished.out.find("**REDACTED** and **REDACTED**") != std::string::npos) << command;
  }
  const std::string request = endpoint.requests("/api/").at(0);
  EXPECT_TRUE(request.find("\r\nUser-Agent: databricks-token/") != std::string::npos);
  EXPECT_TRUE(request.find(" sample-host/") != std::string::npos);
  EXPECT_TRUE(request.find(" auth/azure-entra\r\n") != std::string::npos);
}

}  // namespace
}  // namespace integration
