// The plan: what a call would do.
#include "plan.hpp"
#include "protocol.hpp"
#include "reasons.hpp"
#include "rotator.hpp"

namespace hub::rotation {

Result<Answer> plan(Call call, Provider& provider, const Policy& policy, std::string_view slot_name,
                    const Request& request) {
  if (auto refused = policy.check(); !refused) return std::move(refused).error();
  const auto snapshot = call.look(slot_name);
  if (!snapshot && snapshot.error().status == Status::kNotFound)
    return refusal(Status::kFailedPrecondition, "NO_CURRENT", "the slot was never used");
  auto slot = snapshot ? Slot::read(*snapshot) : Result<Slot>(snapshot.error());
  if (!slot) return std::move(slot).error();
  const Protocol protocol;
  if (auto refused = refuse_elsewhere(*slot, canonical_json(provider.binding()), protocol))
    return *std::move(refused);
  if (auto refused = refuse_at_once(*slot, request)) return *std::move(refused);

  note_leak(*slot, request);
  Answer answer;
  std::string drift;
  if (is_drift_check_due(*slot, provider.now())) {
    const auto found = provider.find(call, slot->current->note.token_id);
    if (found) {
      drift = drift_reason(*found, slot->current->note, provider.now());
    } else {
      answer.warnings.push_back({found.error().reason, found.error().message});
    }
  }
  const std::int64_t now = provider.now();
  answer.plan = steps(*slot, request, is_met(*slot, request), drift, now, policy);
  describe(answer, *slot);
  answer.next_action_at = next_action_at(*slot, now, policy);
  return answer;
}

}  // namespace hub::rotation
