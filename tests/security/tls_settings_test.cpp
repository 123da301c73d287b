// Client certificates and pinned keys.
#include <gmock/gmock.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "http/openssl_ptr.hpp"
#include "support/https_client.hpp"

namespace {

using databricks_token::HttpClient;
using databricks_token::OpensslPtr;
using databricks_token::Origin;
using databricks_token::TlsSettings;
using hub::Effect;
using hub::Retry;
using hub::Status;
using test_support::FakeCall;
using test_support::HttpsTest;
using test_support::Peer;
using test_support::TlsServer;
using testing::HasSubstr;

const std::string kClosing = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

void answer_once(Peer& peer) {
  // Closing with something unread would be a reset, which may overtake the alert.
  if (!peer.shake_hands()) return peer.read_until_closed();
  if (!peer.read_request().empty() && peer.write(kClosing)) peer.read_until_closed();
}

class ClientCertificateTest : public HttpsTest {
 protected:
  ClientCertificateTest() { install(client_); }

  void install(const local_workspace::Certificate& client) {
    certificate_file_ = directory_.write("client.pem", client.certificate_pem);
    call_.grant("client_key", client.key_pem);
  }

  std::shared_ptr<HttpClient> client_with_certificate(const TlsServer& server) {
    return clients_.get(*Origin::parse(server.url()), {.ca_file = ca_file_,
                                                       .client_certificate_file = certificate_file_,
                                                       .client_key_secret = "client_key"});
  }

  static TlsServer::Options asking(int version = 0) {
    return {.max_tls_version = version, .client_ca_pem = authority().certificate().certificate_pem};
  }

  /// Of a request with the certificate as it is installed, to a server that must see nothing.
  hub::Error refusal() {
    TlsServer server(certificate(), answer_once, asking());
    const auto answer = client_with_certificate(server)->send(call_.call(), post());
    EXPECT_TRUE(server.wait_until_all_closed());
    EXPECT_EQ(server.received(), "");
    if (answer.ok()) {
      ADD_FAILURE() << "it was sent";
      return {};
    }
    EXPECT_EQ(answer.error().reason, "CLIENT_CERTIFICATE_INVALID");
    EXPECT_EQ(answer.error().status, Status::kFailedPrecondition);
    EXPECT_EQ(answer.error().retry, Retry::kNever);
    EXPECT_EQ(answer.error().effect, Effect::kNone);
    EXPECT_THAT(answer.error().message, HasSubstr(certificate_file_));
    return answer.error();
  }

  const local_workspace::Certificate client_ = certificate({"client.example.com"});
  std::string certificate_file_;
  FakeCall call_;
};

TEST_F(ClientCertificateTest, AServerThatAsksGetsItOnEachConnection) {
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    TlsServer server(certificate(), answer_once, asking(version));
    const auto client = client_with_certificate(server);
    for (int i = 0; i < 2; ++i) {
      const auto answer = client->send(call_.call(), post());
      ASSERT_TRUE(answer.ok()) << answer.error().message;
    }
    EXPECT_EQ(server.connections(), 2u);
  }
}

TEST_F(ClientCertificateTest, AServerThatDoesNotAskDoesNotMind) {
  TlsServer server(certificate(), answer_once);
  EXPECT_TRUE(client_with_certificate(server)->send(call_.call(), post()).ok());
}

TEST_F(ClientCertificateTest, WithoutOneTheServersRefusalIsNamed) {
  TlsServer server(certificate(), answer_once, asking(TLS1_3_VERSION));
  const auto answer = client_of(server.url())->send(call_.call(), post());
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().reason, "CLIENT_CERTIFICATE_REFUSED") << answer.error().message;
  EXPECT_EQ(answer.error().status, Status::kFailedPrecondition);
  EXPECT_EQ(server.requests().size(), 0u);
}

TEST_F(ClientCertificateTest, OneOfAnotherCaIsRefusedByTheServer) {
  const local_workspace::CertificateAuthority stranger("Somebody else's CA");
  const std::time_t now = std::time(nullptr);
  install(stranger.issue({"client.example.com"}, now - kDay, now + kDay));
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    TlsServer server(certificate(), answer_once, asking(version));
    const auto answer = client_with_certificate(server)->send(call_.call(), post());
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().reason, "CLIENT_CERTIFICATE_REFUSED") << answer.error().message;
  }
}

TEST_F(ClientCertificateTest, ARenewedPairCountsAtTheNextConnection) {
  TlsServer server(certificate(), answer_once, asking());
  const auto client = client_with_certificate(server);
  EXPECT_TRUE(client->send(call_.call(), post()).ok());
  install(certificate({"renewed.example.com"}));
  EXPECT_TRUE(client->send(call_.call(), post()).ok());
  EXPECT_EQ(server.resumptions(), 0U);  // a resumed session has the identity that it began with
}

TEST_F(ClientCertificateTest, TheKeyOfAnotherCertificateIsRefused) {
  call_.grant("client_key", certificate({"other.example.com"}).key_pem);
  EXPECT_THAT(refusal().message, HasSubstr("does not belong to the key"));
}

TEST_F(ClientCertificateTest, AKeyThatIsNoneOrEncryptedIsRefusedWithoutAskingAtTheTerminal) {
  call_.grant("client_key", "canary");
  EXPECT_THAT(refusal().message, HasSubstr("no private key"));

  const OpensslPtr<BIO, BIO_free> plain(BIO_new_mem_buf(client_.key_pem.data(), -1));
  const OpensslPtr<EVP_PKEY, EVP_PKEY_free> key(
      PEM_read_bio_PrivateKey(plain.get(), nullptr, nullptr, nullptr));
  const OpensslPtr<BIO, BIO_free> sealed(BIO_new(BIO_s_mem()));
  std::string passphrase = "canary";
  ASSERT_EQ(PEM_write_bio_PrivateKey(sealed.get(), key.get(), EVP_aes_256_cbc(), nullptr, 0,
                                     nullptr, passphrase.data()),
            1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(sealed.get(), &data);
  call_.grant("client_key", std::string(data, static_cast<std::size_t>(size)));
  EXPECT_THAT(refusal().message, HasSubstr("encrypted"));
}

TEST_F(ClientCertificateTest, AMissingFileAndAMissingKeyAreNamed) {
  directory_.write("client.pem", "");
  EXPECT_THAT(refusal().message, HasSubstr("holds no certificate"));
  std::filesystem::remove(certificate_file_);
  EXPECT_THAT(refusal().message, HasSubstr("No such file"));
}

TEST_F(ClientCertificateTest, AKeyThatIsNotGrantedIsNamed) {
  TlsServer server(certificate(), answer_once, asking());
  const FakeCall call;
  const auto answer = client_with_certificate(server)->send(call.call(), post());
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().reason, "CLIENT_CERTIFICATE_INVALID");
  // Not PERMISSION_DENIED, which is what a workspace says of a token.
  EXPECT_EQ(answer.error().status, Status::kFailedPrecondition);
  EXPECT_THAT(answer.error().message, HasSubstr("\"client_key\""));
}

class PinTest : public HttpsTest {
 protected:
  std::shared_ptr<HttpClient> client_with_pins(const TlsServer& server,
                                               std::vector<std::string> pins) {
    return clients_.get(*Origin::parse(server.url()),
                        {.ca_file = ca_file_, .pinned_public_keys = std::move(pins)});
  }

  static constexpr const char* kOther = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
};

/// Once more, by the way that people are told: openssl x509 -pubkey | openssl pkey -pubin
/// -outform der | openssl dgst -sha256 -binary | base64.
std::string pin_of(const std::string& certificate_pem) {
  const OpensslPtr<BIO, BIO_free> source(BIO_new_mem_buf(certificate_pem.data(), -1));
  const OpensslPtr<X509, X509_free> certificate(
      PEM_read_bio_X509(source.get(), nullptr, nullptr, nullptr));
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(X509_get0_pubkey(certificate.get()), &der);
  unsigned char digest[32];
  EVP_Digest(der, static_cast<std::size_t>(size), digest, nullptr, EVP_sha256(), nullptr);
  OPENSSL_free(der);
  unsigned char base64[45];
  EVP_EncodeBlock(base64, digest, sizeof(digest));
  return std::string("sha256//") + reinterpret_cast<const char*>(base64);
}

TEST_F(PinTest, AServerWithAPinnedKeyIsAcceptedAlsoWhenItsSessionIsResumed) {
  const auto identity = certificate();
  TlsServer server(identity, answer_once);
  const auto client = client_with_pins(server, {kOther, pin_of(identity.certificate_pem)});
  for (int i = 0; i < 2; ++i) {
    const FakeCall call;
    const auto answer = client->send(call.call(), post());
    ASSERT_TRUE(answer.ok()) << answer.error().message;
  }
  EXPECT_EQ(server.resumptions(), 1u);
}

TEST_F(PinTest, AnyOtherKeyIsRefusedBeforeAByteIsSentAndTheMessageGivesItsPin) {
  const auto identity = certificate();
  TlsServer server(identity, answer_once);
  const FakeCall call;
  const auto answer = client_with_pins(server, {kOther})->send(call.call(), post());
  EXPECT_TRUE(server.wait_until_all_closed());
  EXPECT_EQ(server.received(), "");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().reason, "TLS_PIN_MISMATCH");
  EXPECT_EQ(answer.error().status, Status::kFailedPrecondition);
  EXPECT_EQ(answer.error().retry, Retry::kNever);
  EXPECT_EQ(answer.error().effect, Effect::kNone);
  EXPECT_THAT(answer.error().message, HasSubstr(pin_of(identity.certificate_pem)));
}

TEST_F(PinTest, APinnedKeyDoesNotReplaceTheOtherChecks) {
  const local_workspace::CertificateAuthority stranger("Somebody else's CA");
  const std::time_t now = std::time(nullptr);
  const auto identity = stranger.issue({"127.0.0.1"}, now - kDay, now + kDay);
  TlsServer server(identity, answer_once);
  const FakeCall call;
  const auto answer =
      client_with_pins(server, {pin_of(identity.certificate_pem)})->send(call.call(), post());
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().reason, "TLS_UNTRUSTED");
}

}  // namespace
