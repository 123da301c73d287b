// A call that is cancelled or out of time ends within 200 ms, whatever it is doing: a matrix of all
// that can swallow a request, and both ways to end it.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "http/descriptor.hpp"
#include "support/https_client.hpp"
#include "support/namespaces.hpp"

namespace {

using databricks_token::Descriptor;
using databricks_token::HttpClient;
using databricks_token::HttpResponse;
using databricks_token::Origin;
using databricks_token::ProxySettings;
using hub::Effect;
using hub::Status;
using std::chrono::milliseconds;
using test_support::FakeCall;
using test_support::HttpsTest;
using test_support::in_own_namespaces;
using test_support::NameServer;
using test_support::Peer;
using test_support::replace_file;
using test_support::TlsServer;
using Clock = std::chrono::steady_clock;

// The server's window is small, and Linux lets a sender queue 4 MiB.
constexpr std::size_t kMoreThanTheKernelTakes = 5 * 1024 * 1024;
constexpr milliseconds kDeadline(500);

// What the contract says; a sanitizer slows everything down, and TLS most.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr auto kPromptly = 5 * milliseconds(200);
#else
constexpr auto kPromptly = milliseconds(200);
#endif

/// A listener that answers no more SYN: its queue is full.
class FullBacklog {
 public:
  FullBacklog() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address_);
    EXPECT_EQ(::bind(listener_.get(), raw(), size), 0);
    EXPECT_EQ(::listen(listener_.get(), 0), 0);
    EXPECT_EQ(::getsockname(listener_.get(), raw(), &size), 0);
    for (bool connected = true; connected && waiting_.size() < 64;) {
      waiting_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      ::connect(waiting_.back().get(), raw(), sizeof(address_));
      pollfd polled{.fd = waiting_.back().get(), .events = POLLOUT, .revents = 0};
      connected = ::poll(&polled, 1, 100) == 1;
    }
  }
  std::string url() const {
    return "https://127.0.0.1:" + std::to_string(ntohs(address_.sin_port));
  }

 private:
  sockaddr* raw() { return reinterpret_cast<sockaddr*>(&address_); }

  Descriptor listener_;
  sockaddr_in address_{};
  std::vector<Descriptor> waiting_;
};

/// What stands between the client and its answer.
enum class Way {
  kServer,
  kProxy,         // the server is one
  kBusyClient,    // all connections of the client wait for the server already
  kFullBacklog,   // no server
  kNoNameServer,  // no server, and nobody who says so
};

struct Phase {
  const char* name;
  Way way;
  TlsServer::Script script;  // until it goes silent
  std::size_t requests;      // that the server has seen then
  Effect effect;
  std::size_t body_bytes = 2;  // of the request

  friend void PrintTo(const Phase& phase, std::ostream* out) { *out << phase.name; }
};

bool take_request(Peer& peer) { return peer.shake_hands() && !peer.read_request().empty(); }

void take_requests(Peer& peer) {
  if (take_request(peer)) peer.wait_for_release();
}

const Phase kPhases[] = {
    {"LookingUpTheName", Way::kNoNameServer, nullptr, 0, Effect::kNone},
    {"Connecting", Way::kFullBacklog, nullptr, 0, Effect::kNone},
    {"WaitingForAFreeConnection", Way::kBusyClient, take_requests, HttpClient::kMaxConnections,
     Effect::kNone},
    {"WaitingForTheProxy", Way::kProxy,
     [](Peer& peer) {
       if (!peer.read_request().empty()) peer.wait_for_release();
     },
     1, Effect::kNone},
    {"ReadingTheProxysAnswer", Way::kProxy,
     [](Peer& peer) {
       if (!peer.read_request().empty() && peer.write("HTTP/1.1 200 O")) peer.wait_for_release();
     },
     1, Effect::kNone},
    {"ShakingHands", Way::kServer, [](Peer& peer) { peer.wait_for_release(); }, 0, Effect::kNone},
    {"ShakingHandsWithHalfAServerHello", Way::kServer,
     [](Peer& peer) {
       // A record of 122 bytes begins, with a handshake message of 118.
       peer.write_bare({"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03", 11});
       peer.wait_for_release();
     },
     0, Effect::kNone},
    {"Writing", Way::kServer,
     [](Peer& peer) {
       if (peer.shake_hands()) peer.wait_for_release();
     },
     0, Effect::kUnknown, kMoreThanTheKernelTakes},
    {"WaitingForTheAnswer", Way::kServer, take_requests, 1, Effect::kUnknown},
    {"ReadingTheHead", Way::kServer,
     [](Peer& peer) {
       if (take_request(peer) && peer.write("HTTP/1.1 200 OK\r\nContent-")) peer.wait_for_release();
     },
     1, Effect::kUnknown},
    {"ReadingTheBody", Way::kServer,
     [](Peer& peer) {
       if (take_request(peer) && peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"))
         peer.wait_for_release();
     },
     1, Effect::kUnknown},
    {"ReadingTheBodyByteByByte", Way::kServer,
     [](Peer& peer) {
       if (!take_request(peer)) return;
       peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
       while (peer.write("x") && peer.pause(milliseconds(1000))) {
       }
     },
     1, Effect::kUnknown},
};

class InterruptTest : public HttpsTest, public testing::WithParamInterface<Phase> {
 protected:
  /// Sends, and runs `once_begun` on another thread when the phase has begun. False where it
  /// cannot be had.
  bool send(milliseconds deadline, const std::function<void()>& once_begun) {
    if (GetParam().way != Way::kNoNameServer) {
      send_from_here(deadline, once_begun);
      return true;
    }
    return in_own_namespaces([&] {
      replace_file("/etc/resolv.conf", directory_.write("resolv.conf", "nameserver 127.0.0.1\n"));
      name_server_.emplace(NameServer::Manner::kSilent);
      send_from_here(deadline, once_begun);
      name_server_.reset();
    });
  }

  std::optional<FakeCall> call_;
  hub::Result<HttpResponse> answer_ = hub::Error{};
  std::string waits_for_;
  Clock::time_point begun_;
  Clock::time_point returned_;

 private:
  void send_from_here(milliseconds deadline, const std::function<void()>& once_begun) {
    const auto client = make_client();
    waits_for_ = GetParam().way == Way::kProxy ? server_->url_of("http") : client->origin().text();
    std::vector<std::thread> others;
    FakeCall of_others;
    if (GetParam().way == Way::kBusyClient) {
      for (std::size_t i = 0; i < HttpClient::kMaxConnections; ++i)
        others.emplace_back([&] { EXPECT_FALSE(client->send(of_others.call(), post()).ok()); });
      EXPECT_TRUE(server_->wait_for_requests(HttpClient::kMaxConnections));
    }
    begun_ = Clock::now();
    call_.emplace(deadline);
    std::thread watcher([&] {
      wait_for_the_phase();
      once_begun();
    });
    answer_ = client->send(call_->call(), post(std::string(GetParam().body_bytes, 'x')));
    returned_ = Clock::now();
    watcher.join();
    of_others.cancel();
    for (std::thread& other : others) other.join();
  }

  std::shared_ptr<HttpClient> make_client() {
    switch (GetParam().way) {
      case Way::kNoNameServer:
        return client_of("https://w1.example.com");
      case Way::kFullBacklog:
        backlog_ = std::make_unique<FullBacklog>();
        return client_of(backlog_->url());
      default:
        server_ = std::make_unique<TlsServer>(certificate(), GetParam().script);
    }
    if (GetParam().way != Way::kProxy) return client_of(server_->url());
    return clients_.get(*Origin::parse("https://w1.example.com"), {.ca_file = ca_file_},
                        ProxySettings{.origin = *Origin::parse_proxy(server_->url_of("http"))});
  }

  /// As far as somebody can see it; what nobody can, a full queue, gets a moment.
  void wait_for_the_phase() const {
    if (name_server_) {
      EXPECT_TRUE(name_server_->wait_for_a_query());
    }
    if (server_) {
      EXPECT_TRUE(server_->wait_for_connections(1));
      EXPECT_TRUE(server_->wait_for_requests(GetParam().requests));
    }
    std::this_thread::sleep_for(milliseconds(100));
  }

  std::unique_ptr<TlsServer> server_;
  std::unique_ptr<FullBacklog> backlog_;
  std::optional<NameServer> name_server_;
};

TEST_P(InterruptTest, CancellationEndsTheCallAtOnce) {
  Clock::time_point cancelled;
  const bool sent = send(std::chrono::seconds(30), [&] {
    cancelled = Clock::now();
    call_->cancel();
  });
  if (!sent) GTEST_SKIP() << "namespaces may not be made here";
  ASSERT_FALSE(answer_.ok());
  EXPECT_EQ(answer_.error().status, Status::kCancelled) << answer_.error().message;
  EXPECT_EQ(answer_.error().reason, "CANCELLED");
  EXPECT_EQ(answer_.error().effect, GetParam().effect);
  EXPECT_LT(returned_ - cancelled, kPromptly);
}

TEST_P(InterruptTest, TheDeadlineEndsTheCallOnTime) {
  if (!send(kDeadline, [] {})) GTEST_SKIP() << "namespaces may not be made here";
  ASSERT_FALSE(answer_.ok());
  EXPECT_EQ(answer_.error().status, Status::kDeadlineExceeded) << answer_.error().message;
  EXPECT_EQ(answer_.error().reason, "DEADLINE_EXCEEDED");
  EXPECT_THAT(answer_.error().message, testing::HasSubstr(waits_for_));
  EXPECT_EQ(answer_.error().effect, GetParam().effect);
  EXPECT_GE(returned_ - begun_, kDeadline);
  EXPECT_LT(returned_ - begun_, kDeadline + kPromptly);
}

INSTANTIATE_TEST_SUITE_P(While, InterruptTest, testing::ValuesIn(kPhases),
                         [](const auto& phase) { return std::string(phase.param.name); });

using InterruptedBeforehandTest = HttpsTest;

TEST_F(InterruptedBeforehandTest, ACancelledCallDoesNotEvenConnect) {
  TlsServer server(certificate(), TlsServer::answering(TlsServer::response(200, "{}")));
  const auto client = client_of(server.url());
  FakeCall call;
  call.cancel();
  const auto answer = client->send(call.call(), post());
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().reason, "CANCELLED");
  EXPECT_EQ(server.connections(), 0u);
}

TEST_F(InterruptedBeforehandTest, ACallThatIsOutOfTimeDoesNotEvenConnect) {
  TlsServer server(certificate(), TlsServer::answering(TlsServer::response(200, "{}")));
  const auto client = client_of(server.url());
  const FakeCall call(milliseconds(0));
  const auto answer = client->send(call.call(), post());
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().reason, "DEADLINE_EXCEEDED");
  EXPECT_EQ(server.connections(), 0u);
}

TEST_F(InterruptedBeforehandTest, CancellationAfterTheAnswerDoesNotSpoilTheNextCall) {
  TlsServer server(certificate(), TlsServer::answering(TlsServer::response(200, "{}")));
  const auto client = client_of(server.url());
  FakeCall first;
  EXPECT_TRUE(client->send(first.call(), post()).ok());
  first.cancel();
  const FakeCall second;
  EXPECT_TRUE(client->send(second.call(), post()).ok());
  EXPECT_EQ(server.connections(), 1u);
}

}  // namespace
