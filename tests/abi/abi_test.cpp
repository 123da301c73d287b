// The plugin as hosts in other languages meet it: dlopen and the header's words alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <string>
#include <vector>

#include "support/local_workspace.hpp"
#include "support/process.hpp"

namespace {

using test_support::Finished;
using test_support::LocalWorkspace;
using test_support::Process;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kPrincipal = "data-pipeline";

class ForeignHost : public testing::TestWithParam<std::vector<std::string>> {
 protected:
  /// Runs `program LIBRARY CONFIG_FILE CREDENTIAL_FILE`.
  Finished run(const std::string& credential) const {
    std::vector<std::string> program = GetParam();
    program.emplace_back(PLUGIN);
    program.push_back(write(
        "config.json", R"({"workspace_url": ")" + workspace_.url() + R"(", "application_id": ")" +
                           workspace_.principal(kPrincipal).application_id +
                           R"(", "auth": {"type": "pat"}, "tls": {"ca_file": ")" +
                           workspace_.ca_file().string() + R"("}})"));
    program.push_back(write("credential", credential));
    std::vector<std::string> environment;
    // A program that is not sanitized itself must load the plugin's runtime first. Its own leaks,
    // such as the interpreter's, are not what is tested.
    if (const std::string runtime = SANITIZER_RUNTIME; !runtime.empty())
      environment = {"LD_PRELOAD=" + runtime, "ASAN_OPTIONS=detect_leaks=0"};
    const Finished finished = Process(program, environment).wait();
    EXPECT_THAT(finished.out + finished.err, Not(HasSubstr("dapi")));
    EXPECT_THAT(finished.out + finished.err, Not(HasSubstr("canary-")));
    return finished;
  }

  std::size_t live_tokens() const {
    return workspace_.live_tokens(workspace_.principal(kPrincipal).application_id).size();
  }

  LocalWorkspace workspace_;

 private:
  std::string write(const std::string& name, const std::string& text) const {
    const auto file = workspace_.directory() / name;
    std::ofstream(file) << text << '\n';
    ::chmod(file.c_str(), 0600);
    return file;
  }
};

TEST_P(ForeignHost, CreatesAToken) {
  const Finished finished = run(workspace_.admin_token());
  EXPECT_EQ(finished.code, 0) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr(R"("action":"committed")"));
  EXPECT_EQ(live_tokens(), 1U);
}

TEST_P(ForeignHost, IsToldWhyThereIsNoToken) {
  const Finished finished = run("canary-unknown");
  EXPECT_EQ(finished.code, 1);
  EXPECT_THAT(finished.err, HasSubstr("CREDENTIAL_INVALID"));
  EXPECT_EQ(live_tokens(), 0U);
}

INSTANTIATE_TEST_SUITE_P(In, ForeignHost,
                         testing::Values(std::vector<std::string>{C99_HOST},
                                         std::vector<std::string>{PYTHON, PYTHON_HOST}),
                         [](const auto& host) { return host.index == 0 ? "C99" : "Python"; });

TEST(Plugin, ExportsOneSymbol) {
  const Finished listed = Process({"/usr/bin/nm", "-D", "--defined-only", PLUGIN}, {}).wait();
  ASSERT_EQ(listed.code, 0) << listed.err;
  EXPECT_THAT(listed.out, testing::MatchesRegex("[0-9a-f]+ T hub_connector_query\n"));
}

}  // namespace
