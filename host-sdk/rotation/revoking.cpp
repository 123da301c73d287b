// What goes: previous versions that are ripe, orphans, or everything.
#include "plan.hpp"
#include "reasons.hpp"
#include "rotator.hpp"

namespace hub::rotation {

// ---- Mark, delete, drop ----

Event Rotator::mark_target() {
  if (target_.marked) return Event::kWritten;
  return written(transaction_.mark(target_.version, target_.mark, note()));
}

Event Rotator::delete_target() {
  // What was adopted and never became current is somebody else's still.
  if (target_.mark == HUB_MARK_DISCARD && target_.note.origin == "adopted") return Event::kGone;
  if (auto renewed = transaction_.renew(time_needed()); !renewed) return written(renewed);
  if (auto revoked = revoke(target_.note.token_id); !revoked) {
    Error error = std::move(revoked).error();
    answer_.warnings.push_back({"REVOKE_DEBT", "token " + target_.note.token_id +
                                                   " could not be revoked yet: " + error.message});
    return failed(std::move(error));
  }
  did("revoked", target_.note.token_id);
  return Event::kGone;
}

Event Rotator::drop_target() {
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
  if (request_.goal == Goal::kSweep || !slot_.current) return Event::kNothingLeft;
  const auto* next = next_to_retire(slot_, provider_.now(), request_.goal == Goal::kRevokePrevious);
  if (next == nullptr) return Event::kNothingLeft;
  target_version(*next, next->retiring);
  return proven_ ? Event::kAccepted : Event::kDue;
}

Event Rotator::prove_current() {
  auto value = transaction_.read(slot_.current->id);
  if (!value) return failed(std::move(value).error());
  auto verdict = provider_.verify(call_, *value, slot_.current->note.owner_id,
                                  slot_.current->note.creation_time);
  if (!verdict) {
    warn(verdict.error());
    return failed(std::move(verdict).error());
  }
  proven_ = verdict->accepted;
  if (proven_) return Event::kAccepted;
  Error refused = refusal(Status::kFailedPrecondition, "DEAD_CURRENT",
                          "the current token was refused: " + verdict->why);
  warn(refused);
  if (request_.goal != Goal::kRotate) return failed(std::move(refused));
  failure_ = std::move(refused);
  return Event::kRejected;
}

Event Rotator::sweep() {
  const std::int64_t now = provider_.now();
  const bool asked = request_.goal == Goal::kSweep;
  if (!asked && now < slot_.note.sweep_due_at) return Event::kChecked;
  const auto not_done = [&](Error error) {
    warn(error);
    return asked ? failed(std::move(error)) : Event::kChecked;
  };
  auto owner = owner_id();
  if (!owner) return not_done(std::move(owner).error());
  auto listed = provider_.list(call_);
  if (!listed) return not_done(std::move(listed).error());
  auto gone = revoke_orphans(*listed, *owner);
  if (!gone) {
    if (gone.error().status == Status::kAborted) return written(std::move(gone).error());
    return not_done(std::move(gone).error());
  }
  slot_.note.clean_lists = *gone == 0 ? slot_.note.clean_lists + 1 : 0;
  slot_.note.sweep_due_at =
      now + (slot_.note.clean_lists >= kCleanListsForRest ? kDay : kSweepAgainAfter);
  did("swept", {});
  return Event::kChecked;
}

Result<std::size_t> Rotator::revoke_orphans(const std::vector<Issued>& listed,
                                            const std::string& owner) {
  const Findings findings = examine(listed, slot_, owner, provider_.now());
  if (!findings.strange.empty()) return store_is_older(findings.strange.front());
  for (const Issued& orphan : findings.orphans) {
    if (auto renewed = transaction_.renew(time_needed()); !renewed) {
      return std::move(renewed).error();
    }
    if (auto revoked = revoke(orphan.id); !revoked) return std::move(revoked).error();
    did("orphan-revoked", orphan.id);
  }
  return findings.orphans.size();
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
  if (request_.goal == Goal::kCreate) return Event::kDue;
  if (request_.goal != Goal::kRotate) return Event::kNotDue;
  return failed(refusal(Status::kFailedPrecondition, "SLOT_REVOKED",
                        "every token of this slot was revoked with revoke-token"));
}

}  // namespace hub::rotation
