// What the clients of a process share, and what they are bounded by.
#include "http/clients.hpp"

#include <gmock/gmock.h>
#include <sys/inotify.h>

#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "http/descriptor.hpp"
#include "http/idle_connections.hpp"
#include "http/places.hpp"
#include "http/wait.hpp"
#include "support/https_client.hpp"

namespace {

using databricks_token::Descriptor;
using databricks_token::HttpClient;
using databricks_token::IdleConnections;
using databricks_token::Origin;
using databricks_token::Places;
using databricks_token::ProxySettings;
using databricks_token::TlsSettings;
using test_support::FakeCall;
using test_support::HttpsTest;
using test_support::Peer;
using test_support::TlsServer;
using namespace std::chrono_literals;

const std::string kOk = TlsServer::response(200, "{}");

void answer_when_released(Peer& peer) {
  if (!peer.shake_hands()) return;
  while (!peer.read_request().empty() && peer.wait_for_release() && peer.write(kOk)) {
  }
}

class HttpClientsTest : public HttpsTest {
 protected:
  /// So many requests at once, each on a connection of its own, since the server answers only when
  /// all have come.
  static void send_at_once(HttpClient& client, std::size_t count) {
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < count; ++i) {
      threads.emplace_back([&client] {
        const FakeCall call;
        const auto answer = client.send(call.call(), get());
        EXPECT_TRUE(answer.ok()) << answer.error().message;
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
};

TEST_F(HttpClientsTest, EqualSettingsGiveTheSameClientWhileSomebodyHoldsIt) {
  const Origin origin = *Origin::parse("https://example.com");
  auto client = clients_.get(origin, {.ca_file = ca_file_});
  std::vector<std::shared_ptr<HttpClient>> fleet;
  for (int i = 0; i < 1000; ++i) fleet.push_back(clients_.get(origin, {.ca_file = ca_file_}));
  EXPECT_EQ(client.use_count(), 1001);

  const std::weak_ptr<HttpClient> gone = client;
  fleet.clear();
  client.reset();
  EXPECT_TRUE(gone.expired());
  EXPECT_NE(clients_.get(origin, {.ca_file = ca_file_}), nullptr);
}

TEST_F(HttpClientsTest, WhatOneConnectionWasLetInWithIsNotForAnother) {
  const Origin origin = *Origin::parse("https://example.com");
  const TlsSettings certified{.client_certificate_file = "client.pem"};
  EXPECT_NE(clients_.get(origin, certified), clients_.get(origin, certified));

  ProxySettings proxy{.origin = *Origin::parse_proxy("http://proxy.example.com")};
  EXPECT_EQ(clients_.get(origin, {}, proxy), clients_.get(origin, {}, proxy));
  proxy.username = "hub";
  EXPECT_NE(clients_.get(origin, {}, proxy), clients_.get(origin, {}, proxy));
}

TEST_F(HttpClientsTest, AFleetCostsAClientForEachOrigin) {
  std::vector<std::shared_ptr<HttpClient>> fleet;
  for (int i = 0; i < 20'000; ++i) {
    fleet.push_back(clients_.get({.host = "w" + std::to_string(i % 200) + ".example.com"},
                                 {.ca_file = ca_file_}));
  }
  EXPECT_EQ(std::set<std::shared_ptr<HttpClient>>(fleet.begin(), fleet.end()).size(), 200u);
}

TEST_F(HttpClientsTest, OtherSettingsGiveAnotherClient) {
  const auto client = clients_.get(*Origin::parse("https://example.com"), {});
  EXPECT_NE(clients_.get(*Origin::parse("https://example.com:8443"), {}), client);
  EXPECT_NE(clients_.get(*Origin::parse("https://example.org"), {}), client);
  EXPECT_NE(clients_.get(*Origin::parse("https://example.com"), {.ca_file = ca_file_}), client);
}

TEST_F(HttpClientsTest, ClientsThatNobodyHoldsAreForgottenWithoutTouchingTheOthers) {
  const auto held = client_of("https://held.example.com");
  for (int i = 0; i < 1000; ++i) client_of("https://w" + std::to_string(i) + ".example.com");
  EXPECT_EQ(client_of("https://held.example.com"), held);
}

TEST_F(HttpClientsTest, ClientsOfOneCaFileReadItOnce) {
  TlsServer first(certificate(), TlsServer::answering(kOk));
  TlsServer second(certificate(), TlsServer::answering(kOk));
  const Descriptor opened(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  ASSERT_GE(::inotify_add_watch(opened.get(), ca_file_.c_str(), IN_OPEN), 0);
  const auto one = client_of(first.url());
  const auto other = client_of(second.url());
  const FakeCall call;
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(one->send(call.call(), get()).ok());
    EXPECT_TRUE(other->send(call.call(), get()).ok());
  }
  std::vector<inotify_event> events(16);
  EXPECT_EQ(::read(opened.get(), events.data(), events.size() * sizeof(inotify_event)),
            static_cast<ssize_t>(sizeof(inotify_event)));
}

TEST_F(HttpClientsTest, ACaFileThatChangedCountsWithinASecondAlsoForConnectionsThatAreOpen) {
  TlsServer server(certificate(), TlsServer::answering(kOk));
  const auto client = client_of(server.url());
  const FakeCall call;
  ASSERT_TRUE(client->send(call.call(), get()).ok());

  const local_workspace::CertificateAuthority stranger("Somebody else's CA");
  directory_.write("ca.pem", stranger.certificate().certificate_pem);
  now_ = 999ms;
  EXPECT_TRUE(client->send(call.call(), get()).ok());
  now_ = 1s;
  const auto refused = client->send(call.call(), get());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason, "TLS_UNTRUSTED");

  directory_.write("ca.pem", "nothing");
  now_ = 2s;
  const auto unreadable = client->send(call.call(), get());
  ASSERT_FALSE(unreadable.ok());
  EXPECT_EQ(unreadable.error().reason, "CA_FILE_INVALID");

  directory_.write("ca.pem", authority().certificate().certificate_pem);
  EXPECT_TRUE(client->send(call.call(), get()).ok());
  EXPECT_EQ(server.requests().size(), 3u);
}

TEST_F(HttpClientsTest, MoreRequestsThanConnectionsWaitForTheirTurn) {
  TlsServer server(certificate(), answer_when_released);
  const auto client = client_of(server.url());
  std::thread releaser([&] {
    EXPECT_TRUE(server.wait_for_requests(HttpClient::kMaxConnections));
    EXPECT_EQ(server.connections(), HttpClient::kMaxConnections);
    server.release();
  });
  send_at_once(*client, 3 * HttpClient::kMaxConnections);
  releaser.join();
  EXPECT_EQ(server.requests().size(), 3 * HttpClient::kMaxConnections);
}

TEST_F(HttpClientsTest, OfManyConnectionsAFewAreKept) {
  TlsServer server(certificate(), answer_when_released);
  const auto client = client_of(server.url());
  std::thread releaser([&] {
    EXPECT_TRUE(server.wait_for_requests(HttpClient::kMaxConnections));
    server.release();
  });
  send_at_once(*client, HttpClient::kMaxConnections);
  releaser.join();
  EXPECT_TRUE(server.wait_until_open(4));
}

TEST_F(HttpClientsTest, OverAllClientsABoundedNumberIsKept) {
  TlsServer server(certificate(), TlsServer::answering(kOk));
  std::vector<std::shared_ptr<HttpClient>> clients;
  for (std::size_t i = 0; i < IdleConnections::kMax + 5; ++i) {
    // What they differ in is not used.
    clients.push_back(clients_.get(*Origin::parse(server.url()),
                                   {.ca_file = ca_file_, .client_key_secret = std::to_string(i)}));
    const FakeCall call;
    ASSERT_TRUE(clients.back()->send(call.call(), get()).ok());
  }
  EXPECT_TRUE(server.wait_until_open(IdleConnections::kMax));
}

TEST_F(HttpClientsTest, TheConnectionsOfAClientGoWithIt) {
  TlsServer server(certificate(), TlsServer::answering(kOk));
  auto client = client_of(server.url());
  const FakeCall call;
  ASSERT_TRUE(client->send(call.call(), get()).ok());
  client.reset();
  EXPECT_TRUE(server.wait_until_open(0));
}

TEST_F(HttpClientsTest, AConnectionIsKeptForLessTimeThanTheServerSays) {
  const std::pair<const char*, std::size_t> cases[] = {
      {"timeout=60", 1}, {"timeout=5, max=100", 1}, {"max=100", 1},
      {"timeout=1", 2},  {"Timeout=0", 2},          {"max=7, timeout=soon", 2}};
  for (const auto& [parameters, connections] : cases) {
    TlsServer server(certificate(), TlsServer::answering("HTTP/1.1 200 OK\r\nKeep-Alive: " +
                                                         std::string(parameters) +
                                                         "\r\nContent-Length: 0\r\n\r\n"));
    const auto client = client_of(server.url());
    const FakeCall call;
    EXPECT_TRUE(client->send(call.call(), get()).ok());
    EXPECT_TRUE(client->send(call.call(), get()).ok());
    EXPECT_EQ(server.connections(), connections) << parameters;
  }
}

TEST_F(HttpClientsTest, WhatIsOverItsTimeIsClosedByTheNextRequestOfAnyClient) {
  const auto kept_for = [](const std::string& seconds) {
    return TlsServer::answering("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=" + seconds +
                                "\r\nContent-Length: 0\r\n\r\n");
  };
  TlsServer longer(certificate(), kept_for("4"));
  TlsServer shortly(certificate(), kept_for("2"));
  TlsServer other(certificate(), TlsServer::answering(kOk));
  const auto one = client_of(longer.url());
  const auto another = client_of(shortly.url());
  const auto others = client_of(other.url());
  const FakeCall call;
  ASSERT_TRUE(one->send(call.call(), get()).ok());
  ASSERT_TRUE(another->send(call.call(), get()).ok());

  now_ = 999ms;
  ASSERT_TRUE(another->send(call.call(), get()).ok());
  EXPECT_EQ(shortly.connections(), 1u);
  now_ = 1999ms;
  ASSERT_TRUE(others->send(call.call(), get()).ok());
  EXPECT_TRUE(shortly.wait_until_open(0));
  now_ = 2999ms;
  ASSERT_TRUE(one->send(call.call(), get()).ok());
  EXPECT_EQ(longer.connections(), 1u);
  now_ = 5999ms;
  ASSERT_TRUE(others->send(call.call(), get()).ok());
  EXPECT_TRUE(longer.wait_until_open(0));
}

TEST(PlacesTest, WhoCameFirstGoesFirst) {
  Places places(1);
  const FakeCall call;
  std::optional place(*places.take(call.call(), {"waiting"}));
  std::mutex mutex;
  std::vector<int> order;
  std::vector<std::thread> threads;
  for (int i = 0; i < 5; ++i) {
    threads.emplace_back([&, i] {
      const FakeCall own;
      const auto taken = places.take(own.call(), {"waiting"});
      const std::lock_guard lock(mutex);
      order.push_back(i);
    });
    while (places.waiting() <= static_cast<std::size_t>(i)) std::this_thread::yield();
  }
  place.reset();
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(order, testing::ElementsAre(0, 1, 2, 3, 4));
}

TEST(PlacesTest, WhoGivesUpLeavesHisTurnToTheNext) {
  Places places(1);
  const FakeCall call;
  std::optional place(*places.take(call.call(), {"waiting"}));
  FakeCall cancelled;
  std::thread first([&] {
    const auto taken = places.take(cancelled.call(), {"waiting for a place"});
    ASSERT_FALSE(taken.ok());
    EXPECT_EQ(taken.error().reason, "CANCELLED");
    EXPECT_EQ(taken.error().effect, hub::Effect::kNone);
  });
  while (places.waiting() < 1) std::this_thread::yield();
  std::thread second([&] { EXPECT_TRUE(places.take(call.call(), {"waiting"}).ok()); });
  while (places.waiting() < 2) std::this_thread::yield();
  cancelled.cancel();
  first.join();
  place.reset();
  second.join();
  EXPECT_TRUE(places.take(call.call(), {"waiting"}).ok());
}

}  // namespace
