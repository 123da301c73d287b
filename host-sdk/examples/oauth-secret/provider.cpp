#include "provider.hpp"

#include <curl/curl.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <condition_variable>
#include <ctime>
#include <memory>
#include <mutex>
#include <utility>

#include "errors.hpp"

namespace oauth_secret {
namespace {

using hub::Effect;
using hub::Error;
using hub::Result;
using hub::Retry;
using hub::Status;
using hub::rotation::Issued;
using hub::rotation::Verdict;
using rapidjson::Value;
using std::chrono::milliseconds;

// Iterative: the depth of what a server sends is not ours to choose.
constexpr unsigned kParse = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
constexpr std::size_t kMostPages = 20;
constexpr milliseconds kFirstPause{250};
constexpr milliseconds kLongestPause{2000};

/// A member's text; empty if there is none.
std::string_view text(const Value& json, const char* name) {
  const auto member = json.FindMember(name);
  if (member == json.MemberEnd() || !member->value.IsString()) return {};
  return {member->value.GetString(), member->value.GetStringLength()};
}

/// "2026-11-29T07:30:00.123Z" in milliseconds since 1970; finer digits are dropped.
std::optional<std::int64_t> time_of(std::string_view rfc3339) {
  const std::string whole(rfc3339);
  std::tm parts{};
  const char* rest = ::strptime(whole.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return std::nullopt;
  std::int64_t time = std::int64_t{::timegm(&parts)} * 1000;
  if (*rest == '.') {
    for (int worth = 100; *++rest >= '0' && *rest <= '9'; worth /= 10)
      time += worth * (*rest - '0');
  }
  return std::string_view(rest) == "Z" ? std::optional(time) : std::nullopt;
}

/// Databricks' error_code, which the gateway has as a number.
std::string_view code_of(rapidjson::Document& json) {
  const auto member = json.FindMember("error_code");
  if (member != json.MemberEnd() && member->value.IsInt())
    member->value.SetString(std::to_string(member->value.GetInt()).c_str(), json.GetAllocator());
  return text(json, "error_code");
}

/// Up to 200 bytes, whole code points.
std::string_view beginning(std::string_view text) {
  std::size_t end = std::min<std::size_t>(text.size(), 200);
  while (end > 0 && end < text.size() && (text[end] & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

/// Ids become part of a path.
bool is_id(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_';
  });
}

/// Waits, but not beyond the call's cancellation.
void pause(hub::Call call, milliseconds duration) {
  const hub::Cancellation cancellation(call);
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any().wait_for(lock, cancellation.token(), duration,
                                         [] { return false; });
}

/// Whether it failed, whatever its status; then there may have been an effect. Each was seen with a
/// 4xx, or stands beside one that was: databricks-sdk-go apierr/errors_test.go,
/// terraform-provider-databricks tokens/resource_token_test.go; 408 and 499 are a gateway's.
bool has_failed(int status, std::string_view code, std::string_view said) {
  constexpr auto kCodes = std::to_array<std::string_view>(
      {"500", "502", "503", "504", "INTERNAL", "INTERNAL_ERROR", "UNKNOWN", "DATA_LOSS",
       "DEADLINE_EXCEEDED", "CANCELLED", "TEMPORARILY_UNAVAILABLE"});
  return status >= 500 || status == 408 || status == 499 ||
         std::ranges::find(kCodes, code) != kCodes.end() ||
         said.find("Internal error happened") != std::string_view::npos ||
         said.find("worker env") != std::string_view::npos;
}

/// What a status says, and the error's code and message, where the body has Databricks' form.
Error refused(const Response& response, std::string_view code, std::string_view said,
              std::string message) {
  const int status = response.status;
  const auto tell = [&](Status kind, std::string_view reason, Retry retry = Retry::kNever) {
    Error error = failure(kind, reason, std::move(message));
    error.http_status = status;
    error.retry_after_ms = response.retry_after_ms;
    error.retry = retry;
    return error;
  };
  if (status == 429 || code == "REQUEST_LIMIT_EXCEEDED" || code == "RESOURCE_EXHAUSTED")
    return tell(Status::kUnavailable, "THROTTLED", Retry::kSameCall);
  if (has_failed(status, code, said))
    return tell(Status::kUnavailable, "SERVER_FAILED", Retry::kSameCall);
  if (code.empty()) return tell(Status::kFailedPrecondition, "ANSWER_UNREADABLE");
  if (code == "QUOTA_EXCEEDED") return tell(Status::kResourceExhausted, "QUOTA_REACHED");
  if (status == 401 || code == "invalid_client")
    return tell(Status::kUnauthenticated, "CREDENTIAL_REFUSED");
  if (status == 403) return tell(Status::kPermissionDenied, "CREDENTIAL_REFUSED");
  if (status == 404) return tell(Status::kNotFound, "NOT_FOUND");
  return tell(Status::kFailedPrecondition, "REQUEST_REFUSED");
}

}  // namespace

std::string SecretProvider::binding() const {
  rapidjson::StringBuffer text;
  rapidjson::Writer<rapidjson::StringBuffer> writer(text);
  writer.StartObject();
  writer.Key("host");
  writer.String(client_.host().c_str());
  writer.Key("service_principal_id");
  writer.String(principal_.id.c_str());
  writer.EndObject();
  return text.GetString();
}

// ---- Requests ----

std::string SecretProvider::secrets_path() const {
  return "/api/2.0/accounts/servicePrincipals/" + principal_.id + "/credentials/secrets";
}

Result<SecretProvider::Answer> SecretProvider::as_admin(hub::Call call, Request request) {
  auto admin = call.secret("admin");
  if (!admin) return std::move(admin).error();
  request.bearer = &*admin;
  return ask(call, request);
}

/// A 2xx with a JSON object (a deletion's may be without), or why there is none.
Result<SecretProvider::Answer> SecretProvider::ask(hub::Call call, const Request& request) {
  auto sent = client_.send(call, request);
  if (!sent) return std::move(sent).error();
  Answer answer{*std::move(sent), {}};
  const Response& response = answer.response;
  if (response.date) clock_offset_ = *response.date - host_.now().count();

  answer.json.ParseInsitu<kParse>(answer.response.body.data());
  const bool is_object = !answer.json.HasParseError() && answer.json.IsObject();
  const bool is_success = response.status >= 200 && response.status < 300;
  // A deletion may have nothing to say; the body's last byte is not the server's.
  const bool is_silent = request.method == "DELETE" && response.body.size() == 1;
  if (is_success && (is_object || is_silent)) return answer;

  std::string_view code;
  std::string_view said;
  std::string message = request.method + " " + request.path.substr(0, request.path.find('?')) +
                        ": HTTP " + std::to_string(response.status);
  if (is_object && !is_success) {
    code = code_of(answer.json);
    // OAuth's word, which decides nothing about what an admin asks for.
    if (code.empty() && request.bearer == nullptr) code = text(answer.json, "error");
    said = text(answer.json, "message");
    // Some servers repeat the request, and a sign-in's has its secret in base64.
    const auto is_safe = [&](std::string_view text) {
      return text.find(request.bearer->reveal()) == std::string_view::npos;
    };
    if (request.bearer != nullptr && is_safe(code) && is_safe(said))
      message.append(": ").append(beginning(code)).append(" ").append(beginning(said));
  }
  Error error = refused(response, code, said, std::move(message));
  // Only its own complete word says that nothing was changed.
  const bool is_final = response.status >= 400 && response.status < 500 && !code.empty() &&
                        error.reason != "SERVER_FAILED";
  if (request.may_change && !is_final) error.effect = Effect::kUnknown;
  return error;
}

// ---- Secrets ----

Result<Issued> SecretProvider::issued(const Value& json) const {
  const auto created = json.IsObject() ? time_of(text(json, "create_time")) : std::nullopt;
  if (!created || !is_id(text(json, "id")))
    return failure(Status::kFailedPrecondition, "ANSWER_UNREADABLE",
                   "the workspace tells of a secret without id or create_time");
  const std::string_view expires = text(json, "expire_time");
  const auto expiry = time_of(expires);
  if (!expires.empty() && !expiry)
    return failure(Status::kFailedPrecondition, "ANSWER_UNREADABLE", "expire_time is no time");
  Issued secret;
  secret.id = text(json, "id");
  secret.creation_time = *created;
  secret.expiry_time = expiry.value_or(-1);
  secret.owner_id = principal_.id;
  return secret;
}

Result<hub::rotation::Minted> SecretProvider::mint(hub::Call call,
                                                   const hub::rotation::MintRequest& request) {
  auto answer = as_admin(
      call, {.method = "POST",
             .path = secrets_path(),
             .may_change = true,
             .content_type = "application/json",
             .body = R"({"lifetime": ")" + std::to_string(request.lifetime_seconds) + "s\"}"});
  if (!answer) return std::move(answer).error();
  auto made = issued(answer->json);
  const std::string_view value = text(answer->json, "secret");
  if (made && !value.empty()) return hub::rotation::Minted{hub::Secret(value), *std::move(made)};
  Error error = failure(Status::kFailedPrecondition, "ANSWER_UNREADABLE",
                        "the workspace made a secret and does not tell which");
  error.effect = Effect::kUnknown;
  return error;
}

Result<Verdict> SecretProvider::verify(hub::Call call, const hub::Secret& value, const std::string&,
                                       std::int64_t creation_time) {
  const Request sign_in{.method = "POST",
                        .path = "/oidc/v1/token",
                        .content_type = "application/x-www-form-urlencoded",
                        .body = "grant_type=client_credentials&scope=all-apis",
                        .client_id = principal_.application_id,
                        .client_secret = &value};
  for (milliseconds wait = kFirstPause;; wait = std::min(wait * 2, kLongestPause)) {
    const auto answer = ask(call, sign_in);
    if (answer) {
      if (!text(answer->json, "access_token").empty()) return Verdict{true, {}};
      return failure(Status::kFailedPrecondition, "ANSWER_UNREADABLE",
                     "the workspace grants no access token");
    }
    const Error& error = answer.error();
    if (error.status != Status::kUnauthenticated) return error;
    const bool fresh = milliseconds(now() - creation_time) < principal_.settle_time;
    if (!fresh) return Verdict{false, error.message};
    // Without the time to ask again nothing is proven; the next call asks.
    if (call.remaining() < 2 * wait) {
      Error unsettled = failure(Status::kUnavailable, "SECRET_NOT_SETTLED", error.message);
      unsettled.retry = Retry::kSameCall;
      return unsettled;
    }
    pause(call, wait);
  }
}

Result<std::vector<Issued>> SecretProvider::list(hub::Call call) {
  std::vector<Issued> secrets;
  std::string path = secrets_path();
  for (std::size_t page = 0; page < kMostPages; ++page) {
    const auto answer = as_admin(call, {.path = path});
    if (!answer) return answer.error();
    const auto listed = answer->json.FindMember("secrets");
    if (listed != answer->json.MemberEnd() && listed->value.IsArray()) {
      for (const Value& json : listed->value.GetArray()) {
        auto secret = issued(json);
        if (!secret) return std::move(secret).error();
        secrets.push_back(*std::move(secret));
      }
    }
    const std::string next(text(answer->json, "next_page_token"));
    if (next.empty()) return secrets;
    const std::unique_ptr<char, decltype(&curl_free)> escaped(
        curl_easy_escape(nullptr, next.data(), static_cast<int>(next.size())), &curl_free);
    path = secrets_path() + "?page_token=" + escaped.get();
  }
  return failure(Status::kFailedPrecondition, "ANSWER_UNREADABLE",
                 "the list of secrets has no end");
}

Result<std::optional<Issued>> SecretProvider::find(hub::Call call, const std::string& id) {
  auto secrets = list(call);
  if (!secrets) return std::move(secrets).error();
  const auto found = std::ranges::find(*secrets, id, &Issued::id);
  return found == secrets->end() ? std::optional<Issued>() : std::optional(std::move(*found));
}

Result<> SecretProvider::revoke(hub::Call call, const std::string& id) {
  const auto answer =
      as_admin(call, {.method = "DELETE", .path = secrets_path() + "/" + id, .may_change = true});
  if (answer) return {};
  if (answer.error().status != Status::kNotFound) return answer.error();
  // The principal may be what was not found, and then its secrets need not be gone.
  const auto found = find(call, id);
  if (!found) return found.error();
  return *found ? Result<>(answer.error()) : Result<>();
}

}  // namespace oauth_secret
