// What the promises hang on, in one place: the table, and the rules by which a list, a request and
// a binding are judged.
#pragma once

#include <hub/rotation.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attribution.hpp"
#include "machine.hpp"
#include "plan.hpp"

namespace hub::rotation {

/// Whether `slot` was first used with another binding.
inline bool belongs_elsewhere(const SlotNote& note, const std::string& binding) {
  return !note.binding.empty() && note.binding != binding;
}

/// Tests put a broken part in, to see that it is noticed; nobody else has a reason to.
struct Protocol {
  std::span<const Transition> transitions = kTransitions;
  Findings (*examine)(const std::vector<Issued>& listed, const Slot& slot,
                      const std::string& owner_id, std::int64_t now) = rotation::examine;
  bool (*is_met)(const Slot& slot, const Request& request) = rotation::is_met;
  bool (*belongs_elsewhere)(const SlotNote& note,
                            const std::string& binding) = rotation::belongs_elsewhere;
};

/// SLOT_BELONGS_ELSEWHERE, if so.
std::optional<Error> refuse_elsewhere(const Slot& slot, const std::string& binding,
                                      const Protocol& protocol);

/// run() by another protocol.
Result<Answer> run(Call call, Provider& provider, const Policy& policy, std::string_view slot,
                   const Request& request, const std::function<std::uint64_t()>& random,
                   const Protocol& protocol);

}  // namespace hub::rotation
