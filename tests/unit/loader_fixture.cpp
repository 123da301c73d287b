#include "loader_fixture.hpp"

#include <Poco/Environment.h>
#include <Poco/String.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace fs = std::filesystem;

TemporaryDirectory::TemporaryDirectory() {
  std::string name = (fs::temp_directory_path() / "hub-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
  ::chmod(name.c_str(), 0755);
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

fs::path TemporaryDirectory::make_directory(const std::string& name) const {
  const fs::path made = path_ / name;
  fs::create_directories(made);
  ::chmod(made.c_str(), 0755);
  return made;
}

fs::path TemporaryDirectory::write(const std::string& name, std::string_view content) const {
  const fs::path file = path_ / name;
  std::ofstream(file, std::ios::binary) << content;
  ::chmod(file.c_str(), 0644);
  return file;
}

hub::Result<hub::Secret> TestServices::credential(const std::string& reference) {
  const auto at = credentials.find(reference);
  if (at != credentials.end()) return hub::Secret(at->second);
  return hub::Error{.status = hub::Status::kFailedPrecondition,
                    .reason = "CREDENTIAL_MISSING",
                    .message = reference + " is not set",
                    .hint = "export " + reference};
}

void TestServices::log(hub::LogLevel level, std::string_view connection, std::string_view message) {
  const std::lock_guard lock(mutex_);
  lines_ += std::to_string(static_cast<int>(level)) + " " + std::string(connection) + ": " +
            std::string(message) + "\n";
}

std::string TestServices::logged() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

fs::path LoaderFixture::install(const std::string& name,
                                const std::function<std::string(std::string)>& edit) {
  const fs::path library = directory_.path() / (name + ".so");
  fs::copy_file(fs::path(HUB_ZOO_DIRECTORY) / (name + ".so"), library,
                fs::copy_options::overwrite_existing);
  ::chmod(library.c_str(), 0644);
  const std::string platform =
      Poco::toLower(Poco::Environment::osName()) + "-" + Poco::Environment::osArchitecture();
  const bool talkative = name == "talkative";
  return directory_.write(name + ".connector.json",
                          edit(std::string("{\n  \"id\": \"") + (talkative ? "talkative" : "zoo") +
                               "\",\n  \"version\": \"" + (talkative ? "2.1.0" : "1.0.0") +
                               "\",\n  \"abi\": \"hub.connector/1\",\n  \"library\": {\n    \"" +
                               platform + "\": {\"path\": \"" + name + ".so\", \"sha256\": \"" +
                               sha256_of_file(library) + "\"}\n  }\n}\n"));
}

hub::ConnectionManifest LoaderFixture::connection(const std::string& extra) {
  return hub::ConnectionManifest::read(
      directory_.write("prod.connection.json", R"({"name": "prod", "connector": "talkative",
"config": {"auth": {"type": "pat"})" + extra + R"(},
"secrets": {"admin": {"reference": "env:ADMIN"}, "token": {"slot": "prod/token"}}})"));
}

std::optional<hub::Refused> refusal(const std::function<void()>& body) {
  try {
    body();
  } catch (const hub::Refused& refused) {
    return refused;
  }
  ADD_FAILURE() << "nothing was refused";
  return std::nullopt;
}

void expect_refused(const std::function<void()>& body, const std::string& reason,
                    const std::string& rule, const std::string& text, const std::string& hint) {
  const auto refused = refusal(body);
  if (!refused) return;
  EXPECT_EQ(refused->error.reason, reason) << refused->what();
  EXPECT_EQ(refused->where.rule, rule) << refused->what();
  EXPECT_EQ(refused->error.message, refused->what());
  EXPECT_NE(refused->error.message.find(text), std::string::npos) << refused->what();
  EXPECT_NE(refused->error.hint.find(hint), std::string::npos) << refused->error.hint;
  EXPECT_EQ(refused->error.message.find(refused->where.file), 0U) << refused->what();
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  if (at == std::string::npos) throw std::invalid_argument("no " + from);
  return text.replace(at, from.size(), to);
}

std::string sha256_of_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream content;
  content << in.rdbuf();
  const std::string bytes = content.str();
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha256(), nullptr);
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    char pair[3];
    std::snprintf(pair, sizeof pair, "%02x", static_cast<unsigned>(digest[i]));
    text += pair;
  }
  return text;
}
