// The example oauth-secret as an operator runs it: by sample-host invoke, with a sealed store.
#include <Poco/JSON/Array.h>
#include <gmock/gmock.h>

#include "integration/cli.hpp"

namespace integration {
namespace {

using testing::HasSubstr;
using testing::Not;

class OauthSecretHost : public Cli {
 protected:
  OauthSecretHost() {
    write("host.json", R"({"connectors": [")" OAUTH_SECRET R"("], "connections": ["connections"],
  "store": {"type": "sqlite", "path": "slots.db", "key_file": "slots.key"}})");
    const auto principal = workspace.principal("reporting");
    write("connections/local.connection.json",
          R"({"name": "local", "connector": "oauth-secret", "config": {"host": ")" +
              workspace.url() + R"(", "service_principal_id": ")" + std::to_string(principal.id) +
              R"(", "application_id": ")" + principal.application_id +
              R"(", "ca_file": "../ca.pem", "grace_seconds": 0},
  "secrets": {"admin": {"reference": "env:DATABRICKS_ADMIN_TOKEN"}, "secret": {"slot": "local/secret"}}})");
  }

  Object result(const std::vector<std::string>& arguments) const {
    return json(arguments, 0)->getObject("result");
  }

  int sign_in_with(const std::string& secret) const {
    return workspace
        .send("POST", "/oidc/v1/token", "",
              "grant_type=client_credentials&client_id=" +
                  workspace.principal("reporting").application_id + "&client_secret=" + secret,
              "application/x-www-form-urlencoded")
        .status;
  }
};

TEST_F(OauthSecretHost, MakesReplacesAndRevokesASecret) {
  const std::string first = text(result({"invoke", "local", "create-secret"}), "secret_id");
  const std::string old_value = reveal();
  EXPECT_EQ(sign_in_with(old_value), 200);

  const std::string second =
      text(result({"invoke", "local", "rotate-secret", R"({"when": "now"})"}), "secret_id");
  EXPECT_NE(second, first);
  EXPECT_EQ(sign_in_with(old_value), 401);
  EXPECT_EQ(sign_in_with(reveal()), 200);

  const auto listed = result({"invoke", "local", "list-secrets"})->getArray("secrets");
  ASSERT_EQ(listed->size(), 1U);
  EXPECT_EQ(text(listed->getObject(0), "secret_id"), second);
  EXPECT_EQ(text(listed->getObject(0), "role"), "current");

  const std::string value = reveal();
  EXPECT_EQ(text(result({"invoke", "local", "revoke-secret", R"({"all": true})"}), "state"),
            "revoked");
  EXPECT_EQ(sign_in_with(value), 401);
}

TEST_F(OauthSecretHost, AsksForALifetimeOfAnHourAtLeast) {
  const auto lifetime = result({"describe", "local"})
                            ->getObject("config")
                            ->getObject("properties")
                            ->getObject("lifetime_seconds");
  EXPECT_EQ(lifetime->getValue<int>("minimum"), 3600);
}

TEST_F(OauthSecretHost, SpeaksOfSecretsAndNotOfTokens) {
  const auto failed = error({"invoke", "local", "rotate-secret"}, 1);
  EXPECT_EQ(text(failed, "reason"), "NO_CURRENT");
  EXPECT_THAT(text(failed, "message"), HasSubstr("secret"));
  EXPECT_THAT(text(failed, "message") + text(failed, "hint"), Not(HasSubstr("token")));
}

TEST_F(OauthSecretHost, KeepsARefusedCredentialOutOfEveryOutput) {
  environment["DATABRICKS_ADMIN_TOKEN"] = "canary-4f7a1c";
  EXPECT_EQ(text(error({"invoke", "local", "create-secret"}, 1), "reason"), "CREDENTIAL_REFUSED");
  EXPECT_EQ(host({"invoke", "local", "list-secrets"}).code, 1);
}

}  // namespace
}  // namespace integration
