// A connector that rotates the OAuth secret of a Databricks service principal.
#include <curl/curl.h>
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <hub/connector.hpp>
#include <hub/rotation.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "client.hpp"
#include "description.hpp"
#include "errors.hpp"
#include "provider.hpp"

namespace oauth_secret {
namespace {

using hub::Result;
using hub::rotation::Goal;
using rapidjson::Document;
using rapidjson::Value;
using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

constexpr std::string_view kSlot = "secret";

/// What a host sends is valid by the schemas above, unless that host is broken.
struct WrongForm : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// A member, of the type that `is` asks for; nullptr if there is none.
const Value* member(const Value& json, const char* name, bool (Value::*is)() const) {
  const auto found = json.FindMember(name);
  if (found == json.MemberEnd()) return nullptr;
  if (!(found->value.*is)()) throw WrongForm(std::string(name) + " is not of its type");
  return &found->value;
}

std::string text(const Value& json, const char* name) {
  const Value* found = member(json, name, &Value::IsString);
  return found == nullptr ? std::string() : found->GetString();
}

bool boolean(const Value& json, const char* name) {
  const Value* found = member(json, name, &Value::IsBool);
  return found != nullptr && found->GetBool();
}

std::optional<std::int64_t> integer(const Value& json, const char* name) {
  const Value* found = member(json, name, &Value::IsInt64);
  return found == nullptr ? std::nullopt : std::optional(found->GetInt64());
}

Document parsed(std::string_view json) {
  Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  if (document.HasParseError() || !document.IsObject()) throw WrongForm("it is no JSON object");
  return document;
}

std::string written(const Value& json) {
  rapidjson::StringBuffer text;
  Writer writer(text);
  json.Accept(writer);
  return text.GetString();
}

std::uint64_t random_bits() {
  std::random_device random;
  return (std::uint64_t{random()} << 32) | random();
}

/// secret_id -> "current", "pending" or "previous".
Result<std::map<std::string, std::string>> roles(hub::Call call) {
  std::map<std::string, std::string> roles;
  const auto snapshot = call.look(kSlot);
  if (!snapshot) {
    if (snapshot.error().status == hub::Status::kNotFound) return roles;
    return snapshot.error();
  }
  const Document slot = parsed(*snapshot);
  const auto add = [&](const Value& version, const char* role) {
    if (version.IsObject()) roles.emplace(text(version["note"], "secret_id"), role);
  };
  add(slot["current"], "current");
  add(slot["pending"], "pending");
  for (const Value& version : slot["previous"].GetArray()) add(version, "previous");
  return roles;
}

class OauthSecret {
 public:
  static constexpr std::string_view kId = "oauth-secret";
  static constexpr std::string_view kVersion = "1.0.0";

  static std::string describe() {
    Document description = parsed(kDescription);
    auto& allocator = description.GetAllocator();
    Value reasons(rapidjson::kObjectType);
    const auto add = [&](std::string_view reason, std::string_view summary, std::string_view hint) {
      const auto copy = [&](std::string_view from) {
        return Value(from.data(), static_cast<rapidjson::SizeType>(from.size()), allocator);
      };
      Value about(rapidjson::kObjectType);
      about.AddMember("summary", copy(summary), allocator);
      about.AddMember("hint", copy(hint), allocator);
      reasons.AddMember(copy(reason), about, allocator);
    };
    for (const auto& [reason, summary, hint] : kReasons) add(reason, summary, hint);
    for (const auto& own : hub::rotation::reasons(the_kind()))
      add(own.reason, own.summary, own.hint);
    description.AddMember("reasons", reasons, allocator);
    return written(description);
  }

  static Result<> start(hub::Host host, hub::Call) {
    the_host = host;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) return {};
    return failure(hub::Status::kInternal, "INTERNAL", "libcurl does not start");
  }
  static void stop() { curl_global_cleanup(); }

  static Result<std::unique_ptr<OauthSecret>> open(hub::Call, std::string_view,
                                                   std::string_view config_json) try {
    const Document config = parsed(config_json);
    hub::rotation::Policy policy;
    policy.lifetime_seconds = integer(config, "lifetime_seconds").value_or(policy.lifetime_seconds);
    policy.grace_seconds = integer(config, "grace_seconds");
    if (auto wrong = policy.check(); !wrong) return std::move(wrong).error();
    return std::make_unique<OauthSecret>(config, std::move(policy));
  } catch (const WrongForm& wrong) {
    return failure(hub::Status::kInvalidArgument, "CONFIGURATION_INVALID", wrong.what());
  }

  OauthSecret(const Value& config, hub::rotation::Policy policy)
      : policy_(std::move(policy)),
        client_({.host = text(config, "host"),
                 .ca_file = text(config, "ca_file"),
                 .proxy = text(config, "proxy"),
                 .user_agent = "oauth-secret/1.0.0"}),
        provider_(*the_host, client_,
                  {.id = text(config, "service_principal_id"),
                   .application_id = text(config, "application_id")}) {}

  Result<std::string> invoke(hub::Call call, std::string_view operation,
                             std::string_view request_json) try {
    const Document request = parsed(request_json);
    if (operation == "list-secrets") return list(call);
    if (operation == "create-secret") return rotate(call, {.goal = Goal::kCreate});
    if (operation == "rotate-secret")
      return rotate(call, {.goal = Goal::kRotate,
                           .now = text(request, "when") == "now",
                           .replace = text(request, "replace")});
    if (operation == "revoke-secret")
      return rotate(call,
                    {.goal = boolean(request, "all") ? Goal::kRevokeAll : Goal::kRevokePrevious});
    if (operation == "sweep") return rotate(call, {.goal = Goal::kSweep});
    return failure(hub::Status::kInvalidArgument, "UNKNOWN_OPERATION",
                   "there is no operation " + std::string(operation));
  } catch (const WrongForm& wrong) {
    return failure(hub::Status::kInvalidArgument, "REQUEST_INVALID", wrong.what());
  }

 private:
  Result<std::string> rotate(hub::Call call, const hub::rotation::Request& request) {
    auto answer = hub::rotation::run(call, provider_, policy_, kSlot, request, random_bits);
    if (!answer) return std::move(answer).error();
    return answer->to_json();
  }

  Result<std::string> list(hub::Call call) {
    const auto secrets = provider_.list(call);
    if (!secrets) return secrets.error();
    const auto known = roles(call);
    if (!known) return known.error();
    rapidjson::StringBuffer text;
    Writer writer(text);
    writer.StartObject();
    writer.Key("secrets");
    writer.StartArray();
    for (const auto& secret : *secrets) {
      writer.StartObject();
      writer.Key("secret_id");
      writer.String(secret.id.c_str());
      writer.Key("creation_time");
      writer.Int64(secret.creation_time);
      writer.Key("expiry_time");
      writer.Int64(secret.expiry_time);
      if (const auto role = known->find(secret.id); role != known->end()) {
        writer.Key("role");
        writer.String(role->second.c_str());
      }
      writer.EndObject();
    }
    writer.EndArray();
    writer.EndObject();
    return std::string(text.GetString());
  }

  static std::optional<hub::Host> the_host;  // from start until stop

  const hub::rotation::Policy policy_;
  const Client client_;
  SecretProvider provider_;
};

std::optional<hub::Host> OauthSecret::the_host;

}  // namespace
}  // namespace oauth_secret

HUB_EXPORT_CONNECTOR(oauth_secret::OauthSecret)
