// What a principal does with its own tokens, against a server that answers what the test says.
#include <gtest/gtest.h>

#include <string>

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

struct Own {
  explicit Own(const std::string& answer) : endpoint({.api = {answer}}) {}

  std::string request() const { return endpoint.server.requests().at(0); }

  TokenEndpoint endpoint;
  Workspace workspace{HttpClients("test/1").get(*Origin::parse(endpoint.server.url()),
                                                {.ca_file = Authority::get().file()}),
                      std::make_shared<Pace>()};
  FakeCall call;
  const hub::Secret self{"canary-self"};
};

TEST(OwnTokens, AreCreatedWithoutAnApplicationId) {
  Own own(TlsServer::response(
      200,
      R"({"token_value":"canary-made","token_info":{"token_id":"a","creation_time":1,"expiry_time":60001,"comment":"c","scopes":["sql"]}})"));
  const auto minted =
      own.workspace.create_own_token(own.call.call(), own.self,
                                     {.application_id = "6f5ccf28-d83a-4957-9bfb-5bbfac551410",
                                      .lifetime_seconds = 60,
                                      .comment = "c",
                                      .scopes = std::vector<std::string>{"sql"}});
  ASSERT_TRUE(minted.ok()) << minted.error().message;
  EXPECT_TRUE(minted->value.reveal() == "canary-made");
  EXPECT_EQ(minted->info.token_id, "a");
  EXPECT_EQ(minted->info.expiry_time, 60001);
  EXPECT_TRUE(own.request().starts_with("POST /api/2.0/token/create HTTP/1.1\r\n"));
  EXPECT_TRUE(
      own.request().ends_with("\r\n\r\n"
                              R"({"lifetime_seconds":60,"comment":"c","scopes":["sql"]})"));
}

TEST(OwnTokens, AreListedWithTheTimeOfTheirLastUse) {
  Own own(TlsServer::response(
      200,
      R"({"token_infos":[{"token_id":"a","last_accessed_time":1710374412345},{"token_id":"b","last_accessed_time":0}]})"));
  const auto listed = own.workspace.list_own_tokens(own.call.call(), own.self);
  ASSERT_TRUE(listed.ok()) << listed.error().message;
  ASSERT_EQ(listed->size(), 2U);
  EXPECT_EQ((*listed)[0].last_used_day, 1710374412345);
  EXPECT_EQ((*listed)[1].last_used_day, std::nullopt);
  EXPECT_TRUE(own.request().starts_with("GET /api/2.0/token/list HTTP/1.1\r\n"));
}

TEST(OwnTokens, AreDeletedByAPost) {
  Own own(TlsServer::response(200, "{}"));
  EXPECT_TRUE(own.workspace.delete_own_token(own.call.call(), own.self, "a\"b").ok());
  EXPECT_TRUE(own.request().starts_with("POST /api/2.0/token/delete HTTP/1.1\r\n"));
  EXPECT_TRUE(own.request().ends_with("\r\n\r\n{\"token_id\":\"a\\\"b\"}"));
}

TEST(OwnTokens, NeedAPermissionAndNoAdmin) {
  Own own(TlsServer::response(403, R"({"error_code":"PERMISSION_DENIED","message":"no"})"));
  const auto minted = own.workspace.create_own_token(
      own.call.call(), own.self,
      {.application_id = "a", .lifetime_seconds = 60, .comment = "c", .scopes = std::nullopt});
  ASSERT_FALSE(minted.ok());
  EXPECT_EQ(minted.error().reason, "TOKEN_PERMISSION_MISSING");
  EXPECT_EQ(own.workspace.delete_own_token(own.call.call(), own.self, "a").error().reason,
            "TOKEN_PERMISSION_MISSING");
}

TEST(OwnTokens, AreGoneOnlyByDatabricksOwnWord) {
  Own gone(TlsServer::response(
      404, R"({"error_code":"RESOURCE_DOES_NOT_EXIST","message":"Token does not exist"})"));
  const auto deleted = gone.workspace.delete_own_token(gone.call.call(), gone.self, "a");
  ASSERT_FALSE(deleted.ok());
  EXPECT_EQ(deleted.error().reason, "TOKEN_GONE");

  Own page(TlsServer::response(200, "<!DOCTYPE html>"));
  const auto unclear = page.workspace.delete_own_token(page.call.call(), page.self, "a");
  ASSERT_FALSE(unclear.ok());
  EXPECT_NE(unclear.error().reason, "TOKEN_GONE");
  EXPECT_EQ(to_text(unclear.error().effect), to_text(hub::Effect::kUnknown));
}

}  // namespace
}  // namespace databricks_token
