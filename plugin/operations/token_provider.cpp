#include "operations/token_provider.hpp"

#include <Poco/String.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "databricks/digest.hpp"
#include "databricks/pause.hpp"
#include "databricks/reasons.hpp"

namespace databricks_token {
namespace {

using hub::Error;
using hub::Result;
using hub::Status;
using hub::rotation::Issued;
using hub::rotation::Verdict;
using std::chrono::milliseconds;

constexpr std::int64_t kUnusedLimitMs = 90LL * 24 * 3600 * 1000;
constexpr milliseconds kFirstPause{250};
constexpr milliseconds kLongestPause{2000};

Issued issued(TokenInfo info) {
  return {.id = std::move(info.token_id),
          .creation_time = info.creation_time,
          .expiry_time = info.expiry_time,
          .comment = std::move(info.comment),
          .owner_id = std::to_string(info.owner_id),
          .last_used_day = info.last_used_day,
          .scopes = std::move(info.scopes)};
}

/// Of the token itself. That this host may not come near says nothing about it.
bool is_refusal(const Error& error) {
  return (error.status == Status::kUnauthenticated || error.status == Status::kPermissionDenied) &&
         error.reason != "IP_NOT_ALLOWED" && error.reason != "PRIVATE_LINK";
}

}  // namespace

hub::rotation::Kind token_kind() {
  return {.noun = "token", .has_comments = true, .idle_limit_ms = kUnusedLimitMs};
}

TokenProvider::TokenProvider(Instance& instance)
    : instance_(instance),
      api_(instance.configuration.issue == Issue::kSelf
               ? own_tokens(instance.workspace, instance.configuration.application_id)
               : tokens_on_behalf_of(instance.workspace, instance.configuration.application_id)) {}

std::string TokenProvider::binding() const {
  rapidjson::StringBuffer text;
  rapidjson::Writer writer(text);
  const auto write = [&writer](const char* key, const std::string& value) {
    writer.Key(key);
    writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  };
  writer.StartObject();
  write("workspace_url", instance_.workspace.origin().text());
  write("application_id", Poco::toLower(instance_.configuration.application_id));
  write("issue", std::string(to_text(instance_.configuration.issue)));
  writer.EndObject();
  return text.GetString();
}

std::int64_t TokenProvider::now() const {
  return (instance_.host.now() + instance_.clock->offset().value_or(milliseconds(0))).count();
}

Result<std::string> TokenProvider::owner_id(hub::Call call) {
  const auto owner =
      instance_.as_admin(call, [&](const Credential& admin) { return api_->owner(call, admin); });
  if (!owner) return owner.error();
  return std::to_string(*owner);
}

Result<hub::rotation::Minted> TokenProvider::mint(hub::Call call,
                                                  const hub::rotation::MintRequest& request) {
  const TokenRequest wanted{.application_id = instance_.configuration.application_id,
                            .lifetime_seconds = request.lifetime_seconds,
                            .comment = request.comment,
                            .scopes = request.scopes};
  auto minted = instance_.as_admin(
      call, [&](const Credential& admin) { return api_->create(call, admin, wanted); });
  if (!minted) return std::move(minted).error();
  return hub::rotation::Minted{std::move(minted->value), issued(std::move(minted->info))};
}

Result<Verdict> TokenProvider::verify(hub::Call call, const hub::Secret& value,
                                      const std::string& owner_id, std::int64_t creation_time) {
  for (milliseconds wait = kFirstPause;; wait = std::min(wait * 2, kLongestPause)) {
    const auto identity = instance_.workspace.me(call, value);
    if (identity) {
      const bool same =
          Poco::icompare(identity->user_name, instance_.configuration.application_id) == 0 &&
          std::to_string(identity->id) == owner_id;
      if (!same) return Verdict{false, "it is a token of " + identity->user_name};
      return Verdict{identity->active, "its principal is not active"};
    }
    if (!is_refusal(identity.error())) return identity.error();
    const bool fresh = milliseconds(now() - creation_time) < instance_.configuration.settle_time;
    if (!fresh) return Verdict{false, identity.error().message};
    // Without the time to ask again nothing is proven; the next call asks.
    if (call.remaining() < 2 * wait) {
      return Error{.status = Status::kUnavailable,
                   .retry = hub::Retry::kSameCall,
                   .reason = "TOKEN_NOT_SETTLED",
                   .message = "the new token is not accepted yet: " + identity.error().message,
                   .hint = std::string(find_reason("TOKEN_NOT_SETTLED")->hint)};
    }
    pause(call, wait);
  }
}

Result<std::vector<Issued>> TokenProvider::list(hub::Call call) {
  auto listed =
      instance_.as_admin(call, [&](const Credential& admin) { return api_->list(call, admin); });
  if (!listed) return std::move(listed).error();
  std::vector<Issued> result;
  for (TokenInfo& info : *listed) result.push_back(issued(std::move(info)));
  return result;
}

Result<std::optional<Issued>> TokenProvider::find(hub::Call call, const std::string& id) {
  auto found = instance_.as_admin(
      call, [&](const Credential& admin) { return api_->find(call, admin, id); });
  if (!found) return std::move(found).error();
  if (!found->has_value()) return std::optional<Issued>();
  return std::optional(issued(**std::move(found)));
}

Result<> TokenProvider::revoke(hub::Call call, const std::string& id) {
  return instance_.as_admin(call,
                            [&](const Credential& admin) { return api_->revoke(call, admin, id); });
}

// databricks-sdk-go, settings.PublicTokenInfo: "the SHA-256 hash of the token"; not said in which
// encoding, so the workspace has to know the id.
std::optional<std::string> TokenProvider::id_of(const hub::Secret& value) const {
  return sha256_hex(value);
}

}  // namespace databricks_token
