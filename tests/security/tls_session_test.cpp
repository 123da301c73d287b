// What handshakes cost, and what they share.
#include <gmock/gmock.h>
#include <openssl/ssl.h>

#include "http/connection.hpp"
#include "http/tcp.hpp"
#include "http/tls.hpp"
#include "http/trust.hpp"
#include "support/https_client.hpp"

namespace {

using databricks_token::connect_tcp;
using databricks_token::Connection;
using databricks_token::HttpClient;
using databricks_token::Origin;
using databricks_token::TlsContext;
using databricks_token::TlsSettings;
using databricks_token::Trust;
using test_support::FakeCall;
using test_support::HttpsTest;
using test_support::Peer;
using test_support::TlsServer;

class TlsSessionTest : public HttpsTest {
 protected:
  /// Answers one request for each connection.
  static void answer_once(Peer& peer) {
    if (peer.shake_hands() && !peer.read_request().empty() &&
        peer.write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"))
      peer.read_until_closed();
  }
  static void send_three(HttpClient& client) {
    for (int i = 0; i < 3; ++i) {
      const FakeCall call;
      const auto answer = client.send(call.call(), post());
      EXPECT_TRUE(answer.ok()) << answer.error().message;
    }
  }
};

TEST_F(TlsSessionTest, TheSecondConnectionResumesTheFirstOnesSessionAndSendsNothingEarly) {
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    TlsServer server(certificate(), answer_once, {.max_tls_version = version});
    send_three(*client_of(server.url()));
    EXPECT_EQ(server.connections(), 3u);
    EXPECT_EQ(server.resumptions(), 2u) << version;
    EXPECT_EQ(server.early_data(), 0u);
  }
}

TEST_F(TlsSessionTest, AServerThatHasForgottenTheSessionShakesHandsInFull) {
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    TlsServer server(certificate(), answer_once,
                     {.max_tls_version = version, .forgets_sessions = true});
    send_three(*client_of(server.url()));
    EXPECT_EQ(server.connections(), 3u);
    EXPECT_EQ(server.resumptions(), 0u) << version;
  }
}

TEST_F(TlsSessionTest, EachTicketIsTakenOnce) {
  TlsServer server(certificate(), TlsServer::answering(TlsServer::response(200, "{}")));
  const Origin origin = *Origin::parse(server.url());
  const TlsSettings tls{.ca_file = ca_file_};
  const auto context = *TlsContext::make(origin, *Trust(ca_file_, clock_).store());
  const FakeCall call;
  auto connection =
      Connection::open(call.call(), *connect_tcp(call.call(), origin), origin, tls, context);
  ASSERT_TRUE(connection.ok()) << connection.error().message;
  ASSERT_TRUE((*connection)->write(call.call(), "GET / HTTP/1.1\r\n\r\n").ok());
  char byte = 0;
  ASSERT_TRUE((*connection)->read(call.call(), &byte, 1).ok());
  // OpenSSL's server gives two.
  const auto first = context->take_session();
  const auto second = context->take_session();
  ASSERT_TRUE(first && second);
  EXPECT_NE(first, second);
  EXPECT_EQ(context->take_session(), nullptr);
}

TEST_F(TlsSessionTest, ASessionFromBeforeTheCaFileChangedIsNotResumed) {
  TlsServer server(certificate(), answer_once);
  const auto client = client_of(server.url());
  send_three(*client);
  const local_workspace::CertificateAuthority stranger("Somebody else's CA");
  directory_.write("ca.pem", stranger.certificate().certificate_pem);
  now_ = std::chrono::seconds(1);
  const FakeCall call;
  const auto answer = client->send(call.call(), post());
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().reason, "TLS_UNTRUSTED");
}

TEST_F(TlsSessionTest, ClientsOfOneCaFileShareItsStore) {
  Trust trust(ca_file_, clock_);
  const auto one = TlsContext::make(*Origin::parse("https://w1.example.com"), *trust.store());
  const auto other = TlsContext::make(*Origin::parse("https://w2.example.com"), *trust.store());
  ASSERT_TRUE(one.ok() && other.ok());
  EXPECT_NE((*one)->get(), (*other)->get());
  EXPECT_EQ(SSL_CTX_get_cert_store((*one)->get()), SSL_CTX_get_cert_store((*other)->get()));
}

TEST_F(TlsSessionTest, TheCheapestCurveIsOfferedFirst) {
  TlsServer server(certificate(), answer_once);
  const FakeCall call;
  EXPECT_TRUE(client_of(server.url())->send(call.call(), post()).ok());
  EXPECT_THAT(server.offered_groups(),
              testing::ElementsAre(NID_X25519, NID_X9_62_prime256v1, NID_secp384r1));
}

}  // namespace
