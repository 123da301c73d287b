// The rotation as a table: (state, event) -> (action, state). Entering a state runs the action,
// whose outcome is the next event. Everything durable is in the slot, so a run that dies is taken
// up from what the slot says.
#pragma once

#include <array>
#include <optional>
#include <span>

namespace hub::rotation {

enum class State {
  kIdle,         // nothing in hand
  kReconciling,  // an intent whose answer may have been lost
  kDiscarding,   // an earlier run gave pending up
  kIntent,       // the intent is durable, nothing was sent
  kMinted,       // the value is in memory alone
  kStaged,       // the value is durable, unproven
  kRejected,     // the value was refused in this run
  kAdopting,     // a value that was handed in
  kRestoring,    // the newest previous version is to be current again
  kVerified,     // proven, not yet current
  kCommitted,    // current stands; what is left are debts
  kRetiring,     // one previous version, or its mark
  kSwept,        // the last list was looked through
  kRevoking,     // everything goes
  kErasing,      // one version of a slot that is being revoked
  kRevoked,
  kDone,
  kStopped,  // with an Error
};

enum class Event {
  kBegin,        // the run starts here, by what the slot says
  kWritten,      // a write is durable
  kChecked,      // looked, whatever was found
  kDue,          // something is to be done
  kReady,        // all that a mint needs is known
  kNotDue,       // nothing is
  kOffered,      // a value was handed in
  kMinted,       // a complete answer with a value
  kRefused,      // a complete refusal: nothing was made
  kUnanswered,   // the remote side may have made one
  kAccepted,     // the credential proved itself
  kRejected,     // refused for good
  kInUse,        // by somebody, according to the remote side
  kUnused,       // or nobody cares
  kGone,         // the remote side no longer has it
  kIntentLeft,   // revoking: an intent remains
  kVersionLeft,  // revoking: a version remains
  kNothingLeft,
  kFailed,     // the action could not be done, the Error is kept
  kLeaseLost,  // the store answered ABORTED
};

enum class Action {
  kCheckDrift,
  kDecide,
  kPrepare,
  kStageIntent,
  kMint,
  kStageValue,
  kVerify,
  kIdentify,
  kStageAdopted,
  kProvePrevious,
  kCommit,
  kReconcile,
  kMarkTarget,
  kDeleteTarget,
  kDropTarget,
  kUndoMint,
  kChooseRetirement,
  kProveCurrent,
  kCheckUse,
  kSweep,
  kSetRevoking,
  kChooseRevocation,
  kSetRevoked,
  kDecideRevoked,
  kSetActive,
  kFinish,
};

struct Transition {
  State state;
  Event event;
  Action action;
  State next;
};

/// Each pair once. What is not here stops the run: kFailed and kLeaseLost in any other state, with
/// the Error.
inline constexpr auto kTransitions = std::to_array<Transition>({
    // What an earlier run left.
    {State::kDiscarding, Event::kBegin, Action::kDeleteTarget, State::kDiscarding},
    {State::kDiscarding, Event::kGone, Action::kDropTarget, State::kIdle},
    {State::kReconciling, Event::kBegin, Action::kReconcile, State::kReconciling},
    {State::kReconciling, Event::kGone, Action::kDropTarget, State::kIdle},
    {State::kStaged, Event::kBegin, Action::kVerify, State::kStaged},

    // Is a new one due?
    {State::kIdle, Event::kBegin, Action::kCheckDrift, State::kIdle},
    {State::kIdle, Event::kWritten, Action::kCheckDrift, State::kIdle},
    {State::kIdle, Event::kChecked, Action::kDecide, State::kIdle},
    {State::kIdle, Event::kNotDue, Action::kChooseRetirement, State::kCommitted},
    {State::kIdle, Event::kDue, Action::kPrepare, State::kIdle},
    {State::kIdle, Event::kReady, Action::kStageIntent, State::kIntent},
    {State::kIdle, Event::kOffered, Action::kIdentify, State::kAdopting},

    // Mint: the intent is durable before the request, the value before anything else.
    {State::kIntent, Event::kWritten, Action::kMint, State::kIntent},
    {State::kIntent, Event::kRefused, Action::kDropTarget, State::kCommitted},
    {State::kIntent, Event::kUnanswered, Action::kReconcile, State::kReconciling},
    {State::kIntent, Event::kMinted, Action::kStageValue, State::kMinted},
    {State::kMinted, Event::kWritten, Action::kVerify, State::kStaged},
    {State::kMinted, Event::kLeaseLost, Action::kUndoMint, State::kStopped},

    // Verify, then commit.
    {State::kStaged, Event::kAccepted, Action::kCommit, State::kVerified},
    {State::kStaged, Event::kRejected, Action::kMarkTarget, State::kRejected},
    {State::kRejected, Event::kWritten, Action::kDeleteTarget, State::kRejected},
    {State::kRejected, Event::kGone, Action::kDropTarget, State::kStopped},
    {State::kVerified, Event::kWritten, Action::kChooseRetirement, State::kCommitted},

    // Take over what somebody made by hand: it proves itself before it is kept, and once more as
    // whatever is staged does.
    {State::kAdopting, Event::kNotDue, Action::kChooseRetirement, State::kCommitted},
    {State::kAdopting, Event::kAccepted, Action::kStageAdopted, State::kAdopting},
    {State::kAdopting, Event::kWritten, Action::kVerify, State::kStaged},

    // Go back to the newest previous version.
    {State::kRestoring, Event::kBegin, Action::kProvePrevious, State::kRestoring},
    {State::kRestoring, Event::kNotDue, Action::kChooseRetirement, State::kCommitted},
    {State::kRestoring, Event::kAccepted, Action::kCommit, State::kVerified},

    // Retire previous versions, one by one, only under a proven current one.
    {State::kCommitted, Event::kBegin, Action::kChooseRetirement, State::kCommitted},
    {State::kCommitted, Event::kWritten, Action::kChooseRetirement, State::kCommitted},
    {State::kCommitted, Event::kDue, Action::kProveCurrent, State::kCommitted},
    {State::kCommitted, Event::kAccepted, Action::kCheckUse, State::kCommitted},
    {State::kCommitted, Event::kNotDue, Action::kChooseRetirement, State::kCommitted},
    {State::kCommitted, Event::kInUse, Action::kChooseRetirement, State::kCommitted},
    {State::kCommitted, Event::kUnused, Action::kMarkTarget, State::kRetiring},
    {State::kCommitted, Event::kRejected, Action::kPrepare, State::kIdle},
    {State::kCommitted, Event::kFailed, Action::kSweep, State::kSwept},
    {State::kRetiring, Event::kWritten, Action::kDeleteTarget, State::kRetiring},
    {State::kRetiring, Event::kGone, Action::kDropTarget, State::kCommitted},
    {State::kRetiring, Event::kFailed, Action::kSweep, State::kSwept},

    // Look for orphans when due.
    {State::kCommitted, Event::kNothingLeft, Action::kSweep, State::kSwept},
    {State::kSwept, Event::kChecked, Action::kFinish, State::kDone},

    // Revoke everything.
    {State::kRevoking, Event::kDue, Action::kSetRevoking, State::kRevoking},
    {State::kRevoking, Event::kBegin, Action::kChooseRevocation, State::kRevoking},
    {State::kRevoking, Event::kWritten, Action::kChooseRevocation, State::kRevoking},
    {State::kRevoking, Event::kIntentLeft, Action::kReconcile, State::kErasing},
    {State::kRevoking, Event::kVersionLeft, Action::kMarkTarget, State::kErasing},
    {State::kErasing, Event::kWritten, Action::kDeleteTarget, State::kErasing},
    {State::kErasing, Event::kGone, Action::kDropTarget, State::kRevoking},
    {State::kRevoking, Event::kNothingLeft, Action::kSetRevoked, State::kRevoked},
    {State::kRevoked, Event::kBegin, Action::kDecideRevoked, State::kRevoked},
    {State::kRevoked, Event::kWritten, Action::kDecideRevoked, State::kRevoked},
    {State::kRevoked, Event::kDue, Action::kSetActive, State::kIdle},
    {State::kRevoked, Event::kOffered, Action::kIdentify, State::kAdopting},
    {State::kRevoked, Event::kNotDue, Action::kSweep, State::kSwept},
});

constexpr std::optional<Transition> transition(std::span<const Transition> table, State state,
                                               Event event) {
  for (const Transition& row : table) {
    if (row.state == state && row.event == event) return row;
  }
  return std::nullopt;
}

}  // namespace hub::rotation
