#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPSClientSession.h>
#include <Poco/URI.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <thread>

#include "unit/workspace_fixture.hpp"

namespace workspace_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// ---- Faults ----

TEST_F(WorkspaceTest, AnswersAFaultInsteadOfTheEffectAsOftenAsItSays) {
  workspace.fail(R"({"method":"POST","path":"/api/2.0/token-management/*","times":2,"status":503,
      "body":{"error_code":"TEMPORARILY_UNAVAILABLE"},"headers":{"Retry-After":"1"}})");
  for (int i = 0; i < 2; ++i) {
    const HttpReply reply = create(pipeline.application_id);
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(reply.headers.get("Retry-After", ""), "1");
    EXPECT_EQ(reply.body, R"({"error_code":"TEMPORARILY_UNAVAILABLE"})");
  }
  EXPECT_TRUE(workspace.live_tokens(pipeline.application_id).empty());
  EXPECT_EQ(create(pipeline.application_id).status, 200);
}

TEST_F(WorkspaceTest, ServesHtmlWhereAFaultSaysSo) {
  workspace.fail(R"({"path":"*/Me","body":"<html><title>Sign in</title></html>"})");
  const HttpReply reply = workspace.admin("GET", kMe);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.headers.get("Content-Type", ""), "text/html;charset=utf-8");
  EXPECT_EQ(reply.body, "<html><title>Sign in</title></html>");
}

TEST_F(WorkspaceTest, ClosesTheConnectionBeforeTheEffect) {
  workspace.fail(R"({"path":"/api/2.0/token-management/*","close":"before"})");
  EXPECT_THROW(create(pipeline.application_id), Poco::Exception);
  EXPECT_TRUE(workspace.live_tokens(pipeline.application_id).empty());
}

TEST_F(WorkspaceTest, ClosesTheConnectionAfterTheEffect) {
  workspace.fail(R"({"path":"/api/2.0/token-management/*","close":"after"})");
  EXPECT_THROW(create(pipeline.application_id), Poco::Exception);
  EXPECT_EQ(workspace.live_tokens(pipeline.application_id).size(), 1U);
}

TEST_F(WorkspaceTest, ReplacesTheAnswerAfterTheEffect) {
  workspace.fail(R"({"path":"/api/2.0/token-management/*","after_effect":true,"status":504})");
  EXPECT_EQ(create(pipeline.application_id).status, 504);
  EXPECT_EQ(workspace.live_tokens(pipeline.application_id).size(), 1U);
}

TEST_F(WorkspaceTest, SendsHalfOfABodyAfterTheEffect) {
  workspace.fail(R"({"path":"/api/2.0/token-management/*","truncate":true})");
  EXPECT_THROW(create(pipeline.application_id), Poco::Exception);
  EXPECT_EQ(workspace.live_tokens(pipeline.application_id).size(), 1U);
}

TEST_F(WorkspaceTest, DelaysARequestAndServesOthersMeanwhile) {
  workspace.fail(R"({"path":"/api/2.0/token-management/*","delay_ms":700})");
  const auto start = steady_clock::now();
  int status = 0;
  std::thread slow([&] { status = create(pipeline.application_id).status; });
  while (workspace.state()->getArray("faults")->size() > 0) std::this_thread::yield();
  EXPECT_TRUE(workspace.live_tokens(pipeline.application_id).empty());
  EXPECT_LT(steady_clock::now() - start, milliseconds(700));
  slow.join();
  EXPECT_EQ(status, 200);
  EXPECT_GE(steady_clock::now() - start, milliseconds(700));
}

TEST_F(WorkspaceTest, DelaysTheAnswerOnlyWhenTheEffectComesFirst) {
  workspace.fail(R"({"path":"/api/2.0/token-management/*","delay_ms":700,"after_effect":true})");
  const auto start = steady_clock::now();
  std::thread slow([&] { EXPECT_EQ(create(pipeline.application_id).status, 200); });
  while (workspace.live_tokens(pipeline.application_id).empty()) std::this_thread::yield();
  EXPECT_LT(steady_clock::now() - start, milliseconds(700));
  slow.join();
  EXPECT_GE(steady_clock::now() - start, milliseconds(700));
}

TEST_F(WorkspaceTest, EndsThoughAFaultDelaysARequestForLong) {
  workspace.fail(R"({"path":"/api/2.0/token-management/*","delay_ms":600000})");
  std::thread slow([&] {
    try {
      create(pipeline.application_id);
    } catch (const Poco::Exception&) {  // or an answer: whichever comes first
    }
  });
  while (workspace.state()->getArray("faults")->size() > 0) std::this_thread::yield();
  const auto start = steady_clock::now();
  EXPECT_EQ(workspace.terminate(), 0);
  EXPECT_LT(steady_clock::now() - start, std::chrono::seconds(5));
  slow.join();
}

TEST_F(WorkspaceTest, ForgetsFaultsThatAreCleared) {
  workspace.fail(R"({"path":"*","times":100,"status":500})");
  workspace.clear_faults();
  EXPECT_EQ(workspace.admin("GET", kMe).status, 200);
}

TEST_F(WorkspaceTest, RefusesAFaultThatWouldNeverCome) {
  for (const char* fault : {"{}", R"({"path":"*","time":1})", R"({"path":"*","times":0})",
                            R"({"path":"*","close":"now"})", R"({"path":"*","status":99})",
                            R"({"path":"*","delay_ms":-1})", R"({"path":"*","headers":[]})"}) {
    EXPECT_EQ(workspace.admin("POST", "/__local/faults", fault).status, 400) << fault;
  }
}

TEST_F(WorkspaceTest, LogsRequestsByRouteAndKeepsNoFaultFromTheControlApi) {
  workspace.fail(R"({"path":"*","times":100,"close":"before"})");
  const Made unused{"", "0123", nullptr};
  EXPECT_THROW(workspace.admin("GET", token_path(unused)), Poco::Exception);
  const Array::Ptr requests = workspace.state()->getArray("requests");
  const Object::Ptr last = requests->getObject(static_cast<unsigned>(requests->size() - 1));
  EXPECT_EQ(last->getValue<std::string>("method"), "GET");
  EXPECT_EQ(last->getValue<std::string>("route"), "/api/2.0/token-management/tokens/{token_id}");
  EXPECT_EQ(last->getValue<int>("status"), 0);
  EXPECT_FALSE(last->has("body_sha256"));
}

TEST_F(WorkspaceTest, LogsOfABodyItsDigestAlone) {
  workspace.fail(R"({"path":"*","status":503})");
  workspace.admin("POST", "/api/2.0/token/create", "abc");
  const Array::Ptr requests = workspace.state()->getArray("requests");
  EXPECT_EQ(requests->getObject(static_cast<unsigned>(requests->size() - 1))
                ->getValue<std::string>("body_sha256"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-2
}

// ---- The server ----

TEST_F(WorkspaceTest, AnswersAnUnknownRouteWith501AndItsPath) {
  expect_error(workspace.admin("GET", "/api/2.0/clusters/list"), 501, "NOT_IMPLEMENTED",
               "The local workspace does not serve GET /api/2.0/clusters/list.");
  EXPECT_EQ(workspace.admin("PUT", kTokens).status, 501);
  EXPECT_EQ(workspace.admin("GET", std::string(kTokens) + "/").status, 501);
}

TEST_F(WorkspaceTest, KeepsAConnectionForTheNextRequest) {
  const Poco::URI uri(workspace.url());
  Poco::Net::HTTPSClientSession session(
      uri.getHost(), uri.getPort(),
      new Poco::Net::Context(Poco::Net::Context::TLS_CLIENT_USE, workspace.ca_file().string()));
  session.setKeepAlive(true);
  std::string address;
  for (int i = 0; i < 3; ++i) {
    Poco::Net::HTTPRequest request("GET", kMe, Poco::Net::HTTPMessage::HTTP_1_1);
    request.set("Authorization", "Bearer " + workspace.admin_token());
    request.setKeepAlive(true);
    session.sendRequest(request);
    Poco::Net::HTTPResponse response;
    session.receiveResponse(response).ignore(100'000);
    ASSERT_EQ(response.getStatus(), 200);
    const std::string here = session.socket().address().toString();
    if (address.empty()) address = here;
    EXPECT_EQ(here, address);
  }
}

TEST_F(WorkspaceTest, SurvivesAKillWithItsTokensItsUrlAndItsCredentials) {
  const Made kept = make(pipeline.application_id, R"(,"comment":"kept")");
  const Made deleted = make(pipeline.application_id);
  workspace.admin("DELETE", token_path(deleted));
  const std::string url = workspace.url();
  const std::string admin_token = workspace.admin_token();

  workspace.kill();
  workspace.start();

  EXPECT_EQ(workspace.url(), url);
  EXPECT_EQ(workspace.admin_token(), admin_token);
  EXPECT_EQ(as(kept.value, "GET", kMe).status, 200);
  EXPECT_EQ(as(deleted.value, "GET", kMe).status, 403);
  EXPECT_EQ(truth(kept.id)->getValue<std::string>("comment"), "kept");
  EXPECT_TRUE(truth(deleted.id)->getValue<bool>("deleted"));
}

TEST_F(WorkspaceTest, EndsCleanlyWhenAsked) {
  EXPECT_EQ(workspace.terminate(), 0);
  workspace.start();
  EXPECT_EQ(workspace.admin("GET", kMe).status, 200);
}

TEST_F(WorkspaceTest, KeepsItsFilesFromOthersAndItsTokensValuesFromTheState) {
  const Made token = make(pipeline.application_id);
  for (const char* name : {"workspace.json", "state.jsonl", "ca-key.pem"}) {
    struct stat status {};
    ASSERT_EQ(::stat((workspace.directory() / name).c_str(), &status), 0) << name;
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << name;
  }
  std::ifstream file(workspace.directory() / "state.jsonl");
  const std::string state{std::istreambuf_iterator<char>(file), {}};
  EXPECT_NE(state.find(token.id), std::string::npos);
  EXPECT_EQ(state.find(token.value), std::string::npos);
  EXPECT_EQ(state.find(workspace.admin_token()), std::string::npos);
}

TEST_F(WorkspaceTest, RefusesASecondServerOnTheSameDirectory) {
  const std::string command = std::string(LOCAL_WORKSPACE_PROGRAM) + " --directory " +
                              workspace.directory().string() + " 2>&1 >/dev/null";
  FILE* pipe = ::popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  char line[512] = "";
  EXPECT_NE(std::fgets(line, sizeof line, pipe), nullptr);
  EXPECT_EQ(WEXITSTATUS(::pclose(pipe)), 1);
  EXPECT_EQ(line, "local-workspace: another local-workspace serves " +
                      workspace.directory().string() + ": end it, or give another --directory\n");
}

}  // namespace
}  // namespace workspace_test
