#include "plan.hpp"

#include <algorithm>

#include "reasons.hpp"

namespace hub::rotation {
namespace {

// Of the remote side's clock, as a server tells it: between two answers it may seem to go back.
constexpr std::int64_t kDateGrain = kSecond;

constexpr std::int64_t kLongestLifetime = 3650LL * 24 * 3600;
// What is unused is replaced so long before it is revoked for that, and no more than a tenth.
constexpr std::int64_t kIdleLead = 7 * kDay;

std::int64_t retry_budget_ms(std::int64_t lifetime_ms) { return std::min(kHour, lifetime_ms / 10); }

/// From 0 to 1, stable for a slot (FNV-1a over its id).
double slot_fraction(const std::string& slot_id) {
  std::uint32_t hash = 2166136261U;
  for (const char c : slot_id) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return static_cast<double>(hash) / 4294967296.0;
}

std::int64_t lead_ms(const Policy& policy, std::int64_t lifetime_ms) {
  const std::int64_t wanted =
      policy.rotate_before_seconds ? *policy.rotate_before_seconds * kSecond : lifetime_ms / 3;
  return std::max(wanted, grace_ms(policy) + retry_budget_ms(lifetime_ms));
}

std::int64_t granted_lifetime_ms(const Slot& slot, const Policy& policy) {
  if (!slot.current) return policy.lifetime_seconds * kSecond;
  return std::max(kSecond, slot.current->note.ends_at() - slot.current->note.creation_time);
}

bool is_past_grace(const Slot::Previous& version, const Slot& slot) {
  return version.retire_after && *version.retire_after <= slot.now;
}

/// Why it goes, or empty. `unless` follows where somebody's use may still keep it.
std::string ripe_reason(const Slot::Previous& version, const Slot& slot, std::int64_t now,
                        const std::string& unless = {}) {
  if (version.retiring) return "its revocation was begun";
  if (version.note.has_ended(now)) return "it has expired";
  if (slot.has_leaked(version)) return "it has leaked";
  if (!is_past_grace(version, slot) || version.kept_until > now) return {};
  return "its grace period has passed" + unless;
}

}  // namespace

Result<> Policy::check() const {
  const auto refuse = [](std::string message) {
    // Its hint names no credential.
    return refusal({}, Status::kInvalidArgument, "POLICY_INVALID", std::move(message));
  };
  const auto within_lifetime = [&](std::int64_t seconds) {
    return seconds >= 0 && seconds <= lifetime_seconds;
  };
  if (lifetime_seconds <= 0 || lifetime_seconds > kLongestLifetime) {
    return refuse("lifetime_seconds must be between 1 and " + std::to_string(kLongestLifetime));
  }
  if (!within_lifetime(rotate_before_seconds.value_or(0)) ||
      !within_lifetime(grace_seconds.value_or(0))) {
    return refuse("rotate_before_seconds and grace_seconds must lie within the lifetime");
  }
  const std::int64_t lifetime_ms = lifetime_seconds * kSecond;
  if (lead_ms(*this, lifetime_ms) > lifetime_ms / 2) {
    return refuse(
        "a lifetime of " + std::to_string(lifetime_seconds) +
        " s leaves no moment to rotate: the replacement would be due before half of it has "
        "passed");
  }
  return check_comment(comment);
}

std::int64_t grace_ms(const Policy& policy) {
  return policy.grace_seconds ? *policy.grace_seconds * kSecond
                              : std::min(kDay, policy.lifetime_seconds * kSecond / 6);
}

std::int64_t rotate_at(const VersionNote& current, const std::string& slot_id,
                       const Policy& policy) {
  const std::int64_t lifetime = current.ends_at() - current.creation_time;
  const auto jitter =
      static_cast<std::int64_t>(slot_fraction(slot_id) * static_cast<double>(lifetime) / 10);
  return std::max(current.ends_at() - lead_ms(policy, lifetime) - jitter,
                  current.creation_time + lifetime / 2);
}

bool is_met(const Slot& slot, const Request& request) {
  return !request.replace.empty() && slot.current &&
         request.replace != slot.current->note.credential_id;
}

std::optional<Error> refuse_at_once(const Slot& slot, const Request& request) {
  const std::string& noun = slot.kind.noun;
  const bool needs_one = request.goal == Goal::kRotate || request.goal == Goal::kRollback;
  if (slot.state == "revoked" && needs_one) {
    return refusal(slot.kind, Status::kFailedPrecondition, "SLOT_REVOKED",
                   "every " + noun + " of this slot was revoked with revoke-" + noun);
  }
  if (slot.state != "active") return std::nullopt;
  if (needs_one && slot.empty()) {
    return refusal(slot.kind, Status::kFailedPrecondition, "NO_CURRENT",
                   "the slot is empty: there is no " + noun + " to rotate");
  }
  if (request.goal == Goal::kCreate && slot.current) {
    return refusal(slot.kind, Status::kAlreadyExists, "CURRENT_EXISTS",
                   "the slot already has " + noun + " " + slot.current->note.credential_id);
  }
  return std::nullopt;
}

bool is_drift_check_due(const Slot& slot, std::int64_t now) {
  const std::int64_t checked = slot.note.drift_checked_at;
  return slot.current && (now - checked >= kDay || checked - now > kClockTolerance);
}

std::string drift_reason(const std::optional<Issued>& found, const Slot& slot, std::int64_t now) {
  const VersionNote& current = slot.current->note;
  const std::string what = "the current " + slot.kind.noun;
  if (!found) return what + " was revoked by somebody else";
  if (found->expiry_time > 0 && found->expiry_time <= now) return what + " has expired";
  const std::int64_t limit = slot.kind.idle_limit_ms.value_or(0);
  const std::int64_t used = std::max(found->last_used_day.value_or(0), found->creation_time);
  if (limit > 0 && now - used > limit - std::min(kIdleLead, limit / 10)) {
    return what + " was unused for nearly " + std::to_string(limit / kDay) +
           " days, after which it is revoked";
  }
  if (found->scopes && current.scopes && !same(found->scopes, current.scopes)) {
    return "somebody changed the scopes of " + what;
  }
  return {};
}

std::string due_reason(const Slot& slot, const Request& request, bool met, const std::string& drift,
                       std::int64_t now, const Policy& policy) {
  if (request.goal != Goal::kCreate && request.goal != Goal::kRotate) return {};
  const std::string what = "current " + slot.kind.noun;
  if (!slot.current) return "there is no " + what;
  if (slot.has_leaked(*slot.current)) return "the " + what + " has leaked";
  if (!drift.empty()) return drift;
  if (now >= rotate_at(slot.current->note, slot.id, policy))
    return "the " + what + " nears its expiry";
  return request.now && !met ? "asked for" : "";
}

std::size_t mint_cap(const Slot& slot, const Policy& policy) {
  return static_cast<std::size_t>(std::max<std::int64_t>(
      6, 3 * mint_window_ms(slot, policy) / granted_lifetime_ms(slot, policy)));
}

std::optional<Error> cap_reached(const Slot& slot, std::int64_t now, const Policy& policy) {
  const auto refuse = [&](std::string message) {
    return refusal(slot.kind, Status::kFailedPrecondition, "MINT_CAP_REACHED", std::move(message));
  };
  const std::size_t versions = slot.previous.size() + (slot.current ? 1 : 0);
  if (versions >= kMaxVersions)
    return refuse(std::to_string(versions) + " " + slot.kind.noun +
                  "s of this slot are still alive");
  const std::int64_t window = mint_window_ms(slot, policy);
  const auto recent = static_cast<std::size_t>(std::ranges::count_if(
      slot.note.mints, [&](std::int64_t time) { return time > now - window; }));
  if (recent < mint_cap(slot, policy)) return std::nullopt;
  return refuse(std::to_string(recent) + " " + slot.kind.noun +
                "s were made for this slot within " + std::to_string(window / kSecond) + " s");
}

bool is_sweep_due(const Slot& slot, std::int64_t now) {
  const std::int64_t due = slot.note.sweep_due_at;
  return due <= now || due - now > kDay + kClockTolerance;
}

void note_leak(Slot& slot, const Request& request) {
  if (!request.leaked) return;
  const bool is_current = request.replace.empty() && slot.current;
  const auto version =
      slot.version_of(is_current ? slot.current->note.credential_id : request.replace);
  if (version) slot.note.leaked.insert(*version);
}

void settle_grace(Slot& slot, const Policy& policy) {
  const Slot::Version* successor = slot.current ? &*slot.current : nullptr;
  for (Slot::Previous& version : slot.previous) {
    if (slot.has_leaked(version)) {
      version.retire_after = slot.now;
    } else if (successor != nullptr) {
      version.kept_until = successor->note.started_at + grace_ms(policy) - kDateGrain;
    }
    successor = &version;
  }
}

bool same(const Scopes& a, const Scopes& b) {
  return a && b ? std::ranges::is_permutation(*a, *b) : a == b;
}

std::int64_t mint_window_ms(const Slot& slot, const Policy& policy) {
  return std::min(kDay, 20 * granted_lifetime_ms(slot, policy));
}

const Slot::Previous* next_to_retire(const Slot& slot, std::int64_t now, bool all) {
  const Slot::Previous* next = nullptr;
  for (const Slot::Previous& version : slot.previous) {
    if (slot.has_leaked(version)) return &version;
    if (all || !ripe_reason(version, slot, now).empty()) next = &version;
  }
  return next;
}

bool is_in_use(const Issued& issued, const Slot& slot, std::int64_t now) {
  // Its successor is the next newer one; our own last look at it was before that was begun.
  const VersionNote* successor = &slot.current->note;
  for (const Slot::Previous& version : slot.previous) {
    if (version.note.credential_id == issued.id) break;
    successor = &version.note;
  }
  const std::int64_t today = now / kDay;
  const std::int64_t replaced = successor->started_at / kDay;
  const std::int64_t used = issued.last_used_day.value_or(0) / kDay;
  return used > replaced ? today - used < 2 : used == replaced && today == replaced;
}

std::vector<Answer::Planned> steps(const Slot& slot, const Request& request, bool met,
                                   const std::string& drift, std::int64_t now,
                                   const Policy& policy) {
  std::vector<Answer::Planned> plan;
  if (slot.state == "revoking") {
    plan.push_back({"revoke", {}, "the revocation of all " + slot.kind.noun + "s was begun"});
    return plan;
  }
  bool replaced = false;
  bool reconciles = false;
  if (slot.pending) {
    const std::string& id = slot.pending->note.credential_id;
    if (slot.pending->discard) {
      const bool adopted = slot.pending->note.origin == "adopted";
      plan.push_back({adopted ? "drop" : "revoke", id, "it was refused when it was new"});
    } else if (slot.pending->has_value) {
      plan.push_back({"verify", id, "an earlier run ended before it was proven"});
      plan.push_back({"commit", id, "it replaces the current one if it is accepted"});
      replaced = true;
    } else {
      reconciles = true;
      plan.push_back({"reconcile", {}, "a request for a " + slot.kind.noun + " was not answered"});
    }
  }
  if (const std::string due = due_reason(slot, request, met, drift, now, policy);
      !replaced && !due.empty()) {
    plan.push_back({"mint", {}, due});
    replaced = true;
  }
  const std::string unless =
      policy.retire == Retire::kUnlessUsed ? "; it stays while it is in use" : "";
  for (auto version = slot.previous.rbegin(); version != slot.previous.rend(); ++version) {
    const std::string ripe = ripe_reason(*version, slot, now, unless);
    if (!ripe.empty()) plan.push_back({"revoke", version->note.credential_id, ripe});
  }
  if (replaced && slot.current) {
    const std::string& id = slot.current->note.credential_id;
    if (slot.has_leaked(*slot.current)) {
      plan.push_back({"revoke", id, "it has leaked"});
    } else if (grace_ms(policy) == 0) {
      plan.push_back({"revoke", id, "there is no grace period" + unless});
    }
  }
  // What a lost request may have left is looked for again after a while.
  if ((is_sweep_due(slot, now) && !reconciles) || request.accept_store)
    plan.push_back({"sweep", {}, "orphans were not looked for lately"});
  return plan;
}

void describe(Answer& answer, const Slot& slot) {
  answer.id_key = slot.kind.id_key();
  answer.state = slot.state;
  if (slot.current) {
    answer.id = slot.current->note.credential_id;
    answer.expiry_time = slot.current->note.ends_at();
  }
  for (const Slot::Previous& version : slot.previous) {
    answer.pending.push_back({"revoke", version.note.credential_id, version.retire_after});
  }
}

std::int64_t due_at(const Slot& slot, const Policy& policy) {
  std::int64_t next = slot.note.sweep_due_at;
  if (slot.state == "revoked") return next;
  if (slot.state == "revoking" || slot.pending) return 0;
  if (slot.current) {
    next = std::min(
        {next, rotate_at(slot.current->note, slot.id, policy), slot.note.drift_checked_at + kDay});
  }
  for (const Slot::Previous& version : slot.previous) {
    if (version.retiring) next = 0;
    if (version.note.expiry_time > 0) next = std::min(next, version.note.expiry_time);
    if (version.retire_after)
      next = std::min(next, std::max(*version.retire_after, version.kept_until));
  }
  return next;
}

std::int64_t next_action_at(const Slot& slot, std::int64_t now, const Policy& policy) {
  const std::int64_t next = due_at(slot, policy);
  return next > now ? next : now + back_off_ms(slot, now);
}

std::int64_t back_off_ms(const Slot& slot, std::int64_t now) {
  const std::int64_t step = std::min(kHour, 30 * kSecond << std::min(slot.note.failures, 7));
  if (!slot.current) return step;
  return std::clamp((slot.current->note.ends_at() - now) / 10, kSecond, step);
}

}  // namespace hub::rotation
