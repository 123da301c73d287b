// Is a new one due? Then mint, verify, commit.
#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "attribution.hpp"
#include "marker.hpp"
#include "plan.hpp"
#include "reasons.hpp"
#include "rotator.hpp"

namespace hub::rotation {
namespace {

constexpr int kMaxMintsPerCall = 2;
// Two clocks are compared where the remote side does not say when it made a credential.
constexpr std::int64_t kLifetimeTolerance = 60 * kSecond;

/// `nonce` or one that follows it: the first whose lifetime no standing attempt has, if there are
/// lifetimes enough.
std::uint64_t told_apart(std::uint64_t nonce, std::int64_t lifetime_seconds, const SlotNote& note) {
  const auto is_taken = [&](const auto& entry) {
    return entry.second.lifetime_seconds == told_lifetime(lifetime_seconds, nonce);
  };
  for (std::size_t tries = note.attempts.size(); tries > 0; --tries) {
    if (std::ranges::none_of(note.attempts, is_taken)) break;
    ++nonce;
  }
  return nonce;
}

}  // namespace

// ---- Is a new one due? ----

Event Rotator::check_drift() {
  const bool wanted = request_.goal == Goal::kRotate && !committed_ && drift_.empty() &&
                      is_drift_check_due(slot_, provider_.now());
  if (!wanted) return Event::kChecked;
  const VersionNote& current = slot_.current->note;
  const auto found = provider_.find(call_, current.credential_id);
  if (!found) {
    warn(found.error());
    return Event::kChecked;
  }
  const std::int64_t now = provider_.now();
  std::string drift = drift_reason(*found, slot_, now);
  if (!found->has_value()) {
    // A restored store shows itself in the list.
    auto listed = provider_.list(call_);
    if (!listed) return failed(std::move(listed).error());
    if (auto judged = judge(*listed, current.owner_id); !judged)
      return written(std::move(judged).error());
  }
  // What is wrong is looked for again until its replacement stands.
  if (drift.empty()) {
    slot_.note.drift_checked_at = now;
  } else {
    answer_.warnings.push_back({"DRIFT", drift});
    drift_ = std::move(drift);
  }
  return Event::kChecked;
}

Event Rotator::decide() {
  if (request_.goal == Goal::kAdopt && !committed_) return Event::kOffered;
  const std::string reason = due();
  if (reason.empty()) return Event::kNotDue;
  call_.log(LogLevel::kInfo, "a new " + slot_.kind.noun + " is due: " + reason);
  return Event::kDue;
}

std::string Rotator::due() const {
  const bool met = committed_ || protocol_.is_met(slot_, request_);
  return due_reason(slot_, request_, met, drift_, provider_.now(), policy_);
}

Event Rotator::prepare() {
  if (mints_ == kMaxMintsPerCall) return Event::kFailed;  // failure_ says how the last one ended
  if (auto refused = cap_reached(slot_, provider_.now(), policy_))
    return not_made(*std::move(refused));
  auto owner = owner_id();
  if (!owner) return failed(std::move(owner).error());
  owner_ = *std::move(owner);
  // A store that is older than the workspace must not mint. A list that cannot be read does not
  // say so, and must not keep current from being replaced in time; but without it, what has no
  // comment could not be told from what was there before.
  auto listed = provider_.list(call_);
  if (!listed && !slot_.kind.has_comments) {
    Error error = std::move(listed).error();
    error.message =
        "no " + slot_.kind.noun + " is made before the list can be read: " + error.message;
    return not_made(std::move(error));
  }
  if (!listed) {
    warn(listed.error());
  } else {
    auto judged = judge(*listed, owner_);
    if (!judged) return written(std::move(judged).error());
    if (judged->live_of_owner >= provider_.capacity()) {
      if (auto freed = revoke_orphans(judged->orphans); freed) {
        judged->live_of_owner -= judged->orphans.size();
      } else if (freed.error().status == Status::kAborted) {
        return written(freed);
      } else {
        warn(freed.error());
      }
    }
    if (judged->live_of_owner >= provider_.capacity()) {
      Error full = refusal(slot_.kind, Status::kFailedPrecondition, "CAPACITY_REACHED",
                           "the principal has " + std::to_string(judged->live_of_owner) + " live " +
                               slot_.kind.noun + "s, and the workspace allows no more");
      const bool urgent =
          slot_.current &&
          !due_reason(slot_, Request{}, true, drift_, provider_.now(), policy_).empty();
      if (!urgent) return not_made(std::move(full));
      warn(full);  // the remote side has the last word
    }
    read_expiry_again(*listed);
    known_ = lately_made(*listed, owner_, provider_.now());
  }
  // By now the remote side has told the time, which may not be what this host took it for.
  if (due().empty()) {
    answer_.warnings.push_back(
        {"CLOCK_SKEW", "by this host's clock the current " + slot_.kind.noun +
                           " had to be replaced, by the workspace's it has not"});
    return Event::kNotDue;
  }
  return Event::kReady;
}

Event Rotator::not_made(Error error) {
  warn(error);
  unmet_ = std::move(error);
  return Event::kNotDue;
}

void Rotator::read_expiry_again(const std::vector<Issued>& listed) {
  if (!slot_.current) return;
  VersionNote& current = slot_.current->note;
  const auto found = std::ranges::find(listed, current.credential_id, &Issued::id);
  if (found != listed.end()) current.expiry_time = found->expiry_time;
}

// ---- Mint ----

Event Rotator::stage_intent() {
  const std::int64_t now = provider_.now();
  const std::uint64_t nonce = told_apart(random_(), policy_.lifetime_seconds, slot_.note);
  VersionNote intent{.nonce = nonce_text(nonce),
                     .started_at = now,
                     .lifetime_seconds = slot_.kind.has_comments
                                             ? policy_.lifetime_seconds
                                             : told_lifetime(policy_.lifetime_seconds, nonce),
                     .owner_id = owner_,
                     .scopes = wanted_scopes()};
  if (policy_.scopes && !same(policy_.scopes, intent.scopes)) {
    answer_.warnings.push_back(
        {"SCOPES_KEPT", "the configured scopes are not those of the current " + slot_.kind.noun +
                            ", which its replacement gets; for others revoke all and create anew"});
  }
  // A day more: the request may arrive late, and the two clocks differ.
  const auto is_over = [&](const auto& entry) { return entry.second < now; };
  std::erase_if(slot_.note.nonces, is_over);
  std::erase_if(slot_.note.accepted, is_over);
  std::erase_if(slot_.note.mints,
                [&](std::int64_t time) { return time <= now - mint_window_ms(slot_, policy_); });
  if (slot_.kind.has_comments) {
    slot_.note.nonces[intent.nonce] = now + intent.lifetime_seconds * kSecond + kDay;
  } else {
    slot_.note.attempts[intent.nonce] = {now, intent.lifetime_seconds, known_};
  }
  slot_.note.mints.push_back(now);

  auto staged = transaction_.stage_intent(intent.to_json(slot_.kind.id_key()), note());
  if (!staged) return written(std::move(staged).error());
  note_as_kept_ = slot_.note;
  slot_.pending = {{*staged, std::move(intent)}, false, false};
  target_pending();
  return Event::kWritten;
}

Event Rotator::mint() {
  if (auto renewed = transaction_.renew(time_needed()); !renewed) return written(renewed);
  const VersionNote& intent = slot_.pending->note;
  ++mints_;
  auto minted = ask_for(intent);
  if (minted) {
    remote_changed_ = true;
    minted_ = *std::move(minted);
    return Event::kMinted;
  }
  failure_ = std::move(minted).error();
  if (failure_->effect == Effect::kNone) {
    slot_.note.nonces.erase(intent.nonce);
    slot_.note.attempts.erase(intent.nonce);
    slot_.note.mints.pop_back();
    // Our own orphans may be what fills it.
    if (failure_->status == Status::kResourceExhausted) slot_.note.sweep_due_at = 0;
    unmet_ = failure_;
    return Event::kRefused;
  }
  warn(*failure_);
  return Event::kUnanswered;
}

Result<Minted> Rotator::ask_for(const VersionNote& intent) {
  // What a request makes is looked for around the time of its intent.
  if (std::abs(provider_.now() - intent.started_at) > kClockTolerance) {
    Error late = refusal(
        slot_.kind, Status::kUnavailable, "HOST_OVERSLEPT",
        "this host, or its clock, has leapt since it began to ask for a " + slot_.kind.noun);
    late.retry = Retry::kSameCall;
    return late;
  }
  return provider_.mint(call_,
                        {.lifetime_seconds = intent.lifetime_seconds,
                         .comment = slot_.kind.has_comments
                                        ? marked_comment(policy_.comment, {slot_.id, intent.nonce})
                                        : std::string(),
                         .scopes = intent.scopes});
}

Event Rotator::stage_value() {
  VersionNote& pending = slot_.pending->note;
  const Issued& issued = minted_->issued;
  pending.credential_id = issued.id;
  pending.creation_time = issued.creation_time > 0 ? issued.creation_time : pending.started_at;
  pending.expiry_time = issued.expiry_time;
  pending.scopes = issued.scopes;
  SlotNote answered = slot_.note;
  answered.attempts.erase(pending.nonce);
  const bool changed = answered != note_as_kept_;  // where it has not, the host keeps what it has
  const std::string text = changed ? answered.to_json() : std::string();
  auto staged = transaction_.stage_value(minted_->value, pending.to_json(slot_.kind.id_key()),
                                         changed ? text : std::string_view());
  if (!staged) return written(std::move(staged).error());
  slot_.note = std::move(answered);
  note_as_kept_ = slot_.note;
  slot_.pending->has_value = true;
  target_pending();
  did("minted", issued.id);
  return Event::kWritten;
}

Event Rotator::undo_mint() {
  // Nobody else can know this one: its value was never stored.
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
          "a request for a " + slot_.kind.noun +
          " was not answered, and none is made until the list can be read: " + error.message;
    }
    return failed(std::move(error));
  }
  auto judged = judge(*listed, slot_.pending->note.owner_id);
  if (!judged) return written(std::move(judged).error());
  if (auto gone = revoke_orphans(judged->orphans); !gone) return written(gone);
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
  const bool minted = pending.origin != "adopted";
  if (verdict->accepted && minted && wanted && !same(pending.scopes, wanted))
    *verdict = {false, "its scopes are not those that were asked for"};
  if (!verdict->accepted) {
    failure_ = refusal(slot_.kind, Status::kFailedPrecondition, "VERIFICATION_FAILED",
                       "the new " + slot_.kind.noun + " " + pending.credential_id +
                           " was refused: " + verdict->why);
    return Event::kRejected;
  }
  if (minted) warn_of_lifetime(pending);
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
    answer_.warnings.push_back({"LIFETIME_EXTENDED", "the workspace granted a " + slot_.kind.noun +
                                                         " without an end instead of " + asked});
  } else if (std::abs(surplus_ms) > kLifetimeTolerance) {
    answer_.warnings.push_back(
        {surplus_ms < 0 ? "LIFETIME_SHORTENED" : "LIFETIME_EXTENDED",
         "the workspace granted " + std::to_string(lifetime_ms / kSecond) + " s of " + asked});
  }
}

Event Rotator::commit() {
  slot_.note.failures = 0;
  // Nobody has looked at the scopes of what was replaced once.
  slot_.note.drift_checked_at = request_.goal == Goal::kRollback ? 0 : provider_.now();
  const bool leaked = slot_.current && slot_.has_leaked(*slot_.current);
  const std::int64_t grace = leaked ? 0 : grace_ms(policy_);
  auto result = transaction_.commit(target_.version, std::chrono::milliseconds(grace), {}, note());
  if (!result) return written(result);
  note_as_kept_ = slot_.note;
  did("committed", target_.note.credential_id);
  committed_ = true;
  refused_ = false;
  taken_over_ = target_.note.origin == "adopted";
  proven_ = true;
  minted_.reset();
  failure_.reset();
  unmet_.reset();
  drift_.clear();
  take_over_roles();
  return Event::kWritten;
}

void Rotator::take_over_roles() {
  if (slot_.current || !slot_.previous.empty()) {
    // When the previous one may go is the host's to say.
    const auto snapshot = call_.look(slot_name_);
    auto seen = snapshot ? Slot::read(*snapshot, slot_.kind) : Result<Slot>(snapshot.error());
    if (seen) {
      slot_ = *std::move(seen);
      note_as_kept_ = slot_.note;
      settle_grace(slot_, policy_);
      return;
    }
    warn(seen.error());
  }
  const Slot::Version committed{target_.version, target_.note};
  std::erase_if(slot_.previous,
                [&](const Slot::Version& version) { return version.id == committed.id; });
  if (slot_.current)
    slot_.previous.insert(slot_.previous.begin(), {*slot_.current, std::nullopt, false});
  slot_.current = committed;
  if (slot_.pending && slot_.pending->id == committed.id) slot_.pending.reset();
  settle_grace(slot_, policy_);
}

}  // namespace hub::rotation
