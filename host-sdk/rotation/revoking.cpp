// What goes: previous versions that are ripe, orphans, or everything.
#include <algorithm>

#include "attribution.hpp"
#include "marker.hpp"
#include "plan.hpp"
#include "reasons.hpp"
#include "rotator.hpp"

namespace hub::rotation {
namespace {

// The remote side knows the day of the last use alone.
constexpr std::int64_t kUseCheckedAgainAfter = 6 * kHour;
constexpr std::int64_t kNever = 253402300799 * kSecond;  // the year 9999

}  // namespace

// ---- Mark, delete, drop ----

Event Rotator::mark_target() {
  if (target_.marked) return Event::kWritten;
  return written(transaction_.mark(target_.version, target_.mark, note()));
}

Event Rotator::delete_target() {
  // What was adopted and never became current is somebody else's still.
  if (target_.mark == HUB_MARK_DISCARD && target_.note.origin == "adopted") {
    answer_.warnings.push_back({"NOT_ADOPTED", named(target_.note.credential_id) +
                                                   " was never current, and is not revoked"});
    return Event::kGone;
  }
  if (auto renewed = transaction_.renew(time_needed()); !renewed) return written(renewed);
  if (auto revoked = revoke(target_.note.credential_id); !revoked) {
    Error error = std::move(revoked).error();
    answer_.warnings.push_back({"REVOKE_DEBT", named(target_.note.credential_id) +
                                                   " could not be revoked yet: " + error.message});
    return failed(std::move(error));
  }
  did("revoked", target_.note.credential_id);
  return Event::kGone;
}

Event Rotator::drop_target() {
  slot_.note.leaked.erase(target_.version);
  auto dropped = transaction_.drop(target_.version, note());
  if (!dropped) return written(dropped);
  const auto is_target = [&](const Slot::Version& version) {
    return version.id == target_.version;
  };
  if (slot_.pending && is_target(*slot_.pending)) slot_.pending.reset();
  if (slot_.current && is_target(*slot_.current)) slot_.current.reset();
  std::erase_if(slot_.previous, is_target);
  return Event::kWritten;
}

// ---- Retire ----

Event Rotator::choose_retirement() {
  if (request_.goal == Goal::kSweep || !slot_.current || refused_) return Event::kNothingLeft;
  const auto* next = next_to_retire(slot_, provider_.now(), request_.goal == Goal::kRevokePrevious);
  if (next == nullptr) return Event::kNothingLeft;
  target_version(*next, next->retiring);
  return proven_ ? Event::kAccepted : Event::kDue;
}

Event Rotator::prove_current() {
  auto value = transaction_.read(slot_.current->id);
  if (!value) {
    warn(value.error());
    return failed(std::move(value).error());
  }
  auto verdict = provider_.verify(call_, *value, slot_.current->note.owner_id,
                                  slot_.current->note.creation_time);
  if (!verdict) {
    warn(verdict.error());
    return failed(std::move(verdict).error());
  }
  proven_ = verdict->accepted;
  if (proven_) return Event::kAccepted;
  refused_ = true;
  Error refused = refusal(slot_.kind, Status::kFailedPrecondition, "DEAD_CURRENT",
                          "the current " + slot_.kind.noun + " was refused: " + verdict->why);
  warn(refused);
  if (request_.goal != Goal::kRotate) return failed(std::move(refused));
  drift_ = "the current " + slot_.kind.noun + " was refused";
  failure_ = std::move(refused);
  return Event::kRejected;
}

Event Rotator::check_use() {
  // By now the remote side has told the time, which may not be what this host took it for.
  const auto* next = next_to_retire(slot_, provider_.now(), request_.goal == Goal::kRevokePrevious);
  if (next == nullptr || next->id != target_.version) return Event::kNotDue;
  const bool cares = policy_.retire == Retire::kUnlessUsed && request_.goal == Goal::kRotate;
  const auto at = std::ranges::find(slot_.previous, target_.version, &Slot::Previous::id);
  if (!cares || target_.marked || slot_.has_leaked(*at)) return Event::kUnused;
  const std::string& id = target_.note.credential_id;
  const std::int64_t now = provider_.now();
  const std::int64_t end = target_.note.expiry_time;
  const bool has_ended = target_.note.has_ended(now);
  const auto found = provider_.find(call_, id);
  if (!found) {
    warn(found.error());
    if (has_ended) return Event::kUnused;
    at->kept_until = now + kHour;
    return Event::kInUse;
  }
  if (!*found || !is_in_use(**found, slot_, now)) return Event::kUnused;
  if (has_ended) {
    answer_.warnings.push_back({"IN_USE", named(id) + " expired while it was still in use"});
    return Event::kUnused;
  }
  answer_.warnings.push_back(
      {"IN_USE", named(id) + " was replaced, but somebody uses it; it is kept until " +
                     "that ends, and " +
                     (end > 0 ? "ends itself in " + std::to_string((end - now) / kHour) + " h"
                              : "has no end of its own")});
  at->kept_until = now + kUseCheckedAgainAfter;
  return Event::kInUse;
}

Event Rotator::sweep() {
  const std::int64_t now = provider_.now();
  const bool asked = request_.goal == Goal::kSweep || accepts_store();
  if (!asked && !is_sweep_due(slot_, now)) return Event::kChecked;
  const auto not_done = [&](Error error) {
    warn(error);
    return asked ? failed(std::move(error)) : Event::kChecked;
  };
  auto owner = owner_id();
  if (!owner) return not_done(std::move(owner).error());
  auto listed = provider_.list(call_);
  if (!listed) return not_done(std::move(listed).error());
  const auto judged = judge(*listed, *owner);
  const Result<> gone = judged ? revoke_orphans(judged->orphans) : Result<>(judged.error());
  if (!gone)
    return gone.error().status == Status::kAborted ? written(gone) : not_done(gone.error());
  slot_.note.clean_lists = judged->orphans.empty() ? slot_.note.clean_lists + 1 : 0;
  const bool is_at_rest =
      slot_.note.clean_lists >= kCleanListsForRest && slot_.note.attempts.empty();
  slot_.note.sweep_due_at = now + (is_at_rest ? kDay : kSweepAgainAfter);
  did("swept", {});
  return Event::kChecked;
}

Result<Findings> Rotator::judge(const std::vector<Issued>& listed, const std::string& owner) {
  const std::int64_t now = provider_.now();
  Findings findings = protocol_.examine(listed, slot_, owner, now);
  std::erase_if(slot_.note.attempts,
                [&](const auto& entry) { return findings.settled.contains(entry.first); });
  for (const Issued& issued : findings.doubtful) {
    // Several lists of one call may show the same.
    if (!doubtful_.insert(issued.id).second) continue;
    warn({.reason = "CANNOT_TELL_APART",
          .message = named(issued.id) +
                     " was made while a request of ours was not answered; whether it is ours "
                     "cannot be told, so it is left alone"});
  }
  if (findings.orphans.empty() && findings.strange.empty()) return findings;
  // What another run made since this one began is not for this one to judge.
  if (auto renewed = transaction_.renew(time_needed()); !renewed) return std::move(renewed).error();
  if (findings.strange.empty()) return findings;
  if (request_.goal == Goal::kAdopt && !accepts_store()) {
    // What is handed in may be what is strange. Until it is known nothing goes.
    findings.orphans.clear();
    return findings;
  }
  std::erase_if(slot_.note.accepted, [&](const auto& entry) { return entry.second < now; });
  const std::size_t accepted = slot_.note.accepted.size() + findings.strange.size();
  if (!accepts_store() || accepted > SlotNote::kMaxAccepted) {
    return refusal(slot_.kind, Status::kFailedPrecondition, "STORE_OLDER_THAN_WORKSPACE",
                   named(findings.strange.front().id) +
                       " carries this slot's marker, but the store knows nothing of it: the store "
                       "is older than the workspace");
  }
  for (const Issued& strange : findings.strange) {
    slot_.note.accepted[Marker::parse(strange.comment)->nonce] =
        strange.expiry_time > 0 ? strange.expiry_time : kNever;
    answer_.warnings.push_back({"STORE_ACCEPTED", named(strange.id) +
                                                      " is unknown to the store and left alone: "
                                                      "revoke it by hand once nobody uses it"});
  }
  // Before anything is done on the strength of it.
  if (auto kept = transaction_.note(note()); !kept) return std::move(kept).error();
  note_as_kept_ = slot_.note;
  return findings;
}

bool Rotator::accepts_store() const {
  return request_.accept_store || (request_.goal == Goal::kAdopt && taken_over_);
}

Result<> Rotator::revoke_orphans(const std::vector<Issued>& orphans) {
  for (const Issued& orphan : orphans) {
    if (auto renewed = transaction_.renew(time_needed()); !renewed) return renewed;
    if (auto revoked = revoke(orphan.id); !revoked) return revoked;
    did("orphan-revoked", orphan.id);
    // One request made it. Of several that it fits, those that can still arrive longest go on.
    const auto fitting_since = [&](const auto& entry) {
      return fits(entry.second, orphan) ? entry.second.started_at : kNever;
    };
    auto& attempts = slot_.note.attempts;
    const auto oldest = std::ranges::min_element(attempts, {}, fitting_since);
    if (oldest != attempts.end() && fits(oldest->second, orphan)) attempts.erase(oldest);
  }
  return {};
}

// ---- Revoke everything ----

Event Rotator::set_state(hub_slot_state state, const char* text) {
  auto result = transaction_.set_state(state, note());
  if (result) slot_.state = text;
  return written(result);
}

Event Rotator::choose_revocation() {
  if (slot_.pending) {
    target_pending();
    return slot_.pending->has_value || slot_.pending->discard ? Event::kVersionLeft
                                                              : Event::kIntentLeft;
  }
  if (!slot_.previous.empty()) {
    target_version(slot_.previous.back(), slot_.previous.back().retiring);
    return Event::kVersionLeft;
  }
  if (!slot_.current) return Event::kNothingLeft;
  target_version(*slot_.current, false);
  return Event::kVersionLeft;
}

Event Rotator::decide_revoked() {
  if (auto refused = refuse_at_once(slot_, request_)) return failed(*std::move(refused));
  if (request_.goal == Goal::kAdopt) return Event::kOffered;
  return request_.goal == Goal::kCreate ? Event::kDue : Event::kNotDue;
}

}  // namespace hub::rotation
