// The words of the table, for whoever prints it.
#pragma once

#include <string_view>

#include "machine.hpp"

namespace hub::rotation {

/// The enumerator without its k; empty for what is none. The values are without gaps, from 0.
constexpr std::string_view to_text(State state) {
  switch (state) {
    case State::kIdle:
      return "Idle";
    case State::kReconciling:
      return "Reconciling";
    case State::kDiscarding:
      return "Discarding";
    case State::kIntent:
      return "Intent";
    case State::kMinted:
      return "Minted";
    case State::kStaged:
      return "Staged";
    case State::kRejected:
      return "Rejected";
    case State::kAdopting:
      return "Adopting";
    case State::kRestoring:
      return "Restoring";
    case State::kVerified:
      return "Verified";
    case State::kCommitted:
      return "Committed";
    case State::kRetiring:
      return "Retiring";
    case State::kSwept:
      return "Swept";
    case State::kRevoking:
      return "Revoking";
    case State::kErasing:
      return "Erasing";
    case State::kRevoked:
      return "Revoked";
    case State::kDone:
      return "Done";
    case State::kStopped:
      return "Stopped";
  }
  return {};
}

constexpr std::string_view to_text(Event event) {
  switch (event) {
    case Event::kBegin:
      return "Begin";
    case Event::kWritten:
      return "Written";
    case Event::kChecked:
      return "Checked";
    case Event::kDue:
      return "Due";
    case Event::kReady:
      return "Ready";
    case Event::kNotDue:
      return "NotDue";
    case Event::kOffered:
      return "Offered";
    case Event::kMinted:
      return "Minted";
    case Event::kRefused:
      return "Refused";
    case Event::kUnanswered:
      return "Unanswered";
    case Event::kAccepted:
      return "Accepted";
    case Event::kRejected:
      return "Rejected";
    case Event::kInUse:
      return "InUse";
    case Event::kUnused:
      return "Unused";
    case Event::kGone:
      return "Gone";
    case Event::kIntentLeft:
      return "IntentLeft";
    case Event::kVersionLeft:
      return "VersionLeft";
    case Event::kNothingLeft:
      return "NothingLeft";
    case Event::kFailed:
      return "Failed";
    case Event::kLeaseLost:
      return "LeaseLost";
  }
  return {};
}

constexpr std::string_view to_text(Action action) {
  switch (action) {
    case Action::kCheckDrift:
      return "CheckDrift";
    case Action::kDecide:
      return "Decide";
    case Action::kPrepare:
      return "Prepare";
    case Action::kStageIntent:
      return "StageIntent";
    case Action::kMint:
      return "Mint";
    case Action::kStageValue:
      return "StageValue";
    case Action::kVerify:
      return "Verify";
    case Action::kIdentify:
      return "Identify";
    case Action::kStageAdopted:
      return "StageAdopted";
    case Action::kProvePrevious:
      return "ProvePrevious";
    case Action::kCommit:
      return "Commit";
    case Action::kReconcile:
      return "Reconcile";
    case Action::kMarkTarget:
      return "MarkTarget";
    case Action::kDeleteTarget:
      return "DeleteTarget";
    case Action::kDropTarget:
      return "DropTarget";
    case Action::kUndoMint:
      return "UndoMint";
    case Action::kChooseRetirement:
      return "ChooseRetirement";
    case Action::kProveCurrent:
      return "ProveCurrent";
    case Action::kCheckUse:
      return "CheckUse";
    case Action::kSweep:
      return "Sweep";
    case Action::kSetRevoking:
      return "SetRevoking";
    case Action::kChooseRevocation:
      return "ChooseRevocation";
    case Action::kSetRevoked:
      return "SetRevoked";
    case Action::kDecideRevoked:
      return "DecideRevoked";
    case Action::kSetActive:
      return "SetActive";
    case Action::kFinish:
      return "Finish";
  }
  return {};
}

}  // namespace hub::rotation
