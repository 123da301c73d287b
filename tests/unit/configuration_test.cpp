// A connection's configuration, as the host hands it over.
#include "operations/configuration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "databricks/user_agent.hpp"
#include "operations/lifetime.hpp"

namespace databricks_token {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

hub::Result<Configuration> read(const std::string& more,
                                const std::string& auth = R"({"type": "pat"})") {
  return Configuration::read(
      R"({"workspace_url": "https://w", "application_id": "a", "auth": )" + auth + more + "}",
      {.connection = "prod", .host = "Hub"});
}

std::string refusal(const std::string& more, const std::string& auth = R"({"type": "pat"})") {
  const auto configuration = read(more, auth);
  return configuration ? "" : configuration.error().reason + " " + configuration.error().message;
}

TEST(Configuration, HasDefaults) {
  const auto configuration = read("");
  ASSERT_TRUE(configuration.ok()) << configuration.error().message;
  EXPECT_EQ(configuration->issue, Issue::kOnBehalfOf);
  EXPECT_EQ(configuration->auth.type, AuthType::kPat);
  EXPECT_EQ(configuration->policy.lifetime_seconds, 7776000);
  EXPECT_EQ(configuration->policy.comment, "");
  EXPECT_EQ(configuration->policy.scopes, std::nullopt);
}

// ---- Signing in ----

TEST(Configuration, ReadsEachTypeOfAuth) {
  const auto m2m = read("", R"({"type": "oauth-m2m", "client_id": "c"})");
  ASSERT_TRUE(m2m.ok()) << m2m.error().message;
  EXPECT_EQ(m2m->auth.type, AuthType::kOauthM2m);
  EXPECT_EQ(m2m->auth.client_id, "c");

  const std::string start = R"({"type": "azure-entra", "client_id": "c", "tenant_id": "t")";
  const auto entra = read("", start + "}");
  ASSERT_TRUE(entra.ok()) << entra.error().message;
  EXPECT_EQ(entra->auth.type, AuthType::kAzureEntra);
  EXPECT_EQ(entra->auth.tenant_id, "t");
  EXPECT_EQ(entra->auth.authority.text(), "https://login.microsoftonline.com:443");
  EXPECT_EQ(entra->auth.workspace_resource_id, "");

  const auto outside = read("", start + R"(, "authority": "https://login.microsoftonline.us/",
                           "workspace_resource_id": "/subscriptions/s"})");
  ASSERT_TRUE(outside.ok()) << outside.error().message;
  EXPECT_EQ(outside->auth.authority.text(), "https://login.microsoftonline.us:443");
  EXPECT_EQ(outside->auth.workspace_resource_id, "/subscriptions/s");
}

TEST(Configuration, RefusesAuthThatItCannotUseWhateverTheHostChecked) {
  EXPECT_THAT(refusal("", "{}"), HasSubstr("type is missing"));
  EXPECT_THAT(refusal("", R"({"type": "basic"})"), HasSubstr("auth.client_id is missing"));
  EXPECT_THAT(refusal("", R"({"type": "basic", "client_id": "c"})"), HasSubstr("none of those"));
  EXPECT_THAT(refusal("", R"({"type": "oauth-m2m"})"), HasSubstr("auth.client_id is missing"));
  EXPECT_THAT(refusal("", R"({"type": "azure-entra", "client_id": "c"})"),
              HasSubstr("auth.tenant_id is missing"));
  EXPECT_THAT(refusal("", R"({"type": "azure-entra", "client_id": "c", "tenant_id": "t",
                              "authority": "http://a"})"),
              HasSubstr("auth.authority"));
}

TEST(Configuration, LetsNobodyRotateTheTokenThatHeSignsInWith) {
  const std::string self = R"(, "issue": "self")";
  EXPECT_THAT(refusal(self), AllOf(HasSubstr("CONFIGURATION_INVALID"), HasSubstr("expired")));
  const auto m2m = read(self, R"({"type": "oauth-m2m", "client_id": "c"})");
  ASSERT_TRUE(m2m.ok()) << m2m.error().message;
  EXPECT_EQ(m2m->issue, Issue::kSelf);
  EXPECT_THAT(refusal(R"(, "issue": "mine")"), HasSubstr("issue is none of those known"));
}

// ---- Tokens ----

TEST(Configuration, ReadsALifetimeWithItsUnit) {
  const auto configuration = read(R"(, "lifetime": "90d")");
  ASSERT_TRUE(configuration.ok()) << configuration.error().message;
  EXPECT_EQ(configuration->policy.lifetime_seconds, 7776000);
  EXPECT_THAT(refusal(R"(, "lifetime": "90d", "lifetime_seconds": 7776000)"),
              HasSubstr("both lifetime and lifetime_seconds"));
  EXPECT_THAT(refusal(R"(, "lifetime": "PT59S")"), HasSubstr("not between 60 and 63072000"));
  EXPECT_THAT(refusal(R"(, "lifetime": "731d")"), HasSubstr("not between 60 and 63072000"));
  EXPECT_THAT(refusal(R"(, "lifetime": "129600")"), HasSubstr("LIFETIME_UNREADABLE"));
}

TEST(Lifetime, IsReadInDaysHoursAndIso8601) {
  for (const auto& [text, seconds] :
       std::vector<std::pair<const char*, std::int64_t>>{{"90d", 7776000},
                                                         {"12h", 43200},
                                                         {"P90D", 7776000},
                                                         {"PT2160H", 7776000},
                                                         {"P1DT12H", 129600},
                                                         {"PT90M", 5400},
                                                         {"PT1H30M15S", 5415},
                                                         {"P13W", 7862400},
                                                         {"99999999d", 8639999913600}}) {
    const auto read = read_lifetime(text);
    ASSERT_TRUE(read.ok()) << text;
    EXPECT_EQ(*read, seconds) << text;
  }
}

TEST(Lifetime, IsRefusedWithoutAUnitAndWithoutOneLength) {
  for (const char* text : {"129600", "0"}) {
    const auto read = read_lifetime(text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.error().reason, "LIFETIME_UNREADABLE");
    EXPECT_THAT(read.error().message,
                AllOf(HasSubstr(text), HasSubstr("129600, meant as 90 days")));
  }
  for (const char* text : {"", "d", "90 d", "-90d", "1.5d", "90D", "90m", "P", "PT", "P1DT", "P1Y",
                           "P3M", "PT1.5H", "P1W2D", "p90d", "999999999d", "90d\n"}) {
    const auto read = read_lifetime(text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.error().reason, "LIFETIME_UNREADABLE") << text;
  }
}

TEST(Configuration, FillsTheNamesIntoTheComment) {
  const auto configuration = read(R"(, "comment": "{host}: {connection}/{connection} }")");
  ASSERT_TRUE(configuration.ok()) << configuration.error().message;
  EXPECT_EQ(configuration->policy.comment, "Hub: prod/prod }");
  for (const char* comment : {"{slot}", "{", "{Host}", "{{host}}", "{host"}) {
    EXPECT_THAT(refusal(R"(, "comment": ")" + std::string(comment) + "\""),
                HasSubstr("COMMENT_INVALID"))
        << comment;
  }
}

TEST(Configuration, ChecksTheCommentAsItWillBe) {
  const auto configuration =
      Configuration::read(R"({"workspace_url": "https://w", "application_id": "a",
                              "auth": {"type": "pat"}, "comment": "{host}{connection}"})",
                          {.connection = "b:x", .host = "hu"});
  ASSERT_FALSE(configuration.ok());
  EXPECT_EQ(configuration.error().reason, "COMMENT_INVALID");
}

TEST(Configuration, ReadsScopes) {
  const auto configuration = read(R"(, "scopes": ["sql", "files"])");
  ASSERT_TRUE(configuration.ok()) << configuration.error().message;
  EXPECT_EQ(configuration->policy.scopes, (std::vector<std::string>{"sql", "files"}));
}

// ---- Who we say that we are ----

TEST(UserAgent, HasOnlyCharactersThatTheSdksAllow) {
  EXPECT_EQ(user_agent_part("auth", "oauth-m2m"), "auth/oauth-m2m");
  EXPECT_EQ(user_agent_part("My Hub\r\n", "1.2+b_3 (\xc3\xa4)/x"), "My-Hub--/1.2+b_3------x");
  EXPECT_EQ(user_agent_part("", ""), "-/-");
}

}  // namespace
}  // namespace databricks_token
