// Manifests of connections: what is read, found and admitted.
#include <Poco/JSON/Object.h>
#include <sys/stat.h>
#include <hub/strict_json.hpp>

#include "loader_fixture.hpp"

namespace fs = std::filesystem;

namespace {

using hub::ConnectionManifest;

class ConnectionManifestTest : public LoaderFixture {
 protected:
  fs::path written(const std::string& name, const std::string& slot,
                   const std::string& file = "a.connection.json") {
    return directory_.write(file, R"({"name": ")" + name + R"(", "connector": "talkative",
 "config": {},
 "secrets": {"token": {"slot": ")" + slot +
                                      R"("}}})");
  }
};

TEST_F(ConnectionManifestTest, ReadsWhatItSays) {
  const auto manifest = connection(R"(, "lifetime": 9007199254740993)");
  EXPECT_EQ(manifest.name(), "prod");
  EXPECT_EQ(manifest.connector(), "talkative");
  EXPECT_NE(manifest.config_json().find("9007199254740993"), std::string::npos);
  EXPECT_EQ(manifest.secrets().at("admin").reference, "env:ADMIN");
  EXPECT_EQ(manifest.secrets().at("token").slot, "prod/token");
  EXPECT_EQ(manifest.line_of("/config/auth/type"), 2);
  EXPECT_EQ(manifest.line_of("/secrets/nothing/there"), 3);
}

TEST_F(ConnectionManifestTest, RefusesWhatTheSchemaForbids) {
  const auto refused = [&](const std::string& from, const std::string& to, const std::string& text,
                           const std::string& hint) {
    const std::string good = R"({"name": "a", "connector": "b", "config": {},
 "secrets": {"token": {"slot": "a/b"}}})";
    expect_refused(
        [&] {
          ConnectionManifest::read(directory_.write("a.connection.json", replaced(good, from, to)));
        },
        "SCHEMA_VIOLATED", "HUB-L-04", text, hint);
  };
  refused(R"("config": {})", R"("config": [])", ":1: /config is an array", "schema asks");
  refused(R"("config": {})", R"("conf": {}, "config": {})", "/conf is not a key", "config");
  refused(R"("name": "a")", R"("name": "a b")", "/name must match", "name");
  refused(R"("name": "a")", R"("name": null)", "/name is null", "name");
  refused(R"("slot")", R"("slut")", ":2: /secrets/token/slut is not a key", "reference, slot");
  refused(R"("slot": "a/b")", R"("slot": "../b")", "/secrets/token/slot must match", "slot");
  refused(R"("slot": "a/b")", R"("slot": "a", "reference": "env:A")", "/secrets/token is not valid",
          "");
  refused(R"("slot": "a/b")", "", "/secrets/token is not valid", "");
  refused(R"("token")", R"("TOKEN")", "/secrets/TOKEN is not a key", "must match");
  refused(R"("slot": "a/b")", R"("reference": "no colon, but dapi-canary")",
          "/secrets/token/reference must match", "env:NAME");
}

TEST_F(ConnectionManifestTest, RefusesALongStringBeforeAPatternMeetsIt) {
  for (const std::size_t size : {4096U, 200'000U}) {
    const auto refused = refusal([&] {
      ConnectionManifest::read(directory_.write(
          "a.connection.json", R"({"name": ")" + std::string(size, 'a') +
                                   R"(", "connector": "b", "config": {}, "secrets": {}})"));
    });
    EXPECT_EQ(refused->where.path, "/name");
  }
}

TEST_F(ConnectionManifestTest, NeverQuotesAValueThatIsWrong) {
  const auto refused = refusal([&] {
    ConnectionManifest::read(
        directory_.write("a.connection.json", R"({"name": "a", "connector": "b", "config": {},
 "secrets": {"admin": {"reference": "dapi-canary"}}})"));
  });
  EXPECT_EQ(refused->error.message.find("canary"), std::string::npos);
  EXPECT_EQ(refused->error.hint.find("canary"), std::string::npos);
}

TEST_F(ConnectionManifestTest, TwoConnectionsShareNeitherNameNorSlot) {
  const auto a = ConnectionManifest::read(written("a", "one"));
  const auto b = ConnectionManifest::read(written("b", "two", "b.connection.json"));
  EXPECT_NO_THROW(hub::check_connections({a, b}));
  const auto same_name = ConnectionManifest::read(written("a", "two", "c.connection.json"));
  expect_refused(
      [&] {
        hub::check_connections({a, same_name});
      },
      "NAME_TAKEN", "HUB-L-12",
      "c.connection.json:1: /name is the name a, which " + a.file().string(), "its own");
  const auto same_slot = ConnectionManifest::read(written("d", "one", "d.connection.json"));
  expect_refused(
      [&] {
        hub::check_connections({a, b, same_slot});
      },
      "SLOT_TAKEN", "HUB-L-12", ":3: /secrets/token names the slot one", "its own");
}

TEST_F(ConnectionManifestTest, FindsManifestsByNameInTheOrderOfTheDirectories) {
  const auto first = directory_.make_directory("z");
  const auto second = directory_.make_directory("a");
  directory_.write("z/b.connection.json", "");
  directory_.write("z/a.connection.json", "");
  directory_.write("z/other.json", "");
  directory_.write("a/c.connection.json", "");
  const std::vector<fs::path> expected{first / "a.connection.json", first / "b.connection.json",
                                       second / "c.connection.json"};
  EXPECT_EQ(hub::find_manifests({first, second}, ".connection.json"), expected);
}

TEST_F(ConnectionManifestTest, RefusesDirectoriesThatAreMissingRelativeOrOpenToOthers) {
  const auto find = [](const fs::path& directory) {
    return [=] { hub::find_manifests({directory}, ".connection.json"); };
  };
  expect_refused(find(directory_.path() / "none"), "FILE_MISSING", "HUB-L-01", "does not exist",
                 "ls -l");
  expect_refused(find("."), "DIRECTORY_RELATIVE", "HUB-L-01", "relative", "absolute");
  const auto open = directory_.make_directory("open");
  ::chmod(open.c_str(), 0775);
  expect_refused(find(open), "FILE_UNTRUSTED", "HUB-L-01", "can be written by its group",
                 "chmod go-w");
  const auto file = directory_.write("file", "");
  expect_refused(find(file), "FILE_MISSING", "HUB-L-01", "", "");
}

class AdmissionTest : public LoaderFixture {
 protected:
  void SetUp() override { library_ = load(install("talkative")); }

  void expect_not_opened(const std::string& from, const std::string& to, const std::string& reason,
                         const std::string& rule, const std::string& text,
                         const std::string& hint) {
    const std::string good = R"({"name": "prod", "connector": "talkative",
 "config": {
  "auth": {"type": "pat"}
 },
 "secrets": {"admin": {"reference": "env:ADMIN"}, "token": {"slot": "prod/token"}}})";
    const auto manifest = ConnectionManifest::read(
        directory_.write("prod.connection.json", replaced(good, from, to)));
    expect_refused([&] { library_->open(manifest); }, reason, rule, text, hint);
    EXPECT_EQ(services_.logged(), "") << "it must not have started";
  }

  std::unique_ptr<hub::ConnectorLibrary> library_;
};

TEST_F(AdmissionTest, TheConfigurationPassesTheConnectorsSchema) {
  const auto refused = [&](const std::string& to, const std::string& text,
                           const std::string& hint) {
    expect_not_opened(R"("auth": {"type": "pat"})", to, "SCHEMA_VIOLATED", "HUB-L-13", text, hint);
  };
  refused(R"("auth": {"type": "basic"})", R"(:3: /config/auth/type must be one of "pat", "oauth")",
          "");
  refused(R"("auth": {"type": "oauth"})", R"(/config/auth lacks the key "client_id")", "add it");
  refused(R"("auth": {"type": "oauth", "client_id": 1})",
          "/config/auth/client_id is an integer, but must be of type string", "");
  refused(R"("auth": {"type": "pat", "client_id": "a"})", "/config/auth/client_id is not a key",
          "known are: type");
  refused(R"("auth": {"type": "pat"}, "lifetime": 59)", "/config/lifetime must be at least 60",
          "Seconds.");
  refused(R"("lifetime": 60)", "/config lacks the key \"auth\"", "add it");
}

TEST_F(AdmissionTest, TheConnectorIsTheOneThatIsNamed) {
  expect_not_opened(R"("talkative")", R"("silent")", "CONNECTOR_UNKNOWN", "HUB-L-13",
                    ":1: /connector is silent, but this is talkative", "silent");
}

TEST_F(AdmissionTest, GrantsAreWhatTheConnectorDeclares) {
  expect_not_opened(R"("admin")", R"("root")", "SECRET_UNDECLARED", "HUB-L-14",
                    ":5: /secrets/root is no secret of talkative", "admin, extra, token");
  expect_not_opened(R"({"slot": "prod/token"})", R"({"reference": "env:A"})", "SECRET_MISMATCHED",
                    "HUB-L-14", "/secrets/token rotates", "slot");
  expect_not_opened(R"({"reference": "env:ADMIN"})", R"({"slot": "a"})", "SECRET_MISMATCHED",
                    "HUB-L-14", "/secrets/admin is a credential", "reference");
  expect_not_opened(R"(, "token": {"slot": "prod/token"})", "", "SECRET_MISSING", "HUB-L-14",
                    "lacks \"token\"", "slot");
}

TEST_F(AdmissionTest, APathIsAbsoluteAndTrusted) {
  directory_.write("ca.pem", "a certificate");
  const auto open = library_->open(connection(R"(, "tls": {"ca_file": "ca.pem"})"));
  const auto config = open->invoke("config", "{}");
  ASSERT_TRUE(config.ok());
  const auto tls = hub::parse_strict_json(*config, "config")
                       .value.extract<Poco::JSON::Object::Ptr>()
                       ->getObject("tls");
  EXPECT_EQ(tls->getValue<std::string>("ca_file"), (directory_.path() / "ca.pem").string());
}

TEST_F(AdmissionTest, APathThatOthersCanWriteIsRefused) {
  const auto file = directory_.write("ca.pem", "a certificate");
  ::chmod(file.c_str(), 0666);
  const std::string with_file = R"("auth": {"type": "pat"}, "tls": {"ca_file": "ca.pem"})";
  expect_not_opened(R"("auth": {"type": "pat"})", with_file, "FILE_UNTRUSTED", "HUB-L-02",
                    ":3: /config/tls/ca_file names what the host will not use",
                    "chmod go-w " + file.string());
  fs::remove(file);
  expect_not_opened(R"("auth": {"type": "pat"})", with_file, "FILE_MISSING", "HUB-L-02",
                    "does not exist", "");
}

}  // namespace
