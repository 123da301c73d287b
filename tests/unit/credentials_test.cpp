#include <credentials/credentials.hpp>

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace sample_host {
namespace {

namespace fs = std::filesystem;

class CredentialsTest : public testing::Test {
 protected:
  CredentialsTest() {
    char name[] = "/tmp/credentials_test.XXXXXX";
    directory_ = ::mkdtemp(name);
  }
  ~CredentialsTest() override {
    ::unsetenv(kVariable);
    fs::remove_all(directory_);
  }

  fs::path write(const std::string& content, mode_t mode = 0600) const {
    const fs::path file = directory_ / "secret";
    std::ofstream(file, std::ios::binary) << content;
    ::chmod(file.c_str(), mode);
    return file;
  }
  static std::string reference(const fs::path& file) { return "file:" + file.string(); }

  void expect_refused(const std::string& reference, hub::Status status, const char* reason) const {
    const auto got = credentials_.get(reference);
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.error().status, status);
    EXPECT_EQ(got.error().reason, reason);
    EXPECT_FALSE(got.error().message.empty());
    EXPECT_FALSE(got.error().hint.empty());
    EXPECT_EQ(got.error().message.find(kCanary), std::string::npos);
    EXPECT_EQ(got.error().hint.find(kCanary), std::string::npos);
  }
  void expect_missing(const std::string& reference) const {
    expect_refused(reference, hub::Status::kFailedPrecondition, "CREDENTIAL_MISSING");
  }
  void expect_exposed(const std::string& reference) const {
    expect_refused(reference, hub::Status::kPermissionDenied, "CREDENTIAL_EXPOSED");
  }
  void expect_invalid(const std::string& reference) const {
    expect_refused(reference, hub::Status::kInvalidArgument, "REFERENCE_INVALID");
  }

  static constexpr const char* kVariable = "CREDENTIALS_TEST_VARIABLE";
  static constexpr const char* kCanary = "canary-3f9a";
  fs::path directory_;
  const Credentials credentials_{};
};

TEST_F(CredentialsTest, AVariableIsReadAnewAtEachCall) {
  const std::string name = "env:" + std::string(kVariable);
  ::setenv(kVariable, "first", 1);
  EXPECT_EQ(credentials_.get(name)->reveal(), "first");
  ::setenv(kVariable, "second", 1);
  EXPECT_EQ(credentials_.get(name)->reveal(), "second");
}

TEST_F(CredentialsTest, AnUnsetVariableIsNamedWithWhatToDo) {
  expect_missing("env:" + std::string(kVariable));
  const auto got = credentials_.get("env:" + std::string(kVariable));
  EXPECT_NE(got.error().message.find(kVariable), std::string::npos);
  EXPECT_EQ(got.error().hint, "export " + std::string(kVariable) + "=...");
}

TEST_F(CredentialsTest, AnEmptyVariableIsNoCredential) {
  ::setenv(kVariable, "", 1);
  expect_missing("env:" + std::string(kVariable));
}

TEST_F(CredentialsTest, AVariableWithALineBreakIsRefusedBecauseItWouldBeginAnotherHeader) {
  ::setenv(kVariable, (std::string(kCanary) + "\r\nX-Other: 1").c_str(), 1);
  expect_missing("env:" + std::string(kVariable));
}

TEST_F(CredentialsTest, AFileIsReadAnewAtEachCall) {
  const fs::path file = write("first");
  EXPECT_EQ(credentials_.get(reference(file))->reveal(), "first");
  write("second");
  EXPECT_EQ(credentials_.get(reference(file))->reveal(), "second");
}

TEST_F(CredentialsTest, OneNewlineAtTheEndOfAFileIsNotPartOfIt) {
  EXPECT_EQ(credentials_.get(reference(write("secret\n")))->reveal(), "secret");
  EXPECT_EQ(credentials_.get(reference(write("secret\r\n")))->reveal(), "secret");
}

TEST_F(CredentialsTest, AFileWithAControlCharacterIsRefused) {
  using std::string_literals::operator""s;
  for (const std::string& end : {"\n\n"s, "\r"s, "\nmore"s, "\0"s, "\x7f"s, "\t"s}) {
    expect_missing(reference(write(kCanary + end)));
  }
}

TEST_F(CredentialsTest, APrivateKeyInPemKeepsItsLines) {
  const std::string pem = "-----BEGIN PRIVATE KEY-----\nMIG2\r\n-----END PRIVATE KEY-----";
  EXPECT_EQ(credentials_.get(reference(write(pem + '\n')))->reveal(), pem);
  expect_missing(reference(write(pem + '\t')));
}

TEST_F(CredentialsTest, BytesBeyondAsciiAreKept) {
  EXPECT_EQ(credentials_.get(reference(write("schl\xc3\xbcssel")))->reveal(), "schl\xc3\xbcssel");
}

TEST_F(CredentialsTest, AnEmptyFileIsNoCredential) {
  expect_missing(reference(write("")));
  expect_missing(reference(write("\n")));
}

TEST_F(CredentialsTest, AMissingFileIsNamed) {
  expect_missing(reference(directory_ / "absent"));
  EXPECT_NE(credentials_.get(reference(directory_ / "absent")).error().message.find("absent"),
            std::string::npos);
}

TEST_F(CredentialsTest, AFileOfSixtyFourKibibytesIsReadAndALargerOneIsRefused) {
  EXPECT_EQ(credentials_.get(reference(write(std::string(64 * 1024, 'x'))))->size(), 64 * 1024U);
  expect_missing(reference(write(std::string(64 * 1024 + 1, 'x'))));
}

TEST_F(CredentialsTest, AFileThatOthersCanReadIsExposedAndTheHintMendsIt) {
  for (const mode_t mode : {0640U, 0604U, 0644U}) {
    const fs::path file = write(kCanary, mode);
    expect_exposed(reference(file));
    const std::string hint = credentials_.get(reference(file)).error().hint;
    EXPECT_NE(hint.find("chmod"), std::string::npos);
    ASSERT_EQ(std::system(hint.c_str()), 0);
    EXPECT_TRUE(credentials_.get(reference(file)).ok());
  }
}

TEST_F(CredentialsTest, AFileThatOthersCanWriteIsExposed) {
  expect_exposed(reference(write(kCanary, 0620)));
  expect_exposed(reference(write(kCanary, 0602)));
}

TEST_F(CredentialsTest, AFileInADirectoryThatOthersCanWriteIsExposed) {
  const fs::path file = write(kCanary);
  ::chmod(directory_.c_str(), 0777);
  expect_exposed(reference(file));
}

TEST_F(CredentialsTest, AFileOfAnotherUserIsExposed) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  const fs::path file = write(kCanary);
  ASSERT_EQ(::chown(file.c_str(), 65534, 65534), 0);
  expect_exposed(reference(file));
}

TEST_F(CredentialsTest, ASymbolicLinkIsRefused) {
  const fs::path link = directory_ / "link";
  fs::create_symlink(write(kCanary), link);
  expect_exposed(reference(link));
}

TEST_F(CredentialsTest, AFifoIsRefusedWithoutWaitingForAWriter) {
  const fs::path fifo = directory_ / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  expect_exposed(reference(fifo));
}

TEST_F(CredentialsTest, ADirectoryIsRefused) { expect_exposed(reference(directory_)); }

TEST_F(CredentialsTest, ARelativePathIsRefused) { expect_invalid("file:secret"); }

TEST_F(CredentialsTest, AReferenceThatNamesNothingIsRefused) {
  expect_invalid("env:");
  expect_invalid("file:");
  expect_invalid("");
}

TEST_F(CredentialsTest, AnUnknownKindIsRefusedWithTheKnownOnesAndNotRepeated) {
  expect_invalid(kCanary);
  expect_invalid("vault:" + std::string(kCanary));
  const std::string hint = credentials_.get("vault:x").error().hint;
  EXPECT_NE(hint.find("env:"), std::string::npos);
  EXPECT_NE(hint.find("file:"), std::string::npos);
}

}  // namespace
}  // namespace sample_host
