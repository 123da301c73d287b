// What an operator can get wrong before anything begins: command lines and configurations.
#include <gmock/gmock.h>

#include <fstream>

#include "integration/cli.hpp"

namespace integration {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
// ---- The command line ----

TEST_F(Cli, NamesTheNearestCommandWhenOneIsUnknown) {
  const auto wrong = host({"rotate-tokne", "local"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("unknown command 'rotate-tokne', did you mean 'rotate-token'?"));
  EXPECT_THAT(wrong.out, IsEmpty());
}

TEST_F(Cli, NamesTheNearestOptionWhenOneIsUnknown) {
  const auto wrong = host({"rotate-token", "local", "--wen", "now"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err,
              HasSubstr("unknown option '--wen' of rotate-token, did you mean '--when'?"));
}

TEST_F(Cli, NamesTheNearestConnectionWhenOneIsUnknown) {
  const auto document = json({"check", "locla"}, 2);
  EXPECT_EQ(document->getValue<std::string>("connection"), "locla");
  EXPECT_TRUE(document->isNull("operation"));
  EXPECT_THAT(text(document->getObject("error"), "message"), HasSubstr("did you mean 'local'?"));
  EXPECT_EQ(requests(), 0U);
}

TEST_F(Cli, RefusesCommandLinesThatItCannotUnderstand) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> wrong = {
      {{}, "no command"},
      {{"check"}, "was given no CONNECTION"},
      {{"check", ""}, "was given no CONNECTION"},
      {{"invoke", "local"}, "was given no OPERATION"},
      {{"invoke", "local", "not an operation"}, "no name of an operation"},
      {{"invoke", "local", "check", "{}", "more"}, "an argument too many"},
      {{"check", "local", "local"}, "an argument too many"},
      {{"list", "local"}, "an argument too many"},
      {{"check", "--all", "local"}, "unknown option '--all' of check"},
      {{"--all", "revoke-token", "local"}, "unknown option '--all'"},
      {{"rotate-token", "local", "--when"}, "--when needs a value"},
      {{"rotate-token", "local", "--when="}, "--when needs a value"},
      {{"rotate-token", "local", "--when", "soon"}, "--when takes no such value"},
      {{"rotate-token", "local", "--when", "due|now"}, "--when takes no such value"},
      {{"rotate-token", "local", "--when=now", "--when=now"}, "--when is given twice"},
      {{"rotate-token", "local", "--replace", "4f2a"}, "with --when due"},
      {{"rotate-token", "local", "--leaked", "--when=due"}, "with --when due"},
      {{"revoke-token", "local", "--all=yes"}, "--all takes no value"},
      {{"tokens", "local", "--reveal", "previous"}, "--reveal takes no such value"},
      {{"tokens", "local", "--reveal", "current", "--remote"}, "exclude each other"},
      {{"help", "rotate"}, "unknown command 'rotate', did you mean 'rotate-token'?"},
      {{"--daemon"}, "unknown option '--daemon'"},
  };
  for (const auto& [arguments, message] : wrong) {
    const auto finished = host(arguments);
    EXPECT_EQ(finished.code, 2) << message;
    EXPECT_THAT(finished.err, AllOf(HasSubstr(message), HasSubstr("hint: "))) << finished.err;
    EXPECT_THAT(finished.out, IsEmpty());
  }
}

TEST_F(Cli, RefusesATokenInAnArgumentWithoutRepeatingIt) {
  const std::string token = "dapi0123456789abcdef0123456789abcdef";
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{"check", token},
                                             {token},
                                             {"check", "local", "--token=" + token},
                                             {"help", token + "-2"}}) {
    const auto finished = host(arguments);
    EXPECT_EQ(finished.code, 2);
    EXPECT_THAT(finished.err, AllOf(HasSubstr("looks like a token"), Not(HasSubstr("0123456789"))));
  }
}

TEST_F(Cli, DoesNotRepeatAnArgumentThatCouldBeASecret) {
  const std::string secret = "hunter2/+very+long+secret+that+is+no+name==";
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{secret},
                                             {"check", secret},
                                             {"check", "local", secret},
                                             {"invoke", "local", secret},
                                             {"invoke", "local", "check", secret},
                                             {"check", "--password=" + secret}})
    EXPECT_THAT(host(arguments).err, Not(HasSubstr("hunter2"))) << arguments.front();
  EXPECT_TRUE(json({"check", secret}, 2)->isNull("connection"));
}

TEST_F(Cli, AnswersAWrongCommandLineInJsonWhenAsked) {
  const auto document = json({"frobnicate"}, 2);
  EXPECT_TRUE(document->isNull("connection"));
  EXPECT_TRUE(document->isNull("operation"));
  const auto error = document->getObject("error");
  EXPECT_EQ(text(error, "status"), "invalid-argument");
  EXPECT_EQ(text(error, "reason"), "USAGE");
  EXPECT_THAT(keys(error),
              ElementsAre("detail", "effect", "file", "hint", "http_status", "line", "message",
                          "path", "reason", "retry", "retry_after_ms", "rule", "status"));
}

TEST_F(Cli, HelpExplainsTheProgramAndEachCommandWithoutAConfiguration) {
  const auto overview = start({"help"})->wait();
  EXPECT_EQ(overview.code, 0);
  for (const char* command : {"list", "describe", "check", "create-token", "rotate-token",
                              "revoke-token", "sweep", "tokens", "invoke", "help"}) {
    EXPECT_THAT(overview.out, HasSubstr(std::string("\n  ") + command + " "));
    const auto about = start({"help", command})->wait();
    EXPECT_EQ(about.code, 0);
    EXPECT_THAT(about.out, AllOf(HasSubstr(std::string("usage: sample-host ") + command),
                                 HasSubstr("Example")));
    EXPECT_EQ(start({command, "--help"})->wait().out, about.out);
  }
}

TEST_F(Cli, FailsWhenItsAnswerCannotBeWritten) {
  const auto finished =
      Process({"/bin/sh", "-c", "exec \"$0\" help >/dev/full", SAMPLE_HOST}, {}).wait();
  EXPECT_EQ(finished.code, 1);
  EXPECT_THAT(finished.err, HasSubstr("could not be written"));
}

// ---- The configuration ----

struct BadText {
  const char* text;
  int line;
  const char* path;
  const char* rule;
};

TEST_F(Cli, NamesFileLinePathAndRuleOfABadConfiguration) {
  const std::vector<BadText> bad = {
      {"", 1, "", "HUB-L-03"},
      {"{\n\"connectors\": [", 2, "", "HUB-L-03"},
      {"{\"connectors\": [],\n\"connectors\": []}", 2, "", "HUB-L-03"},
      {"[]", 1, "", "HUB-L-04"},
      {"{\"connectors\": [\"c\"], \"connections\": [\"c\"],\n\"stores\": {},\n"
       "\"store\": {\"type\": \"sqlite\", \"path\": \"s\", \"key_file\": \"k\"}}",
       2, "/stores", "HUB-L-04"},
      {"{\"connectors\": [\"c\"],\n\"connections\": \"c\",\n"
       "\"store\": {\"type\": \"sqlite\", \"path\": \"s\", \"key_file\": \"k\"}}",
       2, "/connections", "HUB-L-04"},
      {"{\"connectors\": [\"c\"], \"connections\": [\"c\"],\n\"store\": {\n\"type\": \"oracle\", "
       "\"path\": \"s\", \"key_file\": \"k\"}}",
       3, "/store/type", "HUB-L-04"},
      {"{\"connectors\": [\"c\"], \"connections\": [\"c\"]}", 1, "", "HUB-L-04"},
  };
  for (const auto& [content, line, pointer, rule] : bad) {
    const auto file = write("host.json", content);
    const auto refused = error({"list"}, 2);
    EXPECT_EQ(text(refused, "file"), file.string()) << content;
    EXPECT_EQ(text(refused, "line"), std::to_string(line)) << content;
    EXPECT_EQ(text(refused, "path"), pointer) << content;
    EXPECT_EQ(text(refused, "rule"), rule) << content;
    EXPECT_THAT(text(refused, "message"), StartsWith(file.string())) << content;
    EXPECT_THAT(text(refused, "hint"), Not(IsEmpty())) << content;
  }
}

TEST_F(Cli, RefusesAConfigurationThatOthersCanWrite) {
  std::filesystem::permissions(path("host.json"), std::filesystem::perms(0664));
  const auto refused = error({"list"}, 2);
  EXPECT_EQ(text(refused, "rule"), "HUB-L-02");
  EXPECT_EQ(text(refused, "hint"), "chmod go-w " + path("host.json").string());
}

TEST_F(Cli, RefusesAConfigurationThatIsTooLarge) {
  write("host.json", std::string(256 * 1024 + 1, ' '));
  EXPECT_EQ(text(error({"list"}, 2), "reason"), "FILE_TOO_LARGE");
}

TEST_F(Cli, RefusesAConfigurationThatIsMissing) {
  std::filesystem::remove(path("host.json"));
  const auto refused = error({"list"}, 2);
  EXPECT_EQ(text(refused, "reason"), "FILE_MISSING");
  EXPECT_THAT(text(refused, "message"), HasSubstr(path("host.json").string()));
}

TEST_F(Cli, FindsItsConfigurationInTheUsersDirectory) {
  const std::string xdg = write("xdg/sample-host/host.json", "none").string();
  const std::string home = write(".config/sample-host/host.json", "none").string();
  environment["XDG_CONFIG_HOME"] = path("xdg").string();
  EXPECT_THAT(start({"list"})->wait().err, HasSubstr(xdg + ":1: "));
  environment["XDG_CONFIG_HOME"] = "xdg";  // must be absolute to count
  EXPECT_THAT(start({"list"})->wait().err, HasSubstr(home + ":1: "));
  environment.erase("XDG_CONFIG_HOME");
  EXPECT_THAT(start({"list"})->wait().err, HasSubstr(home + ":1: "));
}

TEST_F(Cli, NamesThePlacesWhereItLookedForAConfiguration) {
  if (std::filesystem::exists("/etc/sample-host/host.json")) GTEST_SKIP() << "this machine has one";
  const auto finished = start({"list"})->wait();
  EXPECT_EQ(finished.code, 2);
  EXPECT_THAT(finished.err, HasSubstr("no " + path(".config/sample-host/host.json").string() +
                                      " or /etc/sample-host/host.json"));
}

TEST_F(Cli, RefusesAManifestThatBreaksItsSchema) {
  auto manifest = connection();
  manifest->set("colour", "blue");
  write_connection(manifest);
  const auto refused = error({"list"}, 2);
  EXPECT_EQ(text(refused, "file"), path("connections/local.connection.json").string());
  EXPECT_EQ(text(refused, "path"), "/colour");
  EXPECT_EQ(text(refused, "rule"), "HUB-L-04");
}

TEST_F(Cli, RefusesTwoConnectionsThatShareASlot) {
  auto manifest = connection();
  manifest->set("name", "other");
  write_connection(manifest, "other");
  EXPECT_THAT(text(error({"list"}, 2), "message"), HasSubstr("local/token"));
}

TEST_F(Cli, RefusesAConfigurationThatTheConnectorDoesNotKnow) {
  auto manifest = connection();
  manifest->getObject("config")->getObject("rotation")->set("grace", 5);
  write_connection(manifest);
  const auto document = json({"check", "local"}, 2);
  EXPECT_TRUE(document->isNull("operation"));
  const auto refused = document->getObject("error");
  EXPECT_EQ(text(refused, "path"), "/config/rotation/grace");
  EXPECT_NE(text(refused, "line"), "");
}

TEST_F(Cli, RefusesAConnectorThatIsNotInstalled) {
  auto manifest = connection();
  manifest->set("connector", "snowflake-key");
  write_connection(manifest);
  const auto refused = error({"describe", "local"}, 2);
  EXPECT_EQ(text(refused, "path"), "/connector");
  EXPECT_THAT(text(refused, "hint"), HasSubstr("snowflake-key.connector.json"));
}

TEST_F(Cli, RefusesToShowTokensOfAConnectionWithoutASlot) {
  auto manifest = connection();
  manifest->getObject("secrets")->remove("token");
  write_connection(manifest);
  EXPECT_EQ(text(error({"tokens", "local"}, 2), "path"), "/secrets");
}

}  // namespace
}  // namespace integration
