// The way of a connector into the process: docs/contract.md, "Loading".
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "loader_fixture.hpp"

namespace fs = std::filesystem;

namespace {

class LoaderTest : public LoaderFixture {
 protected:
  void SetUp() override { ::unsetenv("ZOO_RAN"); }

  /// Refused before one instruction of the library ran.
  void expect_never_run(const fs::path& manifest, const std::string& reason,
                        const std::string& rule, const std::string& text, const std::string& hint) {
    expect_refused([&] { load(manifest); }, reason, rule, text, hint);
    EXPECT_EQ(std::getenv("ZOO_RAN"), nullptr);
  }
};

TEST_F(LoaderTest, LoadsAConnectorAndTellsWhatItIs) {
  const auto library = load(install("talkative"));
  EXPECT_EQ(library->id(), "talkative");
  EXPECT_EQ(library->version(), "2.1.0");
  EXPECT_NE(library->description().find("\"operations\""), std::string::npos);
}

TEST_F(LoaderTest, LeavesTheSignalMaskOfTheLoadingThreadAlone) {
  sigset_t mask;
  sigemptyset(&mask);
  ::pthread_sigmask(SIG_SETMASK, &mask, nullptr);
  load(install("talkative"));
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  EXPECT_EQ(sigismember(&mask, SIGPIPE), 0);
}

TEST_F(LoaderTest, AcceptsATableThatIsOlderOrLongerThanItsOwn) {
  EXPECT_EQ(load(install("older_table"))->id(), "zoo");
  EXPECT_EQ(load(install("longer_table"))->id(), "zoo");
}

TEST_F(LoaderTest, RefusesAManifestThatIsMissing) {
  expect_never_run(directory_.path() / "no.connector.json", "FILE_MISSING", "HUB-L-02",
                   "does not exist", "ls -l");
}

TEST_F(LoaderTest, RefusesAManifestThatIsUnreadable) {
  const auto manifest = install("minimal");
  ::chmod(manifest.c_str(), 0000);
  const uid_t self = ::geteuid();
  if (self == 0) {
    ASSERT_EQ(::seteuid(65534), 0) << "root reads everything";
  }
  expect_never_run(manifest, "FILE_UNREADABLE", "HUB-L-02", "cannot be read", "ls -l");
  if (self == 0) {
    ASSERT_EQ(::seteuid(0), 0);
  }
}

TEST_F(LoaderTest, RefusesAManifestThatOthersCanWrite) {
  const auto manifest = install("minimal");
  ::chmod(manifest.c_str(), 0664);
  expect_never_run(manifest, "FILE_UNTRUSTED", "HUB-L-02", "can be written by its group",
                   "chmod go-w " + manifest.string());
}

TEST_F(LoaderTest, RefusesAManifestInADirectoryThatOthersCanWrite) {
  const auto manifest = install("minimal");
  ::chmod(directory_.path().c_str(), 0777);
  expect_never_run(manifest, "FILE_UNTRUSTED", "HUB-L-02", "can be written by its group",
                   "chmod go-w " + directory_.path().string());
}

TEST_F(LoaderTest, RefusesAManifestOfAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  const auto manifest = install("minimal");
  ASSERT_EQ(::chown(manifest.c_str(), 65534, 65534), 0);
  expect_never_run(manifest, "FILE_UNTRUSTED", "HUB-L-02", "belongs to the user with the id 65534",
                   "chown");
}

TEST_F(LoaderTest, RefusesAManifestThatIsASymbolicLinkOrNoRegularFile) {
  const auto manifest = install("minimal");
  const auto link = directory_.path() / "link.connector.json";
  fs::create_symlink(manifest, link);
  expect_never_run(link, "FILE_UNTRUSTED", "HUB-L-02", "is a symbolic link", "realpath");
  const auto pipe = directory_.path() / "pipe.connector.json";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0644), 0);
  expect_never_run(pipe, "FILE_UNTRUSTED", "HUB-L-02", "is not a regular file", "ls -l");
}

TEST_F(LoaderTest, RefusesAWayThroughALinkIntoADirectoryThatOthersCanWrite) {
  const auto open = directory_.make_directory("open");
  directory_.make_directory("open/inside");
  const auto manifest = directory_.write("open/inside/a.connector.json", "{}");
  fs::create_directory_symlink(open / "inside", directory_.path() / "way");
  ::chmod(open.c_str(), 0777);
  expect_never_run(directory_.path() / "way" / "a.connector.json", "FILE_UNTRUSTED", "HUB-L-02",
                   "can be written by its group", "chmod go-w " + open.string());
}

TEST_F(LoaderTest, RefusesAManifestThatIsTooLarge) {
  const auto manifest = directory_.write("a.connector.json", std::string(256 * 1024 + 1, ' '));
  expect_never_run(manifest, "FILE_TOO_LARGE", "HUB-L-02", "more than 262144", "shorten");
}

TEST_F(LoaderTest, RefusesAManifestThatIsNoJson) {
  const auto manifest = directory_.write("a.connector.json", "{\n \"id\": \"a\",\n}");
  expect_never_run(manifest, "JSON_INVALID", "HUB-L-03", ":3: is not strict JSON",
                   "correct line 3");
}

TEST_F(LoaderTest, RefusesAKeyThatStandsThereTwice) {
  const auto manifest = install("minimal", [](const std::string& text) {
    return replaced(text, "\"abi\"", "\"id\": \"zoo\", \"abi\"");
  });
  expect_never_run(manifest, "JSON_INVALID", "HUB-L-03", ":4: is not strict JSON: the key \"id\"",
                   "repeated keys");
}

TEST_F(LoaderTest, RefusesAKeyThatItDoesNotKnow) {
  const auto manifest = install("minimal", [](const std::string& text) {
    return replaced(text, "\"sha256\"", "\"sha512\"");
  });
  expect_never_run(manifest, "SCHEMA_VIOLATED", "HUB-L-04", "/sha512 is not a key that is known",
                   "known are: path, sha256");
}

TEST_F(LoaderTest, RefusesAValueOfTheWrongType) {
  const auto manifest =
      install("minimal", [](const std::string& text) { return replaced(text, "\"1.0.0\"", "1"); });
  const auto refused = refusal([&] { load(manifest); });
  EXPECT_EQ(refused->where.path, "/version");
  EXPECT_EQ(refused->where.line, 3);
  expect_never_run(manifest, "SCHEMA_VIOLATED", "HUB-L-04",
                   ":3: /version is an integer, but must be of type string", "version");
}

TEST_F(LoaderTest, RefusesAManifestThatLacksAKey) {
  const auto manifest = directory_.write("a.connector.json", R"({"id": "a", "version": "1.0.0"})");
  expect_never_run(manifest, "SCHEMA_VIOLATED", "HUB-L-04", "lacks the key", "add it");
}

TEST_F(LoaderTest, RefusesAnotherRevisionOfTheAbi) {
  const auto manifest = install("minimal", [](const std::string& text) {
    return replaced(text, "hub.connector/1", "hub.connector/2");
  });
  expect_never_run(manifest, "ABI_UNSUPPORTED", "HUB-L-10", "/abi is hub.connector/2", "install");
}

TEST_F(LoaderTest, RefusesAManifestWithoutALibraryForThisPlatform) {
  const auto manifest = install(
      "minimal", [](const std::string& text) { return replaced(text, "\"linux-", "\"plan9-"); });
  expect_never_run(manifest, "PLATFORM_UNSUPPORTED", "HUB-L-05", "names no library for linux-",
                   "install");
}

TEST_F(LoaderTest, RefusesALibraryThatIsMissing) {
  const auto manifest = install("minimal");
  fs::remove(directory_.path() / "minimal.so");
  expect_never_run(manifest, "LIBRARY_MISSING", "HUB-L-05", "minimal.so", "put the library there");
}

TEST_F(LoaderTest, RefusesALibraryOutsideTheManifestsDirectory) {
  install("minimal");
  const auto inner = directory_.make_directory("inner");
  const auto manifest = [&](const std::string& path) {
    install("minimal");
    const auto text = install("minimal", [&](const std::string& from) {
      return replaced(from, "\"minimal.so\"", "\"" + path + "\"");
    });
    fs::rename(text, inner / "a.connector.json");
    return inner / "a.connector.json";
  };
  expect_never_run(manifest("../minimal.so"), "LIBRARY_OUTSIDE", "HUB-L-05",
                   "out of the manifest's directory", "cp ");
  fs::create_symlink(directory_.path() / "minimal.so", inner / "link.so");
  expect_never_run(manifest("link.so"), "LIBRARY_OUTSIDE", "HUB-L-05",
                   "out of the manifest's directory", "cp ");
  expect_never_run(manifest((directory_.path() / "minimal.so").string()), "LIBRARY_OUTSIDE",
                   "HUB-L-05", "out of the manifest's directory", "cp ");
}

TEST_F(LoaderTest, RefusesALibraryThatOthersCanWrite) {
  const auto manifest = install("minimal");
  ::chmod((directory_.path() / "minimal.so").c_str(), 0777);
  expect_never_run(manifest, "FILE_UNTRUSTED", "HUB-L-06", "can be written by its group",
                   "chmod go-w " + (directory_.path() / "minimal.so").string());
}

TEST_F(LoaderTest, RefusesALibraryWithAnotherDigest) {
  const auto manifest = install("minimal");
  directory_.write("minimal.so", "something else");
  expect_never_run(manifest, "DIGEST_MISMATCH", "HUB-L-06", "/sha256 is not the digest of",
                   "sha256sum");
}

TEST_F(LoaderTest, RefusesALibraryWithoutADigestUnlessTheHostAllowsIt) {
  const auto unpinned = [](const std::string& text) {
    const auto comma = text.find(", \"sha256\"");
    return text.substr(0, comma) + text.substr(text.find('}', comma));
  };
  const auto manifest = install("minimal", unpinned);
  expect_never_run(manifest, "DIGEST_MISSING", "HUB-L-06", "/sha256 is missing", "sha256sum");
  const hub::ConnectorLibrary library(services_, manifest, {.allow_unpinned = true});
  EXPECT_EQ(library.id(), "zoo");
}

TEST_F(LoaderTest, RefusesAFileThatIsNoElf) {
  install("minimal");
  const auto library = directory_.write("minimal.so", "#!/bin/sh\n");
  const auto digest = sha256_of_file(library);
  const auto manifest = install("minimal", [&](const std::string& text) {
    directory_.write("minimal.so", "#!/bin/sh\n");
    auto edited = text;
    return edited.replace(edited.find("sha256\": \"") + 10, 64, digest);
  });
  expect_never_run(manifest, "LIBRARY_INVALID", "HUB-L-07", "is not an ELF file", "file ");
}

TEST_F(LoaderTest, RefusesALibraryOfAnotherMachineOrWithBrokenTables) {
  const auto manifest_of = [&](std::size_t offset, char value) {
    return install("minimal", [&](const std::string& text) {
      const auto library = directory_.path() / "minimal.so";
      std::string bytes;
      {
        FILE* const in = std::fopen(library.c_str(), "rb");
        for (int byte = std::fgetc(in); byte != EOF; byte = std::fgetc(in))
          bytes += static_cast<char>(byte);
        std::fclose(in);
      }
      bytes[offset] = value;
      directory_.write("minimal.so", bytes);
      auto edited = text;
      return edited.replace(edited.find("sha256\": \"") + 10, 64, sha256_of_file(library));
    });
  };
  expect_never_run(manifest_of(18, 8), "LIBRARY_INVALID", "HUB-L-07", "for another machine",
                   "readelf");
  expect_never_run(manifest_of(4, 1), "LIBRARY_INVALID", "HUB-L-07", "for another machine",
                   "readelf");
  expect_never_run(manifest_of(16, 2), "LIBRARY_INVALID", "HUB-L-07", "is not a shared library",
                   "readelf");
  expect_never_run(manifest_of(46, 127), "LIBRARY_INVALID", "HUB-L-07", "broken section",
                   "readelf");
}

TEST_F(LoaderTest, RefusesALibraryWithoutAnEntryOrWithOneInADependency) {
  expect_never_run(install("no_entry"), "LIBRARY_INVALID", "HUB-L-07",
                   "does not define hub_connector_query", "readelf");
  expect_never_run(install("entry_in_dependency"), "LIBRARY_INVALID", "HUB-L-07",
                   "does not define hub_connector_query", "in another library");
}

TEST_F(LoaderTest, RefusesALibraryThatExportsMore) {
  expect_never_run(install("extra_export"), "LIBRARY_INVALID", "HUB-L-07", "exports zoo_extra",
                   "version script");
}

TEST_F(LoaderTest, RefusesALibraryWithAnUndefinedSymbolAtOnce) {
  expect_never_run(install("undefined_symbol"), "LIBRARY_UNLOADABLE", "HUB-L-08",
                   "nobody_defines_this", "ldd -r");
}

TEST_F(LoaderTest, RefusesToLoadALibraryTwice) {
  const auto manifest = install("minimal");
  load(manifest)->stop();
  expect_refused([&] { load(manifest); }, "ALREADY_LOADED", "HUB-L-08", "starts only once",
                 "one ConnectorLibrary");
}

TEST_F(LoaderTest, RefusesAFileThatTookTheNameOfALibraryThatIsMapped) {
  const auto manifest = install("minimal");
  load(manifest)->stop();
  fs::remove(directory_.path() / "minimal.so");
  install("minimal");
  expect_refused([&] { load(manifest); }, "LIBRARY_REPLACED", "HUB-L-08",
                 "is not the file that was checked", "start the process again");
}

TEST_F(LoaderTest, RefusesATableThatIsNoneOfThisRevision) {
  const auto refused = [&](const std::string& name, const std::string& reason,
                           const std::string& text) {
    expect_refused([&] { load(install(name)); }, reason, "HUB-L-10", text, "install");
  };
  refused("other_major", "ABI_UNSUPPORTED", "does not know hub.connector/1");
  refused("short_table", "TABLE_INVALID", "invoke");
  refused("no_invoke", "TABLE_INVALID", "invoke");
  refused("other_id", "IDENTITY_MISMATCH", "is other 1.0.0, but");
}

TEST_F(LoaderTest, RefusesADescriptionThatIsNone) {
  const auto refused = [&](const std::string& name, const std::string& text) {
    expect_refused([&] { load(install(name)); }, "DESCRIPTION_INVALID", "HUB-L-11", text,
                   "install a corrected version");
  };
  refused("describe_fails", "cannot describe itself: internal");
  refused("description_no_json", "stands there twice");
  refused("description_invalid", "lacks the key");
  refused("description_of_another", "describes other");
  refused("description_schema_broken", "/config");
}

TEST_F(LoaderTest, AConnectorThatDoesNotStartIsRefusedTheSameEachTime) {
  const auto library = load(install("start_fails"));
  const auto manifest = hub::ConnectionManifest::read(directory_.write(
      "zoo.connection.json", R"({"name": "a", "connector": "zoo", "config": {}, "secrets": {}})"));
  for (int i = 0; i < 2; ++i) {
    expect_refused([&] { library->open(manifest); }, "UNEXPLAINED", "HUB-L-15",
                   "start returned unavailable without saying why", "author");
  }
}

TEST_F(LoaderTest, OpenWithoutAnInstanceIsRefused) {
  const auto library = load(install("open_without_instance"));
  const auto manifest = hub::ConnectionManifest::read(directory_.write(
      "zoo.connection.json", R"({"name": "a", "connector": "zoo", "config": {}, "secrets": {}})"));
  expect_refused([&] { library->open(manifest); }, "UNEXPLAINED", "HUB-L-15", "open returned",
                 "author");
}

TEST_F(LoaderTest, StopsOnlyWhenEachConnectionIsClosedAndNeverStartsAgain) {
  const auto library = load(install("talkative"));
  auto open = library->open(connection());
  EXPECT_THROW(library->stop(), std::logic_error);
  open.reset();
  library->stop();
  library->stop();
  expect_refused([&] { library->open(connection()); }, "CONNECTOR_STOPPED", "HUB-L-15",
                 "has been stopped", "start the process again");
}

TEST_F(LoaderTest, StartsOnceForAllConnections) {
  const auto library = load(install("talkative"));
  const auto first = library->open(connection());
  const auto second = library->open(connection());
  EXPECT_EQ(services_.logged(),
            "1 : started for test-host\n0 prod: opened prod\n"
            "0 prod: opened prod\n");
}

}  // namespace
