// SIGPIPE, which is the host's.
#include <gmock/gmock.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <thread>

#include "http/descriptor.hpp"
#include "http/openssl_ptr.hpp"
#include "http/sigpipe_guard.hpp"
#include "http/socket_bio.hpp"
#include "support/https_client.hpp"

namespace {

using databricks_token::Descriptor;
using databricks_token::OpensslPtr;
using databricks_token::SigpipeGuard;
using hub::Effect;
using hub::Retry;
using hub::Status;
using test_support::FakeCall;
using test_support::HttpsTest;
using test_support::Peer;
using test_support::TlsServer;
using testing::AnyOf;

/// SIGPIPE as the host's threads have it: not blocked, and deadly. Loading Poco blocks it in one.
class SigpipeTest : public HttpsTest {
 protected:
  SigpipeTest() {
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_UNBLOCK, &pipe, &before_);
  }
  ~SigpipeTest() override { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  static bool is_blocked() {
    sigset_t now;
    pthread_sigmask(SIG_SETMASK, nullptr, &now);
    return sigismember(&now, SIGPIPE) == 1;
  }

  static void write_to_a_closed_connection() {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    ::close(ends[1]);
    EXPECT_EQ(::write(ends[0], "x", 1), -1);
    EXPECT_EQ(errno, EPIPE);
    ::close(ends[0]);
  }

 private:
  sigset_t before_;
};

TEST_F(SigpipeTest, AWriteUnderTheGuardDoesNotKillAndLeavesTheMaskAsItWas) {
  {
    const SigpipeGuard guard;
    write_to_a_closed_connection();
  }
  EXPECT_FALSE(is_blocked());  // and what was pending has not come
}

TEST_F(SigpipeTest, ASigpipeOfTheHostThatWasPendingStaysPending) {
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  pthread_kill(pthread_self(), SIGPIPE);
  {
    const SigpipeGuard guard;
    write_to_a_closed_connection();
  }
  EXPECT_TRUE(is_blocked());
  const timespec at_once{};
  EXPECT_EQ(sigtimedwait(&pipe, nullptr, &at_once), SIGPIPE);
}

TEST_F(SigpipeTest, AWriteToAClosedSocketRaisesNoSignal) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
  ::close(ends[1]);
  const Descriptor socket(ends[0]);
  const OpensslPtr<SSL_CTX, SSL_CTX_free> context(SSL_CTX_new(TLS_client_method()));
  const OpensslPtr<SSL, SSL_free> ssl(SSL_new(context.get()));
  BIO* const bio = databricks_token::new_socket_bio(socket.get());
  SSL_set_bio(ssl.get(), bio, bio);
  EXPECT_EQ(SSL_get_error(ssl.get(), SSL_connect(ssl.get())), SSL_ERROR_SYSCALL);
  EXPECT_EQ(errno, EPIPE);
  EXPECT_FALSE(is_blocked());
}

TEST_F(SigpipeTest, ACallThatIsCancelledClosesItsConnectionWithoutASignal) {
  TlsServer server(certificate(), [](Peer& peer) {
    if (peer.shake_hands() && !peer.read_request().empty()) peer.wait_for_release();
  });
  const auto client = client_of(server.url());
  FakeCall call;
  std::thread canceller([&] {
    EXPECT_TRUE(server.wait_for_requests(1));
    call.cancel();
  });
  const auto answer = client->send(call.call(), post());
  canceller.join();
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().reason, "CANCELLED");
  EXPECT_FALSE(is_blocked());
}

TEST_F(SigpipeTest, AServerThatResetsAtEachPhaseDoesNotKill) {
  for (int phase = 0; phase < 4; ++phase) {
    TlsServer server(certificate(), [phase](Peer& peer) {
      if (phase >= 1 && !peer.shake_hands()) return;
      if (phase >= 2) peer.read_request();
      if (phase >= 3) peer.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
      peer.reset();
    });
    const auto client = client_of(server.url());
    const FakeCall call;
    const auto answer = client->send(call.call(), post(std::string(256 * 1024, 'x')));
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().status, Status::kUnavailable) << phase;
    EXPECT_EQ(answer.error().retry, Retry::kSameCall) << phase;
    if (phase == 0) {
      // It may come before the client has even seen that it is connected.
      EXPECT_THAT(answer.error().reason, AnyOf("TLS_FAILED", "CONNECT_FAILED"));
      EXPECT_EQ(answer.error().effect, Effect::kNone);
    } else {
      EXPECT_EQ(answer.error().reason, "CONNECTION_LOST");
    }
    if (phase >= 2) {
      EXPECT_EQ(answer.error().effect, Effect::kUnknown);
    }
  }
  EXPECT_FALSE(is_blocked());
}

}  // namespace
