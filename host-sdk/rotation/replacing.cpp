// Is a new one due? Then mint, verify, commit.
#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "marker.hpp"
#include "plan.hpp"
#include "reasons.hpp"
#include "rotator.hpp"

namespace hub::rotation {
namespace {

constexpr int kMaxMintsPerCall = 2;
// Two clocks are compared where the remote side does not say when it made a credential.
constexpr std::int64_t kLifetimeTolerance = 60 * kSecond;
// Databricks revokes what was unused for 90 days; a week before that is time enough.
constexpr std::int64_t kIdleLimit = 83 * kDay;

/// In any order.
bool same(const Scopes& a, const Scopes& b) {
  return a && b ? std::ranges::is_permutation(*a, *b) : a == b;
}

}  // namespace

// ---- Is a new one due? ----

Event Rotator::check_drift() {
  const bool wanted = request_.goal == Goal::kRotate && slot_.current && !committed_ &&
                      drift_.empty() && provider_.now() - slot_.note.drift_checked_at >= kDay;
  if (!wanted) return Event::kChecked;
  const VersionNote& current = slot_.current->note;
  auto found = provider_.find(call_, current.token_id);
  if (!found) {
    warn(found.error());
    return Event::kChecked;
  }
  const std::int64_t now = provider_.now();
  if (!found->has_value()) {
    auto listed = provider_.list(call_);
    if (!listed) return failed(std::move(listed).error());
    const Findings findings = examine(*listed, slot_, current.owner_id, now);
    if (!findings.strange.empty()) return failed(store_is_older(findings.strange.front()));
    drift_ = "the current token was revoked by somebody else";
  } else {
    const Issued& issued = **found;
    const std::int64_t used = std::max(issued.last_used_day.value_or(0), issued.creation_time);
    if (issued.expiry_time > 0 && issued.expiry_time <= now) {
      drift_ = "the current token has expired";
    } else if (now - used > kIdleLimit) {
      drift_ = "the current token was unused for nearly 90 days, after which it is revoked";
    } else if (issued.scopes && current.scopes && !same(issued.scopes, current.scopes)) {
      drift_ = "somebody changed the scopes of the current token";
    }
  }
  // What is wrong is looked for again until its replacement stands.
  if (drift_.empty()) {
    slot_.note.drift_checked_at = now;
  } else {
    answer_.warnings.push_back({"DRIFT", drift_});
  }
  return Event::kChecked;
}

Event Rotator::decide() {
  const std::string reason =
      due_reason(slot_, request_, committed_, drift_, provider_.now(), policy_);
  if (reason.empty()) return Event::kNotDue;
  call_.log(LogLevel::kInfo, "a new token is due: " + reason);
  return Event::kDue;
}

Event Rotator::prepare() {
  if (mints_ == kMaxMintsPerCall) return Event::kFailed;  // failure_ says how the last one ended
  const std::size_t versions = slot_.previous.size() + (slot_.current ? 1 : 0);
  const std::int64_t now = provider_.now();
  const std::int64_t window = mint_window_ms(slot_, policy_);
  std::erase_if(slot_.note.mints, [&](std::int64_t time) { return time <= now - window; });
  const std::size_t cap = mint_cap(slot_, policy_);
  if (versions >= kMaxVersions || slot_.note.mints.size() >= cap) {
    return failed(refusal(Status::kFailedPrecondition, "MINT_CAP_REACHED",
                          versions >= kMaxVersions
                              ? std::to_string(versions) + " tokens of this slot are still alive"
                              : std::to_string(cap) + " tokens were made for this slot within " +
                                    std::to_string(window / kSecond) + " s"));
  }
  auto owner = owner_id();
  if (!owner) return failed(std::move(owner).error());
  owner_ = *std::move(owner);
  // A store that is older than the workspace must not mint. A list that cannot be read does not
  // say so, and must not keep a token from being replaced in time.
  auto listed = provider_.list(call_);
  if (!listed) {
    warn(listed.error());
  } else if (const auto found = examine(*listed, slot_, owner_, now); !found.strange.empty()) {
    return failed(store_is_older(found.strange.front()));
  }
  return Event::kReady;
}

// ---- Mint ----

Event Rotator::stage_intent() {
  const std::int64_t now = provider_.now();
  VersionNote intent{.nonce = nonce_text(random_()),
                     .started_at = now,
                     .lifetime_seconds = policy_.lifetime_seconds,
                     .owner_id = owner_,
                     .scopes = wanted_scopes()};
  if (policy_.scopes && !same(policy_.scopes, intent.scopes)) {
    answer_.warnings.push_back(
        {"SCOPES_KEPT",
         "the configured scopes are not those of the current token, which its replacement gets; "
         "for others revoke all and create anew"});
  }
  // A day more: the request may arrive late, and the two clocks differ.
  std::erase_if(slot_.note.nonces, [&](const auto& entry) { return entry.second < now; });
  slot_.note.nonces[intent.nonce] = now + intent.lifetime_seconds * kSecond + kDay;
  slot_.note.mints.push_back(now);

  auto staged = transaction_.stage_intent(intent.to_json(), note());
  if (!staged) return written(std::move(staged).error());
  slot_.pending = {{*staged, std::move(intent)}, false, false};
  target_pending();
  return Event::kWritten;
}

Event Rotator::mint() {
  if (auto renewed = transaction_.renew(time_needed()); !renewed) return written(renewed);
  const VersionNote& intent = slot_.pending->note;
  ++mints_;
  auto minted =
      provider_.mint(call_, {.lifetime_seconds = intent.lifetime_seconds,
                             .comment = marked_comment(policy_.comment, {slot_.id, intent.nonce}),
                             .scopes = intent.scopes});
  if (minted) {
    remote_changed_ = true;
    minted_ = *std::move(minted);
    return Event::kMinted;
  }
  failure_ = std::move(minted).error();
  if (failure_->effect == Effect::kNone) {
    slot_.note.nonces.erase(intent.nonce);
    slot_.note.mints.pop_back();
    return Event::kRefused;
  }
  warn(*failure_);
  return Event::kUnanswered;
}

Event Rotator::stage_value() {
  VersionNote& pending = slot_.pending->note;
  const Issued& issued = minted_->issued;
  pending.token_id = issued.id;
  pending.creation_time = issued.creation_time > 0 ? issued.creation_time : pending.started_at;
  pending.expiry_time = issued.expiry_time;
  pending.scopes = issued.scopes;
  auto staged = transaction_.stage_value(minted_->value, pending.to_json(), {});
  if (!staged) return written(std::move(staged).error());
  slot_.pending->has_value = true;
  target_pending();
  did("minted", issued.id);
  return Event::kWritten;
}

Event Rotator::undo_mint() {
  // Nobody else can know this token: its value was never stored.
  if (auto undone = revoke(minted_->issued.id); !undone) warn(undone.error());
  return Event::kLeaseLost;
}

Event Rotator::reconcile() {
  target_pending();
  slot_.note.sweep_due_at = provider_.now() + kSweepAgainAfter;
  slot_.note.clean_lists = 0;
  auto listed = provider_.list(call_);
  if (!listed) {
    Error error = std::move(listed).error();
    error.effect = Effect::kUnknown;
    // An error without texts is the host's own, which says best what to mend.
    if (!error.message.empty()) {
      error.reason = "UNKNOWN_MINT";
      error.message =
          "a request for a token was not answered, and none is made until the list can be read: " +
          error.message;
    }
    return failed(std::move(error));
  }
  auto gone = revoke_orphans(*listed, slot_.pending->note.owner_id);
  if (!gone) return written(std::move(gone).error());
  return Event::kGone;
}

// ---- Verify and commit ----

Event Rotator::verify() {
  std::optional<Result<Secret>> kept;
  if (!minted_) {
    kept = transaction_.read(slot_.pending->id);
    if (!*kept) return failed(std::move(*kept).error());
  }
  const VersionNote& pending = slot_.pending->note;
  auto verdict = provider_.verify(call_, minted_ ? minted_->value : **kept, pending.owner_id,
                                  pending.creation_time);
  if (!verdict) return failed(std::move(verdict).error());
  const Scopes wanted = wanted_scopes();
  if (verdict->accepted && wanted && !same(pending.scopes, wanted))
    *verdict = {false, "its scopes are not those that were asked for"};
  if (!verdict->accepted) {
    failure_ = refusal(Status::kFailedPrecondition, "VERIFICATION_FAILED",
                       "the new token " + pending.token_id + " was refused: " + verdict->why);
    return Event::kRejected;
  }
  warn_of_lifetime(pending);
  proven_ = true;
  return Event::kAccepted;
}

Scopes Rotator::wanted_scopes() const {
  return slot_.current ? slot_.current->note.scopes : policy_.scopes;
}

void Rotator::warn_of_lifetime(const VersionNote& granted) {
  const std::string asked = std::to_string(granted.lifetime_seconds) + " s";
  const std::int64_t lifetime_ms = granted.ends_at() - granted.creation_time;
  const std::int64_t surplus_ms = lifetime_ms - granted.lifetime_seconds * kSecond;
  if (granted.expiry_time <= 0) {
    answer_.warnings.push_back(
        {"LIFETIME_EXTENDED", "the workspace granted a token without an end instead of " + asked});
  } else if (std::abs(surplus_ms) > kLifetimeTolerance) {
    answer_.warnings.push_back(
        {surplus_ms < 0 ? "LIFETIME_SHORTENED" : "LIFETIME_EXTENDED",
         "the workspace granted " + std::to_string(lifetime_ms / kSecond) + " s of " + asked});
  }
}

Event Rotator::commit() {
  slot_.note.failures = 0;
  slot_.note.drift_checked_at = provider_.now();
  auto result = transaction_.commit(slot_.pending->id, std::chrono::milliseconds(grace_ms(policy_)),
                                    {}, note());
  if (!result) return written(result);
  did("committed", slot_.pending->note.token_id);
  committed_ = true;
  minted_.reset();
  failure_.reset();
  drift_.clear();

  // When the previous one may go is the host's to say.
  if (auto now = look()) {
    slot_ = *std::move(now);
    note_as_kept_ = note();
  } else {
    warn(now.error());
    if (slot_.current)
      slot_.previous.insert(slot_.previous.begin(), {*slot_.current, std::nullopt, false});
    slot_.current = *slot_.pending;
    slot_.pending.reset();
  }
  return Event::kWritten;
}

}  // namespace hub::rotation
