// Names, looked up in a network that has no others.
#include <gmock/gmock.h>

#include <optional>

#include "support/https_client.hpp"
#include "support/namespaces.hpp"

namespace {

using hub::Effect;
using hub::Retry;
using hub::Status;
using test_support::FakeCall;
using test_support::HttpsTest;
using test_support::in_own_namespaces;
using test_support::NameServer;
using test_support::replace_file;
using test_support::TlsServer;
using testing::HasSubstr;
using Manner = NameServer::Manner;

class HttpResolverTest : public HttpsTest {
 protected:
  using Answer = hub::Result<databricks_token::HttpResponse>;

  /// What comes of a request to w1.example.com, which has a server at 127.0.0.1; nothing where
  /// namespaces may not be made.
  std::optional<Answer> ask(std::optional<Manner> name_server, const std::string& hosts = "") {
    std::optional<Answer> answer;
    in_own_namespaces([&] {
      replace_file("/etc/resolv.conf",
                   directory_.write("resolv.conf", "nameserver 127.0.0.1\noptions timeout:1\n"));
      replace_file("/etc/hosts", directory_.write("hosts", hosts));
      replace_file("/etc/nsswitch.conf", directory_.write("nsswitch.conf", "hosts: files dns\n"));
      std::optional<NameServer> names;
      if (name_server) names.emplace(*name_server);
      TlsServer server(certificate({"*.example.com"}),
                       TlsServer::answering(TlsServer::response(200, "{}")));
      const auto client = client_of("https://w1.example.com:" + std::to_string(server.port()));
      const FakeCall call;
      answer.emplace(client->send(call.call(), get()));
    });
    return answer;
  }
};

#define ASSERT_ASKED(answer) \
  if (!answer) GTEST_SKIP() << "namespaces may not be made here"

TEST_F(HttpResolverTest, ANameIsFoundInTheHostsFile) {
  const auto answer = ask(std::nullopt, "127.0.0.1 w1.example.com\n");
  ASSERT_ASKED(answer);
  EXPECT_TRUE(answer->ok()) << answer->error().message;
}

TEST_F(HttpResolverTest, ANameIsAskedOfTheNameServer) {
  const auto answer = ask(Manner::kKnowsAll);
  ASSERT_ASKED(answer);
  EXPECT_TRUE(answer->ok()) << answer->error().message;
}

TEST_F(HttpResolverTest, ANameThatNobodyKnowsIsReportedAsSuch) {
  const auto answer = ask(Manner::kKnowsNothing);
  ASSERT_ASKED(answer);
  ASSERT_FALSE(answer->ok());
  const hub::Error& error = answer->error();
  EXPECT_EQ(error.status, Status::kUnavailable);
  EXPECT_EQ(error.retry, Retry::kSameCall);
  EXPECT_EQ(error.effect, Effect::kNone);
  EXPECT_EQ(error.reason, "NAME_UNRESOLVED");
  EXPECT_THAT(error.message, HasSubstr("w1.example.com"));
  EXPECT_THAT(error.hint, HasSubstr("Check the host's name"));
}

TEST_F(HttpResolverTest, ANameServerThatIsNotThereIsSomethingElse) {
  const auto answer = ask(std::nullopt);
  ASSERT_ASKED(answer);
  ASSERT_FALSE(answer->ok());
  EXPECT_EQ(answer->error().reason, "NAME_UNRESOLVED");
  EXPECT_THAT(answer->error().hint, HasSubstr("name servers"));
}

}  // namespace
