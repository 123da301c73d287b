#include "attribution.hpp"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <string_view>

#include "marker.hpp"
#include "plan.hpp"

namespace hub::rotation {
namespace {

// A lifetime in a list is the difference of two times, each of which may have been rounded.
constexpr std::int64_t kLifetimeGrain = kSecond;
constexpr std::int64_t kLifetimeStepSeconds = 3;
constexpr std::int64_t kMostLifetimeSteps = 1200;

/// Whether it was not there before, and was made while the request may have been under way, from a
/// little before its beginning on, for clocks differ.
bool appeared(const Attempt& attempt, const Issued& issued) {
  return !attempt.known.contains(issued.id) &&
         issued.creation_time >= attempt.started_at - kClockTolerance &&
         issued.creation_time <= attempt.started_at + kLateWindow;
}

bool is_over(const Attempt& attempt, std::int64_t now) {
  return now > attempt.started_at + kLateWindow + kClockTolerance;
}

void examine_by_marker(Findings& findings, const std::vector<Issued>& unnamed, const Slot& slot) {
  for (const Issued& issued : unnamed) {
    const auto marker = Marker::parse(issued.comment);
    if (!marker || marker->slot_id != slot.id || slot.note.accepted.contains(marker->nonce))
      continue;
    const bool explained = slot.note.nonces.contains(marker->nonce) && !issued.last_used_day;
    (explained ? findings.orphans : findings.strange).push_back(issued);
  }
}

/// Each once, for several attempts may point at the same.
void unite(std::vector<Issued>& found) {
  std::ranges::sort(found, {}, &Issued::id);
  const auto repeated = std::ranges::unique(found, {}, &Issued::id);
  found.erase(repeated.begin(), repeated.end());
}

/// What may be the one that an attempt made.
struct Candidates {
  std::string nonce;
  bool is_over = false;
  std::vector<Issued> appeared;
  std::vector<Issued> fitting;  // of these
};

std::vector<Candidates> candidates(const std::vector<Issued>& unnamed, const Slot& slot,
                                   std::int64_t now) {
  std::vector<Candidates> all;
  for (const auto& [nonce, attempt] : slot.note.attempts) {
    Candidates& of = all.emplace_back(Candidates{nonce, is_over(attempt, now), {}, {}});
    for (const Issued& issued : unnamed) {
      if (appeared(attempt, issued)) of.appeared.push_back(issued);
      if (fits(attempt, issued)) of.fitting.push_back(issued);
    }
  }
  return all;
}

void examine_by_difference(Findings& findings, const std::vector<Issued>& unnamed, const Slot& slot,
                           std::int64_t now) {
  const auto all = candidates(unnamed, slot, now);
  std::set<std::string> alike;
  for (const Candidates& of : all) {
    for (const Issued& issued : of.fitting)
      if (of.fitting.size() > 1) alike.insert(issued.id);
  }
  for (const Candidates& of : all) {
    if (of.fitting.size() == 1 && !alike.contains(of.fitting.front().id)) {
      findings.orphans.push_back(of.fitting.front());
      continue;
    }
    // A request makes one at most. Which of several it was cannot be learnt later either: what is
    // revoked by then may have been it, and what is left somebody else's.
    if (!of.fitting.empty() || of.is_over) findings.settled.insert(of.nonce);
    std::ranges::copy(of.fitting.empty() ? of.appeared : of.fitting,
                      std::back_inserter(findings.doubtful));
  }
  unite(findings.orphans);
  unite(findings.doubtful);
  std::erase_if(findings.doubtful, [&](const Issued& issued) {
    return std::ranges::binary_search(findings.orphans, issued.id, {}, &Issued::id);
  });
}

}  // namespace

bool fits(const Attempt& attempt, const Issued& issued) {
  const std::int64_t lifetime = issued.expiry_time - issued.creation_time;
  return appeared(attempt, issued) && issued.expiry_time > 0 && !issued.last_used_day &&
         std::abs(lifetime - attempt.lifetime_seconds * kSecond) <= kLifetimeGrain;
}

Findings examine(const std::vector<Issued>& listed, const Slot& slot, const std::string& owner_id,
                 std::int64_t now) {
  Findings findings;
  std::vector<Issued> unnamed;
  std::set<std::string_view> seen;
  for (const Issued& issued : listed) {
    const bool live = issued.expiry_time <= 0 || issued.expiry_time > now;
    if (!live || issued.owner_id != owner_id) continue;
    // A list that changes between two of its pages may show one twice.
    if (!seen.insert(issued.id).second) continue;
    ++findings.live_of_owner;
    if (!slot.names(issued.id)) unnamed.push_back(issued);
  }
  if (slot.kind.has_comments) {
    examine_by_marker(findings, unnamed, slot);
  } else {
    examine_by_difference(findings, unnamed, slot, now);
  }
  return findings;
}

std::set<std::string> lately_made(const std::vector<Issued>& listed, const std::string& owner_id,
                                  std::int64_t now) {
  std::set<std::string> ids;
  for (const Issued& issued : listed) {
    // Twice, since the request begins a little later.
    if (issued.owner_id == owner_id && issued.creation_time >= now - 2 * kClockTolerance)
      ids.insert(issued.id);
  }
  return ids;
}

std::int64_t told_lifetime(std::int64_t lifetime_seconds, std::uint64_t nonce) {
  const std::int64_t steps =
      std::min(lifetime_seconds / 100 / kLifetimeStepSeconds, kMostLifetimeSteps);
  if (steps == 0) return lifetime_seconds;
  const auto step = static_cast<std::int64_t>(nonce % static_cast<std::uint64_t>(steps)) + 1;
  return lifetime_seconds - step * kLifetimeStepSeconds;
}

}  // namespace hub::rotation
