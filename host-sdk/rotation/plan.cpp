#include "plan.hpp"

#include <algorithm>

#include "marker.hpp"
#include "reasons.hpp"

namespace hub::rotation {
namespace {

constexpr std::int64_t kLongestLifetime = 3650LL * 24 * 3600;

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

}  // namespace

Result<> Policy::check() const {
  const auto refuse = [](std::string message) {
    return refusal(Status::kInvalidArgument, "POLICY_INVALID", std::move(message));
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

std::string due_reason(const Slot& slot, const Request& request, bool committed_in_this_call,
                       const std::string& drift, std::int64_t now, const Policy& policy) {
  if (request.goal != Goal::kCreate && request.goal != Goal::kRotate) return {};
  if (!slot.current) return "there is no current token";
  if (!drift.empty()) return drift;
  if (now >= rotate_at(slot.current->note, slot.id, policy))
    return "the current token nears its expiry";
  const bool met = committed_in_this_call ||
                   (!request.replace.empty() && request.replace != slot.current->note.token_id);
  return request.now && !met ? "asked for" : "";
}

std::int64_t mint_window_ms(const Slot& slot, const Policy& policy) {
  return std::min(kDay, 20 * granted_lifetime_ms(slot, policy));
}

std::size_t mint_cap(const Slot& slot, const Policy& policy) {
  return static_cast<std::size_t>(std::max<std::int64_t>(
      6, 3 * mint_window_ms(slot, policy) / granted_lifetime_ms(slot, policy)));
}

const Slot::Previous* next_to_retire(const Slot& slot, std::int64_t now, bool all) {
  const auto ripe = [&](const Slot::Previous& version) {
    const bool ripe_by_grace = version.retire_after && *version.retire_after <= slot.now;
    return all || version.retiring || ripe_by_grace || version.note.ends_at() <= now;
  };
  const auto found = std::find_if(slot.previous.rbegin(), slot.previous.rend(), ripe);
  return found == slot.previous.rend() ? nullptr : &*found;
}

std::int64_t due_at(const Slot& slot, const Policy& policy) {
  std::int64_t next = slot.note.sweep_due_at;
  if (slot.state != "active") return next;
  if (slot.current) {
    next = std::min(
        {next, rotate_at(slot.current->note, slot.id, policy), slot.note.drift_checked_at + kDay});
  }
  for (const Slot::Previous& version : slot.previous) {
    next = std::min(next, version.retiring ? 0 : version.note.ends_at());
    if (version.retire_after) next = std::min(next, *version.retire_after);
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

Findings examine(const std::vector<Issued>& listed, const Slot& slot, const std::string& owner_id,
                 std::int64_t now) {
  Findings findings;
  for (const Issued& issued : listed) {
    const auto marker = Marker::parse(issued.comment);
    const bool ours = marker && marker->slot_id == slot.id && issued.owner_id == owner_id;
    const bool live = issued.expiry_time <= 0 || issued.expiry_time > now;
    if (!ours || !live || slot.names(issued.id)) continue;
    const bool explained = slot.note.nonces.contains(marker->nonce) && !issued.last_used_day;
    (explained ? findings.orphans : findings.strange).push_back(issued);
  }
  return findings;
}

}  // namespace hub::rotation
