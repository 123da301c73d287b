#include "mutant.hpp"

#include <algorithm>
#include <list>
#include <utility>

#include "attribution.hpp"
#include "marker.hpp"
#include "plan.hpp"

namespace rotation_test {
namespace {

using hub::rotation::Action;
using hub::rotation::Attempt;
using hub::rotation::Event;
using hub::rotation::Findings;
using hub::rotation::Issued;
using hub::rotation::kTransitions;
using hub::rotation::Marker;
using hub::rotation::Request;
using hub::rotation::Slot;
using hub::rotation::SlotNote;
using hub::rotation::State;
using hub::rotation::Transition;

/// The table with these rows instead of, or beside, its own.
Machine with_rows(const std::vector<Transition>& rows) {
  static std::list<std::vector<Transition>> tables;
  auto& table = tables.emplace_back(kTransitions.begin(), kTransitions.end());
  for (const Transition& row : rows) {
    std::erase_if(table, [&](const Transition& other) {
      return other.state == row.state && other.event == row.event;
    });
    table.push_back(row);
  }
  return {.protocol = {.transitions = table}};
}

using Examine = decltype(hub::rotation::Protocol::examine);

Machine with_examine(Examine examine) { return {.protocol = {.examine = examine}}; }

Machine of_secrets(Examine examine) { return {.kind = kSecrets, .protocol = {.examine = examine}}; }

Findings by_nonce_alone(const std::vector<Issued>& listed, const Slot& slot,
                        const std::string& owner, std::int64_t now) {
  std::vector<Issued> all = listed;
  for (Issued& issued : all) {
    if (auto marker = Marker::parse(issued.comment))
      issued.comment = hub::rotation::marked_comment({}, {slot.id, marker->nonce});
  }
  return hub::rotation::examine(all, slot, owner, now);
}

Findings by_owner_alone(const std::vector<Issued>& listed, const Slot& slot,
                        const std::string& owner, std::int64_t) {
  Findings findings;
  std::ranges::copy_if(listed, std::back_inserter(findings.orphans), [&](const Issued& issued) {
    return issued.owner_id == owner && !slot.names(issued.id);
  });
  return findings;
}

Findings strange_ones_too(const std::vector<Issued>& listed, const Slot& slot,
                          const std::string& owner, std::int64_t now) {
  Findings findings = hub::rotation::examine(listed, slot, owner, now);
  for (Issued& issued : std::exchange(findings.strange, {}))
    findings.orphans.push_back(std::move(issued));
  return findings;
}

template <class Change>
Findings by_difference(std::vector<Issued> listed, Slot slot, const std::string& owner,
                       std::int64_t now, Change change) {
  for (auto& [nonce, attempt] : slot.note.attempts) {
    for (Issued& issued : listed) change(attempt, issued);
  }
  return hub::rotation::examine(listed, slot, owner, now);
}

Findings whenever_made(const std::vector<Issued>& listed, const Slot& slot,
                       const std::string& owner, std::int64_t now) {
  return by_difference(listed, slot, owner, now, [](Attempt& attempt, Issued& issued) {
    issued.expiry_time += attempt.started_at - issued.creation_time;
    issued.creation_time = attempt.started_at;
  });
}

Findings known_before(const std::vector<Issued>& listed, const Slot& slot, const std::string& owner,
                      std::int64_t now) {
  return by_difference(listed, slot, owner, now,
                       [](Attempt& attempt, Issued&) { attempt.known.clear(); });
}

Findings however_long(const std::vector<Issued>& listed, const Slot& slot, const std::string& owner,
                      std::int64_t now) {
  return by_difference(listed, slot, owner, now, [](Attempt& attempt, Issued& issued) {
    issued.expiry_time = issued.creation_time + attempt.lifetime_seconds * 1000;
  });
}

Findings whosever(const std::vector<Issued>& listed, const Slot& slot, const std::string& owner,
                  std::int64_t now) {
  return by_difference(listed, slot, owner, now,
                       [&](Attempt&, Issued& issued) { issued.owner_id = owner; });
}

Findings any_of_several(const std::vector<Issued>& listed, const Slot& slot,
                        const std::string& owner, std::int64_t now) {
  Findings findings = hub::rotation::examine(listed, slot, owner, now);
  for (Issued& issued : std::exchange(findings.doubtful, {}))
    findings.orphans.push_back(std::move(issued));
  return findings;
}

Findings nothing_of_ours(const std::vector<Issued>& listed, const Slot& slot,
                         const std::string& owner, std::int64_t now) {
  Slot forgetful = slot;
  forgetful.note.attempts.clear();
  return hub::rotation::examine(listed, forgetful, owner, now);
}

bool never_met(const Slot&, const Request&) { return false; }
bool at_home_everywhere(const SlotNote&, const std::string&) { return false; }

Machine adopting_unproven() {
  Machine machine =
      with_rows({{State::kAdopting, Event::kWritten, Action::kCommit, State::kVerified}});
  machine.offered_is_asked = false;
  return machine;
}

}  // namespace

const std::vector<Mutant>& mutants() {
  static const std::vector<Mutant> kMutants = {
      {"commit-before-verify", "I1",
       with_rows({{State::kMinted, Event::kWritten, Action::kCommit, State::kVerified},
                  {State::kStaged, Event::kBegin, Action::kCommit, State::kVerified}})},
      {"no-fence", "I10", {.fenced = false}},
      {"discard-unmarked", "I1",
       with_rows({{State::kStaged, Event::kRejected, Action::kDeleteTarget, State::kRejected}})},
      {"retire-unmarked", "I1",
       with_rows({{State::kCommitted, Event::kUnused, Action::kDeleteTarget, State::kRetiring}})},
      {"undo-after-stage", "I1",
       with_rows({{State::kVerified, Event::kLeaseLost, Action::kUndoMint, State::kStopped}})},
      {"delete-before-commit", "I1",
       with_rows({{State::kIdle, Event::kDue, Action::kChooseRevocation, State::kIdle},
                  {State::kIdle, Event::kNothingLeft, Action::kPrepare, State::kIdle},
                  {State::kIdle, Event::kVersionLeft, Action::kDeleteTarget, State::kIdle},
                  {State::kIdle, Event::kGone, Action::kPrepare, State::kIdle}})},
      {"sweep-unfenced", "I9", {.renew_tells = false}},
      {"marker-shared-by-slots", "I9", with_examine(by_nonce_alone)},
      {"adopt-without-verify", "I1", adopting_unproven()},
      {"lease-ignored", "I7", {.leased = false}},
      {"post-again-before-reconcile", "I6",
       with_rows({{State::kIntent, Event::kUnanswered, Action::kMint, State::kIntent}})},
      {"drop-before-delete", "I3",
       with_rows(
           {{State::kRetiring, Event::kWritten, Action::kDropTarget, State::kDiscarding},
            {State::kDiscarding, Event::kWritten, Action::kDeleteTarget, State::kDiscarding}})},
      {"sweep-by-owner-only", "I9", with_examine(by_owner_alone)},
      {"restored-store-sweeps", "I9", with_examine(strange_ones_too)},
      {"store-error-swallowed", "I10", {.errors_are_told = false}},
      {"any-404-is-gone", "I3", {.gone_is_proven = false}},
      {"revoke-all-unmarked", "I10",
       with_rows({{State::kRevoking, Event::kDue, Action::kChooseRevocation, State::kRevoking}})},
      {"retire-without-proof-of-current", "I1",
       with_rows({{State::kCommitted, Event::kDue, Action::kCheckUse, State::kCommitted}})},
      {"replace-ignored", "I6", {.protocol = {.is_met = never_met}}},
      {"difference-ignores-window", "I9", of_secrets(whenever_made)},
      {"difference-without-known-ids", "I9", of_secrets(known_before)},
      {"difference-ignores-lifetime", "I9", of_secrets(however_long)},
      {"difference-ignores-owner", "I9", of_secrets(whosever)},
      {"difference-revokes-what-is-doubtful", "I9", of_secrets(any_of_several)},
      {"difference-forgets-attempts", "I3", of_secrets(nothing_of_ours)},
      {"binding-ignored", "I9", {.protocol = {.belongs_elsewhere = at_home_everywhere}}},
  };
  return kMutants;
}

}  // namespace rotation_test
