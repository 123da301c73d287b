// When a request is sent again, and when it waits: databricks/workspace.hpp, databricks/pace.hpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "scripted_workspace.hpp"

namespace databricks_token {
namespace {

using hub::Effect;
using hub::Retry;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test_support::FakeCall;
using test_support::Peer;
using test_support::TlsServer;
using ::testing::HasSubstr;

constexpr const char* kSlowDown =
    "HTTP/1.1 429 Slow\r\nRetry-After: 90\r\nContent-Length: 0\r\n\r\n";
const std::string kMinted = ok(R"({"token_value":"s#Cr3t!11","token_info":{"token_id":"bcd"}})");

// ---- Repeating ----

TEST(Repeat, ReadsAgainAfterALostConnection) {
  Scripted scripted([](Peer& peer) {
    if (!peer.shake_hands() || peer.read_request().empty()) return;
    if (peer.number() == 1) return peer.reset();
    peer.write(ok("{}"));
    peer.read_until_closed();
  });
  EXPECT_TRUE(scripted.list().ok());
  EXPECT_EQ(scripted.server.requests().size(), 2U);
}

TEST(Repeat, EndsAfterThreeAttemptsWithTheLastError) {
  Scripted scripted(TlsServer::response(503, "", "text/plain"));
  const auto infos = scripted.list();
  ASSERT_FALSE(infos.ok());
  EXPECT_EQ(infos.error().reason, "WORKSPACE_UNAVAILABLE");
  EXPECT_EQ(scripted.server.requests().size(), 3U);
}

TEST(Repeat, LeavesAWaitThatIsLongerThanTheCallToTheCaller) {
  Scripted scripted(kSlowDown);
  const auto infos = scripted.list();
  ASSERT_FALSE(infos.ok());
  EXPECT_EQ(infos.error().reason, "RATE_LIMITED");
  EXPECT_EQ(infos.error().http_status, 429);
  EXPECT_EQ(infos.error().retry_after_ms, 90000);
  EXPECT_EQ(scripted.server.requests().size(), 1U);
}

TEST(Repeat, WaitsAsLongAsTheWorkspaceAsks) {
  Scripted scripted(
      {"HTTP/1.1 429 Slow\r\nRetry-After: 1.2\r\nContent-Length: 0\r\n\r\n", ok("{}")});
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(scripted.list().ok());
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
  const auto infos = scripted.list();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
  canceller.join();
  ASSERT_FALSE(infos.ok());
  EXPECT_EQ(infos.error().reason, "CANCELLED");
}

TEST(Repeat, IsNotForARefusal) {
  Scripted scripted(
      TlsServer::response(403, R"({"error_code":403,"message":"Invalid access token."})"));
  EXPECT_FALSE(scripted.list().ok());
  EXPECT_EQ(scripted.server.requests().size(), 1U);
}

TEST(Repeat, IsOverInAMinuteEvenIfTheCallHasMoreTime) {
  Scripted scripted(kSlowDown);
  FakeCall patient(std::chrono::minutes(10));
  const auto infos = scripted.workspace.list_tokens(patient.call(), scripted.admin);
  ASSERT_FALSE(infos.ok());
  EXPECT_EQ(infos.error().reason, "RATE_LIMITED");
  const auto again = scripted.workspace.list_tokens(patient.call(), scripted.admin);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().http_status, 0);
  EXPECT_EQ(scripted.server.requests().size(), 1U);
}

TEST(Repeat, ConnectsAgain) {
  Scripted scripted([](Peer& peer) {
    if (peer.number() == 1 || !peer.shake_hands() || peer.read_request().empty()) return;
    peer.write(ok("{}"));
    peer.read_until_closed();
  });
  EXPECT_TRUE(scripted.list().ok());
  EXPECT_EQ(scripted.server.connections(), 2U);
}

// ---- A mint ----

TEST(Mint, IsSentAgainAfterEachComplete429) {
  Scripted scripted({TlsServer::response(429, ""), TlsServer::response(429, ""),
                     TlsServer::response(400, R"({"error_code":"REQUEST_LIMIT_EXCEEDED"})"),
                     TlsServer::response(429, "<html>"), kMinted});
  const auto minted = scripted.create();
  ASSERT_TRUE(minted.ok()) << minted.error().message;
  EXPECT_EQ(scripted.server.requests().size(), 5U);
}

TEST(Mint, IsSentAgainWhenNoByteOfItWasSent) {
  Scripted scripted([](Peer& peer) {
    if (peer.number() < 3 || !peer.shake_hands() || peer.read_request().empty()) return;
    peer.write(kMinted);
    peer.read_until_closed();
  });
  EXPECT_TRUE(scripted.create().ok());
  EXPECT_EQ(scripted.server.connections(), 3U);
  EXPECT_EQ(scripted.server.requests().size(), 1U);
}

TEST(Mint, IsNeverSentAgainWhenTheFirstMayHaveMadeAToken) {
  for (const std::string& answer :
       {TlsServer::response(500, R"({"error_code":"INTERNAL_ERROR"})"),
        TlsServer::response(500, R"({"error_code":"REQUEST_LIMIT_EXCEEDED"})"),
        TlsServer::response(502, ""), TlsServer::response(504, ""),
        TlsServer::response(503, R"({"error_code":"TEMPORARILY_UNAVAILABLE"})"),
        std::string("HTTP/1.1 503 Later\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"),
        TlsServer::response(200, "<html>"), TlsServer::response(200, "{}"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"),
        std::string("HTTP/1.1 429 Slow\r\nContent-Length: 99\r\n\r\n{"), std::string()}) {
    Scripted scripted([&](Peer& peer) {
      if (!peer.shake_hands() || peer.read_request().empty()) return;
      peer.write(answer);
      peer.finish();
    });
    const auto minted = scripted.create();
    ASSERT_FALSE(minted.ok()) << answer;
    EXPECT_EQ(minted.error().reason, "UNKNOWN_MINT") << answer;
    EXPECT_EQ(to_text(minted.error().effect), to_text(Effect::kUnknown)) << answer;
    EXPECT_EQ(scripted.server.requests().size(), 1U) << answer;
  }
}

TEST(Mint, ThatIsThrottledLongerThanTheCallLastsMadeNothing) {
  Scripted scripted(kSlowDown);
  const auto minted = scripted.create();
  ASSERT_FALSE(minted.ok());
  EXPECT_EQ(minted.error().reason, "RATE_LIMITED");
  EXPECT_EQ(to_text(minted.error().effect), to_text(Effect::kNone));
  EXPECT_EQ(to_text(minted.error().retry), to_text(Retry::kSameCall));
  EXPECT_EQ(minted.error().retry_after_ms, 90000);
  EXPECT_EQ(scripted.server.requests().size(), 1U);
}

// ---- All who call one workspace ----

TEST(Throttling, OfOneConnectionKeepsTheOthersFromSending) {
  Scripted scripted(kSlowDown);
  Workspace other(scripted.client, scripted.pace);
  EXPECT_FALSE(scripted.list().ok());
  ASSERT_EQ(scripted.server.requests().size(), 1U);

  for (const auto& refused :
       {other.me(scripted.call.call(), scripted.admin).error(), scripted.create().error(),
        other.delete_token(scripted.call.call(), scripted.admin, "abc").error()}) {
    EXPECT_EQ(refused.reason, "RATE_LIMITED");
    EXPECT_EQ(to_text(refused.effect), to_text(Effect::kNone));
    EXPECT_EQ(to_text(refused.retry), to_text(Retry::kSameCall));
    EXPECT_EQ(refused.http_status, 0);
    EXPECT_GT(refused.retry_after_ms, 80000);
    EXPECT_LE(refused.retry_after_ms, 90000 + 90000 / 32 + 250);
    EXPECT_THAT(refused.message, HasSubstr("was not sent: the workspace asked for"));
    EXPECT_THAT(refused.hint, HasSubstr("Wait"));
  }
  EXPECT_EQ(scripted.server.requests().size(), 1U);
}

TEST(Throttling, LetsTheOthersWaitTheirTurn) {
  Scripted scripted({"HTTP/1.1 429 Slow\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n", ok("{}")});
  FakeCall hurried(milliseconds(1500));
  EXPECT_FALSE(scripted.workspace.list_tokens(hurried.call(), scripted.admin).ok());
  Workspace other(scripted.client, scripted.pace);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(other.list_tokens(scripted.call.call(), scripted.admin).ok());
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(1500));
  EXPECT_EQ(scripted.server.requests().size(), 2U);
}

TEST(Throttling, EndsAWaitAtOnceWhenTheCallIsCancelled) {
  Scripted scripted("HTTP/1.1 429 Slow\r\nRetry-After: 40\r\nContent-Length: 0\r\n\r\n");
  EXPECT_FALSE(scripted.list().ok());
  FakeCall patient(std::chrono::minutes(10));
  std::thread canceller([&] { patient.cancel(); });
  const auto begin = std::chrono::steady_clock::now();
  const auto infos = scripted.workspace.list_tokens(patient.call(), scripted.admin);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(5));
  canceller.join();
  ASSERT_FALSE(infos.ok());
  EXPECT_EQ(infos.error().reason, "CANCELLED");
  EXPECT_EQ(scripted.server.requests().size(), 1U);
}

TEST(Throttling, CountsAlsoWithA503AndWithAnOpenMint) {
  const std::string later = "HTTP/1.1 503 Later\r\nRetry-After: 90\r\nContent-Length: 0\r\n\r\n";
  for (const bool mint : {false, true}) {
    Scripted scripted(later);
    EXPECT_FALSE(mint ? scripted.create().ok() : scripted.list().ok());
    EXPECT_EQ(scripted.list().error().reason, "RATE_LIMITED");
    EXPECT_EQ(scripted.server.requests().size(), 1U);
  }
}

TEST(Throttling, OfAnotherWorkspaceDoesNotMatter) {
  Paces paces;
  const Origin one{.host = "a", .port = 443}, same{.host = "a", .port = 443},
      other{.host = "b", .port = 443};
  EXPECT_EQ(paces.of(one), paces.of(same));
  EXPECT_NE(paces.of(one), paces.of(other));
}

// ---- The pace ----

const Pace::Time kNow{std::chrono::hours(1)};

TEST(Pace, LetsGoUntilTheWorkspaceAsksToWait) {
  Pace pace;
  EXPECT_EQ(pace.wait_at(kNow), milliseconds(0));
  pace.hold_back(seconds(7), kNow);
  EXPECT_EQ(pace.wait_at(kNow), seconds(7));
  EXPECT_EQ(pace.wait_at(kNow + seconds(7)), milliseconds(0));
}

TEST(Pace, RoundsUpSoThatNobodyComesEarly) {
  Pace pace;
  pace.hold_back(seconds(7), kNow);
  EXPECT_EQ(pace.wait_at(kNow + std::chrono::microseconds(6999999)), milliseconds(1));
}

TEST(Pace, LetsThoseWhoWaitFollowEachOther) {
  Pace pace;
  pace.hold_back(seconds(8), kNow);
  EXPECT_EQ(pace.wait_at(kNow), seconds(8));
  EXPECT_EQ(pace.wait_at(kNow + seconds(1)), milliseconds(7010));
  EXPECT_EQ(pace.wait_at(kNow + seconds(2)), milliseconds(6020));
  for (int more = 0; more < 100; ++more)
    EXPECT_LT(pace.wait_at(kNow), seconds(8) + milliseconds(250));
}

TEST(Pace, IsSetByTheLongestWaitThatWasAskedFor) {
  Pace pace;
  pace.hold_back(seconds(7), kNow);
  pace.hold_back(seconds(2), kNow + seconds(1));
  EXPECT_EQ(pace.wait_at(kNow), seconds(7));
  pace.hold_back(seconds(7), kNow + seconds(1));
  EXPECT_EQ(pace.wait_at(kNow), seconds(8));
}

}  // namespace
}  // namespace databricks_token
