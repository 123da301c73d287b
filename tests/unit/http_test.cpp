// Framing, faults and kept-alive connections of the HTTP client.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <atomic>
#include <future>
#include <thread>

#include "http/tcp.hpp"
#include "support/https_client.hpp"

namespace {

using databricks_token::HttpClient;
using databricks_token::HttpResponse;
using databricks_token::Origin;
using hub::Effect;
using hub::Retry;
using hub::Status;
using test_support::FakeCall;
using test_support::HttpsTest;
using test_support::kBearer;
using test_support::Peer;
using test_support::TlsServer;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class HttpTest : public HttpsTest {
 protected:
  /// What the client makes of the bytes that follow a request, after which the server closes.
  hub::Result<HttpResponse> answer_to(const std::string& bytes) {
    TlsServer server(certificate(), [bytes](Peer& peer) {
      if (!peer.shake_hands() || peer.read_request().empty()) return;
      peer.write(bytes);
      peer.finish();
      peer.read_until_closed();
    });
    const auto client = client_of(server.url());
    const FakeCall call;
    return client->send(call.call(), post());
  }

  void expect_refused(const std::string& bytes, const std::string& reason) {
    const auto answer = answer_to(bytes);
    const std::string head = bytes.substr(0, 120);
    ASSERT_FALSE(answer.ok()) << head;
    EXPECT_EQ(answer.error().reason, reason) << head << ": " << answer.error().message;
    EXPECT_EQ(answer.error().effect, Effect::kUnknown) << head;
  }

  void expect_body(const std::string& bytes, const std::string& body) {
    const auto answer = answer_to(bytes);
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    EXPECT_EQ(answer->body, body);
  }
};

TEST_F(HttpTest, ARequestIsWhatTheApiExpects) {
  TlsServer server(certificate(), TlsServer::answering(TlsServer::response(200, "{\"a\": 1}")));
  const auto client = client_of(server.url());
  const FakeCall call;
  const auto answer = client->send(call.call(), post("{\"b\": 2}"));
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->reason_phrase, "Scripted");
  EXPECT_EQ(answer->headers.get("content-type"), "application/json");
  EXPECT_EQ(answer->body, "{\"a\": 1}");
  EXPECT_EQ(server.requests().at(0),
            "POST /api/2.0/token HTTP/1.1\r\nHost: " + server.url().substr(8) +
                "\r\nUser-Agent: test/1.0\r\nAccept: application/json\r\nAuthorization: Bearer " +
                std::string(kBearer) +
                "\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{\"b\": 2}");
}

TEST_F(HttpTest, AGetHasNoBodyAndNoCredentialThatNobodyGave) {
  TlsServer server(certificate(), TlsServer::answering(TlsServer::response(404, "no")));
  const auto client = client_of(server.url());
  const FakeCall call;
  const auto answer = client->send(call.call(), get());
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->status, 404);
  EXPECT_THAT(server.requests().at(0), AllOf(StartsWith("GET "), Not(HasSubstr("Content-")),
                                             Not(HasSubstr("Authorization"))));
}

TEST_F(HttpTest, ASocketDoesNotDelayDoesNotBlockAndIsNotInherited) {
  TlsServer server(certificate(), [](Peer& peer) { peer.read_until_closed(); });
  const FakeCall call;
  const auto socket = databricks_token::connect_tcp(call.call(), *Origin::parse(server.url()));
  ASSERT_TRUE(socket.ok());
  int no_delay = 0;
  socklen_t size = sizeof(no_delay);
  ::getsockopt(socket->get(), IPPROTO_TCP, TCP_NODELAY, &no_delay, &size);
  EXPECT_EQ(no_delay, 1);
  EXPECT_NE(::fcntl(socket->get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(socket->get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(HttpTest, LocalhostNeedsNoNameServer) {
  TlsServer server(certificate({"localhost"}),
                   TlsServer::answering(TlsServer::response(200, "{}")));
  const auto client = client_of("https://localhost:" + std::to_string(server.port()));
  const FakeCall call;
  const auto answer = client->send(call.call(), get());
  EXPECT_TRUE(answer.ok()) << answer.error().message;
}

TEST_F(HttpTest, AMebibyteIsReadInEachFraming) {
  const std::string body(HttpClient::kMaxResponseBytes, 'x');
  expect_body("HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n" + body, body);
  expect_body(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100000\r\n" + body + "\r\n0\r\n\r\n",
      body);
  expect_body("HTTP/1.1 200 OK\r\n\r\n" + body, body);
}

TEST_F(HttpTest, MoreThanAMebibyteIsRefusedInEachFraming) {
  const std::string body(HttpClient::kMaxResponseBytes + 1, 'x');
  expect_refused("HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n" + body, "RESPONSE_TOO_LARGE");
  expect_refused("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n" + body,
                 "RESPONSE_TOO_LARGE");
  expect_refused("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100001\r\n" + body,
                 "RESPONSE_TOO_LARGE");
  expect_refused(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\nffffffffffffffff\r\n" + body,
      "RESPONSE_TOO_LARGE");
  expect_refused("HTTP/1.1 200 OK\r\n\r\n" + body, "RESPONSE_TOO_LARGE");
}

TEST_F(HttpTest, AnEndlessBodyIsCutOff) {
  TlsServer server(certificate(), [](Peer& peer) {
    if (!peer.shake_hands() || peer.read_request().empty()) return;
    peer.write("HTTP/1.1 200 OK\r\n\r\n");
    while (peer.write(std::string(16384, 'x'))) {
    }
  });
  const auto client = client_of(server.url());
  const FakeCall call;
  const auto answer = client->send(call.call(), get());
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().reason, "RESPONSE_TOO_LARGE");
}

TEST_F(HttpTest, ChunksWithExtensionsAndTrailersAreJoined) {
  expect_body(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "3;name=value\r\nabc\r\nA \r\n0123456789\r\n00\r\nX-Trailer: 1\r\n\r\n",
      "abc0123456789");
}

TEST_F(HttpTest, StatusesWithoutABodyNeedNoLength) {
  for (const int status : {204, 304}) {
    TlsServer server(certificate(),
                     TlsServer::answering("HTTP/1.1 " + std::to_string(status) + " X\r\n\r\n"));
    const auto client = client_of(server.url());
    const FakeCall call;
    for (int i = 0; i < 2; ++i) {
      const auto answer = client->send(call.call(), get());
      ASSERT_TRUE(answer.ok()) << answer.error().message;
      EXPECT_EQ(answer->status, status);
      EXPECT_EQ(answer->body, "");
    }
    EXPECT_EQ(server.connections(), 1u);
  }
}

TEST_F(HttpTest, InterimAnswersAreSkipped) {
  const auto answer =
      answer_to("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" +
                TlsServer::response(201, "made"));
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->body, "made");
  EXPECT_FALSE(answer->headers.has("Link"));
}

TEST_F(HttpTest, StatusesThatPocoDoesNotKnowAndMissingReasonPhrasesAreAnswersToo) {
  for (const std::string line : {"HTTP/1.1 599 Odd", "HTTP/1.1 599 ", "HTTP/1.1 599"}) {
    const auto answer = answer_to(line + "\r\nX-Id: 1\r\nContent-Length: 2\r\n\r\nok");
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    EXPECT_EQ(answer->status, 599);
    EXPECT_EQ(answer->reason_phrase, line.size() > 13 ? "Odd" : "");
    EXPECT_EQ(answer->headers.get("x-id"), "1");
    EXPECT_EQ(answer->body, "ok");
  }
}

TEST_F(HttpTest, FieldsAreReadAsTheyAreMeant) {
  const auto answer = answer_to(
      "HTTP/1.1 200 OK\r\nX-Bare:a\r\nx-padded: \t b c\t \r\nX-Folded: d\r\n\t e\r\n f\r\n"
      "X-Empty:\r\nX-Colon: g:h\r\nX-Latin: \xe4\r\nX-Long: " +
      std::string(9000, 'i') + "\r\nContent-Length: 2\r\n\r\nok");
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->headers.get("x-bare"), "a");
  EXPECT_EQ(answer->headers.get("X-Padded"), "b c");
  EXPECT_EQ(answer->headers.get("X-Folded"), "d e f");
  EXPECT_EQ(answer->headers.get("X-Empty"), "");
  EXPECT_EQ(answer->headers.get("X-Colon"), "g:h");
  EXPECT_EQ(answer->headers.get("X-Latin"), "\xe4");
  EXPECT_EQ(answer->headers.get("X-Long").size(), 9000U);
  EXPECT_EQ(answer->body, "ok");
}

TEST_F(HttpTest, AnswersThatAreCutAreNotTakenForWhole) {
  for (const std::string bytes :
       {"", "HTTP", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Len",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n1234",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n1234",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n"}) {
    expect_refused(bytes, "CONNECTION_LOST");
  }
}

TEST_F(HttpTest, AnUndelimitedBodyThatEndsWithoutACloseNotifyIsCut) {
  TlsServer server(certificate(), [](Peer& peer) {
    if (!peer.shake_hands() || peer.read_request().empty()) return;
    peer.write("HTTP/1.1 200 OK\r\n\r\n{\"half\": 1}");  // and closes the bare socket
  });
  const auto client = client_of(server.url());
  const FakeCall call;
  const auto answer = client->send(call.call(), get());
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().reason, "CONNECTION_LOST");
  EXPECT_EQ(answer.error().effect, Effect::kUnknown);
  EXPECT_EQ(answer.error().retry, Retry::kSameCall);
}

TEST_F(HttpTest, AnswersThatAreNotHttpAreRefused) {
  for (const std::string bytes :
       {"SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "<html>no HTTP at all</html>",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1\r\n\r\n",
        "HTTP/1.1  200 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1 999 OK\r\n\r\n",
        "HTTP/1.1 101 Switching\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nno field\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: nameless\r\n\r\n",
        "HTTP/1.1 200 OK\r\n goes on\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nX: a\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\r\n b\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\n12345",
        "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n"}) {
    expect_refused(bytes, "RESPONSE_INVALID");
  }
}

TEST_F(HttpTest, AFloodOfHeadersIsCutOff) {
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 200; ++i) many += "X-" + std::to_string(i) + ": y\r\n";
  expect_refused(many + "\r\n", "RESPONSE_INVALID");
  for (int i = 0; i < 20000; ++i) many += "X: y\r\n";
  expect_refused(many + "\r\n", "RESPONSE_TOO_LARGE");
  expect_refused("HTTP/1.1 200 OK\r\nX: " + std::string(128 * 1024, 'y'), "RESPONSE_TOO_LARGE");
  std::string interim;
  for (int i = 0; i < 4000; ++i) interim += "HTTP/1.1 100 Continue\r\n\r\n";
  expect_refused(interim, "RESPONSE_TOO_LARGE");
  std::string trailer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
  for (int i = 0; i < 40000; ++i) trailer += "X: y\r\n";
  expect_refused(trailer, "RESPONSE_TOO_LARGE");
  expect_refused(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(4096, 'x') + "\r\n",
      "RESPONSE_TOO_LARGE");
}

TEST_F(HttpTest, AnswersThatDripAreReadWhole) {
  TlsServer server(certificate(), [](Peer& peer) {
    if (!peer.shake_hands() || peer.read_request().empty()) return;
    for (const char byte : std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                       "3\r\nabc\r\n0\r\n\r\n"))
      peer.write({&byte, 1});
    peer.read_until_closed();
  });
  const auto client = client_of(server.url());
  const FakeCall call;
  const auto answer = client->send(call.call(), get());
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->body, "abc");
}

TEST_F(HttpTest, ADeadPortAndAnUnknownNameAreUnavailable) {
  std::string url;
  {
    TlsServer gone(certificate(), [](Peer&) {});
    url = gone.url();
  }
  const FakeCall call;
  const auto dead = client_of(url);
  const auto refused = dead->send(call.call(), post());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason, "CONNECT_FAILED");
  EXPECT_EQ(refused.error().status, Status::kUnavailable);
  EXPECT_EQ(refused.error().retry, Retry::kSameCall);
  EXPECT_EQ(refused.error().effect, Effect::kNone);
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr(url), HasSubstr("refused")));

  // No resolver is asked for a label that is too long.
  const auto nameless = client_of("https://" + std::string(64, 'a') + ".invalid");
  const auto unknown = nameless->send(call.call(), post());
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().reason, "NAME_UNRESOLVED");
  EXPECT_EQ(unknown.error().effect, Effect::kNone);
}

TEST_F(HttpTest, RequestsInARowShareAConnection) {
  TlsServer server(certificate(), TlsServer::answering(TlsServer::response(200, "{}")));
  const auto client = client_of(server.url());
  for (int i = 0; i < 5; ++i) {
    const FakeCall call;
    EXPECT_TRUE(client->send(call.call(), post()).ok());
  }
  EXPECT_EQ(server.connections(), 1u);
  EXPECT_EQ(server.requests().size(), 5u);
}

TEST_F(HttpTest, AConnectionIsNotKeptWhenTheServerSaysSo) {
  for (const std::string head :
       {"HTTP/1.1 200 OK\r\nConnection: close\r\n", "HTTP/1.0 200 OK\r\n"}) {
    TlsServer server(certificate(), TlsServer::answering(head + "Content-Length: 0\r\n\r\n"));
    const auto client = client_of(server.url());
    const FakeCall call;
    EXPECT_TRUE(client->send(call.call(), get()).ok());
    EXPECT_TRUE(client->send(call.call(), get()).ok());
    EXPECT_EQ(server.connections(), 2u) << head;
  }
}

TEST_F(HttpTest, AConnectionThatTheServerClosedMeanwhileIsNotUsedForAPost) {
  TlsServer server(certificate(), [](Peer& peer) {
    if (!peer.shake_hands() || peer.read_request().empty()) return;
    peer.write(TlsServer::response(200, "{}"));
  });
  const auto client = client_of(server.url());
  const FakeCall call;
  EXPECT_TRUE(client->send(call.call(), get()).ok());
  ASSERT_TRUE(server.wait_until_all_closed());
  const auto answer = client->send(call.call(), post());
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  ASSERT_EQ(server.requests().size(), 2u);
  EXPECT_THAT(server.requests().at(1), StartsWith("POST "));
  EXPECT_EQ(server.connections(), 2u);
}

TEST_F(HttpTest, AConnectionThatTheServerEndedInAnyWayIsNotUsedForAPost) {
  const std::pair<const char*, void (*)(Peer&)> ends[] = {
      {"a close_notify and half a close", [](Peer& peer) { peer.finish(); }},
      {"a reset", [](Peer& peer) { peer.reset(); }},
      {"a late session ticket before its end",
       [](Peer& peer) {
         peer.send_ticket();
         peer.finish();
       }},
      {"half a TLS record",
       [](Peer& peer) {
         peer.write_bare({"\x17\x03\x03\x00\x40half", 9});
       }},
      {"bytes that are not TLS", [](Peer& peer) { peer.write_bare("HTTP/1.1 408 Too late"); }}};
  for (const auto& [name, end] : ends) {
    std::promise<void> ended;
    TlsServer server(certificate(), [&, how = end](Peer& peer) {
      if (!peer.shake_hands()) return;
      while (!peer.read_request().empty() && peer.write(TlsServer::response(200, "{}"))) {
        if (peer.number() > 1) continue;
        how(peer);
        ended.set_value();
        peer.wait_for_release();
        return;
      }
    });
    const auto client = client_of(server.url());
    const FakeCall call;
    EXPECT_TRUE(client->send(call.call(), get()).ok()) << name;
    ended.get_future().wait();
    EXPECT_TRUE(client->send(call.call(), post()).ok()) << name;
    EXPECT_EQ(server.connections(), 2u) << name;
    EXPECT_EQ(server.requests().size(), 2u) << name;
  }
}

TEST_F(HttpTest, APostThatTheServerDropsOnAKeptConnectionIsNotSentAgain) {
  TlsServer server(certificate(), [](Peer& peer) {
    if (!peer.shake_hands() || peer.read_request().empty()) return;
    peer.write(TlsServer::response(200, "{}"));
    peer.read_request();
    peer.reset();
  });
  const auto client = client_of(server.url());
  const FakeCall call;
  EXPECT_TRUE(client->send(call.call(), get()).ok());
  const auto answer = client->send(call.call(), post());
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().reason, "CONNECTION_LOST");
  EXPECT_EQ(answer.error().effect, Effect::kUnknown);
  EXPECT_EQ(server.requests().size(), 2u);
  EXPECT_EQ(server.connections(), 1u);
}

TEST_F(HttpTest, AConnectionWithAnAnswerThatNobodyAskedForIsNotUsedAgain) {
  TlsServer server(certificate(), [](Peer& peer) {
    if (!peer.shake_hands()) return;
    while (!peer.read_request().empty())
      peer.write(TlsServer::response(200, "asked") + TlsServer::response(200, "not asked"));
  });
  const auto client = client_of(server.url());
  const FakeCall call;
  for (int i = 0; i < 3; ++i) {
    const auto answer = client->send(call.call(), get());
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    EXPECT_EQ(answer->body, "asked");
  }
  EXPECT_EQ(server.connections(), 3u);
}

TEST_F(HttpTest, ATicketInOnePieceWithTheAnswerHidesNothingAndCostsNoConnection) {
  for (const bool before : {true, false}) {
    TlsServer server(certificate(), [before](Peer& peer) {
      if (!peer.shake_hands()) return;
      while (!peer.read_request().empty()) {
        peer.hold_back(true);
        if (before) peer.send_ticket();
        peer.write(TlsServer::response(200, "{}"));
        if (!before) peer.send_ticket();
        peer.hold_back(false);
      }
    });
    const auto client = client_of(server.url());
    const FakeCall call;
    for (int i = 0; i < 3; ++i) {
      const auto answer = client->send(call.call(), get());
      ASSERT_TRUE(answer.ok()) << answer.error().message;
      EXPECT_EQ(answer->body, "{}");
    }
    EXPECT_EQ(server.connections(), 1u) << (before ? "before" : "behind");
  }
}

TEST_F(HttpTest, ManyThreadsShareAClient) {
  TlsServer server(certificate(), TlsServer::answering(TlsServer::response(200, "{}")));
  const auto client = client_of(server.url());
  std::atomic<int> answered = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 20; ++n) {
        const FakeCall call;
        const auto answer = client->send(call.call(), post());
        answered += answer.ok() && answer->status == 200 ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answered, 160);
  EXPECT_EQ(server.requests().size(), 160u);
}

}  // namespace
