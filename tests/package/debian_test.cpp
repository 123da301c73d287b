// The Debian packages: what is in them, who may write it, what they depend on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "fixture.hpp"

namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

class DebianPackages : public PackageFixture {
 protected:
  static void TearDownTestSuite() { packed_.reset(); }

  /// Packed once for all tests here, by somebody whose group shares everything.
  void SetUp() override {
    PackageFixture::SetUp();
    if (IsSkipped() || packed_) return;
    packed_ = std::make_unique<TemporaryDirectory>();
    const mode_t umask = ::umask(S_IWOTH);
    run(HUB_CPACK " -G DEB --config " HUB_BUILD "/CPackConfig.cmake -B " + packed());
    ::umask(umask);
  }

  static std::string packed() { return packed_->path().string(); }
  static std::string file_of(const std::string& package) {
    return packed() + "/" + package + "_1.0.0_*.deb";
  }

  std::vector<std::string> lines(const std::string& command) const {
    std::istringstream output(run(command));
    std::vector<std::string> result;
    for (std::string line; std::getline(output, line);) result.push_back(line);
    return result;
  }

  /// The paths of the files, without the directories.
  std::vector<std::string> content(const std::string& package) const {
    return lines("dpkg-deb -c " + file_of(package) + " | sed -n '/^-/s,.* \\./,/,p'");
  }

  std::string field(const std::string& package, const std::string& name) const {
    return run("dpkg-deb -f " + file_of(package) + " " + name);
  }

 private:
  static inline std::unique_ptr<TemporaryDirectory> packed_;
};

TEST_F(DebianPackages, AreThree) {
  EXPECT_THAT(lines("cd " + packed() + " && ls *.deb"),
              ElementsAre(MatchesRegex("hub-connector-sdk_1\\.0\\.0_[a-z0-9]+\\.deb"),
                          MatchesRegex("hub-databricks-token_1\\.0\\.0_[a-z0-9]+\\.deb"),
                          MatchesRegex("hub-sample-host_1\\.0\\.0_[a-z0-9]+\\.deb")));
}

TEST_F(DebianPackages, GiveAnAuthorEverythingThatTheReadmeNames) {
  const std::string documentation = "/usr/share/doc/hub-connector-sdk/";
  const auto files = content("hub-connector-sdk");
  EXPECT_THAT(files, IsSupersetOf({std::string("/usr/include/hub/connector.h"),
                                   std::string("/usr/include/hub/testing/fake_host.hpp"),
                                   std::string("/usr/bin/hub-validate"),
                                   std::string("/usr/" HUB_LIBDIR "/libhub_host.a"),
                                   std::string("/usr/" HUB_LIBDIR "/libhub_rotation.a"),
                                   std::string("/usr/share/pkgconfig/hub-connector-sdk.pc"),
                                   std::string("/usr/share/hub/schemas/describe.schema.json"),
                                   documentation + "README.md", documentation + "docs/contract.md",
                                   documentation + "rotation/README.md"}));
  EXPECT_THAT(files,
              IsSupersetOf(lines("cd " HUB_SOURCE "/host-sdk && find include examples -type f |"
                                 " sed 's,^include,/usr/include,;"
                                 " s,^examples," +
                                 documentation + "examples,'")));
}

TEST_F(DebianPackages, KeepTheConnectorApartFromItsHost) {
  EXPECT_THAT(
      content("hub-databricks-token"),
      AllOf(IsSupersetOf({"/usr/" HUB_LIBDIR "/hub/connectors/libdatabricks_token.so",
                          "/usr/" HUB_LIBDIR "/hub/connectors/databricks-token.connector.json",
                          "/usr/share/doc/hub-databricks-token/examples/example.connection.json"}),
            Each(AnyOf(StartsWith("/usr/" HUB_LIBDIR "/hub/connectors/"),
                       StartsWith("/usr/share/doc/hub-databricks-token/")))));
  EXPECT_THAT(
      content("hub-sample-host"),
      AllOf(IsSupersetOf({"/usr/bin/sample-host", "/usr/bin/local-workspace",
                          "/usr/share/doc/hub-sample-host/examples/host.json"}),
            Each(AnyOf(StartsWith("/usr/bin/"), StartsWith("/usr/share/doc/hub-sample-host/")))));
}

TEST_F(DebianPackages, HoldNothingThatOthersCouldWrite) {
  for (const std::string package : {"hub-connector-sdk", "hub-databricks-token", "hub-sample-host"})
    EXPECT_THAT(lines("dpkg-deb -c " + file_of(package)),
                Each(MatchesRegex("[-d]rw[-x]r-[-x]r-[-x] root/root .*")));
}

TEST_F(DebianPackages, HoldTheLibraryThatTheManifestNames) {
  const auto words = lines("dpkg-deb -x " + file_of("hub-databricks-token") +
                           " . && cd usr/" HUB_LIBDIR
                           "/hub/connectors && sha256sum <libdatabricks_token.so | cut -c -64"
                           " && grep -o '[0-9a-f]\\{64\\}' databricks-token.connector.json");
  ASSERT_EQ(words.size(), 2U);
  EXPECT_EQ(words[0], words[1]);
}

TEST_F(DebianPackages, DependOnWhatTheyAreLinkedWith) {
  EXPECT_THAT(field("hub-databricks-token", "Depends"),
              AllOf(HasSubstr("libpocojson"), HasSubstr("libc-ares2"), HasSubstr("libssl3"),
                    HasSubstr("ca-certificates")));
  EXPECT_THAT(field("hub-sample-host", "Depends"),
              AllOf(HasSubstr("libpocodatasqlite"), HasSubstr("libpq5"), HasSubstr("libsodium23")));
  EXPECT_THAT(field("hub-connector-sdk", "Depends"), HasSubstr("libpocojson"));
  EXPECT_THAT(field("hub-connector-sdk", "Recommends"),
              AllOf(HasSubstr("libpoco-dev"), HasSubstr("libboost-filesystem-dev"),
                    HasSubstr("libssl-dev")));
}

}  // namespace
