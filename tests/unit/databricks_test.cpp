// A workspace's calls, against a server that answers byte for byte what the test says.
#include "databricks/workspace.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/authority.hpp"
#include "support/fake_call.hpp"
#include "support/tls_server.hpp"

namespace databricks_token {
namespace {

using hub::Effect;
using hub::Retry;
using hub::Status;
using test_support::Authority;
using test_support::FakeCall;
using test_support::Peer;
using test_support::TlsServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kApplicationId = "6f5ccf28-d83a-4957-9bfb-5bbfac551410";

std::string ok(std::string_view body) { return TlsServer::response(200, body); }

/// A workspace that gives these answers in turn, and the last one from then on.
struct Scripted {
  explicit Scripted(std::vector<std::string> answers)
      : Scripted([answers = std::move(answers),
                  next = std::make_shared<std::atomic<std::size_t>>(0)](Peer& peer) {
          if (!peer.shake_hands()) return;
          while (!peer.read_request().empty()) {
            if (!peer.write(answers[std::min(next->fetch_add(1), answers.size() - 1)])) return;
          }
        }) {}
  explicit Scripted(const std::string& answer) : Scripted(std::vector{answer}) {}
  explicit Scripted(TlsServer::Script script)
      : server(Authority::get().certificate(), std::move(script)),
        workspace(*Origin::parse(server.url()), {.ca_file = Authority::get().file()},
                  "databricks-test/1.0") {}

  std::string request_line() const {
    const std::string request = server.requests().at(0);
    return request.substr(0, request.find("\r\n"));
  }

  hub::Result<MintedToken> create() {
    return workspace.create_on_behalf_of(call.call(), admin,
                                         {.application_id = kApplicationId,
                                          .lifetime_seconds = 31536000,
                                          .comment = "Databricks data pipeline",
                                          .scopes = std::nullopt});
  }

  TlsServer server;
  Workspace workspace;
  FakeCall call;
  hub::Secret admin{"s#Cr3t-admin"};
};

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

TEST(Create, IsSentOnceWhateverComesBack) {
  for (const std::string& answer :
       {TlsServer::response(429, ""), TlsServer::response(503, ""), TlsServer::response(500, "{}"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")}) {
    Scripted scripted([&](Peer& peer) {
      if (!peer.shake_hands() || peer.read_request().empty()) return;
      peer.write(answer);
      peer.finish();
    });
    EXPECT_FALSE(scripted.create().ok());
    EXPECT_EQ(scripted.server.requests().size(), 1U) << answer;
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
           {"<html>", "NOT_DATABRICKS", "not with a JSON object"},
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
  EXPECT_EQ(to_text(unclear.error().status), to_text(Status::kUnavailable));
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
  EXPECT_EQ(deleted.error().reason, "NOT_DATABRICKS");
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

// ---- Repeating ----

TEST(Repeat, ReadsAgainAfterALostConnection) {
  Scripted scripted([](Peer& peer) {
    if (!peer.shake_hands() || peer.read_request().empty()) return;
    if (peer.number() == 1) return peer.reset();
    peer.write(ok("{}"));
    peer.read_until_closed();
  });
  EXPECT_TRUE(scripted.workspace.list_tokens(scripted.call.call(), scripted.admin).ok());
  EXPECT_EQ(scripted.server.requests().size(), 2U);
}

TEST(Repeat, EndsAfterThreeAttemptsWithTheLastError) {
  Scripted scripted(TlsServer::response(503, "", "text/plain"));
  const auto infos = scripted.workspace.list_tokens(scripted.call.call(), scripted.admin);
  ASSERT_FALSE(infos.ok());
  EXPECT_EQ(infos.error().reason, "WORKSPACE_UNAVAILABLE");
  EXPECT_EQ(scripted.server.requests().size(), 3U);
}

TEST(Repeat, LeavesALongWaitToTheCaller) {
  Scripted scripted("HTTP/1.1 429 Slow\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n");
  FakeCall patient(std::chrono::minutes(10));
  const auto infos = scripted.workspace.list_tokens(patient.call(), scripted.admin);
  ASSERT_FALSE(infos.ok());
  EXPECT_EQ(infos.error().reason, "RATE_LIMITED");
  EXPECT_EQ(infos.error().retry_after_ms, 30000);
  EXPECT_EQ(scripted.server.requests().size(), 1U);
}

TEST(Repeat, WaitsAsLongAsTheWorkspaceAsks) {
  Scripted scripted(
      {"HTTP/1.1 429 Slow\r\nRetry-After: 1.2\r\nContent-Length: 0\r\n\r\n", ok("{}")});
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(scripted.workspace.list_tokens(scripted.call.call(), scripted.admin).ok());
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(1200));
}

TEST(Repeat, DoesNotBeginWhatTheDeadlineWouldEnd) {
  Scripted scripted("HTTP/1.1 429 Slow\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n");
  FakeCall hurried(std::chrono::milliseconds(2500));
  const auto infos = scripted.workspace.list_tokens(hurried.call(), scripted.admin);
  ASSERT_FALSE(infos.ok());
  EXPECT_EQ(infos.error().reason, "RATE_LIMITED");
  EXPECT_EQ(scripted.server.requests().size(), 1U);
}

TEST(Repeat, EndsAtOnceWhenTheCallIsCancelled) {
  Scripted scripted("HTTP/1.1 429 Slow\r\nRetry-After: 4\r\nContent-Length: 0\r\n\r\n");
  std::thread canceller([&] {
    EXPECT_TRUE(scripted.server.wait_for_requests(1));
    scripted.call.cancel();
  });
  const auto begin = std::chrono::steady_clock::now();
  const auto infos = scripted.workspace.list_tokens(scripted.call.call(), scripted.admin);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
  canceller.join();
  ASSERT_FALSE(infos.ok());
  EXPECT_EQ(infos.error().reason, "CANCELLED");
}

TEST(Repeat, IsNotForARefusal) {
  Scripted scripted(
      TlsServer::response(403, R"({"error_code":403,"message":"Invalid access token."})"));
  EXPECT_FALSE(scripted.workspace.list_tokens(scripted.call.call(), scripted.admin).ok());
  EXPECT_EQ(scripted.server.requests().size(), 1U);
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

// ---- Permission and policy ----

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

// ---- The clock ----

TEST(Clock, IsReadFromEachAnswerWithADate) {
  Scripted scripted(
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
       "HTTP/1.1 403 No\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n",
       "HTTP/1.1 200 OK\r\nDate: whenever\r\nContent-Length: 2\r\n\r\n{}"});
  const auto list = [&] {
    return scripted.workspace.list_tokens(scripted.call.call(), scripted.admin).ok();
  };
  EXPECT_EQ(scripted.workspace.clock_offset(), std::nullopt);
  EXPECT_TRUE(list());
  EXPECT_EQ(scripted.workspace.clock_offset(), std::nullopt);
  EXPECT_FALSE(list());
  const auto expected =
      std::chrono::sys_seconds(std::chrono::seconds(784111777)) - std::chrono::system_clock::now();
  const auto offset = scripted.workspace.clock_offset();
  ASSERT_TRUE(offset);
  EXPECT_LT(std::chrono::abs(*offset - expected), std::chrono::seconds(10));
  EXPECT_TRUE(list());
  EXPECT_EQ(scripted.workspace.clock_offset(), offset);
}

}  // namespace
}  // namespace databricks_token
