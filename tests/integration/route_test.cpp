// What a connection's manifest says of the way to its workspace, all the way through.
#include <Poco/JSON/Array.h>
#include <Poco/JSON/Parser.h>
#include <gmock/gmock.h>

#include <ctime>

#include "integration/fixture.hpp"
#include "support/tls_server.hpp"
#include "workspace/certificate_authority.hpp"

namespace {

using test_support::Peer;
using test_support::TlsServer;
using testing::EndsWith;
using testing::HasSubstr;

class Route : public integration::HostTest {
 protected:
  /// The error of create-token, by this connection.
  Object refusal(const Object& connection, int code = 1) const {
    write_connection(connection);
    return json({"create-token", "local"}, code)->getObject("error");
  }

  static void set_secret(const Object& connection, const std::string& name,
                         const std::string& reference) {
    Object secret = new Poco::JSON::Object;
    secret->set("reference", reference);
    connection->getObject("secrets")->set(name, secret);
  }

  static void pin(const Object& connection, const std::string& key) {
    Poco::JSON::Array pins;
    pins.add(key);
    connection->getObject("config")->getObject("tls")->set("pinned_public_keys", pins);
  }
};

TEST_F(Route, TheMessageOfAWrongPinGivesTheRightOne) {
  const Object manifest = connection();
  pin(manifest, "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
  const Object error = refusal(manifest);
  EXPECT_EQ(error->getValue<std::string>("reason"), "TLS_PIN_MISMATCH");
  const auto message = error->getValue<std::string>("message");
  const std::size_t begin = message.find("sha256//");
  ASSERT_NE(begin, std::string::npos) << message;

  pin(manifest, message.substr(begin, message.find_first_of(", ", begin) - begin));
  write_connection(manifest);
  EXPECT_EQ(host({"create-token", "local"}).code, 0);
}

TEST_F(Route, TheProxyGetsTheNameAndThePasswordThatTheManifestSays) {
  const local_workspace::CertificateAuthority nobody("unused");
  TlsServer proxy(nobody.certificate(), [](Peer& peer) {
    if (!peer.read_request().empty()) peer.write("HTTP/1.1 407 No\r\n\r\n");
  });
  const Object manifest = connection();
  Object settings = new Poco::JSON::Object;
  settings->set("url", proxy.url_of("http"));
  settings->set("username", "hub");
  manifest->getObject("config")->set("proxy", settings);
  set_secret(manifest, "proxy_password", "env:PROXY_PASSWORD");
  EXPECT_THAT(refusal(manifest, 2)->getValue<std::string>("message"), HasSubstr("PROXY_PASSWORD"));
  EXPECT_EQ(proxy.received(), "");

  environment["PROXY_PASSWORD"] = "canary";
  const Object error = refusal(manifest);
  EXPECT_EQ(error->getValue<std::string>("reason"), "PROXY_AUTHENTICATION_REQUIRED");
  EXPECT_EQ(error->getValue<std::string>("effect"), "none");
  // base64 of "hub:canary"
  EXPECT_THAT(proxy.requests().at(0),
              EndsWith("Proxy-Authorization: Basic aHViOmNhbmFyeQ==\r\n\r\n"));
  EXPECT_EQ(proxy.received().find(workspace.admin_token()), std::string::npos);
}

TEST_F(Route, AProxysAnswerIsNotTakenForTheWorkspaces) {
  const local_workspace::CertificateAuthority nobody("unused");
  TlsServer proxy(nobody.certificate(), [](Peer& peer) {
    if (!peer.read_request().empty()) peer.write("HTTP/1.1 403 No\r\n\r\n");
  });
  const Object manifest = connection();
  Object settings = new Poco::JSON::Object;
  settings->set("url", proxy.url_of("http"));
  manifest->getObject("config")->set("proxy", settings);
  write_connection(manifest);
  const auto finished = host({"--json", "check", "local"});
  EXPECT_EQ(finished.code, 1);
  const auto findings = Poco::JSON::Parser()
                            .parse(finished.out)
                            .extract<Object>()
                            ->getObject("result")
                            ->getArray("findings");
  EXPECT_EQ(findings->getObject(0)->getValue<std::string>("check"), "workspace");
  EXPECT_EQ(findings->getObject(0)->getValue<std::string>("result"), "fail");
  EXPECT_THAT(findings->getObject(0)->getValue<std::string>("message"), HasSubstr("proxy"));
}

TEST_F(Route, AClientCertificateIsFoundBesideTheManifestAndItsKeyAmongTheSecrets) {
  const local_workspace::CertificateAuthority authority("Clients' CA");
  const std::time_t now = std::time(nullptr);
  const auto client = authority.issue({"client.example.com"}, now - 3600, now + 3600);
  write("connections/client.pem", client.certificate_pem);
  const Object manifest = connection();
  manifest->getObject("config")->getObject("tls")->set("client_certificate_file", "client.pem");
  const Object error = refusal(manifest);
  EXPECT_EQ(error->getValue<std::string>("reason"), "CLIENT_CERTIFICATE_INVALID");
  EXPECT_THAT(error->getValue<std::string>("message"), HasSubstr("client_key"));

  set_secret(manifest, "client_key", "file:" + write("client.key", client.key_pem).string());
  write_connection(manifest);
  const auto created = host({"create-token", "local"});
  EXPECT_EQ(created.code, 0) << created.err;
}

}  // namespace
