// A workspace's calls, against a server that answers byte for byte what the test says.
#include "databricks/workspace.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "scripted_workspace.hpp"

namespace databricks_token {
namespace {

using hub::Effect;
using hub::Retry;
using hub::Status;
using test_support::Peer;
using test_support::TlsServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

void expect_unknown_mint(const hub::Error& error) {
  EXPECT_EQ(error.reason, "UNKNOWN_MINT") << error.message;
  EXPECT_EQ(to_text(error.effect), to_text(Effect::kUnknown));
  EXPECT_EQ(to_text(error.retry), to_text(Retry::kFromStart));
}

// ---- Create ----

constexpr auto kMinted =
    R"({"token_value":"s#Cr3t!11","token_info":{"token_id":"5684c955822ac792a51ae2aeb80190f13457bab3e2e2934c133a08b38454816c","creation_time":1580265020299,"expiry_time":1611801020299,"comment":"This is for the ABC department automation scripts.","created_by_id":202480738464078,"created_by_username":"jsmith@example.com","owner_id":9007199254740993,"workspace_id":5750939285643220,"last_used_day":1710374400000,"scopes":["sql"],"autoscope_state":"AUTOSCOPE_STATE_DISABLED"}})";

TEST(Create, SendsTheDocumentedRequestAndReadsTheWholeAnswer) {
  Scripted scripted(ok(kMinted));
  const auto minted = scripted.create();
  ASSERT_TRUE(minted.ok()) << minted.error().message;
  EXPECT_EQ(minted->value.reveal(), "s#Cr3t!11");
  const TokenInfo& info = minted->info;
  EXPECT_EQ(info.token_id, "5684c955822ac792a51ae2aeb80190f13457bab3e2e2934c133a08b38454816c");
  EXPECT_EQ(info.creation_time, 1580265020299);
  EXPECT_EQ(info.expiry_time, 1611801020299);
  EXPECT_EQ(info.comment, "This is for the ABC department automation scripts.");
  EXPECT_EQ(info.created_by_id, 202480738464078);
  EXPECT_EQ(info.created_by_username, "jsmith@example.com");
  EXPECT_EQ(info.owner_id, 9007199254740993);
  EXPECT_EQ(info.last_used_day, 1710374400000);
  EXPECT_EQ(info.scopes, std::vector<std::string>{"sql"});

  ASSERT_EQ(scripted.server.requests().size(), 1U);
  const std::string request = scripted.server.requests()[0];
  EXPECT_THAT(request, StartsWith("POST /api/2.0/token-management/on-behalf-of/tokens HTTP/1.1"));
  EXPECT_THAT(request, HasSubstr("Authorization: Bearer s#Cr3t-admin\r\n"));
  EXPECT_THAT(request, HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\n\r\n"
                                 R"({"application_id":"6f5ccf28-d83a-4957-9bfb-5bbfac551410",)"
                                 R"("lifetime_seconds":31536000,)"
                                 R"("comment":"Databricks data pipeline"})"));
}

TEST(Create, SendsScopesAndEscapesTheComment) {
  Scripted scripted(ok(kMinted));
  const auto minted = scripted.workspace.create_on_behalf_of(
      scripted.call.call(), scripted.admin,
      {.application_id = "abc",
       .lifetime_seconds = 60,
       .comment = "a \"b\" \\ caf\xc3\xa9\n",
       .scopes = std::vector<std::string>{"sql", "authentication"}});
  ASSERT_TRUE(minted.ok()) << minted.error().message;
  EXPECT_THAT(scripted.server.requests()[0],
              HasSubstr("\r\n\r\n"
                        R"({"application_id":"abc","lifetime_seconds":60,)"
                        R"("comment":"a \"b\" \\ caf)"
                        "\xc3\xa9"
                        R"(\n","scopes":["sql","authentication"]})"));
}

TEST(Create, TakesTheShortestAnswerThatSaysEnough) {
  Scripted scripted(ok(
      R"({"token_value":"s#Cr3t!11","token_info":{"token_id":"bcd","expiry_time":1700000001000}})"));
  const auto minted = scripted.create();
  ASSERT_TRUE(minted.ok()) << minted.error().message;
  EXPECT_EQ(minted->info.token_id, "bcd");
  EXPECT_EQ(minted->info.expiry_time, 1700000001000);
  EXPECT_EQ(minted->info.creation_time, 0);
  EXPECT_EQ(minted->info.comment, "");
  EXPECT_EQ(minted->info.last_used_day, std::nullopt);
  EXPECT_EQ(minted->info.scopes, std::nullopt);
}

TEST(Create, ReadsIntegersThatAreTexts) {
  Scripted scripted(ok(
      R"({"token_value":"v","token_info":{"token_id":"bcd","expiry_time":"-1","owner_id":"9007199254740993"}})"));
  const auto minted = scripted.create();
  ASSERT_TRUE(minted.ok()) << minted.error().message;
  EXPECT_EQ(minted->info.expiry_time, -1);
  EXPECT_EQ(minted->info.owner_id, 9007199254740993);
}

TEST(Create, IsUnknownWhenA2xxCannotBeUsedAndNeverShowsIt) {
  const std::string info = R"("token_info":{"token_id":"bcd","expiry_time":1})";
  for (const std::string& body : std::vector<std::string>{
           "",
           "<!DOCTYPE html><html>",
           R"({"token_value":"s#Cr3t!11","token_info":{)",
           R"("s#Cr3t!11")",
           R"(["s#Cr3t!11"])",
           "{}",
           "{" + info + "}",
           R"({"token_value":null,)" + info + "}",
           R"({"token_value":"",)" + info + "}",
           R"({"token_value":11,)" + info + "}",
           R"({"token_value":"s#Cr3t!11\r\nX: y",)" + info + "}",
           R"({"token_value":"s#Cr3t !11",)" + info + "}",
           R"({"token_value":"s#Cr3t!11"})",
           R"({"token_value":"s#Cr3t!11","token_info":[]})",
           R"({"token_value":"s#Cr3t!11","token_info":{}})",
           R"({"token_value":"s#Cr3t!11","token_info":{"token_id":""}})",
           R"({"token_value":"s#Cr3t!11","token_info":{"token_id":7}})",
           R"({"token_value":"s#Cr3t!11","token_info":{"token_id":"bcd","expiry_time":1.5}})",
           R"({"token_value":"s#Cr3t!11","token_info":{"token_id":"bcd","owner_id":true}})",
           R"({"token_value":"s#Cr3t!11","token_info":{"token_id":"bcd","owner_id":"x"}})",
           R"({"token_value":"s#Cr3t!11","token_info":{"token_id":"bcd","scopes":"sql"}})",
       }) {
    Scripted scripted(ok(body));
    const auto minted = scripted.create();
    ASSERT_FALSE(minted.ok()) << body;
    expect_unknown_mint(minted.error());
    EXPECT_EQ(to_text(minted.error().status), to_text(Status::kUnknown)) << body;
    EXPECT_EQ(minted.error().http_status, 200) << body;
    EXPECT_THAT(minted.error().message + minted.error().detail_json, Not(HasSubstr("s#Cr3t")));
    EXPECT_EQ(scripted.server.requests().size(), 1U) << body;
  }
}

TEST(Create, IsUnknownWhenTheAnswerIsLost) {
  Scripted scripted([](Peer& peer) {
    if (peer.shake_hands() && !peer.read_request().empty()) peer.reset();
  });
  const auto minted = scripted.create();
  ASSERT_FALSE(minted.ok());
  expect_unknown_mint(minted.error());
  EXPECT_THAT(minted.error().detail_json, HasSubstr("\"cause\""));
}

TEST(Create, HasNoEffectWhenNothingWasSent) {
  Scripted scripted([](Peer&) {});
  const auto minted = scripted.create();
  ASSERT_FALSE(minted.ok());
  EXPECT_EQ(to_text(minted.error().effect), to_text(Effect::kNone));
  EXPECT_NE(minted.error().reason, "UNKNOWN_MINT");
}

TEST(Create, HasNoEffectWhenItIsRefused) {
  Scripted scripted(TlsServer::response(
      403,
      R"({"error_code":"PERMISSION_DENIED","message":"User 6f5ccf28-d83a-4957-9bfb-5bbfac551410 does not have permission to use tokens."})"));
  const auto minted = scripted.create();
  ASSERT_FALSE(minted.ok());
  EXPECT_EQ(minted.error().reason, "TOKEN_PERMISSION_MISSING");
  EXPECT_EQ(to_text(minted.error().effect), to_text(Effect::kNone));
  EXPECT_EQ(minted.error().message,
            "POST on-behalf-of/tokens answered 403: \"User 6f5ccf28-d83a-4957-9bfb-5bbfac551410 "
            "does not have permission to use tokens.\"");
}

// ---- List ----

TEST(List, ReadsEveryToken) {
  Scripted scripted(ok(
      R"({"token_infos":[{"token_id":"a","expiry_time":-1,"owner_id":9223372036854775807,"scopes":[]},{"token_id":"b","comment":"c"}],"x":{}})"));
  const auto infos = scripted.workspace.list_tokens(scripted.call.call(), scripted.admin);
  ASSERT_TRUE(infos.ok()) << infos.error().message;
  ASSERT_EQ(infos->size(), 2U);
  EXPECT_EQ((*infos)[0].owner_id, 9223372036854775807);
  EXPECT_EQ((*infos)[0].scopes, std::vector<std::string>{});
  EXPECT_EQ((*infos)[1].comment, "c");
  EXPECT_EQ((*infos)[1].expiry_time, -1);
  EXPECT_EQ(scripted.request_line(), "GET /api/2.0/token-management/tokens HTTP/1.1");
}

TEST(List, IsEmptyWithoutTheMember) {
  for (const char* body : {"{}", R"({"token_infos":[]})", R"({"token_infos":null})"}) {
    Scripted scripted(ok(body));
    const auto infos = scripted.workspace.list_tokens(scripted.call.call(), scripted.admin);
    ASSERT_TRUE(infos.ok()) << infos.error().message;
    EXPECT_TRUE(infos->empty());
  }
}

TEST(List, IsNeverEmptyBecauseItCouldNotBeRead) {
  for (const auto& [body, reason, message] : std::vector<std::array<const char*, 3>>{
           {"", "NOT_DATABRICKS", "not with a JSON object"},
           {"[]", "NOT_DATABRICKS", "not with a JSON object"},
           {"<html>", "ACCOUNT_HOST", "not with a JSON object"},
           {R"({"token_infos":{}})", "RESPONSE_INVALID", "token_infos is not an array of objects"},
           {R"({"token_infos":[{"token_id":"a"},{}]})", "RESPONSE_INVALID",
            "token_infos[1].token_id is missing"},
           {R"({"token_infos":[{"token_id":"a","owner_id":1e3}]})", "RESPONSE_INVALID",
            "token_infos[0].owner_id is not an integer of 64 bits"}}) {
    Scripted scripted(ok(body));
    const auto infos = scripted.workspace.list_tokens(scripted.call.call(), scripted.admin);
    ASSERT_FALSE(infos.ok()) << body;
    EXPECT_EQ(infos.error().reason, reason);
    EXPECT_THAT(infos.error().message, HasSubstr(message));
    EXPECT_EQ(to_text(infos.error().effect), to_text(Effect::kNone));
  }
}

// ---- Get ----

TEST(Get, ReadsATokenWhetherOrNotItHasExpired) {
  for (const std::int64_t expiry : {std::int64_t{-1}, std::int64_t{1}, std::int64_t{1} << 50}) {
    Scripted scripted(
        ok(R"({"token_info":{"token_id":"abc","comment":"Hello, world!","expiry_time":)" +
           std::to_string(expiry) + "}}"));
    const auto info = scripted.workspace.get_token(scripted.call.call(), scripted.admin, "abc");
    ASSERT_TRUE(info.ok()) << info.error().message;
    EXPECT_EQ(info->comment, "Hello, world!");
    EXPECT_EQ(info->expiry_time, expiry);
    EXPECT_EQ(scripted.request_line(), "GET /api/2.0/token-management/tokens/abc HTTP/1.1");
  }
}

TEST(Get, EncodesTheIdAsOneSegment) {
  Scripted scripted(ok(R"({"token_info":{"token_id":"x"}})"));
  ASSERT_TRUE(
      scripted.workspace.get_token(scripted.call.call(), scripted.admin, "a/b?c#d%e f\"\r\n").ok());
  EXPECT_EQ(scripted.request_line(),
            "GET /api/2.0/token-management/tokens/a%2Fb%3Fc%23d%25e%20f%22%0D%0A HTTP/1.1");
}

TEST(Get, IsGoneOnlyByDatabricksOwnWord) {
  Scripted gone(
      TlsServer::response(404, R"({"error_code":"NOT_FOUND","message":"Token does not exist"})"));
  const auto info = gone.workspace.get_token(gone.call.call(), gone.admin, "abc");
  ASSERT_FALSE(info.ok());
  EXPECT_EQ(to_text(info.error().status), to_text(Status::kNotFound));
  EXPECT_EQ(info.error().reason, "TOKEN_GONE");

  Scripted other(TlsServer::response(404, "<pre>Not Found</pre>", "text/html"));
  const auto unclear = other.workspace.get_token(other.call.call(), other.admin, "abc");
  ASSERT_FALSE(unclear.ok());
  EXPECT_EQ(to_text(unclear.error().status), to_text(Status::kFailedPrecondition));
  EXPECT_EQ(unclear.error().reason, "NOT_DATABRICKS");
}

TEST(Get, ReportsAnErrorOfTheWorkspace) {
  Scripted scripted(
      TlsServer::response(500, R"({"error_code":"INTERNAL_ERROR","message":"nope"})"));
  const auto info = scripted.workspace.get_token(scripted.call.call(), scripted.admin, "abc");
  ASSERT_FALSE(info.ok());
  EXPECT_EQ(info.error().reason, "WORKSPACE_INTERNAL_ERROR");
  EXPECT_THAT(info.error().message, HasSubstr("answered 500: \"nope\""));
  EXPECT_EQ(to_text(info.error().effect), to_text(Effect::kNone));
}

// ---- Delete ----

TEST(Delete, IsDoneByAnEmptyAnswerOrAJsonObject) {
  for (const char* body : {"", "{}", " \r\n"}) {
    Scripted scripted(ok(body));
    const auto deleted =
        scripted.workspace.delete_token(scripted.call.call(), scripted.admin, "abc");
    EXPECT_TRUE(deleted.ok());
    EXPECT_EQ(scripted.request_line(), "DELETE /api/2.0/token-management/tokens/abc HTTP/1.1");
  }
}

TEST(Delete, IsNotDoneByASignInPage) {
  Scripted scripted(TlsServer::response(200, "<!DOCTYPE html><html>", "text/html"));
  const auto deleted = scripted.workspace.delete_token(scripted.call.call(), scripted.admin, "abc");
  ASSERT_FALSE(deleted.ok());
  EXPECT_EQ(deleted.error().reason, "ACCOUNT_HOST");
  EXPECT_EQ(to_text(deleted.error().effect), to_text(Effect::kUnknown));
}

TEST(Delete, OfATokenThatIsGoneSaysSo) {
  Scripted scripted(TlsServer::response(404, R"({"error_code":"RESOURCE_DOES_NOT_EXIST"})"));
  const auto deleted = scripted.workspace.delete_token(scripted.call.call(), scripted.admin, "abc");
  ASSERT_FALSE(deleted.ok());
  EXPECT_EQ(deleted.error().reason, "TOKEN_GONE");
  EXPECT_EQ(to_text(deleted.error().status), to_text(Status::kNotFound));
}

TEST(Delete, IsRepeatedUntilItIsDone) {
  Scripted scripted({TlsServer::response(503, ""), TlsServer::response(429, ""), ok("{}")});
  EXPECT_TRUE(scripted.workspace.delete_token(scripted.call.call(), scripted.admin, "abc").ok());
  EXPECT_EQ(scripted.server.requests().size(), 3U);
}

TEST(Delete, StaysUnknownWhenOnlyAnEarlierAttemptMayHaveDoneIt) {
  Scripted scripted(
      {TlsServer::response(503, ""),
       TlsServer::response(403, R"({"error_code":403,"message":"Invalid access token."})")});
  const auto deleted = scripted.workspace.delete_token(scripted.call.call(), scripted.admin, "abc");
  ASSERT_FALSE(deleted.ok());
  EXPECT_EQ(deleted.error().reason, "CREDENTIAL_INVALID");
  EXPECT_EQ(to_text(deleted.error().effect), to_text(Effect::kUnknown));
  EXPECT_EQ(to_text(deleted.error().retry), to_text(Retry::kFromStart));
}

// ---- Redirects ----

TEST(Redirect, IsNotFollowed) {
  Scripted scripted(
      "HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:1/login.html?error=private-link-"
      "validation-error:7\r\nContent-Length: 0\r\n\r\n");
  const auto identity = scripted.workspace.me(scripted.call.call(), scripted.admin);
  ASSERT_FALSE(identity.ok());
  EXPECT_EQ(identity.error().reason, "PRIVATE_LINK");
  EXPECT_EQ(identity.error().http_status, 302);
  EXPECT_EQ(scripted.server.requests().size(), 1U);
}

// ---- Me and the service principal ----

TEST(Me, IsTheApplicationIdOfAServicePrincipal) {
  Scripted scripted(ok(
      R"({"schemas":["x"],"id":"9007199254740993","userName":"6f5ccf28-d83a-4957-9bfb-5bbfac551410","active":true,"groups":[]})"));
  const auto identity = scripted.workspace.me(scripted.call.call(), scripted.admin);
  ASSERT_TRUE(identity.ok()) << identity.error().message;
  EXPECT_EQ(identity->id, 9007199254740993);
  EXPECT_EQ(identity->user_name, kApplicationId);
  EXPECT_TRUE(identity->active);
  EXPECT_EQ(scripted.request_line(), "GET /api/2.0/preview/scim/v2/Me HTTP/1.1");
}

TEST(Me, NeedsAnIdAndAName) {
  for (const char* body :
       {"{}", R"({"id":"1"})", R"({"userName":"a"})", R"({"id":"x","userName":"a"})",
        R"({"id":1,"userName":["a"]})", R"({"id":1,"userName":"a","active":"true"})"}) {
    Scripted scripted(ok(body));
    const auto identity = scripted.workspace.me(scripted.call.call(), scripted.admin);
    ASSERT_FALSE(identity.ok()) << body;
    EXPECT_EQ(identity.error().reason, "RESPONSE_INVALID") << body;
  }
}

TEST(ServicePrincipal, IsFoundByItsApplicationId) {
  Scripted scripted(ok(
      R"({"totalResults":2,"startIndex":1,"itemsPerPage":2,"Resources":[{"id":"1","applicationId":"00000000-0000-0000-0000-000000000000"},{"id":"1000012345","applicationId":"6F5CCF28-D83A-4957-9BFB-5BBFAC551410","displayName":"pipeline","active":false}]})"));
  const auto found = scripted.workspace.find_service_principal(scripted.call.call(), scripted.admin,
                                                               kApplicationId);
  ASSERT_TRUE(found.ok()) << found.error().message;
  ASSERT_TRUE(found->has_value());
  EXPECT_EQ((*found)->id, 1000012345);
  EXPECT_EQ((*found)->display_name, "pipeline");
  EXPECT_FALSE((*found)->active);
  EXPECT_EQ(scripted.request_line(),
            "GET /api/2.0/preview/scim/v2/ServicePrincipals?filter=applicationId%20eq%20%22"
            "6f5ccf28-d83a-4957-9bfb-5bbfac551410%22 HTTP/1.1");
}

TEST(ServicePrincipal, IsNothingWithoutResources) {
  Scripted scripted(ok(R"({"totalResults":0,"startIndex":1,"itemsPerPage":0})"));
  const auto found = scripted.workspace.find_service_principal(scripted.call.call(), scripted.admin,
                                                               kApplicationId);
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_FALSE(found->has_value());
}

TEST(ServicePrincipal, NeedsAUuidBeforeAnythingIsSent) {
  Scripted scripted(ok("{}"));
  for (const char* id : {"", "abc", "6f5ccf28d83a49579bfb5bbfac551410",
                         "6f5ccf28-d83a-4957-9bfb-5bbfac551410\" or id pr \"",
                         "6f5ccf28-d83a-4957-9bfb-5bbfac55141g"}) {
    const auto found =
        scripted.workspace.find_service_principal(scripted.call.call(), scripted.admin, id);
    ASSERT_FALSE(found.ok()) << id;
    EXPECT_EQ(found.error().reason, "APPLICATION_ID_INVALID");
    EXPECT_EQ(to_text(found.error().status), to_text(Status::kInvalidArgument));
    EXPECT_THAT(found.error().hint, HasSubstr("application id"));
  }
  EXPECT_EQ(scripted.server.connections(), 0U);
}

// ---- The clock ----

TEST(Clock, IsReadFromEachAnswerWithADate) {
  Scripted scripted(
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
       "HTTP/1.1 403 No\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n",
       "HTTP/1.1 200 OK\r\nDate: whenever\r\nContent-Length: 2\r\n\r\n{}"});
  const auto list = [&] {
    return scripted.workspace.list_tokens(scripted.call.call(), scripted.admin).ok();
  };
  EXPECT_EQ(scripted.clock->offset(), std::nullopt);
  EXPECT_TRUE(list());
  EXPECT_EQ(scripted.clock->offset(), std::nullopt);
  EXPECT_FALSE(list());
  const auto expected =
      std::chrono::sys_seconds(std::chrono::seconds(784111777)) - std::chrono::system_clock::now();
  const auto offset = scripted.clock->offset();
  ASSERT_TRUE(offset);
  EXPECT_LT(std::chrono::abs(*offset - expected), std::chrono::seconds(10));
  EXPECT_TRUE(list());
  EXPECT_EQ(scripted.clock->offset(), offset);
}

TEST(Clock, IsNotKnownAnyMoreOnceOursHasJumped) {
  using std::chrono::milliseconds;
  using std::chrono::minutes;
  milliseconds wall = std::chrono::hours(1000), monotonic{0};
  ServerClock clock([&] { return wall; }, [&] { return monotonic; });
  clock.heard(std::chrono::system_clock::time_point(wall + minutes(2)));
  EXPECT_EQ(clock.offset(), minutes(2));
  for (const auto jump : {minutes(6), minutes(-12)}) {
    wall += jump;
    EXPECT_EQ(clock.offset(), std::nullopt);
  }
  clock.heard(std::chrono::system_clock::time_point(std::chrono::hours(1000)));
  EXPECT_EQ(clock.offset(), minutes(6));
  wall += minutes(4);  // an adjustment
  monotonic += minutes(2);
  EXPECT_EQ(clock.offset(), minutes(6));
}

}  // namespace
}  // namespace databricks_token
