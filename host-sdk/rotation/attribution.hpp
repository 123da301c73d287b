// Whose is what a list shows: pure functions of the list and the slot. By the marker in the comment
// where the kind has comments; for others by what is there after a request and was not before it.
// Times in milliseconds since 1970, by the remote side's clock.
#pragma once

#include <hub/rotation.hpp>

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "slot.hpp"

namespace hub::rotation {

// A request that arrives later than this is not found any more where there is no marker.
inline constexpr std::int64_t kLateWindow = 15 * 60 * 1000;

/// What a list of the remote side means for the slot.
struct Findings {
  std::vector<Issued> orphans;  // ours, live, named by no version, never used: nobody has the value
  std::vector<Issued>
      strange;  // ours by marker and owner, but the slot cannot have made them as it stands
  std::vector<Issued> doubtful;   // ours or somebody else's, nobody can tell: never to be revoked
  std::set<std::string> settled;  // attempts of which nothing more is to be expected, by nonce
  std::size_t live_of_owner = 0;
};
Findings examine(const std::vector<Issued>& listed, const Slot& slot, const std::string& owner_id,
                 std::int64_t now);

/// Whether `issued` is just what the request of `attempt` asked for, as far as a list can tell.
bool fits(const Attempt& attempt, const Issued& issued);

/// What a list that is read just before a request must have shown, or it would be taken for that
/// request's: ids of the owner, of the last minutes.
std::set<std::string> lately_made(const std::vector<Issued>& listed, const std::string& owner_id,
                                  std::int64_t now);

/// What is asked for instead of `lifetime_seconds`, so that a list tells two requests apart, and
/// ours from that of somebody who asks for a round number: less, by a hundredth or an hour at most,
/// in steps that rounding does not blur. Below five minutes there is no room for that.
std::int64_t told_lifetime(std::int64_t lifetime_seconds, std::uint64_t nonce);

}  // namespace hub::rotation
