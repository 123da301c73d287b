// Through a proxy: what it sees, what it does not, and what it may answer.
#include <gmock/gmock.h>
#include <stdlib.h>

#include "support/https_client.hpp"

namespace {

using databricks_token::HttpClient;
using databricks_token::Origin;
using databricks_token::ProxySettings;
using hub::Effect;
using hub::Retry;
using hub::Status;
using test_support::FakeCall;
using test_support::HttpsTest;
using test_support::kBearer;
using test_support::Peer;
using test_support::TlsServer;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kPassword = "canary-p@ss:word";
constexpr const char* kEstablished = "HTTP/1.1 200 Connection established\r\n\r\n";

/// A proxy and the origin behind it, in one.
void pass_on(Peer& peer) {
  if (peer.read_request().empty() || !peer.write(kEstablished) || !peer.shake_hands()) return;
  while (!peer.read_request().empty() && peer.write(TlsServer::response(200, "{}"))) {
  }
}

class ProxyTest : public HttpsTest {
 protected:
  /// A client of https://w1.example.com, a name that nobody here could look up.
  std::shared_ptr<HttpClient> client_through(const TlsServer& proxy, std::string username = "") {
    return clients_.get(*Origin::parse("https://w1.example.com"), {.ca_file = ca_file_},
                        ProxySettings{.origin = *Origin::parse_proxy(proxy.url_of("http")),
                                      .username = std::move(username),
                                      .password_secret = "proxy_password"});
  }

  /// The error of a request through a proxy that answers CONNECT so.
  hub::Error refusal(const std::string& answer) {
    TlsServer proxy(certificate(), [&](Peer& peer) {
      if (!peer.read_request().empty() && peer.write(answer)) peer.finish();
      peer.read_until_closed();
    });
    const FakeCall call;
    const auto sent = client_through(proxy)->send(call.call(), post());
    EXPECT_TRUE(proxy.wait_until_all_closed());
    EXPECT_THAT(proxy.received(), Not(HasSubstr(std::string(kBearer))));
    if (sent.ok()) {
      ADD_FAILURE() << "it was sent";
      return {};
    }
    EXPECT_EQ(sent.error().effect, Effect::kNone);
    EXPECT_THAT(sent.error().message, HasSubstr(proxy.url_of("http")));
    // What the workspace alone can say of a credential, the proxy must not seem to have said.
    EXPECT_NE(sent.error().status, Status::kUnauthenticated);
    EXPECT_NE(sent.error().status, Status::kPermissionDenied);
    return sent.error();
  }
};

TEST_F(ProxyTest, TheProxySeesHostAndPortAndTheOriginTheRest) {
  TlsServer proxy(certificate({"w1.example.com"}), pass_on);
  const auto client = client_through(proxy);
  const FakeCall call;
  for (int i = 0; i < 2; ++i) {
    const auto answer = client->send(call.call(), post());
    ASSERT_TRUE(answer.ok()) << answer.error().message;
  }
  EXPECT_EQ(proxy.connections(), 1u);
  ASSERT_EQ(proxy.requests().size(), 3u);
  EXPECT_EQ(proxy.requests()[0],
            "CONNECT w1.example.com:443 HTTP/1.1\r\nHost: w1.example.com:443\r\n\r\n");
  EXPECT_THAT(proxy.requests()[1], HasSubstr("\r\nHost: w1.example.com\r\n"));
  EXPECT_NE(proxy.requests()[1].find(kBearer), std::string::npos);
}

TEST_F(ProxyTest, TheNameIsCheckedInsideTheTunnel) {
  TlsServer proxy(certificate({"127.0.0.1", "localhost"}), pass_on);
  const FakeCall call;
  const auto answer = client_through(proxy)->send(call.call(), post());
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().reason, "TLS_WRONG_HOST");
  EXPECT_THAT(answer.error().message, HasSubstr("w1.example.com"));
  EXPECT_EQ(proxy.requests().size(), 1u);
}

TEST_F(ProxyTest, ThePasswordGoesToTheProxyOnlyAndIsAskedForOncePerTunnel) {
  TlsServer proxy(certificate({"w1.example.com"}), pass_on);
  const auto client = client_through(proxy, "hub");
  FakeCall call;
  call.grant("proxy_password", std::string(kPassword));
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(client->send(call.call(), post()).ok());
  EXPECT_EQ(call.handed_out(), 1u);
  ASSERT_EQ(proxy.requests().size(), 3u);
  // base64 of "hub:" and the password
  EXPECT_TRUE(proxy.requests()[0].ends_with(
      "\r\nProxy-Authorization: Basic aHViOmNhbmFyeS1wQHNzOndvcmQ=\r\n\r\n"));
  EXPECT_EQ(proxy.requests()[1].find("Proxy-Auth"), std::string::npos);
}

TEST_F(ProxyTest, ALongPasswordIsEncodedInOnePiece) {
  TlsServer proxy(certificate({"w1.example.com"}), pass_on);
  FakeCall call;
  call.grant("proxy_password", std::string(100, '~'));
  EXPECT_TRUE(client_through(proxy, "u")->send(call.call(), post()).ok());
  std::string expected = "dTp+";
  for (int i = 0; i < 33; ++i) expected += "fn5+";
  EXPECT_THAT(proxy.requests().at(0), HasSubstr(" Basic " + expected + "\r\n"));
}

TEST_F(ProxyTest, WithoutItsPasswordNothingIsSent) {
  TlsServer proxy(certificate({"w1.example.com"}), pass_on);
  const FakeCall call;
  const auto answer = client_through(proxy, "hub")->send(call.call(), post());
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().reason, "PROXY_AUTHENTICATION_REQUIRED");
  EXPECT_THAT(answer.error().message, HasSubstr("\"proxy_password\""));
  EXPECT_EQ(answer.error().effect, Effect::kNone);
  EXPECT_EQ(proxy.received(), "");
}

TEST_F(ProxyTest, AProxyThatWantsAPasswordSaysSo) {
  const hub::Error error =
      refusal("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n");
  EXPECT_EQ(error.reason, "PROXY_AUTHENTICATION_REQUIRED");
  EXPECT_EQ(error.status, Status::kFailedPrecondition);
  EXPECT_EQ(error.retry, Retry::kNever);
  EXPECT_EQ(error.http_status, 0);
  EXPECT_THAT(error.hint, HasSubstr("proxy.username"));
}

TEST_F(ProxyTest, ARefusalIsForGoodAndAFailureIsNot) {
  const hub::Error forbidden = refusal("HTTP/1.1 403 Forbidden\r\n\r\n");
  EXPECT_EQ(forbidden.reason, "PROXY_REFUSED");
  EXPECT_EQ(forbidden.status, Status::kFailedPrecondition);
  EXPECT_EQ(forbidden.retry, Retry::kNever);
  EXPECT_EQ(forbidden.http_status, 0);
  const hub::Error failed = refusal("HTTP/1.0 503 Service Unavailable\r\n\r\n");
  EXPECT_EQ(failed.reason, "PROXY_REFUSED");
  EXPECT_EQ(failed.status, Status::kUnavailable);
  EXPECT_EQ(failed.retry, Retry::kSameCall);
}

TEST_F(ProxyTest, AnAnswerThatIsNoTunnelIsRefused) {
  for (const std::string answer :
       {"", "HTTP/1.1 200 OK\r\n", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 302 Login\r\nLocation: http://login/\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"}) {
    EXPECT_EQ(refusal(answer).reason, "PROXY_REFUSED") << answer;
  }
  EXPECT_THAT(refusal("HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x')).message,
              HasSubstr("too long"));
}

TEST_F(ProxyTest, ADeadProxyIsNamed) {
  std::optional<TlsServer> proxy(std::in_place, certificate(), pass_on);
  const auto client = client_through(*proxy);
  const std::string url = proxy->url_of("http");
  proxy.reset();
  const FakeCall call;
  const auto answer = client->send(call.call(), post());
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().reason, "CONNECT_FAILED");
  EXPECT_THAT(answer.error().message, HasSubstr(url));
}

TEST_F(ProxyTest, TheEnvironmentsProxiesAreNotLookedAt) {
  TlsServer proxy(certificate(), pass_on);
  TlsServer server(certificate(), TlsServer::answering(TlsServer::response(200, "{}")));
  for (const char* name : {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"})
    ::setenv(name, proxy.url_of("http").c_str(), 1);
  const FakeCall call;
  EXPECT_TRUE(client_of(server.url())->send(call.call(), post()).ok());
  for (const char* name : {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"})
    ::unsetenv(name);
  EXPECT_EQ(proxy.connections(), 0u);
}

TEST_F(ProxyTest, ClientsWithAndWithoutAProxyShareNothing) {
  TlsServer proxy(certificate({"w1.example.com"}), pass_on);
  const auto through = client_through(proxy);
  EXPECT_EQ(client_through(proxy), through);
  EXPECT_NE(client_through(proxy, "hub"), through);
  EXPECT_NE(client_of("https://w1.example.com"), through);
}

TEST(ProxyUrlTest, HasAHostAndAPort) {
  const std::pair<const char*, const char*> cases[] = {
      {"http://Proxy.example.com:3128", "http://proxy.example.com:3128"},
      {"http://proxy:8080/", "http://proxy:8080"},
      {"http://proxy", "http://proxy:80"},
      {"http://[::1]:3128", "http://[::1]:3128"}};
  for (const auto& [url, text] : cases) {
    const auto origin = Origin::parse_proxy(url);
    ASSERT_TRUE(origin.ok()) << url;
    EXPECT_EQ(origin->text(), text);
  }
  for (const std::string url : {"https://proxy:3128", "socks5://proxy", "http://", "",
                                "http://hub:canary@proxy:3128", "http://proxy:0"}) {
    const auto origin = Origin::parse_proxy(url);
    ASSERT_FALSE(origin.ok()) << url.substr(0, 12);
    EXPECT_EQ(origin.error().reason, "PROXY_URL_INVALID");
    EXPECT_THAT(origin.error().message, Not(HasSubstr("canary")));
  }
}

}  // namespace
