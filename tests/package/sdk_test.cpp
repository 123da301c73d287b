// The installed SDK, and projects outside that build against it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "fixture.hpp"

namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class InstalledSdk : public PackageFixture {
 protected:
  /// Installed there, and moved away: nothing in it may know where it was.
  void SetUp() override {
    PackageFixture::SetUp();
    if (IsSkipped()) return;
    run(HUB_CMAKE " --install " HUB_BUILD " --component sdk --prefix $PWD/first && mv first sdk");
  }

  /// Copies the example as the README says, and configures it, in build.
  void configure_example(const std::string& name) const {
    run("cp -r sdk/share/doc/hub-connector-sdk/examples/" + name + " . && " HUB_CMAKE " -S " +
        name + " -B build -DCMAKE_PREFIX_PATH=$PWD/sdk");
  }

  /// What CMake says to a project that does nothing but find_package(HubConnectorSdk `arguments`).
  std::string find_package(const std::string& arguments, const std::string& options = "",
                           bool fails = true) const {
    scratch_.write("CMakeLists.txt",
                   "cmake_minimum_required(VERSION 3.25)\nproject(finds LANGUAGES CXX)\n"
                   "find_package(HubConnectorSdk " +
                       arguments + ")\n");
    return run(HUB_CMAKE " -B finds --no-warn-unused-cli -DCMAKE_PREFIX_PATH=$PWD/sdk " + options,
               fails);
  }
};

TEST_F(InstalledSdk, LetsAnAuthorBuildTestAndInstallAConnector) {
  configure_example("minimal");
  run(HUB_CMAKE " --build build");
  EXPECT_THAT(run("ctest --test-dir build"), HasSubstr("100% tests passed"));
  run(HUB_CMAKE " --install build --prefix $PWD/hub --strip");
  EXPECT_EQ(run("cd hub && find . -type f | sort"),
            "./lib/hub/connectors/libmeasure.so\n./lib/hub/connectors/measure.connector.json\n");
  run("sdk/bin/hub-validate build/libmeasure.so");
}

TEST_F(InstalledSdk, LetsAHostLoadAnAuthorsConnector) {
  configure_example("minimal");
  run(HUB_CMAKE " --build build --target measure");
  run(HUB_CMAKE " --install build --prefix $PWD/hub --strip");
  run(HUB_CMAKE " -S " HUB_OUTSIDE " -B outside -DCMAKE_PREFIX_PATH=$PWD/sdk");
  run(HUB_CMAKE " --build outside");
  scratch_.write("measure.connection.json", R"({"name": "first", "connector": "measure",
    "config": {"unit": "bits"}, "secrets": {"key": {"reference": "env:KEY"}}})");

  for (const std::string place : {"build", "hub/lib/hub/connectors"}) {
    EXPECT_EQ(
        run("outside/host " + place + "/measure.connector.json measure.connection.json measure"),
        "{\"length\": 80}\n");
  }
}

TEST_F(InstalledSdk, LetsAnAuthorBuildTheExampleThatRotates) {
  configure_example("oauth-secret");
  run(HUB_CMAKE " --build build --parallel 2");
  EXPECT_THAT(run("nm -D --defined-only build/liboauth_secret.so"),
              ::testing::MatchesRegex("[0-9a-f]+ T hub_connector_query\n"));
  run("sdk/bin/hub-validate --config oauth-secret/validate.json build/liboauth_secret.so");
}

TEST_F(InstalledSdk, LetsTheExampleOfAHostInCFindItsHeader) {
  run("cd sdk/share/doc/hub-connector-sdk/examples/hosts/c && " HUB_CC
      " $(PKG_CONFIG_PATH=$OLDPWD/sdk/share/pkgconfig pkg-config --cflags hub-connector-sdk)"
      " -o $OLDPWD/host host.c slot.c -ldl");
  scratch_.write("config.json", R"({"unit": "bits"})");
  scratch_.write("key", "0123456789\n");
  EXPECT_THAT(run("./host " HUB_MEASURE " config.json key=key none measure"),
              HasSubstr("{\"length\": 80}"));
}

TEST_F(InstalledSdk, NamesItsComponentsWhenOneIsMissing) {
  EXPECT_THAT(find_package("1 REQUIRED COMPONENTS wings"),
              HasSubstr("it has no component \"wings\"; there are connector, rotation and host"));
}

TEST_F(InstalledSdk, IsNotTakenForAnotherMajorVersion) {
  EXPECT_THAT(find_package("0.9 REQUIRED"), HasSubstr("version: 1.0.0"));
}

TEST_F(InstalledSdk, AsksForPocoAndBoostOnlyForHosts) {
  const std::string without =
      "-DCMAKE_DISABLE_FIND_PACKAGE_Poco=ON -DCMAKE_DISABLE_FIND_PACKAGE_Boost=ON";
  EXPECT_THAT(find_package("1 REQUIRED COMPONENTS rotation", without, false),
              Not(HasSubstr("Boost")));
  EXPECT_THAT(find_package("1 REQUIRED COMPONENTS host", without), HasSubstr("Poco"));
  EXPECT_THAT(find_package("1 REQUIRED COMPONENTS host",
                           "-DCMAKE_DISABLE_FIND_PACKAGE_Poco=OFF"
                           " -DCMAKE_DISABLE_FIND_PACKAGE_Boost=ON"),
              HasSubstr("Boost"));
}

TEST_F(InstalledSdk, KnowsNoPathOfTheBuild) {
  EXPECT_EQ(run("grep --recursive --files-with-matches --fixed-strings -e '" HUB_BUILD
                "' -e $PWD sdk --include=*.cmake --include=*.pc --include=*.json || true"),
            "");
}

}  // namespace
