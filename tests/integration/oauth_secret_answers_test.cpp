// What oauth-secret makes of bad answers, bad servers and bad hosts.
#include <gmock/gmock.h>

#include "integration/oauth_secret_fixture.hpp"
#include "support/namespaces.hpp"
#include "support/tls_server.hpp"

namespace integration {
namespace {

// ---- What is no good answer ----

struct BadAnswer {
  int status;
  std::string body;
  std::string reason;
  hub::Effect effect;
};

TEST_F(OauthSecretTest, SaysWhatAnAnswerMeansAndWhetherASecretMayHaveBeenMade) {
  using hub::Effect;
  const std::string json = R"({"error_code": "SOMETHING", "message": "no"})";
  const std::vector<BadAnswer> answers = {
      {400, json, "REQUEST_REFUSED", Effect::kNone},
      {400, R"({"error_code": "REQUEST_LIMIT_EXCEEDED"})", "THROTTLED", Effect::kNone},
      {401, json, "CREDENTIAL_REFUSED", Effect::kNone},
      {403, R"({"error_code": 403, "message": "Invalid access token."})", "CREDENTIAL_REFUSED",
       Effect::kNone},
      {404, json, "NOT_FOUND", Effect::kNone},
      {404, "<html>", "ANSWER_UNREADABLE", Effect::kUnknown},
      {429, json, "THROTTLED", Effect::kNone},
      {500, json, "SERVER_FAILED", Effect::kUnknown},
      {408, json, "SERVER_FAILED", Effect::kUnknown},
      {499, json, "SERVER_FAILED", Effect::kUnknown},
      {400, R"({"error_code": 500, "message": "no"})", "SERVER_FAILED", Effect::kUnknown},
      {400, R"({"error_code": "INTERNAL_ERROR"})", "SERVER_FAILED", Effect::kUnknown},
      {404, R"({"error_code": "UNKNOWN"})", "SERVER_FAILED", Effect::kUnknown},
      {403, R"({"error_code": "DEADLINE_EXCEEDED"})", "SERVER_FAILED", Effect::kUnknown},
      {400, R"({"error_code": "BAD_REQUEST", "message": "Internal error happened: 7"})",
       "SERVER_FAILED", Effect::kUnknown},
      {400, R"({"error": "invalid_request"})", "ANSWER_UNREADABLE", Effect::kUnknown},
      {200, "<html>", "ANSWER_UNREADABLE", Effect::kUnknown},
      {200, "[]", "ANSWER_UNREADABLE", Effect::kUnknown},
      {200, std::string(100'000, '['), "ANSWER_UNREADABLE", Effect::kUnknown},
      {200, "{\"a\": \"" + std::string(1024 * 1024, ' ') + "\"}", "ANSWER_UNREADABLE",
       Effect::kUnknown},
      {302, "{}", "ANSWER_UNREADABLE", Effect::kUnknown},
  };
  for (const BadAnswer& bad : answers) {
    const std::string shown = std::to_string(bad.status) + " " + bad.body.substr(0, 40);
    answer("GET", kSecrets, bad.status, bad.body);
    EXPECT_EQ(error("list-secrets").reason, bad.reason) << shown;
    // After the first unknown outcome the machine looks, and tries once more.
    answer("POST", kSecrets, bad.status, bad.body, bad.effect == Effect::kNone ? 1 : 2);
    const hub::Error failed = error("create-secret");
    EXPECT_EQ(failed.reason, bad.reason) << shown;
    EXPECT_EQ(failed.effect, bad.effect) << shown;
    EXPECT_THAT(failed.hint, testing::Not(IsEmpty())) << shown;
    advance(hours(25));
  }
  EXPECT_THAT(live(), IsEmpty());
}

TEST_F(OauthSecretTest, PassesOnHowLongToWait) {
  answer("GET", kSecrets, 429, R"({"error_code": "REQUEST_LIMIT_EXCEEDED", "message": "slow"})");
  const hub::Error failed = error("list-secrets");
  EXPECT_EQ(failed.retry_after_ms, 7000);
  EXPECT_EQ(failed.retry, hub::Retry::kSameCall);
  EXPECT_EQ(failed.http_status, 429);
}

TEST_F(OauthSecretTest, WaitsForTenMinutesAtMost) {
  meddle("GET", kSecrets, [](const Request&, const Serve&) {
    Answer answer(Object(), 429);
    answer.headers.emplace_back("Retry-After", "9223372036854775807");
    return answer;
  });
  EXPECT_EQ(error("list-secrets").retry_after_ms, 600'000);
}

TEST_F(OauthSecretTest, ReadsATimeThatIsOneAndNoOther) {
  const auto list = [this](const std::string& end) {
    answer("GET", kSecrets, 200,
           R"({"secrets": [{"id": "a", "create_time": "2026-11-29T07:30:00)" + end + "\"}]}");
    return run("list-secrets");
  };
  const std::vector<std::pair<std::string, std::string>> times = {{"Z", "1795937400000"},
                                                                  {".5Z", "1795937400500"},
                                                                  {".123Z", "1795937400123"},
                                                                  {".123456789Z", "1795937400123"}};
  for (const auto& [end, time] : times) {
    const auto listed = list(end);
    ASSERT_TRUE(listed) << end;
    EXPECT_THAT(*listed, HasSubstr("\"creation_time\":" + time)) << end;
  }
  for (const char* end : {"", ".5", ".1e300Z", ".5 Z", ",5Z", "+01:00Z", "ZZ"}) {
    const auto listed = list(end);
    ASSERT_FALSE(listed) << end << *listed;
    EXPECT_EQ(listed.error().reason, "ANSWER_UNREADABLE") << end;
  }
}

TEST_F(OauthSecretTest, RepeatsWholeCharacters) {
  for (const std::string padding : {"", "x"}) {
    std::string said = padding;
    while (said.size() < 300) said += "\u00e9";
    answer("GET", kSecrets, 400, R"({"error_code": "BAD", "message": ")" + said + "\"}");
    const std::string message = error("list-secrets").message;
    EXPECT_THAT(message, HasSubstr("BAD " + said.substr(0, 190)));
    EXPECT_TRUE(message.ends_with("\u00e9")) << message;
  }
}

TEST_F(OauthSecretTest, RepeatsNoAnswerThatRepeatsTheRequest) {
  done("create-secret");
  for (const char* member : {"message", "error_code", "error"}) {
    const auto repeat = [=](const Request& request, const Serve&) {
      Object body;
      body.set("error_code", "BAD");
      body.set(member, request.authorization);
      return Answer(body, 403);
    };
    meddle("GET", kSecrets, repeat);
    EXPECT_EQ(error("list-secrets").reason, "CREDENTIAL_REFUSED");
    meddle("POST", kSignIn, repeat);
    EXPECT_EQ(error("rotate-secret", R"({"when": "now"})").reason, "CREDENTIAL_REFUSED");
    advance(hours(25));
  }
}

TEST_F(OauthSecretTest, DoesNotFailInAHostThatChecksNothing) {
  for (const char* request : {"", "null", "[]", "{", R"({"when": 1})", R"({"replace": {}})"})
    EXPECT_EQ(error("rotate-secret", request).reason, "REQUEST_INVALID") << request;
  EXPECT_EQ(error("rotate-token").reason, "UNKNOWN_OPERATION");
  EXPECT_THAT(requests(), IsEmpty());
  config_.set("lifetime_seconds", "soon");
  EXPECT_EQ(error("rotate-secret").reason, "CONFIGURATION_INVALID");
}

// ---- The connection ----

TEST_F(OauthSecretTest, SendsNothingToAServerOfAnotherAuthority) {
  const local_workspace::CertificateAuthority other("Another authority");
  std::ofstream(directory_ / "other.pem") << other.certificate().certificate_pem;
  config_.set("ca_file", (directory_ / "other.pem").string());
  const hub::Error refused = error("create-secret");
  EXPECT_EQ(refused.reason, "TLS_UNTRUSTED");
  EXPECT_EQ(refused.effect, hub::Effect::kNone);
  EXPECT_THAT(requests(), IsEmpty());
}

TEST_F(OauthSecretTest, SendsNothingToAServerOfAnotherName) {
  const local_workspace::CertificateAuthority authority("An authority");
  std::ofstream(directory_ / "own.pem") << authority.certificate().certificate_pem;
  config_.set("ca_file", (directory_ / "own.pem").string());
  const auto ask = [&](const std::string& name, std::size_t requests) {
    const std::time_t now = std::time(nullptr);
    const test_support::TlsServer server(
        authority.issue({name}, now - 3600, now + 3600),
        test_support::TlsServer::answering(test_support::TlsServer::response(200, "{}")));
    config_.set("host", server.url());
    auto listed = run("list-secrets");
    EXPECT_EQ(server.requests().size(), requests) << name;
    return listed;
  };
  EXPECT_TRUE(ask("127.0.0.1", 1));
  const auto refused = ask("w1.example.com", 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "TLS_UNTRUSTED");
}

TEST_F(OauthSecretTest, TrustsNoneOfTheSystemsAuthoritiesBesideItsOwn) {
  const std::string system = "/etc/ssl/certs/ca-certificates.crt";
  if (!std::filesystem::exists(system))
    GTEST_SKIP() << "this system keeps its authorities elsewhere";
  const local_workspace::CertificateAuthority authority("The system's authority");
  std::ofstream(directory_ / "system.pem") << authority.certificate().certificate_pem;
  const std::time_t now = std::time(nullptr);
  const local_workspace::Certificate certificate =
      authority.issue({"127.0.0.1"}, now - 3600, now + 3600);
  const bool could = test_support::in_own_namespaces([&] {
    test_support::replace_file(system, directory_ / "system.pem");
    const test_support::TlsServer server(
        certificate,
        test_support::TlsServer::answering(test_support::TlsServer::response(200, "{}")));
    config_.set("host", server.url());
    EXPECT_EQ(error("list-secrets").reason, "TLS_UNTRUSTED");
    config_.remove("ca_file");
    EXPECT_TRUE(run("list-secrets"));
    EXPECT_EQ(server.requests().size(), 1U);
  });
  if (!could) GTEST_SKIP() << "namespaces may not be made here";
}

TEST_F(OauthSecretTest, AsksNoProxyThatTheEnvironmentNames) {
  ::setenv("https_proxy", "http://127.0.0.1:1", 1);
  EXPECT_TRUE(run("list-secrets"));
  ::unsetenv("https_proxy");
  config_.set("proxy", "http://127.0.0.1:1");
  EXPECT_EQ(error("list-secrets").reason, "UNREACHABLE");
}

TEST_F(OauthSecretTest, GoesByTheWorkspacesClock) {
  const std::string first = id(done("create-secret"));
  host_.advance(hours(24 * 25));  // the host's alone
  EXPECT_EQ(id(done("rotate-secret")), first);
  EXPECT_THAT(live(), ElementsAre(first));
}

TEST_F(OauthSecretTest, RefusesACredentialThatWouldEndTheHeader) {
  host_.grant("admin", "canary-admin\r\nX-Other: 1");
  EXPECT_EQ(error("list-secrets").reason, "CREDENTIAL_UNUSABLE");
  EXPECT_THAT(requests(), IsEmpty());
}

/// Where the workspace waits with an answer that nobody reads any more.
struct Gate {
  void wait_for(const std::stop_source& event) {
    std::unique_lock lock(mutex);
    changed.wait(lock, event.get_token(), [] { return false; });
  }

  std::stop_source asked, ended;
  std::mutex mutex;
  std::condition_variable_any changed;
};

TEST_F(OauthSecretTest, ReturnsAtOnceWhenTheHostCancels) {
  const auto gate = std::make_shared<Gate>();  // the workspace's thread may outlive the test's body
  meddle("POST", kSecrets, [gate](const Request&, const Serve&) {
    gate->asked.request_stop();
    gate->wait_for(gate->ended);
    return std::optional<Answer>();
  });
  std::chrono::steady_clock::time_point cancelled;
  std::thread host([&] {
    gate->wait_for(gate->asked);
    cancelled = std::chrono::steady_clock::now();
    host_.cancel();
  });
  const hub::Error stopped = error("create-secret");
  const auto returned = std::chrono::steady_clock::now();
  host.join();
  gate->ended.request_stop();
  EXPECT_EQ(stopped.status, hub::Status::kCancelled);
  EXPECT_EQ(stopped.effect, hub::Effect::kUnknown);
  EXPECT_LT(returned - cancelled, milliseconds(200));
  host_.resume();
}

TEST_F(OauthSecretTest, ReturnsAtOnceWhenTheHostCancelsALookUp) {
  const auto write = [this](const char* name, const char* text) {
    std::ofstream(directory_ / name) << text;
    return directory_ / name;
  };
  config_.set("host", "https://w1.example.com");
  std::optional<milliseconds> late;
  const bool could = test_support::in_own_namespaces([&] {
    test_support::replace_file("/etc/resolv.conf", write("resolv.conf", "nameserver 127.0.0.1\n"));
    test_support::replace_file("/etc/nsswitch.conf", write("nsswitch.conf", "hosts: dns\n"));
    const test_support::NameServer names(test_support::NameServer::Manner::kSilent);
    std::chrono::steady_clock::time_point cancelled;
    std::thread host([&] {
      EXPECT_TRUE(names.wait_for_a_query());
      cancelled = std::chrono::steady_clock::now();
      host_.cancel();
    });
    const hub::Error stopped = error("list-secrets");
    const auto returned = std::chrono::steady_clock::now();
    host.join();
    EXPECT_EQ(stopped.status, hub::Status::kCancelled) << stopped.message;
    late = std::chrono::duration_cast<milliseconds>(returned - cancelled);
    host_.resume();
  });
  if (!could) GTEST_SKIP() << "namespaces may not be made here";
  EXPECT_LT(*late, milliseconds(200));
}

}  // namespace
}  // namespace integration
