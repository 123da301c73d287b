// A call that is cancelled or out of time ends, whatever it is doing. The contract says within
// 200 ms; asserted is one second, because the test machine is shared.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <memory>
#include <thread>

#include "http/descriptor.hpp"
#include "support/https_client.hpp"

namespace {

using databricks_token::Descriptor;
using hub::Effect;
using hub::Status;
using std::chrono::milliseconds;
using test_support::FakeCall;
using test_support::HttpsTest;
using test_support::Peer;
using test_support::TlsServer;
using Clock = std::chrono::steady_clock;

// The server's window is small, and Linux lets a sender queue 4 MiB.
constexpr std::size_t kMoreThanTheKernelTakes = 5 * 1024 * 1024;
constexpr auto kPromptly = milliseconds(1000);

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

/// Where in the exchange the server goes silent.
struct Phase {
  const char* name;
  TlsServer::Script script;  // none: it does not even accept
  std::size_t body_bytes;    // of the request
  std::size_t requests;      // that the server has seen then
  Effect effect;

  friend void PrintTo(const Phase& phase, std::ostream* out) { *out << phase.name; }
};

bool take_request(Peer& peer) { return peer.shake_hands() && !peer.read_request().empty(); }

const Phase kPhases[] = {
    {"Connecting", nullptr, 2, 0, Effect::kNone},
    {"ShakingHands", [](Peer& peer) { peer.wait_for_release(); }, 2, 0, Effect::kNone},
    {"Writing",
     [](Peer& peer) {
       if (peer.shake_hands()) peer.wait_for_release();
     },
     kMoreThanTheKernelTakes, 0, Effect::kUnknown},
    {"Waiting",
     [](Peer& peer) {
       if (take_request(peer)) peer.wait_for_release();
     },
     2, 1, Effect::kUnknown},
    {"ReadingTheHead",
     [](Peer& peer) {
       if (take_request(peer) && peer.write("HTTP/1.1 200 OK\r\nContent-")) peer.wait_for_release();
     },
     2, 1, Effect::kUnknown},
    {"ReadingTheBody",
     [](Peer& peer) {
       if (take_request(peer) && peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"))
         peer.wait_for_release();
     },
     2, 1, Effect::kUnknown},
    {"ReadingDripByDrip",
     [](Peer& peer) {
       if (!take_request(peer)) return;
       peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
       while (peer.write("x") && peer.pause(milliseconds(10))) {
       }
     },
     2, 1, Effect::kUnknown},
};

class InterruptTest : public HttpsTest, public testing::WithParamInterface<Phase> {
 protected:
  InterruptTest() {
    if (GetParam().script != nullptr) {
      server_ = std::make_unique<TlsServer>(certificate(), GetParam().script);
    } else {
      backlog_ = std::make_unique<FullBacklog>();
    }
  }

  std::string url() const { return server_ ? server_->url() : backlog_->url(); }

  /// Until the server sees that the phase has begun. What it cannot see, a full queue or a full
  /// window, gets a moment.
  void wait_for_the_phase() const {
    if (server_) {
      EXPECT_TRUE(server_->wait_for_connections(1));
      EXPECT_TRUE(server_->wait_for_requests(GetParam().requests));
    }
    std::this_thread::sleep_for(milliseconds(100));
  }

  std::unique_ptr<TlsServer> server_;
  std::unique_ptr<FullBacklog> backlog_;
};

TEST_P(InterruptTest, CancellationEndsTheCallAtOnce) {
  const auto client = client_of(url());
  FakeCall call;
  Clock::time_point cancelled;
  std::thread canceller([&] {
    wait_for_the_phase();
    cancelled = Clock::now();
    call.cancel();
  });
  const auto answer = client->send(call.call(), post(std::string(GetParam().body_bytes, 'x')));
  const auto returned = Clock::now();
  canceller.join();
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().status, Status::kCancelled) << answer.error().message;
  EXPECT_EQ(answer.error().reason, "CANCELLED");
  EXPECT_EQ(answer.error().effect, GetParam().effect);
  EXPECT_LT(returned - cancelled, kPromptly);
}

TEST_P(InterruptTest, TheDeadlineEndsTheCallOnTime) {
  const auto client = client_of(url());
  const auto begun = Clock::now();
  const milliseconds deadline(1000);
  const FakeCall call(deadline);
  const auto answer = client->send(call.call(), post(std::string(GetParam().body_bytes, 'x')));
  const auto took = Clock::now() - begun;
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().status, Status::kDeadlineExceeded) << answer.error().message;
  EXPECT_EQ(answer.error().reason, "DEADLINE_EXCEEDED");
  EXPECT_EQ(answer.error().effect, GetParam().effect);
  EXPECT_GE(took, deadline);
  EXPECT_LT(took, deadline + kPromptly);
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
