// Where the credential may go, and that nothing in the process can change that.
//
// What Poco's and OpenSSL's ways of doing HTTPS would spoil in a plugin, and the tests that it does
// not happen here:
//
//   the name is not checked when the     AHandshakeThatStallsWithATrustedCertificateForAnotherHost-
//   handshake is slow                    SendsNothing, AHandshakeThatStallsPastTheDeadlineSends-
//                                        NothingWhenItGoesOn; on loopback:
//                                        ACertificateForAnotherHost-
//                                        IsRefusedOnLoopbackAndTheMessageNamesIt
//   the host's SSLManager decides        AHostWhoseSslManagerAcceptsEverythingDoesNotWeakenUs
//   nothing wakes a connect, a           tests/unit/http_interrupt_test.cpp, each phase by deadline
//   handshake or a look-up               and by cancellation
//   SIGPIPE kills, or stays blocked      sigpipe_test.cpp; that loading us leaves the thread's
//   mask:
//                                        tests/unit/loader_test.cpp
//   a context costs 20 ms and 1 MB       tls_session_test.cpp, ClientsOfOneCaFileShareItsStore;
//                                        tests/unit/http_clients_test.cpp,
//                                        ClientsOfOneCaFileReadItOnce
//   X448 comes first                     tls_session_test.cpp, TheCheapestCurveIsOfferedFirst
//   TLS 1.3 sessions are not resumed     tls_session_test.cpp, TheSecondConnectionResumes..
//   a POST is sent again on a kept       tests/unit/http_test.cpp, APostThatTheServerDropsOnAKept-
//   connection that broke                ConnectionIsNotSentAgain, AConnectionThatTheServerEndedIn-
//                                        AnyWayIsNotUsedForAPost
//   sockets are inherited                tests/unit/http_test.cpp, ASocketDoesNotDelayDoesNotBlock-
//                                        AndIsNotInherited
#include <Poco/Net/AcceptCertificateHandler.h>
#include <Poco/Net/Context.h>
#include <Poco/Net/NetSSL.h>
#include <Poco/Net/SSLManager.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <gmock/gmock.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <thread>

#include "http/tls.hpp"
#include "http/trust.hpp"
#include "support/https_client.hpp"

namespace {

using databricks_token::HttpClient;
using databricks_token::Origin;
using databricks_token::TlsContext;
using databricks_token::Trust;
using hub::Effect;
using hub::Retry;
using hub::Status;
using test_support::FakeCall;
using test_support::HttpsTest;
using test_support::kBearer;
using test_support::Peer;
using test_support::TemporaryDirectory;
using test_support::TlsServer;
using testing::HasSubstr;
using testing::Not;

/// Takes whatever the client is ready to send.
void listen_to_all(Peer& peer) {
  if (peer.shake_hands()) peer.read_until_closed();
}

class TransportTest : public HttpsTest {
 protected:
  /// Sends the credential to `url`, where it must not arrive, and gives back why it did not.
  hub::Error refusal(HttpClient& client, TlsServer& server) const {
    const FakeCall call;
    auto answer = client.send(call.call(), post());
    EXPECT_TRUE(server.wait_until_all_closed());
    EXPECT_EQ(server.received(), "");
    if (answer.ok()) {
      ADD_FAILURE() << "the request was answered: " << answer->status;
      return {};
    }
    EXPECT_EQ(answer.error().effect, Effect::kNone);
    EXPECT_EQ(answer.error().message.find(kBearer), std::string::npos);
    return answer.error();
  }
  hub::Error refusal(TlsServer& server) {
    const auto client = client_of(server.url());
    return refusal(*client, server);
  }
};

TEST_F(TransportTest, ACertificateForAnotherHostIsRefusedOnLoopbackAndTheMessageNamesIt) {
  TlsServer server(certificate({"example.com", "www.example.com"}), listen_to_all);
  const hub::Error error = refusal(server);
  EXPECT_EQ(error.reason, "TLS_WRONG_HOST");
  EXPECT_EQ(error.status, Status::kFailedPrecondition);
  EXPECT_EQ(error.retry, Retry::kNever);
  EXPECT_THAT(error.message, HasSubstr(server.url()));
  EXPECT_THAT(error.message, HasSubstr("DNS:example.com, DNS:www.example.com"));
}

TEST_F(TransportTest, ACertificateForLocalhostIsNotOneFor127001) {
  TlsServer server(certificate({"localhost"}), listen_to_all);
  EXPECT_EQ(refusal(server).reason, "TLS_WRONG_HOST");
}

TEST_F(TransportTest, ACertificateFor127001IsNotOneForLocalhost) {
  TlsServer server(certificate({"127.0.0.1"}), listen_to_all);
  const auto client = client_of("https://localhost:" + std::to_string(server.port()));
  EXPECT_EQ(refusal(*client, server).reason, "TLS_WRONG_HOST");
}

TEST_F(TransportTest, AWildcardInsideALabelIsNoMatch) {
  // Seen in the setting: no name with three labels leads here without a name server.
  const auto context =
      TlsContext::make(*Origin::parse("https://w1.example.com"), *Trust("", clock_).store());
  ASSERT_TRUE(context.ok()) << context.error().message;
  EXPECT_EQ(X509_VERIFY_PARAM_get_hostflags(SSL_CTX_get0_param((*context)->get())),
            static_cast<unsigned>(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS));
}

TEST_F(TransportTest, AHandshakeThatStallsWithATrustedCertificateForAnotherHostSendsNothing) {
  TlsServer server(certificate({"example.com"}), [](Peer& peer) {
    if (peer.wait_for_release()) listen_to_all(peer);
  });
  const auto client = client_of(server.url());
  std::thread slow([&server] {
    EXPECT_TRUE(server.wait_for_connections(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(300));  // the stall itself
    server.release();
  });
  EXPECT_EQ(refusal(*client, server).reason, "TLS_WRONG_HOST");
  slow.join();
}

TEST_F(TransportTest, AHandshakeThatStallsPastTheDeadlineSendsNothingWhenItGoesOn) {
  TlsServer server(certificate({"example.com"}), [](Peer& peer) {
    if (peer.wait_for_release()) listen_to_all(peer);
  });
  const auto client = client_of(server.url());
  const FakeCall call(std::chrono::milliseconds(200));
  const auto answer = client->send(call.call(), post());
  server.release();
  EXPECT_TRUE(server.wait_until_all_closed());
  EXPECT_EQ(server.received(), "");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().reason, "DEADLINE_EXCEEDED");
  EXPECT_EQ(answer.error().effect, Effect::kNone);
}

TEST_F(TransportTest, AHostWhoseSslManagerAcceptsEverythingDoesNotWeakenUs) {
  const local_workspace::CertificateAuthority stranger("Somebody else's CA");
  const std::time_t now = std::time(nullptr);
  TlsServer server(stranger.issue({"127.0.0.1"}, now - kDay, now + kDay), listen_to_all);

  Poco::Net::initializeSSL();
  Poco::Net::Context::Params params;
  params.verificationMode = Poco::Net::Context::VERIFY_STRICT;
  params.caLocation = ca_file_;
  const Poco::Net::Context::Ptr hosts =
      new Poco::Net::Context(Poco::Net::Context::TLS_CLIENT_USE, params);
  Poco::Net::SSLManager::instance().initializeClient(
      nullptr, new Poco::Net::AcceptCertificateHandler(false), hosts);

  // The host does accept it, which is what makes this a test.
  EXPECT_NO_THROW(Poco::Net::SecureStreamSocket(
      Poco::Net::SocketAddress("127.0.0.1", server.port()), "127.0.0.1", hosts));
  EXPECT_EQ(refusal(server).reason, "TLS_UNTRUSTED");

  Poco::Net::SSLManager::instance().shutdown();
  Poco::Net::uninitializeSSL();
}

TEST_F(TransportTest, AnUnknownCaIsRefusedWithAHintThatNamesTheSetting) {
  const local_workspace::CertificateAuthority stranger("Somebody else's CA");
  const std::time_t now = std::time(nullptr);
  TlsServer server(stranger.issue({"127.0.0.1"}, now - kDay, now + kDay), listen_to_all);
  const hub::Error error = refusal(server);
  EXPECT_EQ(error.reason, "TLS_UNTRUSTED");
  EXPECT_EQ(error.status, Status::kFailedPrecondition);
  EXPECT_EQ(error.retry, Retry::kNever);
  EXPECT_THAT(error.message, HasSubstr("issuer certificate"));
  EXPECT_THAT(error.message, HasSubstr(ca_file_));
  EXPECT_THAT(error.hint, HasSubstr("tls.ca_file"));
}

TEST_F(TransportTest, WithoutACaFileTheMachinesOwnCasDecide) {
  TlsServer server(certificate(), listen_to_all);
  const auto client = clients_.get(*Origin::parse(server.url()), {});
  const hub::Error error = refusal(*client, server);
  EXPECT_EQ(error.reason, "TLS_UNTRUSTED");
  EXPECT_THAT(error.message, HasSubstr("this machine's CAs"));
}

TEST_F(TransportTest, ASelfSignedCertificateIsRefused) {
  const local_workspace::CertificateAuthority itself("127.0.0.1");
  TlsServer server(itself.certificate(), listen_to_all);
  EXPECT_EQ(refusal(server).reason, "TLS_UNTRUSTED");
}

TEST_F(TransportTest, AnExpiredCertificateIsRefused) {
  const std::time_t now = std::time(nullptr);
  TlsServer server(authority().issue({"127.0.0.1"}, now - 2 * kDay, now - kDay), listen_to_all);
  const hub::Error error = refusal(server);
  EXPECT_EQ(error.reason, "TLS_UNTRUSTED");
  EXPECT_THAT(error.message, HasSubstr("expired"));
  EXPECT_THAT(error.hint, HasSubstr("clock"));
}

TEST_F(TransportTest, ACertificateThatIsNotYetValidIsRefused) {
  const std::time_t now = std::time(nullptr);
  TlsServer server(authority().issue({"127.0.0.1"}, now + kDay, now + 2 * kDay), listen_to_all);
  const hub::Error error = refusal(server);
  EXPECT_EQ(error.reason, "TLS_UNTRUSTED");
  EXPECT_THAT(error.message, HasSubstr("not yet valid"));
}

TEST_F(TransportTest, AServerThatKnowsOnlyTls11IsRefused) {
  TlsServer server(certificate(), listen_to_all, {.max_tls_version = TLS1_1_VERSION});
  const hub::Error error = refusal(server);
  EXPECT_EQ(error.reason, "TLS_FAILED");
  EXPECT_EQ(error.retry, Retry::kNever);
  EXPECT_THAT(error.hint, HasSubstr("TLS 1.2"));
}

TEST_F(TransportTest, AServerThatKnowsOnlyTls12IsAccepted) {
  TlsServer server(certificate(), TlsServer::answering(TlsServer::response(200, "{}")),
                   {.max_tls_version = TLS1_2_VERSION});
  const auto client = client_of(server.url());
  const FakeCall call;
  const auto answer = client->send(call.call(), post());
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
}

TEST_F(TransportTest, APlainHttpServerIsToldNothing) {
  TlsServer server(certificate(), [](Peer& peer) {
    peer.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    peer.read_until_closed();
  });
  const auto client = client_of(server.url());
  const FakeCall call;
  const auto answer = client->send(call.call(), post());
  EXPECT_TRUE(server.wait_until_all_closed());
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().reason, "TLS_FAILED");
  EXPECT_EQ(answer.error().effect, Effect::kNone);
  EXPECT_THAT(server.received(), Not(HasSubstr(std::string(kBearer))));
  EXPECT_THAT(server.received(), Not(HasSubstr("Authorization")));
}

TEST_F(TransportTest, ARedirectIsAnAnswerAndTheCredentialDoesNotFollowIt) {
  TlsServer elsewhere(certificate(), TlsServer::answering(TlsServer::response(200, "{}")));
  TlsServer server(certificate(),
                   TlsServer::answering("HTTP/1.1 307 Elsewhere\r\nLocation: " + elsewhere.url() +
                                        "/\r\nContent-Length: 0\r\n\r\n"));
  const auto client = client_of(server.url());
  const FakeCall call;
  const auto answer = client->send(call.call(), post());
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->status, 307);
  EXPECT_EQ(elsewhere.connections(), 0u);
}

TEST_F(TransportTest, ACredentialThatCouldAddAHeaderIsRefusedBeforeAnythingIsSent) {
  TlsServer server(certificate(), listen_to_all);
  const auto client = client_of(server.url());
  for (const std::string_view bad :
       {"dapi-canary\n", "dapi-canary\r\nX-Evil: 1", "dapi canary", "dapi\tcanary"}) {
    const hub::Secret secret{bad};
    auto request = post();
    request.bearer = &secret;
    const FakeCall call;
    const auto answer = client->send(call.call(), request);
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().status, Status::kInvalidArgument);
    EXPECT_EQ(answer.error().reason, "CREDENTIAL_INVALID");
    EXPECT_THAT(answer.error().message, Not(HasSubstr("canary")));
  }
  EXPECT_EQ(server.connections(), 0u);
}

TEST_F(TransportTest, ATargetThatCouldAddAHeaderIsRefusedBeforeAnythingIsSent) {
  TlsServer server(certificate(), listen_to_all);
  const auto client = client_of(server.url());
  auto request = post();
  request.target = "/ HTTP/1.1\r\nX-Evil: 1\r\n";
  const FakeCall call;
  const auto answer = client->send(call.call(), request);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().status, Status::kInvalidArgument);
  EXPECT_EQ(server.connections(), 0u);
}

class CaFileTest : public TransportTest {
 protected:
  hub::Error refused_ca_file(const std::string& path) {
    TlsServer server(certificate(), listen_to_all);
    const auto client = clients_.get(*Origin::parse(server.url()), {.ca_file = path});
    const hub::Error error = refusal(*client, server);
    EXPECT_EQ(server.connections(), 0u);
    EXPECT_EQ(error.reason, "CA_FILE_INVALID");
    EXPECT_EQ(error.status, Status::kFailedPrecondition);
    EXPECT_EQ(error.retry, Retry::kNever);
    EXPECT_THAT(error.message, HasSubstr(path));
    return error;
  }
};

TEST_F(CaFileTest, AMissingFileIsNamed) {
  EXPECT_THAT(refused_ca_file(directory_.path() / "absent.pem").message, HasSubstr("No such file"));
}

TEST_F(CaFileTest, AFileWithoutACertificateIsNamed) {
  EXPECT_THAT(refused_ca_file(directory_.write("empty.pem", "not PEM\n")).message,
              HasSubstr("holds no certificate"));
}

TEST_F(CaFileTest, ADamagedSecondCertificateIsNotPassedOver) {
  const std::string good = authority().certificate().certificate_pem;
  std::string damaged = good;
  damaged.replace(damaged.find('\n') + 1, 8, "!!!!!!!!");
  EXPECT_THAT(refused_ca_file(directory_.write("two.pem", good + damaged)).message,
              HasSubstr("certificate 2 is damaged"));
}

TEST_F(CaFileTest, ADirectoryIsRefused) {
  EXPECT_THAT(refused_ca_file(directory_.path()).message, HasSubstr("not a regular file"));
}

TEST_F(CaFileTest, ASymbolicLinkIsRefused) {
  std::filesystem::create_symlink(ca_file_, directory_.path() / "link.pem");
  EXPECT_THAT(refused_ca_file(directory_.path() / "link.pem").message, HasSubstr("symbolic link"));
}

TEST_F(CaFileTest, AFileThatOthersCanWriteIsRefusedWithTheCommandThatMendsIt) {
  ASSERT_EQ(::chmod(ca_file_.c_str(), 0666), 0);
  EXPECT_THAT(refused_ca_file(ca_file_).hint, HasSubstr("chmod go-w " + ca_file_));
}

TEST_F(CaFileTest, ADirectoryThatOthersCanWriteIsRefusedAndNamed) {
  ASSERT_EQ(::chmod(directory_.path().c_str(), 0777), 0);
  EXPECT_THAT(refused_ca_file(ca_file_).hint,
              HasSubstr("chmod go-w " + directory_.path().string()));
}

TEST_F(CaFileTest, AFileThatWasMendedCountsAtTheNextRequest) {
  TlsServer server(certificate(), TlsServer::answering(TlsServer::response(200, "{}")));
  const std::string path = directory_.write("late.pem", "");
  const auto client = clients_.get(*Origin::parse(server.url()), {.ca_file = path});
  const FakeCall call;
  EXPECT_FALSE(client->send(call.call(), post()).ok());
  directory_.write("late.pem", authority().certificate().certificate_pem);
  EXPECT_TRUE(client->send(call.call(), post()).ok());
}

}  // namespace
