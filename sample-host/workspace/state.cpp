#include "workspace/state.hpp"

#include <openssl/rand.h>

#include <Poco/DigestEngine.h>
#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <Poco/SHA2Engine.h>
#include <Poco/Timestamp.h>

#include <algorithm>
#include <atomic>
#include <sstream>
#include <stdexcept>

#include "workspace/files.hpp"

namespace local_workspace {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;

std::atomic<std::int64_t> clock_offset_ms = 0;

template <typename Container, typename Write>
Array::Ptr to_array(const Container& items, Write write) {
  Array::Ptr array = new Array;
  for (const auto& item : items) array->add(write(item));
  return array;
}

Object::Ptr to_json(const Principal& principal) {
  Object::Ptr json = new Object;
  json->set("id", principal.id);
  json->set("name", principal.name);
  json->set("display_name", principal.display_name);
  json->set("service_principal", principal.service_principal);
  json->set("active", principal.active);
  json->set("admin", principal.admin);
  json->set("member", principal.member);
  return json;
}

Principal to_principal(const Object& json) {
  return {json.getValue<std::int64_t>("id"),
          json.getValue<std::string>("name"),
          json.getValue<std::string>("display_name"),
          json.getValue<bool>("service_principal"),
          json.getValue<bool>("active"),
          json.getValue<bool>("admin"),
          json.getValue<bool>("member")};
}

Object::Ptr to_json(const Token& token) {
  Object::Ptr json = new Object;
  json->set("id", token.id);
  json->set("owner_id", token.owner_id);
  json->set("created_by_id", token.created_by_id);
  json->set("comment", token.comment);
  json->set("scopes", to_array(token.scopes, [](const std::string& scope) { return scope; }));
  json->set("creation_time", token.creation_time);
  json->set("expiry_time", token.expiry_time);
  json->set("last_used_day", token.last_used_day);
  json->set("revocation_time", token.revocation_time);
  return json;
}

Token to_token(const Object& json) {
  Token token;
  token.id = json.getValue<std::string>("id");
  token.owner_id = json.getValue<std::int64_t>("owner_id");
  token.created_by_id = json.getValue<std::int64_t>("created_by_id");
  token.comment = json.getValue<std::string>("comment");
  for (const auto& scope : *json.getArray("scopes")) token.scopes.push_back(scope.toString());
  token.creation_time = json.getValue<std::int64_t>("creation_time");
  token.expiry_time = json.getValue<std::int64_t>("expiry_time");
  token.last_used_day = json.getValue<std::int64_t>("last_used_day");
  token.revocation_time = json.getValue<std::int64_t>("revocation_time");
  return token;
}

Object::Ptr to_json(const OauthSecret& secret) {
  Object::Ptr json = new Object;
  json->set("id", secret.id);
  json->set("owner_id", secret.owner_id);
  json->set("sha256", secret.sha256);
  json->set("creation_time", secret.creation_time);
  json->set("expiry_time", secret.expiry_time);
  json->set("revocation_time", secret.revocation_time);
  return json;
}

OauthSecret to_oauth_secret(const Object& json) {
  return {
      json.getValue<std::string>("id"),           json.getValue<std::int64_t>("owner_id"),
      json.getValue<std::string>("sha256"),       json.getValue<std::int64_t>("creation_time"),
      json.getValue<std::int64_t>("expiry_time"), json.getValue<std::int64_t>("revocation_time")};
}

Object::Ptr to_json(const AccessToken& token) {
  Object::Ptr json = new Object;
  json->set("sha256", token.sha256);
  json->set("principal_id", token.principal_id);
  json->set("expiry_time", token.expiry_time);
  json->set("azure_management", token.audience == Audience::kAzureManagement);
  return json;
}

Object::Ptr to_json(const Grant& grant) {
  Object::Ptr json = new Object;
  json->set("kind", grant.first);
  json->set("name", grant.second);
  return json;
}

Object::Ptr to_json(const Data& data) {
  const auto write = [](const auto& item) { return to_json(item); };
  Object::Ptr settings = new Object;
  for (const auto& [key, value] : data.settings) settings->set(key, value);
  Object::Ptr json = new Object;
  json->set("workspace_id", data.workspace_id);
  json->set("principals", to_array(data.principals, write));
  json->set("oauth_secrets", to_array(data.oauth_secrets, write));
  json->set("access_tokens", to_array(data.access_tokens, write));
  json->set("grants", to_array(data.grants, write));
  json->set("settings", settings);
  return json;
}

Data to_data(const Object& json) {
  const auto each = [&json](const char* key, auto take) {
    for (const auto& item : *json.getArray(key)) take(*item.extract<Object::Ptr>());
  };
  Data data;
  data.workspace_id = json.getValue<std::int64_t>("workspace_id");
  each("principals", [&](const Object& item) { data.principals.push_back(to_principal(item)); });
  each("oauth_secrets",
       [&](const Object& item) { data.oauth_secrets.push_back(to_oauth_secret(item)); });
  each("access_tokens", [&](const Object& item) {
    data.access_tokens.push_back(
        {item.getValue<std::string>("sha256"), item.getValue<std::int64_t>("principal_id"),
         item.getValue<std::int64_t>("expiry_time"),
         item.getValue<bool>("azure_management") ? Audience::kAzureManagement
                                                 : Audience::kDatabricks});
  });
  each("grants", [&](const Object& item) {
    data.grants.emplace(item.getValue<std::string>("kind"), item.getValue<std::string>("name"));
  });
  for (const auto& [key, value] : *json.getObject("settings")) {
    data.settings[key] = value.toString();
  }
  return data;
}

std::string to_line(const Object& json) {
  std::ostringstream text;
  json.stringify(text);
  return text.str() + "\n";
}

/// The first line has everything but the tokens, each further line one token.
Data load(const std::filesystem::path& file) {
  std::istringstream lines(read_file(file));
  const auto read = [&](std::string& line) {
    return std::getline(lines, line) ? Poco::JSON::Parser().parse(line).extract<Object::Ptr>()
                                     : Object::Ptr();
  };
  try {
    std::string line;
    Data data = to_data(*read(line));
    while (const Object::Ptr token = read(line)) data.tokens.push_back(to_token(*token));
    return data;
  } catch (const Poco::Exception& error) {
    throw std::runtime_error(file.string() + " is not a local workspace's state (" +
                             error.displayText() + "): remove the directory to start anew");
  }
}

template <typename Items, typename Match>
auto* find(Items& items, Match match) {
  const auto found = std::find_if(items.begin(), items.end(), match);
  return found == items.end() ? nullptr : &*found;
}

}  // namespace

std::int64_t now_ms() { return Poco::Timestamp().epochMicroseconds() / 1000 + clock_offset_ms; }

void set_clock_offset(std::int64_t offset_ms) { clock_offset_ms = offset_ms; }

std::string sha256_hex(const std::string& text) {
  Poco::SHA2Engine engine;
  engine.update(text);
  return Poco::DigestEngine::digestToHex(engine.digest());
}

std::string random_hex(std::size_t bytes) {
  Poco::DigestEngine::Digest random(bytes);
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) {
    throw std::runtime_error("OpenSSL has no random bytes");
  }
  return Poco::DigestEngine::digestToHex(random);
}

const Principal* Data::principal(std::int64_t id) const {
  return find(principals, [id](const Principal& one) { return one.id == id; });
}

const Principal* Data::principal(std::string_view name) const {
  return find(principals, [name](const Principal& one) { return one.name == name; });
}

const Principal* Data::signed_in(const std::string& access_token_sha256, Audience audience,
                                 std::int64_t now) const {
  const AccessToken* token = find(access_tokens, [&](const AccessToken& one) {
    return one.sha256 == access_token_sha256 && one.audience == audience && now < one.expiry_time;
  });
  return token == nullptr ? nullptr : principal(token->principal_id);
}

Token* Data::token(std::string_view id) {
  return find(tokens, [id](const Token& one) { return one.id == id; });
}

const Token* Data::token(std::string_view id) const {
  return find(tokens, [id](const Token& one) { return one.id == id; });
}

bool Data::can_use_tokens(const Principal& principal) const {
  const char* kind = principal.service_principal ? "service_principal_name" : "user_name";
  return principal.admin || grants.contains({kind, principal.name}) ||
         grants.contains({"group_name", "users"});
}

State::State(std::filesystem::path file) : file_(std::move(file)), data_(load(file_)) {}

State::State(std::filesystem::path file, Data data)
    : file_(std::move(file)), data_(std::move(data)) {
  save(data_);
}

void State::save(const Data& data) {
  std::string text = to_line(*to_json(data));
  written_.resize(data.tokens.size());
  for (std::size_t i = 0; i < data.tokens.size(); ++i) {
    auto& [token, line] = written_[i];
    if (line.empty() || token != data.tokens[i]) {
      token = data.tokens[i];
      line = to_line(*to_json(token));
    }
    text += line;
  }
  write_file(file_, text);
}

}  // namespace local_workspace
