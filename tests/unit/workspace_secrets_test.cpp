// The OAuth secrets of service principals at the local workspace.
#include <regex>

#include "unit/workspace_fixture.hpp"

namespace workspace_test {
namespace {

class SecretsTest : public WorkspaceTest {
 protected:
  static std::string path_of(std::int64_t principal_id) {
    return "/api/2.0/accounts/servicePrincipals/" + std::to_string(principal_id) +
           "/credentials/secrets";
  }
  std::string path() const { return path_of(reporting.id); }

  Object::Ptr make_secret(const std::string& body = "{}") const {
    const HttpReply reply = workspace.admin("POST", path(), body);
    EXPECT_EQ(reply.status, 200) << reply.body;
    return reply.json();
  }

  HttpReply sign_in(const std::string& client, const std::string& secret) const {
    return workspace.send("POST", "/oidc/v1/token", "",
                          "grant_type=client_credentials&scope=all-apis&client_id=" + client +
                              "&client_secret=" + secret,
                          "application/x-www-form-urlencoded");
  }
  int sign_in_with(const Object::Ptr& made) const {
    return sign_in(reporting.application_id, text(made, "secret")).status;
  }

  static std::string text(const Object::Ptr& json, const char* member) {
    return json->getValue<std::string>(member);
  }

  /// The ground truth of the principal's only secret.
  Object::Ptr only_secret() const {
    Object::Ptr only;
    const Array::Ptr secrets = workspace.state()->getArray("oauth_secrets");
    for (const auto& item : *secrets) {
      const Object::Ptr secret = item.extract<Object::Ptr>();
      if (text(secret, "owner") != reporting.application_id) continue;
      EXPECT_TRUE(only.isNull());
      only = secret;
    }
    return only;
  }
};

TEST_F(SecretsTest, MakesASecretThatSignsItsPrincipalInAndNobodyElse) {
  const Object::Ptr made = make_secret(R"({"lifetime":"3600s"})");
  EXPECT_EQ(text(made, "status"), "ACTIVE");
  EXPECT_EQ(text(made, "secret_hash"), sha256_hex(text(made, "secret")));
  const std::regex time("20[0-9-]{8}T[0-9:]{8}\\.[0-9]{3}Z");
  for (const char* member : {"create_time", "update_time", "expire_time"}) {
    EXPECT_TRUE(std::regex_match(text(made, member), time)) << text(made, member);
  }
  const HttpReply granted = sign_in(reporting.application_id, text(made, "secret"));
  ASSERT_EQ(granted.status, 200);
  EXPECT_EQ(text(as(text(granted.json(), "access_token"), "GET", kMe).json(), "userName"),
            reporting.application_id);
  EXPECT_EQ(sign_in(pipeline.application_id, text(made, "secret")).status, 401);
}

TEST_F(SecretsTest, TellsTheValueOnceOnly) {
  const Object::Ptr made = make_secret();
  for (const HttpReply& reply :
       {workspace.admin("GET", path()), workspace.admin("GET", "/__local/state")}) {
    EXPECT_NE(reply.body.find(text(made, "id")), std::string::npos);
    EXPECT_EQ(reply.body.find(text(made, "secret")), std::string::npos);
  }
  const Object::Ptr listed =
      workspace.admin("GET", path()).json()->getArray("secrets")->getObject(0);
  EXPECT_FALSE(listed->has("secret"));
  EXPECT_EQ(text(listed, "secret_hash"), text(made, "secret_hash"));
}

TEST_F(SecretsTest, ListsAlsoThoseThatAPrincipalHadBefore) {
  EXPECT_EQ(workspace.admin("GET", path()).body, "{}");
  EXPECT_EQ(count(workspace.admin("GET", path_of(pipeline.id)), "secrets"), 1U);
  make_secret();
  EXPECT_EQ(count(workspace.admin("GET", path()), "secrets"), 1U);
  EXPECT_EQ(count(workspace.admin("GET", path_of(pipeline.id)), "secrets"), 1U);
}

TEST_F(SecretsTest, ADeletedSecretSignsNobodyInAndIsGone) {
  const Object::Ptr made = make_secret();
  EXPECT_EQ(sign_in_with(made), 200);
  const std::string one = path() + "/" + text(made, "id");
  EXPECT_EQ(workspace.admin("DELETE", path_of(pipeline.id) + "/" + text(made, "id")).status, 404);
  EXPECT_EQ(workspace.admin("DELETE", one).status, 200);
  EXPECT_EQ(sign_in_with(made), 401);
  EXPECT_EQ(count(workspace.admin("GET", path()), "secrets"), 0U);
  expect_error(workspace.admin("DELETE", one), 404, "RESOURCE_DOES_NOT_EXIST",
               "Secret does not exist");
  EXPECT_TRUE(only_secret()->getValue<bool>("deleted"));
  EXPECT_FALSE(only_secret()->getValue<bool>("live"));
}

TEST_F(SecretsTest, AnExpiredSecretIsListedAndSignsNobodyIn) {
  const Object::Ptr made = make_secret(R"({"lifetime":"1s"})");
  while (only_secret()->getValue<bool>("live")) {
  }
  EXPECT_EQ(sign_in_with(made), 401);
  EXPECT_EQ(count(workspace.admin("GET", path()), "secrets"), 1U);
}

TEST_F(SecretsTest, APrincipalHasFiveLiveSecretsAtMost) {
  const Object::Ptr first = make_secret();
  for (int i = 1; i < 5; ++i) make_secret();
  expect_error(workspace.admin("POST", path(), "{}"), 400, "QUOTA_EXCEEDED",
               "Service principal 9007199254740993 has reached the quota of 5 secrets.");
  EXPECT_EQ(workspace.admin("DELETE", path() + "/" + text(first, "id")).status, 200);
  make_secret();
}

TEST_F(SecretsTest, RefusesALifetimeThatIsNoDurationOrTooLong) {
  for (const char* lifetime : {"3600", "0s", "-1s", "1h", "", "63072001s", "1.5s"}) {
    const HttpReply reply =
        workspace.admin("POST", path(), R"({"lifetime":")" + std::string(lifetime) + "\"}");
    EXPECT_EQ(reply.status, 400) << lifetime;
    EXPECT_EQ(text(reply.json(), "error_code"), "INVALID_PARAMETER_VALUE") << lifetime;
  }
  EXPECT_EQ(count(workspace.admin("GET", path()), "secrets"), 0U);
}

TEST_F(SecretsTest, AreForAdminsAlone) {
  const std::string token = make(pipeline.application_id).value;
  for (const char* method : {"POST", "GET"}) {
    expect_error(as(token, method, path()), 403, "PERMISSION_DENIED",
                 "This API is only accessible by admins.");
  }
  EXPECT_EQ(workspace.send("POST", path(), "", "{}").status, 401);
}

TEST_F(SecretsTest, RefusesAPrincipalThatIsUnknownNoMemberOrAUser) {
  const std::int64_t azure_operator = 5750939285643224, user = 202480738464078;
  for (const std::int64_t id : {std::int64_t{1}, azure_operator, user}) {
    expect_error(workspace.admin("GET", path_of(id)), 404, "RESOURCE_DOES_NOT_EXIST",
                 "Service principal " + std::to_string(id) + " does not exist.");
  }
}

TEST_F(SecretsTest, OutliveTheServer) {
  const Object::Ptr made = make_secret();
  workspace.kill();
  workspace.start();
  EXPECT_EQ(sign_in_with(made), 200);
}

TEST_F(SecretsTest, AFaultLosesTheAnswerAfterTheEffect) {
  workspace.fail(R"({"path":"/api/2.0/accounts/*","method":"POST","close":"after"})");
  EXPECT_THROW(workspace.admin("POST", path(), "{}"), Poco::Exception);
  EXPECT_EQ(count(workspace.admin("GET", path()), "secrets"), 1U);
}

}  // namespace
}  // namespace workspace_test
