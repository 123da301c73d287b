#include <Poco/DateTimeFormat.h>
#include <Poco/DateTimeFormatter.h>
#include <Poco/Timestamp.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "databricks/reasons.hpp"
#include "operations/findings.hpp"
#include "operations/operation.hpp"
#include "operations/schemas.hpp"
#include "operations/slot_view.hpp"
#include "operations/token_provider.hpp"

namespace databricks_token {
namespace {

using hub::rotation::Issued;

constexpr std::chrono::milliseconds kSkewLimit = std::chrono::minutes(5);
constexpr std::int64_t kSecondsPerDay = 24 * 3600;
// The last tenth is worth a warning.
constexpr std::size_t kManyTokens = kMostTokens * 9 / 10;

constexpr const char* kOutOfSight = "only a workspace admin may look at this";

std::string_view hint_of(std::string_view reason) { return find_reason(reason)->hint; }

std::string date(std::int64_t milliseconds) {
  return Poco::DateTimeFormatter::format(Poco::Timestamp(milliseconds * 1000),
                                         Poco::DateTimeFormat::ISO8601_FORMAT);
}

/// A connection's check, one step for each kind of question.
class Preflight {
 public:
  Preflight(Instance& instance, hub::Call call, bool fix_permission)
      : instance_(instance),
        call_(call),
        self_(instance.configuration.issue == Issue::kSelf),
        fix_permission_(fix_permission),
        provider_(instance) {}

  Findings run() {
    if (!sign_in()) return findings_;
    const auto listed = provider_.list(call_);
    if (self_) {
      findings_.pass("admin", "not needed: the principal makes its own tokens");
    } else if (!listed) {
      findings_.fail_by("admin", listed.error());
      if (listed.error().status == hub::Status::kPermissionDenied) {
        findings_.skip_rest("the credential may not manage tokens");
        return findings_;
      }
    } else {
      findings_.pass("admin", "the credential may manage tokens");
    }
    const auto slot = SlotView::look(call_);
    check_principal(listed, slot);
    check_policy();
    check_current(slot);
    check_switch();
    return findings_;
  }

 private:
  std::string reached() const {
    return "reached " + instance_.workspace.origin().text() + " over verified TLS";
  }

  /// Whether there is a workspace that knows the credential.
  bool sign_in() {
    const auto obtained =
        instance_.as_admin(call_, [](const Credential&) { return hub::Result<>(); });
    if (!obtained) {
      not_signed_in(obtained.error());
      return false;
    }
    const auto identity = instance_.as_admin(
        call_, [&](const Credential& admin) { return instance_.workspace.me(call_, admin); });
    if (identity) {
      findings_.pass("workspace", reached());
      check_clock();
      findings_.pass("credential", "it is of " + identity->user_name);
      return true;
    }
    const hub::Error& error = identity.error();
    constexpr std::array kElsewhere = {"ACCOUNT_HOST", "NOT_DATABRICKS", "PRIVATE_LINK",
                                       "IP_NOT_ALLOWED"};
    const bool answered = error.http_status != 0;
    const bool elsewhere =
        std::find(kElsewhere.begin(), kElsewhere.end(), error.reason) != kElsewhere.end();
    const bool of_credential = !answered && error.reason == "CREDENTIAL_INVALID";
    const bool held_back = !answered && error.reason == "RATE_LIMITED";
    if (answered && !elsewhere) {
      findings_.pass("workspace", reached());
      check_clock();
      findings_.fail_by("credential", error);
      findings_.skip_rest("the workspace did not answer who the credential is of");
    } else if (of_credential) {
      findings_.fail_by("credential", error);
      findings_.skip_rest("the credential cannot be sent");
    } else {
      // No way to the workspace is what this looks for, also if it comes back by itself.
      findings_.fail_by("workspace", error);
      if (!held_back) not_reached(error);
      findings_.skip_rest("the workspace was not reached");
    }
    return false;
  }

  /// A failure, also if it passes by itself; but not for who cancelled, nor without a word.
  void not_reached(const hub::Error& error) {
    if (findings_.cancelled() || error.message.empty()) return;
    findings_.fail("workspace", error.message, error.hint);
  }

  /// No access token: the workspace gives those of OAuth itself, Entra is elsewhere.
  void not_signed_in(const hub::Error& error) {
    const bool elsewhere = instance_.configuration.auth.type == AuthType::kAzureEntra;
    if (elsewhere || error.http_status != 0) {
      if (!elsewhere) findings_.pass("workspace", reached());
      findings_.fail_by("credential", error);
    } else {
      findings_.fail_by("workspace", error);
      not_reached(error);
    }
    findings_.skip_rest("there was no access token to ask with");
  }

  /// Only an admin may look at it, which a principal that makes its own tokens need not be.
  bool is_out_of_sight(const hub::Error& error) const {
    return self_ && error.reason == "NOT_ADMIN";
  }

  void check_clock() {
    const auto offset = instance_.clock->offset();
    if (!offset) return findings_.unknown("clock", "the workspace did not say what time it is");
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*offset).count();
    const std::string message = "the workspace's clock and this host's differ by " +
                                std::to_string(std::labs(seconds)) + " s";
    if (std::chrono::abs(*offset) > kSkewLimit) {
      findings_.fail("clock", message, "Set this host's clock, such as by NTP.");
    } else {
      findings_.pass("clock", message);
    }
  }

  void check_principal(const hub::Result<std::vector<Issued>>& listed,
                       const hub::Result<std::optional<SlotView>>& slot) {
    const auto owner = provider_.owner_id(call_);
    if (!owner) {
      findings_.fail_by("principal", owner.error());
      for (const char* check : {"token-permission", "token-count", "orphans"})
        findings_.skip(check, "the service principal was not found active");
      return;
    }
    findings_.pass("principal", "the service principal exists and is active");
    check_permission();
    if (!listed) {
      if (self_) {
        findings_.fail_by("token-count", listed.error());
      } else {
        findings_.skip("token-count", "the tokens could not be listed");
      }
      return findings_.skip("orphans", "the tokens could not be listed");
    }
    std::vector<Issued> live;
    std::copy_if(listed->begin(), listed->end(), std::back_inserter(live), [&](const Issued& each) {
      return each.owner_id == *owner &&
             (each.expiry_time <= 0 || each.expiry_time > provider_.now());
    });
    check_count(live.size());
    check_orphans(live, slot);
  }

  void check_permission() {
    const std::string& application_id = instance_.configuration.application_id;
    const auto granted = instance_.as_admin(call_, [&](const Credential& admin) {
      return instance_.workspace.has_token_permission(call_, admin, application_id);
    });
    if (!granted && is_out_of_sight(granted.error()))
      return findings_.unknown("token-permission", kOutOfSight);
    if (!granted) return findings_.fail_by("token-permission", granted.error());
    if (*granted) return findings_.pass("token-permission", "the service principal may use tokens");
    if (!fix_permission_) {
      // Being in a group that may is as good, and is not looked into.
      return findings_.unknown(
          "token-permission",
          "the service principal itself has no CAN_USE on tokens; unless a group of its has, "
          "create-token will be refused",
          hint_of("TOKEN_PERMISSION_MISSING"));
    }
    const auto granting = instance_.as_admin(call_, [&](const Credential& admin) {
      return instance_.workspace.grant_token_permission(call_, admin, application_id);
    });
    if (!granting) return findings_.fail_by("token-permission", granting.error());
    findings_.pass("token-permission",
                   "the service principal had no CAN_USE on tokens: granted it now, by PATCH");
  }

  void check_count(std::size_t live) {
    const std::string message = "the service principal has " + std::to_string(live) + " of " +
                                std::to_string(kMostTokens) + " tokens";
    if (live >= kMostTokens) {
      findings_.fail("token-count", message, hint_of("TOKEN_QUOTA_EXCEEDED"));
    } else if (live >= kManyTokens) {
      findings_.pass("token-count", message, hint_of("TOKEN_QUOTA_EXCEEDED"));
    } else {
      findings_.pass("token-count", message);
    }
  }

  void check_orphans(const std::vector<Issued>& live,
                     const hub::Result<std::optional<SlotView>>& slot) {
    if (!slot) return findings_.fail_by("orphans", slot.error());
    if (!*slot) return findings_.pass("orphans", "none: the slot is not in use yet");
    std::size_t orphans = 0;
    for (const Issued& each : live) {
      if ((*slot)->roles.contains(each.id) || !(*slot)->claims(each.comment)) continue;
      // The value of an orphan is in nobody's hands, so nobody can have used it.
      if (each.last_used_day) {
        return findings_.fail(
            "orphans",
            "token " + each.id +
                " carries this slot's marker and is in use, but the store knows "
                "nothing of it: the store is older than the workspace",
            "Restore the newest copy of the store, adopt-token what is in use, or rotate-token "
            "with accept_store. Until then nothing is revoked or made.");
      }
      ++orphans;
    }
    if (orphans == 0) return findings_.pass("orphans", "no token of this slot is astray");
    findings_.pass(
        "orphans",
        "tokens of this slot that are astray, their value lost: " + std::to_string(orphans),
        "sweep revokes them now, rotate-token when it next looks.");
  }

  void check_policy() {
    const auto policy = instance_.as_admin(call_, [&](const Credential& admin) {
      return instance_.workspace.token_policy(call_, admin);
    });
    if (!policy && is_out_of_sight(policy.error())) {
      findings_.unknown("tokens-enabled", kOutOfSight);
      return findings_.unknown("lifetime", kOutOfSight);
    }
    if (!policy) {
      findings_.fail_by("tokens-enabled", policy.error());
      return findings_.skip("lifetime", "the workspace's settings could not be read");
    }
    if (policy->tokens_enabled == false) {
      findings_.fail("tokens-enabled", "personal access tokens are switched off in the workspace",
                     hint_of("TOKENS_DISABLED"));
    } else {
      findings_.pass("tokens-enabled", "the workspace allows personal access tokens");
    }
    const std::int64_t lifetime = instance_.configuration.policy.lifetime_seconds;
    const std::int64_t days = policy->max_lifetime_days.value_or(730);
    const std::string message = "lifetime_seconds is " + std::to_string(lifetime) +
                                ", the workspace allows " + std::to_string(days * kSecondsPerDay);
    if (lifetime > days * kSecondsPerDay) {
      findings_.fail("lifetime", message, hint_of("LIFETIME_INVALID"));
    } else {
      findings_.pass("lifetime", message);
    }
  }

  void check_current(const hub::Result<std::optional<SlotView>>& slot) {
    if (!slot) return findings_.fail_by("current-token", slot.error());
    if (!*slot || (*slot)->current().empty()) {
      return findings_.unknown("current-token", "there is none yet: make it with create-token");
    }
    const std::string token_id = (*slot)->current();
    const auto found = provider_.find(call_, token_id);
    if (!found) return findings_.fail_by("current-token", found.error());
    const std::int64_t expiry = found->has_value() ? (*found)->expiry_time : 0;
    if (!found->has_value() || (expiry > 0 && expiry <= provider_.now())) {
      findings_.fail("current-token", "token " + token_id + " is revoked or expired",
                     "Run rotate-token: it makes a new one.");
    } else {
      findings_.pass("current-token", "token " + token_id + " is alive" +
                                          (expiry > 0 ? " until " + date(expiry) : ""));
    }
  }

  void check_switch() {
    if (self_)
      return findings_.pass("on-behalf-of", "not needed: the principal makes its own tokens");
    findings_.unknown(
        "on-behalf-of",
        "whether the account allows tokens on behalf of service principals shows only when one is "
        "made",
        "If create-token answers ON_BEHALF_OF_DISABLED: " +
            std::string(hint_of("ON_BEHALF_OF_DISABLED")));
  }

  Instance& instance_;
  const hub::Call call_;
  const bool self_;
  const bool fix_permission_;
  TokenProvider provider_;
  Findings findings_;
};

hub::Result<std::string> check(Instance& instance, hub::Call call, const JsonObject& request) {
  // What the host refuses, it says best itself.
  if (const auto admin = call.secret(kAdminSecret); !admin) return admin.error();
  const bool fix_permission = request.boolean("fix_permission").value_or(false);
  const Findings findings = Preflight(instance, call, fix_permission).run();
  if (findings.cancelled()) return *findings.cancelled();
  return findings.to_json();
}

}  // namespace

constinit const Operation kCheck{
    .name = "check",
    .summary = "Looks at what the others need; changes nothing unless asked to grant CAN_USE.",
    .idempotent = true,
    .request_schema = R"json({
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "fix_permission": {
          "description": "Grant the service principal CAN_USE on tokens if it has not got it; the one thing that check can change.",
          "type": "boolean", "default": false
        }
      }
    })json",
    .response_schema = R"json({
      "type": "object",
      "required": ["passed", "findings"],
      "properties": {
        "passed": {"description": "No finding failed or was kept from being made by a fault.", "type": "boolean"},
        "findings": {
          "description": "Always these checks, in this order. A pass with a hint is a warning.",
          "type": "array",
          "items": {
            "type": "object",
            "required": ["check", "result", "message"],
            "properties": {
              "check": {
                "enum": ["workspace", "clock", "credential", "admin", "principal", "token-permission",
                         "tokens-enabled", "lifetime", "token-count", "orphans", "current-token", "on-behalf-of"]
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
