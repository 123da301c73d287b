// What the commands answer: what they print, where, and with which exit code.
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <regex>

#include "integration/cli.hpp"
#include "workspace/certificate_authority.hpp"

namespace integration {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;
constexpr const char* kMint = "/api/2.0/token-management/on-behalf-of/tokens";

// ---- What the commands answer ----

TEST_F(Cli, ListsConnectionsWithoutStoreOrCredentials) {
  environment.erase("DATABRICKS_ADMIN_TOKEN");
  const auto document = json({"list"}, 0);
  EXPECT_THAT(keys(document), ElementsAre("connection", "ok", "operation", "result"));
  const auto listed = document->getObject("result")->getArray("connections");
  ASSERT_EQ(listed->size(), 1U);
  EXPECT_EQ(text(listed->getObject(0), "name"), "local");
  EXPECT_EQ(text(listed->getObject(0), "connector"), "databricks-token");
  EXPECT_FALSE(std::filesystem::exists(path("slots.db")));
}

TEST_F(Cli, DescribesAConnectorWithoutStoreOrCredentials) {
  environment.erase("DATABRICKS_ADMIN_TOKEN");
  const auto document = json({"describe", "local"}, 0)->getObject("result");
  EXPECT_EQ(text(document, "id"), "databricks-token");
  for (const char* operation :
       {"check", "create-token", "rotate-token", "revoke-token", "list-tokens", "sweep"}) {
    EXPECT_TRUE(document->getObject("operations")->has(operation)) << operation;
    EXPECT_THAT(host({"describe", "local"}).out, HasSubstr(operation));
  }
  EXPECT_FALSE(std::filesystem::exists(path("slots.db")));
}

TEST_F(Cli, EachOperationAnswersWithItsNameAndTheConnectorsResponse) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> calls = {
      {{"check", "local"}, "check"},
      {{"create-token", "local"}, "create-token"},
      {{"rotate-token", "local"}, "rotate-token"},
      {{"tokens", "local", "--remote"}, "list-tokens"},
      {{"sweep", "local"}, "sweep"},
      {{"revoke-token", "local"}, "revoke-token"},
      {{"revoke-token", "local", "--all"}, "revoke-token"},
  };
  for (const auto& [arguments, operation] : calls) {
    const auto document = json(arguments, 0);
    EXPECT_EQ(text(document, "connection"), "local");
    EXPECT_EQ(text(document, "operation"), operation);
    EXPECT_GT(document->getObject("result")->size(), 0U) << operation;
  }
}

TEST_F(Cli, ShowsAnEmptySlotWithoutLoadingTheConnector) {
  write("host.json", R"({"connectors": ["nowhere"], "connections": ["connections"],
  "store": {"type": "sqlite", "path": "slots.db", "key_file": "slots.key"}})");
  const auto result = json({"tokens", "local"}, 0)->getObject("result");
  EXPECT_THAT(keys(result), ElementsAre("current", "pending", "previous"));
  EXPECT_TRUE(result->isNull("current"));
  EXPECT_TRUE(result->isNull("pending"));
  EXPECT_EQ(result->getArray("previous")->size(), 0U);
}

TEST_F(Cli, ShowsTheTokensInTheStoreWithoutAskingTheWorkspace) {
  create_token();
  workspace.kill();
  const auto current = json({"tokens", "local"}, 0)->getObject("result")->getObject("current");
  EXPECT_THAT(text(current, "token_id"), MatchesRegex("[0-9a-f]{64}"));
  EXPECT_GT(current->getValue<Poco::Int64>("expiry_time"), 0);
  EXPECT_TRUE(current->has("version"));
  EXPECT_FALSE(current->has("value"));
}

TEST_F(Cli, RevealsTheCurrentTokenAloneOnStdout) {
  create_token();
  const std::string token = reveal();
  EXPECT_THAT(token, MatchesRegex("dapi[0-9a-f]{32}"));
  EXPECT_EQ(answer_to(token), 200);
}

TEST_F(Cli, RevealsNothingWhenThereIsNoCurrentToken) {
  EXPECT_EQ(host({"tokens", "local", "--reveal", "current"}).code, 1);
}

TEST_F(Cli, KeepsTheReplacedTokenForItsGrace) {
  auto manifest = connection();
  manifest->getObject("config")->getObject("rotation")->set("grace_seconds", 3600);
  write_connection(manifest);
  create_token();
  const std::string first = reveal();
  ASSERT_EQ(host({"rotate-token", "local", "--when", "now"}).code, 0);
  const auto result = json({"tokens", "local"}, 0)->getObject("result");
  const auto previous = result->getArray("previous");
  ASSERT_EQ(previous->size(), 1U);
  EXPECT_GT(previous->getObject(0)->getValue<Poco::Int64>("retire_after"), 0);
  EXPECT_FALSE(previous->getObject(0)->getValue<bool>("retiring"));
  EXPECT_EQ(answer_to(first), 200);
  ASSERT_EQ(host({"revoke-token", "local"}).code, 0);
  EXPECT_EQ(answer_to(first), 403);
  EXPECT_EQ(answer_to(reveal()), 200);
}

TEST_F(Cli, RotatesNowAndRevokesTheReplacedTokenWithoutGrace) {
  create_token();
  const std::string first = reveal();
  ASSERT_EQ(host({"rotate-token", "local", "--when", "now"}).code, 0);
  const std::string second = reveal();
  EXPECT_NE(first, second);
  EXPECT_EQ(answer_to(first), 403);
  EXPECT_EQ(answer_to(second), 200);
  EXPECT_EQ(live_tokens(), 1U);
}

TEST_F(Cli, LeavesTheTokenAloneWhenNothingIsDue) {
  create_token();
  const std::string token = reveal();
  ASSERT_EQ(host({"rotate-token", "local"}).code, 0);
  EXPECT_EQ(reveal(), token);
}

TEST_F(Cli, RevokesEveryTokenAndMakesNoneByItself) {
  create_token();
  ASSERT_EQ(host({"revoke-token", "local", "--all"}).code, 0);
  EXPECT_EQ(live_tokens(), 0U);
  EXPECT_EQ(text(error({"rotate-token", "local"}, 1), "reason"), "SLOT_REVOKED");
  create_token();
  EXPECT_EQ(live_tokens(), 1U);
}

TEST_F(Cli, AnswersPeopleInLinesOfText) {
  EXPECT_THAT(host({"create-token", "local"}).out, HasSubstr("state: active\n"));
  EXPECT_THAT(host({"tokens", "local"}).out,
              AllOf(HasSubstr("current:\n"), HasSubstr("pending: none\n"),
                    MatchesRegex("(.|\n)*  expiry_time: 20[0-9-]+T[0-9:]+Z\n(.|\n)*")));
  EXPECT_THAT(host({"list"}).out, StartsWith("local  databricks-token  /"));
}

// ---- Any operation, by name ----

TEST_F(Cli, InvokesAnyOperationByItsNameWithTheRequestAsItIs) {
  const auto made = json({"invoke", "local", "create-token"}, 0);
  EXPECT_EQ(text(made, "connection"), "local");
  EXPECT_EQ(text(made, "operation"), "create-token");
  const std::string first = text(made->getObject("result"), "token_id");
  const auto replaced = json({"invoke", "local", "rotate-token", R"({"when": "now"})"}, 0);
  EXPECT_NE(text(replaced->getObject("result"), "token_id"), first);
  EXPECT_THAT(host({"invoke", "local", "rotate-token"}).out, HasSubstr("state: active\n"));
}

TEST_F(Cli, ReadsTheRequestOfAnInvocationFromStdin) {
  create_token();
  const std::string first = reveal();
  Process program({"/bin/sh", "-c",
                   R"(echo '{"when": "now"}' | "$0" --config "$1" invoke local rotate-token -)",
                   SAMPLE_HOST, path("host.json").string()},
                  {"HOME=" + environment["HOME"],
                   "DATABRICKS_ADMIN_TOKEN=" + environment["DATABRICKS_ADMIN_TOKEN"]});
  EXPECT_EQ(program.wait().code, 0);
  EXPECT_NE(reveal(), first);
}

TEST_F(Cli, RefusesAnInvocationThatTheConnectorDoesNotDescribe) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> calls = {
      {{"invoke", "local", "rotate-secret"}, "UNKNOWN_OPERATION"},
      {{"invoke", "local", "rotate-token", R"({"when": "soon"})"}, "REQUEST_INVALID"},
      {{"invoke", "local", "rotate-token", R"({"when": "now", "when": "due"})"}, "REQUEST_INVALID"},
      {{"invoke", "local", "rotate-token", "now"}, "REQUEST_INVALID"},
  };
  for (const auto& [arguments, reason] : calls)
    EXPECT_EQ(text(error(arguments, 2), "reason"), reason) << arguments.back();
  EXPECT_EQ(requests(), 0U);
}

TEST_F(Cli, AnInvocationFailsAsTheConnectorSays) {
  const auto failed = error({"invoke", "local", "rotate-token"}, 1);
  EXPECT_EQ(text(failed, "reason"), "NO_CURRENT");
  workspace.kill();
  EXPECT_EQ(text(error({"invoke", "local", "create-token"}, 3), "reason"), "CONNECT_FAILED");
}

// ---- What goes wrong at the workspace ----

struct Failure {
  const char* name;
  const char* fault;
  int http_status;
  int code;
};

TEST_F(Cli, TellsTheWorkspacesRefusalsApart) {
  const std::vector<Failure> failures = {
      {"401", R"("status": 401, "body": {"error_code": "UNAUTHENTICATED", "message": "no"})", 401,
       1},
      {"403", R"("status": 403, "body": {"error_code": 403, "message": "Invalid access token."})",
       403, 1},
      {"404", R"("status": 404, "body": {"error_code": "ENDPOINT_NOT_FOUND", "message": "no"})",
       404, 1},
      {"429",
       R"("status": 429, "body": {"error_code": "REQUEST_LIMIT_EXCEEDED", "message": "slow"}, "headers": {"Retry-After": "90"})",
       429, 3},
      {"500", R"("status": 500, "body": {"error_code": "INTERNAL_ERROR", "message": "oops"})", 500,
       3},
      {"503",
       R"("status": 503, "body": {"error_code": "TEMPORARILY_UNAVAILABLE", "message": "later"})",
       503, 3},
      {"html", R"("status": 200, "body": "<html>Sign in</html>")", 200, 1},
  };
  for (const auto& failure : failures) {
    workspace.clear_faults();
    workspace.fail(std::string(R"({"path": "/api/*", "times": 1000, )") + failure.fault + "}");
    const auto failed = error({"create-token", "local"}, failure.code);
    EXPECT_EQ(failed->getValue<int>("http_status"), failure.http_status) << failure.name;
    EXPECT_EQ(text(failed, "effect"), "none") << failure.name;
    EXPECT_THAT(text(failed, "reason"), MatchesRegex("[A-Z_]+")) << failure.name;
    EXPECT_THAT(text(failed, "hint"), Not(IsEmpty())) << failure.name;
    EXPECT_FALSE(failed->has("file")) << failure.name;
  }
  workspace.clear_faults();
  EXPECT_EQ(live_tokens(), 0U);
}

TEST_F(Cli, SaysThatTheEffectIsUnknownWhenTheAnswerToAMintIsLost) {
  workspace.fail(std::string(R"({"path": ")") + kMint +
                 R"(", "method": "POST", "close": "after"})");
  workspace.fail(
      R"({"path": "/api/2.0/token-management/tokens*", "method": "GET", "times": 1000, "status": 503})");
  const auto failed = error({"create-token", "local"}, 4);
  EXPECT_EQ(text(failed, "effect"), "unknown");
  workspace.clear_faults();
  create_token();
  ASSERT_EQ(host({"sweep", "local"}).code, 0);
  EXPECT_EQ(live_tokens(), 1U);
}

TEST_F(Cli, NamesTheMissingCredentialAlsoWhileAnAnswerIsLost) {
  workspace.fail(std::string(R"({"path": ")") + kMint +
                 R"(", "method": "POST", "close": "after"})");
  workspace.fail(
      R"({"path": "/api/2.0/token-management/tokens*", "method": "GET", "times": 1000, "status": 503})");
  error({"create-token", "local"}, 4);
  environment.erase("DATABRICKS_ADMIN_TOKEN");
  const auto failed = error({"create-token", "local"}, 2);
  EXPECT_EQ(text(failed, "reason"), "CREDENTIAL_MISSING");
  EXPECT_EQ(text(failed, "effect"), "unknown");
  EXPECT_THAT(text(failed, "message"), HasSubstr("DATABRICKS_ADMIN_TOKEN"));
}

TEST_F(Cli, SaysThatATokenExistsInsteadOfMakingASecondOne) {
  create_token();
  const auto failed = error({"create-token", "local"}, 1);
  EXPECT_EQ(text(failed, "status"), "already-exists");
  EXPECT_EQ(live_tokens(), 1U);
}

TEST_F(Cli, RefusesToRotateWhatWasNeverCreated) {
  EXPECT_EQ(text(error({"rotate-token", "local", "--when", "now"}, 1), "reason"), "NO_CURRENT");
}

TEST_F(Cli, CannotReachAWorkspaceThatIsDown) {
  workspace.kill();
  const auto failed = error({"create-token", "local"}, 3);
  EXPECT_EQ(text(failed, "reason"), "CONNECT_FAILED");
  EXPECT_EQ(text(failed, "status"), "unavailable");
}

TEST_F(Cli, SendsNothingToAServerOfAnotherAuthority) {
  const local_workspace::CertificateAuthority other("Another authority");
  auto manifest = connection();
  manifest->getObject("config")->getObject("tls")->set(
      "ca_file", write("other.pem", other.certificate().certificate_pem).string());
  write_connection(manifest);
  const auto failed = error({"create-token", "local"}, 1);
  EXPECT_EQ(text(failed, "reason"), "TLS_UNTRUSTED");
  EXPECT_EQ(requests(), 0U);
}

TEST_F(Cli, NamesAPrincipalThatTheWorkspaceDoesNotKnow) {
  auto manifest = connection();
  manifest->getObject("config")->set("application_id", "00000000-0000-4000-8000-00000000dead");
  write_connection(manifest);
  EXPECT_EQ(text(error({"create-token", "local"}, 1), "reason"), "PRINCIPAL_UNKNOWN");
  EXPECT_EQ(live_tokens(), 0U);
}

TEST_F(Cli, NamesThePermissionThatAPrincipalLacks) {
  auto manifest = connection();
  manifest->getObject("config")->set("application_id",
                                     workspace.principal("no-token-permission").application_id);
  write_connection(manifest);
  const auto failed = error({"create-token", "local"}, 1);
  EXPECT_EQ(text(failed, "reason"), "TOKEN_PERMISSION_MISSING");
  EXPECT_THAT(text(failed, "hint"), HasSubstr("CAN USE"));
  EXPECT_EQ(live_tokens(), 0U);
}

// ---- Credentials ----

TEST_F(Cli, NamesTheCredentialThatIsMissing) {
  environment.erase("DATABRICKS_ADMIN_TOKEN");
  const auto document = json({"create-token", "local"}, 2);
  EXPECT_EQ(text(document, "operation"), "create-token");
  const auto failed = document->getObject("error");
  EXPECT_EQ(text(failed, "reason"), "CREDENTIAL_MISSING");
  EXPECT_THAT(text(failed, "message"), HasSubstr("env:DATABRICKS_ADMIN_TOKEN"));
}

TEST_F(Cli, RefusesACredentialThatOthersCanRead) {
  const auto file = write("admin", environment["DATABRICKS_ADMIN_TOKEN"], 0644);
  auto manifest = connection();
  manifest->getObject("secrets")->getObject("admin")->set("reference", "file:" + file.string());
  write_connection(manifest);
  EXPECT_EQ(text(error({"create-token", "local"}, 2), "reason"), "CREDENTIAL_EXPOSED");
  std::filesystem::permissions(file, std::filesystem::perms(0600));
  create_token();
}

TEST_F(Cli, KeepsARefusedCredentialOutOfEveryOutput) {
  environment["DATABRICKS_ADMIN_TOKEN"] = "canary-4f7a1c";
  const auto failed = error({"create-token", "local"}, 1);
  EXPECT_EQ(text(failed, "reason"), "CREDENTIAL_INVALID");
  EXPECT_EQ(host({"check", "local"}).code, 1);
}

// ---- The process ----

TEST_F(Cli, LogsToStderrWithTimeLevelAndConnection) {
  workspace.fail(R"({"path": "*/scim/v2/Me", "status": 503})");
  workspace.fail(R"({"path": "*/token-management/tokens*", "status": 503})");
  const auto finished = host({"--json", "create-token", "local"});
  EXPECT_EQ(finished.code, 0);
  EXPECT_THAT(finished.err,
              MatchesRegex("20[0-9-]+T[0-9:.]+Z (Information|Warning) local: (.|\n)*"));
}

TEST_F(Cli, EndsACallAtOnceWhenItIsInterrupted) {
  for (const int signal : {SIGINT, SIGTERM}) {
    workspace.fail(R"({"path": "/api/*", "times": 1000, "delay_ms": 60000})");
    const auto running =
        start({"--config", path("host.json").string(), "--json", "check", "local"});
    wait_for_fault(1000);
    const auto start = std::chrono::steady_clock::now();
    running->send(signal);
    const auto finished = running->wait();
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
    EXPECT_EQ(finished.signal, 0);
    EXPECT_THAT(finished.out, HasSubstr(R"("status":"cancelled")"));
    workspace.clear_faults();
  }
}

TEST_F(Cli, LeavesNoCoreBehind) {
  workspace.fail(R"({"path": "/api/*", "times": 1000, "delay_ms": 60000})");
  const auto running = start({"--config", path("host.json").string(), "check", "local"});
  wait_for_fault(1000);
  std::ifstream limits("/proc/" + std::to_string(running->pid()) + "/limits");
  const std::string all{std::istreambuf_iterator<char>(limits), {}};
  EXPECT_THAT(all, ContainsRegex("Max core file size +0 +0 "));
}

// ---- The list of reasons ----

/// The rows of README's table of the connector's reasons.
std::vector<std::pair<std::string, std::string>> reasons_of_the_readme() {
  std::ifstream readme(README);
  const std::regex row("\\| `([A-Z_]+)` \\| (.*) \\|");
  std::vector<std::pair<std::string, std::string>> rows;
  std::smatch match;
  for (std::string line; std::getline(readme, line) && line != "### Reasons of the host";)
    if (std::regex_match(line, match, row)) rows.emplace_back(match[1], match[2]);
  return rows;
}

TEST_F(Cli, DescribesTheReasonsThatTheReadmeLists) {
  const auto reasons = json({"describe", "local"}, 0)->getObject("result")->getObject("reasons");
  std::vector<std::pair<std::string, std::string>> described;
  for (const std::string& name : reasons->getNames())
    described.emplace_back(name, reasons->getObject(name)->getValue<std::string>("summary"));
  EXPECT_EQ(reasons_of_the_readme(), described);
}

}  // namespace
}  // namespace integration
