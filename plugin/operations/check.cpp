#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/String.h>

#include <cstdlib>
#include <sstream>

#include "databricks/reasons.hpp"
#include "operations/operation.hpp"
#include "operations/schemas.hpp"
#include "operations/slot_view.hpp"
#include "operations/token_provider.hpp"

namespace databricks_token {
namespace {

constexpr std::chrono::milliseconds kSkewLimit = std::chrono::minutes(5);
constexpr std::int64_t kSecondsPerDay = 24 * 3600;

/// The list that check answers with.
class Findings {
 public:
  void pass(const char* check, std::string message) { add(check, "pass", std::move(message), {}); }
  void unknown(const char* check, std::string message) {
    add(check, "unknown", std::move(message), {});
  }
  void fail(const char* check, std::string message, std::string_view hint) {
    passed_ = false;
    add(check, "fail", std::move(message), hint);
  }

  /// What could not be looked at: a fault that passes says nothing about the check itself.
  void fail_by(const char* check, const hub::Error& error) {
    const bool silent = error.effect == hub::Effect::kNone && error.retry != hub::Retry::kNever;
    if (error.message.empty()) {
      fail(check, "the host could not provide what this needs", "See the host's log.");
    } else if (silent) {
      passed_ = false;
      add(check, "unknown", error.message, error.hint);
    } else {
      fail(check, error.message, error.hint);
    }
  }

  std::string to_json() const {
    Poco::JSON::Object response(Poco::JSON_PRESERVE_KEY_ORDER);
    response.set("passed", passed_);
    response.set("findings", findings_);
    std::ostringstream text;
    response.stringify(text);
    return text.str();
  }

 private:
  void add(const char* check, const char* result, std::string message, std::string_view hint) {
    Poco::JSON::Object::Ptr finding = new Poco::JSON::Object(Poco::JSON_PRESERVE_KEY_ORDER);
    finding->set("check", check);
    finding->set("result", result);
    finding->set("message", message);
    if (!hint.empty()) finding->set("hint", std::string(hint));
    findings_.add(finding);
  }

  bool passed_ = true;
  Poco::JSON::Array findings_;
};

void check_clock(const Instance& instance, Findings& findings) {
  const auto offset = instance.workspace.clock_offset();
  if (!offset) return findings.unknown("clock", "the workspace did not say what time it is");
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*offset).count();
  const std::string message = "the workspace's clock and this host's differ by " +
                              std::to_string(std::labs(seconds)) + " s";
  if (std::chrono::abs(*offset) > kSkewLimit) {
    findings.fail("clock", message, "Set this host's clock, such as by NTP.");
  } else {
    findings.pass("clock", message);
  }
}

/// Only an admin may look at it, which a principal that makes its own tokens need not be.
bool is_out_of_sight(const Instance& instance, const hub::Error& error) {
  return instance.configuration.issue == Issue::kSelf && error.reason == "NOT_ADMIN";
}
constexpr const char* kOutOfSight = "only a workspace admin may look at this";

void check_permission(Instance& instance, hub::Call call, Findings& findings) {
  const auto granted = instance.as_admin(call, [&](const Credential& admin) {
    return instance.workspace.has_token_permission(call, admin,
                                                   instance.configuration.application_id);
  });
  if (!granted && is_out_of_sight(instance, granted.error())) {
    findings.unknown("token-permission", kOutOfSight);
  } else if (!granted) {
    findings.fail_by("token-permission", granted.error());
  } else if (*granted) {
    findings.pass("token-permission", "the service principal may use tokens");
  } else {
    // Being in a group that may is as good, and is not looked into.
    findings.unknown(
        "token-permission",
        "the service principal itself has no CAN_USE on tokens; unless a group of its has, "
        "create-token will be refused");
  }
}

void check_policy(Instance& instance, hub::Call call, Findings& findings) {
  const auto policy = instance.as_admin(
      call, [&](const Credential& admin) { return instance.workspace.token_policy(call, admin); });
  if (!policy && is_out_of_sight(instance, policy.error()))
    return findings.unknown("tokens-enabled", kOutOfSight);
  if (!policy) return findings.fail_by("tokens-enabled", policy.error());
  if (policy->tokens_enabled == false) {
    findings.fail("tokens-enabled", "personal access tokens are switched off in the workspace",
                  find_reason("TOKENS_DISABLED")->hint);
  } else {
    findings.pass("tokens-enabled", "the workspace allows personal access tokens");
  }
  const std::int64_t lifetime = instance.configuration.policy.lifetime_seconds;
  const std::int64_t days = policy->max_lifetime_days.value_or(730);
  const std::string message = "lifetime_seconds is " + std::to_string(lifetime) +
                              ", the workspace allows " + std::to_string(days * kSecondsPerDay);
  if (lifetime > days * kSecondsPerDay) {
    findings.fail("lifetime", message, find_reason("LIFETIME_INVALID")->hint);
  } else {
    findings.pass("lifetime", message);
  }
}

void check_current(hub::Call call, TokenProvider& provider, Findings& findings) {
  const auto slot = SlotView::look(call);
  if (!slot) return findings.fail_by("current-token", slot.error());
  if (!*slot || (*slot)->current().empty()) {
    return findings.unknown("current-token", "there is none yet: make it with create-token");
  }
  const std::string token_id = (*slot)->current();
  const auto found = provider.find(call, token_id);
  if (!found) return findings.fail_by("current-token", found.error());
  const std::int64_t now = provider.now();
  if (!found->has_value() || ((*found)->expiry_time > 0 && (*found)->expiry_time <= now)) {
    findings.fail("current-token", "token " + token_id + " is revoked or expired",
                  "Run rotate-token: it makes a new one.");
  } else {
    findings.pass("current-token", "token " + token_id + " is alive");
  }
}

hub::Result<std::string> check(Instance& instance, hub::Call call, const JsonObject&) {
  Findings findings;
  const auto identity = instance.as_admin(
      call, [&](const Credential& admin) { return instance.workspace.me(call, admin); });
  // Without a workspace that knows the credential nothing else can be looked at.
  if (!identity) return identity.error();
  findings.pass("workspace",
                "reached " + instance.workspace.origin().text() + " over verified TLS");
  check_clock(instance, findings);
  findings.pass("credential", "it is of " + identity->user_name);

  TokenProvider provider(instance);
  if (const auto listed = provider.list(call)) {
    findings.pass("admin", "the credential may manage tokens");
  } else {
    findings.fail_by("admin", listed.error());
  }
  if (const auto owner = provider.owner_id(call)) {
    findings.pass("principal", "the service principal exists and is active");
  } else {
    findings.fail_by("principal", owner.error());
  }
  check_permission(instance, call, findings);
  check_policy(instance, call, findings);
  check_current(call, provider, findings);
  return findings.to_json();
}

}  // namespace

constinit const Operation kCheck{
    .name = "check",
    .summary = "Looks at everything that the other operations need, and changes nothing.",
    .idempotent = true,
    .request_schema = kEmptyRequest,
    .response_schema = R"json({
      "type": "object",
      "required": ["passed", "findings"],
      "properties": {
        "passed": {"description": "No finding failed or was kept from being made by a fault.", "type": "boolean"},
        "findings": {
          "type": "array",
          "items": {
            "type": "object",
            "required": ["check", "result", "message"],
            "properties": {
              "check": {
                "enum": ["workspace", "clock", "credential", "admin", "principal", "token-permission",
                         "tokens-enabled", "lifetime", "current-token"]
              },
              "result": {"enum": ["pass", "fail", "unknown"]},
              "message": {"type": "string"},
              "hint": {"description": "What to do about it.", "type": "string"}
            }
          }
        }
      }
    })json",
    .run = check};

}  // namespace databricks_token
