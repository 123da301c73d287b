// The plan: what a call would do.
#include <algorithm>

#include "plan.hpp"
#include "protocol.hpp"
#include "reasons.hpp"

namespace hub::rotation {

Result<Answer> plan(Call call, Provider& provider, const Policy& policy, std::string_view slot_name,
                    const Request& request) {
  if (auto refused = policy.check(); !refused) return std::move(refused).error();
  const auto snapshot = call.look(slot_name);
  if (!snapshot && snapshot.error().status == Status::kNotFound)
    return refusal(provider.kind(), Status::kFailedPrecondition, "NO_CURRENT",
                   "the slot was never used");
  auto slot = snapshot ? Slot::read(*snapshot, provider.kind()) : Result<Slot>(snapshot.error());
  if (!slot) return std::move(slot).error();
  if (auto refused = refuse_elsewhere(*slot, canonical_json(provider.binding()), Protocol{}))
    return *std::move(refused);
  if (auto refused = refuse_at_once(*slot, request)) return *std::move(refused);

  note_leak(*slot, request);
  settle_grace(*slot, policy);
  Answer answer;
  std::string drift;
  // An answer also tells the time, before current is said to near its expiry.
  const bool nears_expiry =
      slot->current && rotate_at(slot->current->note, slot->id, policy) <= provider.now();
  if (nears_expiry || is_drift_check_due(*slot, provider.now())) {
    const auto found = provider.find(call, slot->current->note.credential_id);
    if (found) {
      drift = drift_reason(*found, *slot, provider.now());
    } else {
      answer.warnings.push_back({found.error().reason, found.error().message});
    }
  }
  const std::int64_t now = provider.now();
  answer.plan = steps(*slot, request, is_met(*slot, request), drift, now, policy);
  const auto is_mint = [](const Answer::Planned& step) { return step.action == "mint"; };
  if (std::ranges::any_of(*answer.plan, is_mint)) {
    if (const auto capped = cap_reached(*slot, now, policy))
      answer.warnings.push_back({capped->reason, capped->message});
  }
  describe(answer, *slot);
  answer.next_action_at = next_action_at(*slot, now, policy);
  return answer;
}

}  // namespace hub::rotation
