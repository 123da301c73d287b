#include "rotator.hpp"

#include <algorithm>
#include <chrono>

#include "marker.hpp"
#include "plan.hpp"
#include "reasons.hpp"

namespace hub::rotation {
namespace {

using std::chrono::milliseconds;

/// So much lease beyond the time that a request may take.
constexpr milliseconds kLeaseMargin = std::chrono::seconds(15);
constexpr milliseconds kRenewMargin = std::chrono::seconds(5);
constexpr milliseconds kDefaultDeadline = std::chrono::seconds(60);
constexpr milliseconds kLongestDeadline = std::chrono::hours(1);

milliseconds time_left(Call call) {
  const auto remaining = std::chrono::duration_cast<milliseconds>(call.remaining());
  return remaining == std::chrono::duration_cast<milliseconds>(std::chrono::nanoseconds::max())
             ? kDefaultDeadline
             : std::min(remaining, kLongestDeadline);
}

}  // namespace

std::vector<OwnReason> reasons(const Kind& kind) {
  std::vector<OwnReason> own;
  for (const Reason& row : kReasons) {
    if (!kind.has_comments && is_of_comments(row)) continue;
    own.push_back(
        {std::string(row.reason), in_words_of(kind, row.summary), in_words_of(kind, row.hint)});
  }
  return own;
}

std::optional<Error> refuse_elsewhere(const Slot& slot, const std::string& binding,
                                      const Protocol& protocol) {
  if (!protocol.belongs_elsewhere(slot.note, binding)) return std::nullopt;
  return refusal(slot.kind, Status::kFailedPrecondition, "SLOT_BELONGS_ELSEWHERE",
                 "the slot belongs to " + slot.note.binding + ", not to " + binding);
}

Result<Answer> run(Call call, Provider& provider, const Policy& policy, std::string_view slot,
                   const Request& request, const std::function<std::uint64_t()>& random) {
  return run(call, provider, policy, slot, request, random, Protocol{});
}

Result<Answer> run(Call call, Provider& provider, const Policy& policy, std::string_view slot_name,
                   const Request& request, const std::function<std::uint64_t()>& random,
                   const Protocol& protocol) {
  if (auto refused = policy.check(); !refused) return std::move(refused).error();
  auto transaction = SlotTransaction::begin(call, slot_name, time_left(call) + kLeaseMargin);
  if (!transaction) return std::move(transaction).error();
  auto slot = Slot::read(transaction->snapshot(), provider.kind());
  if (!slot) return std::move(slot).error();
  const std::string binding = canonical_json(provider.binding());
  if (auto refused = refuse_elsewhere(*slot, binding, protocol)) return *std::move(refused);
  if (auto refused = refuse_at_once(*slot, request)) return *std::move(refused);
  return Rotator(call, provider, policy, request, random, protocol, slot_name,
                 *std::move(transaction), *std::move(slot), binding)
      .run();
}

Rotator::Rotator(Call call, Provider& provider, const Policy& policy, const Request& request,
                 const std::function<std::uint64_t()>& random, const Protocol& protocol,
                 std::string_view slot_name, SlotTransaction transaction, Slot slot,
                 const std::string& binding)
    : call_(call),
      provider_(provider),
      policy_(policy),
      request_(request),
      random_(random),
      protocol_(protocol),
      slot_name_(slot_name),
      transaction_(std::move(transaction)),
      slot_(std::move(slot)),
      note_as_kept_(slot_.note) {
  if (slot_.note.binding.empty()) {
    slot_.note.binding = binding;
    slot_.note.sweep_due_at = slot_.created_at + kDay;
    slot_.note.clean_lists = kCleanListsForRest;
  }
  note_leak(slot_, request);
  settle_grace(slot_, policy_);
}

Result<Answer> Rotator::run() {
  auto [state, event] = start();
  while (const auto row = transition(protocol_.transitions, state, event)) {
    state = row->next;
    event = perform(row->action);
    if (state == State::kStopped) break;
    if (state == State::kDone) {
      // A rotation leaves a debt for the next call; who asked for a revocation is told.
      if (unmet_) return told(*unmet_);
      if (failure_ && (request_.goal == Goal::kRevokePrevious || request_.leaked))
        return told(*failure_);
      return std::move(answer_);
    }
  }
  return stopped(event);
}

std::pair<State, Event> Rotator::start() {
  if (request_.leaked) {
    // Kept in mind before anything is done about it.
    if (auto kept = transaction_.note(note()); !kept) return {State::kStopped, written(kept)};
    note_as_kept_ = slot_.note;
  }
  if (slot_.state == "revoked") return {State::kRevoked, Event::kBegin};
  if (slot_.state == "revoking") return {State::kRevoking, Event::kBegin};
  if (request_.goal == Goal::kRevokeAll) return {State::kRevoking, Event::kDue};
  if (request_.goal == Goal::kRevokePrevious) return {State::kCommitted, Event::kBegin};
  if (request_.goal == Goal::kRollback) return {State::kRestoring, Event::kBegin};
  if (slot_.pending) {
    target_pending();
    if (slot_.pending->discard) return {State::kDiscarding, Event::kBegin};
    if (!slot_.pending->has_value) return {State::kReconciling, Event::kBegin};
    if (request_.goal == Goal::kAdopt) {
      const auto offered = is_offered(*slot_.pending);
      if (!offered) return {State::kStopped, failed(offered.error())};
      if (!*offered) {
        return {State::kStopped,
                failed(refusal(slot_.kind, Status::kFailedPrecondition, "ADOPTION_REFUSED",
                               named(slot_.pending->note.credential_id) +
                                   " is about to become current: let rotate-" + slot_.kind.noun +
                                   " finish first"))};
      }
    }
    if (request_.goal != Goal::kSweep) return {State::kStaged, Event::kBegin};
  }
  return {request_.goal == Goal::kSweep ? State::kCommitted : State::kIdle, Event::kBegin};
}

Event Rotator::perform(Action action) {
  switch (action) {
    case Action::kCheckDrift:
      return check_drift();
    case Action::kDecide:
      return decide();
    case Action::kPrepare:
      return prepare();
    case Action::kStageIntent:
      return stage_intent();
    case Action::kMint:
      return mint();
    case Action::kStageValue:
      return stage_value();
    case Action::kVerify:
      return verify();
    case Action::kIdentify:
      return identify();
    case Action::kStageAdopted:
      return stage_adopted();
    case Action::kProvePrevious:
      return prove_previous();
    case Action::kCommit:
      return commit();
    case Action::kReconcile:
      return reconcile();
    case Action::kMarkTarget:
      return mark_target();
    case Action::kDeleteTarget:
      return delete_target();
    case Action::kDropTarget:
      return drop_target();
    case Action::kUndoMint:
      return undo_mint();
    case Action::kChooseRetirement:
      return choose_retirement();
    case Action::kProveCurrent:
      return prove_current();
    case Action::kCheckUse:
      return check_use();
    case Action::kSweep:
      return sweep();
    case Action::kSetRevoking:
      return set_state(HUB_SLOT_REVOKING, "revoking");
    case Action::kChooseRevocation:
      return choose_revocation();
    case Action::kSetRevoked:
      return set_state(HUB_SLOT_REVOKED, "revoked");
    case Action::kDecideRevoked:
      return decide_revoked();
    case Action::kSetActive:
      return set_state(HUB_SLOT_ACTIVE, "active");
    case Action::kFinish:
      return finish();
  }
  return failed({.status = Status::kInternal, .message = "an action without a name"});
}

// ---- The end ----

Event Rotator::finish() {
  if (request_.goal == Goal::kRotate) {
    // What is overdue at the end of a call failed in it.
    const bool overdue = due_at(slot_, policy_) <= provider_.now();
    slot_.note.failures = overdue ? slot_.note.failures + 1 : 0;
  }
  // What earlier steps wrote has carried the note along.
  if (slot_.note != note_as_kept_) {
    if (auto kept = transaction_.note(note()); !kept) warn(kept.error());
  }
  describe(answer_, slot_);
  answer_.next_action_at = next_action_at(slot_, provider_.now(), policy_);
  return Event::kChecked;
}

Result<Answer> Rotator::stopped(Event event) {
  if (event != Event::kLeaseLost) {
    if (request_.goal == Goal::kRotate) ++slot_.note.failures;
    if (auto kept = transaction_.note(note()); !kept) warn(kept.error());
  }
  return told(
      failure_.value_or(Error{.status = Status::kInternal, .message = "stopped without a reason"}));
}

Error Rotator::told(Error error) {
  // An error carries no warnings, and the next call may have no attempt left to report them for.
  // One without texts is the host's own.
  if (!doubtful_.empty() && !error.message.empty()) {
    error.message += "; whether these are ours cannot be told, and they are left alone:";
    for (const std::string& id : doubtful_) error.message += " " + named(id);
  }
  if (remote_changed_ && error.effect == Effect::kNone) error.effect = Effect::kApplied;
  if (error.status != Status::kAborted && error.retry != Retry::kNever) {
    error.retry_after_ms = std::max(error.retry_after_ms, back_off_ms(slot_, provider_.now()));
  }
  return error;
}

// ---- Small things ----

Event Rotator::written(const Result<>& result) {
  if (result) {
    note_as_kept_ = slot_.note;
    return Event::kWritten;
  }
  failure_ = result.error();
  if (failure_->status == Status::kAborted) return Event::kLeaseLost;
  warn(*failure_);
  return Event::kFailed;
}

Event Rotator::failed(Error error) {
  failure_ = std::move(error);
  return Event::kFailed;
}

void Rotator::warn(const Error& error) {
  // The host keeps the texts of its own errors to itself, and has logged them.
  const std::string reason = error.reason.empty() ? "HOST_REFUSED" : error.reason;
  const std::string message =
      error.message.empty() ? std::string(to_text(error.status)) : error.message;
  call_.log(LogLevel::kWarning, reason + ": " + message);
  answer_.warnings.push_back({reason, message});
}

void Rotator::did(std::string action, const std::string& id) {
  call_.log(LogLevel::kInfo, id.empty() ? action : action + " " + id);
  answer_.did.push_back({std::move(action), id});
}

void Rotator::target_pending() {
  target_ = {slot_.pending->id, HUB_MARK_DISCARD, slot_.pending->discard, slot_.pending->note};
}

void Rotator::target_version(const Slot::Version& version, bool marked) {
  target_ = {version.id, HUB_MARK_RETIRING, marked, version.note};
}

Result<> Rotator::revoke(const std::string& id) {
  auto revoked = provider_.revoke(call_, id);
  if (revoked) remote_changed_ = true;
  return revoked;
}

Result<std::string> Rotator::owner_id() {
  if (slot_.current) return slot_.current->note.owner_id;
  return provider_.owner_id(call_);
}

milliseconds Rotator::time_needed() const { return time_left(call_) + kRenewMargin; }

}  // namespace hub::rotation
