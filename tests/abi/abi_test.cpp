// The plugin as hosts in other languages meet it: dlopen and the header's words alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "support/local_workspace.hpp"
#include "support/process.hpp"

namespace {

using test_support::Finished;
using test_support::LocalWorkspace;
using test_support::Process;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kPrincipal = "data-pipeline";
constexpr const char* kRotate = R"(rotate-token={"when":"now"})";

const std::vector<std::string> kC{C_HOST};
const std::vector<std::string> kPython{PYTHON, "-B", PYTHON_HOST};
const std::vector<std::string> kNode{NODE, NODE_HOST};

/// The examples of host-sdk/examples/hosts.
class ForeignHost : public testing::TestWithParam<std::vector<std::string>> {
 protected:
  void SetUp() override {
    if (GetParam() != kNode) return;
    if (!std::string(SANITIZER_RUNTIME).empty())
      GTEST_SKIP() << "node does not run with a sanitizer's runtime";
    if (!std::filesystem::exists(NODE_HOST))
      GTEST_SKIP() << "the host in Node could not be installed: see NodeHost.Installs";
  }

  /// Runs `HOST LIBRARY CONFIG_FILE admin=FILE token OPERATION...` where FILE has the credential.
  Finished run(const std::vector<std::string>& operations, const std::string& credential) const {
    return run_with(write("credential", credential), operations);
  }

  Finished run_with(const std::string& credential_file,
                    const std::vector<std::string>& operations) const {
    std::vector<std::string> program = GetParam();
    program.emplace_back(PLUGIN);
    program.push_back(write(
        "config.json", R"({"workspace_url": ")" + workspace_.url() + R"(", "application_id": ")" +
                           workspace_.principal(kPrincipal).application_id +
                           R"(", "auth": {"type": "pat"}, "tls": {"ca_file": ")" +
                           workspace_.ca_file().string() + R"("}})"));
    program.push_back("admin=" + credential_file);
    program.emplace_back("token");
    program.insert(program.end(), operations.begin(), operations.end());
    const Finished finished = start(program);
    EXPECT_THAT(finished.out + finished.err, Not(HasSubstr("dapi")));
    EXPECT_THAT(finished.out + finished.err, Not(HasSubstr("canary-")));
    return finished;
  }

  std::size_t live_tokens() const {
    return workspace_.live_tokens(workspace_.principal(kPrincipal).application_id).size();
  }

  std::string write(const std::string& name, const std::string& text) const {
    const auto file = workspace_.directory() / name;
    std::ofstream(file) << text << '\n';
    ::chmod(file.c_str(), 0600);
    return file;
  }

  /// A program that is not sanitized itself must load the plugin's runtime first. Its own leaks,
  /// such as the interpreter's, are not what is tested.
  static Finished start(const std::vector<std::string>& program) {
    std::vector<std::string> environment;
    if (const std::string runtime = SANITIZER_RUNTIME; !runtime.empty())
      environment = {"LD_PRELOAD=" + runtime, "ASAN_OPTIONS=detect_leaks=0"};
    return Process(program, environment).wait();
  }

  LocalWorkspace workspace_;
};

TEST_P(ForeignHost, CreatesAToken) {
  const Finished finished = run({"create-token"}, workspace_.admin_token());
  EXPECT_EQ(finished.code, 0) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr(R"("action":"committed")"));
  EXPECT_THAT(finished.err, HasSubstr("current version 1"));
  EXPECT_EQ(live_tokens(), 1U);
}

TEST_P(ForeignHost, KeepsASlotThroughItsLife) {
  const Finished finished =
      run({"create-token", kRotate, "rollback-token", kRotate, "check"}, workspace_.admin_token());
  EXPECT_EQ(finished.code, 0) << finished.err << finished.out;
  EXPECT_THAT(finished.err, HasSubstr("current version 3"));
  EXPECT_EQ(live_tokens(), 3U) << "the replaced ones live out their grace";
}

TEST_P(ForeignHost, RevokesWhatItMade) {
  const Finished finished =
      run({"create-token", kRotate, R"(revoke-token={"all":true})"}, workspace_.admin_token());
  EXPECT_EQ(finished.code, 0) << finished.err << finished.out;
  EXPECT_THAT(finished.err, HasSubstr("current version 0"));
  EXPECT_EQ(live_tokens(), 0U);
}

TEST_P(ForeignHost, IsToldWhyThereIsNoToken) {
  const Finished finished = run({"create-token"}, "canary-unknown");
  EXPECT_EQ(finished.code, 1);
  EXPECT_THAT(finished.err, HasSubstr("CREDENTIAL_INVALID"));
  EXPECT_EQ(live_tokens(), 0U);
}

// In a host that is not C++ the function that reads the file throws.
TEST_P(ForeignHost, AnswersAnErrorWhenItCannotReadTheCredential) {
  const Finished finished = run_with(workspace_.directory() / "absent", {"create-token"});
  EXPECT_EQ(finished.code, 1);
  EXPECT_THAT(finished.err,
              AnyOf(HasSubstr("status 9, SECRET_ABSENT"), HasSubstr("status 13, HOST_FAILED")));
  EXPECT_EQ(live_tokens(), 0U);
}

TEST_P(ForeignHost, RefusesWhatIsNoConnector) {
  std::vector<std::string> program = GetParam();
  program.insert(program.end(), {OTHER_LIBRARY, write("config.json", "{}"), "admin=absent", "token",
                                 "create-token"});
  const Finished finished = start(program);
  EXPECT_EQ(finished.code, 2) << finished.err;
  EXPECT_THAT(finished.err, HasSubstr("no connector of hub.connector/1"));
}

INSTANTIATE_TEST_SUITE_P(In, ForeignHost, testing::Values(kC, kPython, kNode),
                         [](const auto& host) {
                           return host.param == kC ? "C" : host.param == kNode ? "Node" : "Python";
                         });

TEST(Plugin, ExportsOneSymbol) {
  const Finished listed = Process({"/usr/bin/nm", "-D", "--defined-only", PLUGIN}, {}).wait();
  ASSERT_EQ(listed.code, 0) << listed.err;
  EXPECT_THAT(listed.out, testing::MatchesRegex("[0-9a-f]+ T hub_connector_query\n"));
}

}  // namespace
