// hub-validate's answers, and that the connectors of this repository conform.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "unit/loader_fixture.hpp"
#include "validator.hpp"

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kMeasure = MEASURE_LIBRARY;

void expect_conforms(const Report& report) {
  EXPECT_EQ(report.code, 0) << report.err;
  EXPECT_THAT(report.with("failed"), IsEmpty());
  EXPECT_THAT(report.with("crashed"), IsEmpty());
  EXPECT_THAT(report.with("warned"), IsEmpty());
}

TEST(HubValidate, FindsNothingInTheExampleThatAuthorsCopy) {
  const Report report = validate({MEASURE_MANIFEST});
  expect_conforms(report);
  // It needs no server, and has no slot.
  EXPECT_THAT(report.with("skipped"),
              ElementsAre("HUB-C-11.c", "HUB-C-11.d", "HUB-C-11.e", "HUB-C-11.f", "HUB-C-11.g",
                          "HUB-C-11.h", "HUB-S-03.a", "HUB-S-03.c"));
}

TEST(HubValidate, FindsNothingInTheExampleThatRotates) {
  const Report report =
      validate({"--config", HUB_SOURCE_DIRECTORY "/host-sdk/examples/oauth-secret/validate.json",
                OAUTH_SECRET_MANIFEST});
  expect_conforms(report);
  EXPECT_THAT(report.with("skipped"), IsEmpty());
}

TEST(HubValidate, FindsNothingInOurOwnConnector) {
  const Report report =
      validate({"--config", HUB_SOURCE_DIRECTORY "/tests/validate/databricks_token.config.json",
                DATABRICKS_TOKEN_MANIFEST});
  expect_conforms(report);
  EXPECT_THAT(report.with("skipped"), IsEmpty());
}

TEST(HubValidate, TakesTheNetworkAwayUnlessTheConfigurationNamesItsServer) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "its own thread keeps the network";
#endif
  if (std::system("unshare --net true 2>/dev/null || unshare --user --net true 2>/dev/null") != 0)
    GTEST_SKIP() << "not to be had here";
  expect_conforms(validate({HUB_ZOO_DIRECTORY "/bad_finds_network.so"}));
  const TemporaryDirectory directory;
  const auto config = directory.write("config.json", "{}");
  expect_conforms(validate({"--config", config, HUB_ZOO_DIRECTORY "/bad_finds_network.so"}));
}

TEST(HubValidate, TakesNoConfigurationThatNamesAServer) {
  const auto finished = run_validator(
      {"--config", HUB_SOURCE_DIRECTORY "/manifests/oauth.connection.json", kMeasure});
  EXPECT_EQ(finished.code, 2);
  EXPECT_THAT(finished.err, HasSubstr("write {server} in its place"));
}

class HubValidateOfManifest : public LoaderFixture {
 protected:
  /// What fails of the manifest of zoo's talkative once it is edited.
  static std::set<std::string> failed(const std::filesystem::path& manifest) {
    return validate({"--only", "HUB-L-0", "--only", "HUB-L-10.c", manifest}).with("failed");
  }
  std::set<std::string> failed(const std::string& from, const std::string& to) {
    return failed(install("talkative", [&](auto text) { return replaced(text, from, to); }));
  }
};

TEST_F(HubValidateOfManifest, NamesTheLoadersRule) {
  EXPECT_THAT(failed(install("talkative")), IsEmpty());
  EXPECT_THAT(failed("\"id\"", "\"id\": \"a\", \"id\""), ElementsAre("HUB-L-03"));
  EXPECT_THAT(failed("\"sha256\"", "\"sha512\""), ElementsAre("HUB-L-04"));
  EXPECT_THAT(failed("talkative.so", "other.so"), ElementsAre("HUB-L-05"));
  EXPECT_THAT(failed("\"linux-", "\"plan9-"), ElementsAre("HUB-L-05"));
  EXPECT_THAT(failed("\"sha256\": \"", "\"sha256\": \"00"), ElementsAre("HUB-L-04"));
  EXPECT_THAT(failed("2.1.0", "2.1.1"), ElementsAre("HUB-L-10.c"));
  EXPECT_THAT(failed("hub.connector/1", "hub.connector/2"), ElementsAre("HUB-L-10.c"));

  const auto manifest = install("talkative");
  std::filesystem::permissions(directory_.path() / "talkative.so", std::filesystem::perms(0664));
  EXPECT_THAT(failed(manifest), ElementsAre("HUB-L-06"));
  std::filesystem::permissions(manifest, std::filesystem::perms(0664));
  EXPECT_THAT(failed(manifest), ElementsAre("HUB-L-02"));
}

TEST_F(HubValidateOfManifest, LooksAtTheLibraryWhateverTheAbi) {
  const auto manifest = install("talkative", [](auto text) {
    return replaced(replaced(text, "hub.connector/1", "hub.connector/2"), "talkative.so", "x.so");
  });
  EXPECT_THAT(failed(manifest), ElementsAre("HUB-L-05"));
  EXPECT_THAT(run_validator({manifest}).out, HasSubstr('\n' + manifest.string() + ": "));
}

TEST_F(HubValidateOfManifest, DoesNotBlameItForALibraryThatAborts) {
  const Report report = validate({install("aborts_on_load")});
  EXPECT_THAT(report.with("failed"), IsEmpty());
  EXPECT_THAT(report.with("crashed"), ElementsAre("HUB-L-08"));
}

TEST(HubValidate, LeavesNoFileBehindWhenASignalEndsIt) {
  const TemporaryDirectory directory;
  const int watch = ::inotify_init1(IN_CLOEXEC);
  ASSERT_NE(::inotify_add_watch(watch, directory.path().c_str(), IN_CREATE), -1);
  test_support::Process program(
      {HUB_VALIDATE_PROGRAM, "--config", HUB_SOURCE_DIRECTORY "/tests/validate/server.config.json",
       HUB_ZOO_DIRECTORY "/bad_none.so"},
      {"TMPDIR=" + directory.path().string()});
  pollfd created{.fd = watch, .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&created, 1, 30000), 1);
  ::close(watch);
  program.send(SIGTERM);
  EXPECT_EQ(program.wait().signal, SIGTERM);
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(HubValidate, MakesNoFileWithoutServers) {
  const auto finished =
      test_support::Process({HUB_VALIDATE_PROGRAM, "--only", "HUB-L-08", kMeasure},
                            {"TMPDIR=/nowhere"})
          .wait();
  EXPECT_EQ(finished.code, 0) << finished.err;
}

TEST(HubValidate, SaysInJsonWhatItSawAndWhatToDo) {
  const Report report =
      validate({"--seed", "7", "--only", "HUB-T-03.i", HUB_ZOO_DIRECTORY "/bad_prints.so"});
  EXPECT_EQ(report.document->getValue<int>("seed"), 7);
  EXPECT_EQ(report.document->getValue<std::string>("abi"), "hub.connector/1");
  EXPECT_EQ(report.document->getObject("counts")->getValue<int>("failed"), 1);
  const auto checks = report.document->getArray("checks");
  const auto last = checks->getObject(static_cast<unsigned>(checks->size() - 1));
  EXPECT_EQ(last->getValue<std::string>("check"), "HUB-T-03.i");
  EXPECT_THAT(last->getValue<std::string>("seen"), HasSubstr("bytes"));
  EXPECT_THAT(last->getValue<std::string>("do"), HasSubstr("log"));
}

TEST(HubValidate, SaysInTextWhatItSawAndWhatToDo) {
  const auto finished = run_validator({HUB_ZOO_DIRECTORY "/bad_exits.so"});
  EXPECT_EQ(finished.code, 1);
  EXPECT_THAT(finished.out, HasSubstr("crashed  HUB-E-01.a"));
  EXPECT_THAT(finished.out, HasSubstr("ended with exit code 0, in invoke work"));
  EXPECT_THAT(finished.out, HasSubstr("do:    catch everything"));
  EXPECT_THAT(finished.out, HasSubstr("0 failed, 1 crashed"));
  EXPECT_EQ(finished.err, "");  // progress is for terminals
}

TEST(HubValidate, RunsOnlyWhatIsAskedForAndWhatThatNeeds) {
  const Report report = validate({"--only", "HUB-L-10", "--only", "HUB-L-07", kMeasure});
  EXPECT_THAT(report.with("passed"),
              ElementsAre("HUB-L-07", "HUB-L-08", "HUB-L-09", "HUB-L-10.a", "HUB-L-10.b"));
}

TEST(HubValidate, ListsItsChecks) {
  const auto text = run_validator({"--list"});
  EXPECT_EQ(text.code, 0);
  EXPECT_THAT(text.out, HasSubstr("HUB-T-03.i  nothing is written to stdout or stderr"));
  EXPECT_EQ(validate({"--list"}).outcomes.size(), validate({kMeasure}).outcomes.size());
}

TEST(HubValidate, SaysHowItIsCalled) {
  const auto help = run_validator({"--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_THAT(help.out, HasSubstr("--seed=NUMBER"));

  for (const std::vector<std::string>& wrong :
       std::vector<std::vector<std::string>>{{},
                                             {"--unknown", kMeasure},
                                             {"--seed", "x", kMeasure},
                                             {"--config"},
                                             {"--only", "HUB-X", kMeasure},
                                             {"/nowhere.so"},
                                             {"--config", "/nowhere", kMeasure}}) {
    const auto finished = run_validator(wrong);
    EXPECT_EQ(finished.code, 2) << finished.err;
    EXPECT_THAT(finished.err, HasSubstr("hub-validate: "));
    EXPECT_EQ(finished.out, "");
  }
}

}  // namespace
