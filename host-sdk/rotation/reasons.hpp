// What the machine itself may refuse, and what to do about it.
#pragma once

#include <hub/error.hpp>
#include <hub/rotation.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace hub::rotation {

// {} stands for the kind's noun.
inline constexpr auto kReasons = std::to_array<Reason>({
    {"NO_CURRENT", "There is no {} to rotate.", "Make the first one with create-{}."},
    {"CURRENT_EXISTS", "There is a current {} already.", "Replace it with rotate-{}."},
    {"SLOT_REVOKED", "Every {} of the slot was revoked.",
     "create-{} puts the slot into use again. sweep revokes what a late request has made."},
    {"SLOT_BELONGS_ELSEWHERE", "The slot was first used for another workspace or principal.",
     "Give this connection a slot of its own, or set the old workspace and principal again. "
     "Nothing "
     "was done."},
    {"SLOT_DAMAGED", "What the store has for the slot cannot be read.",
     "Nothing was done. Restore the store from a backup."},
    {"STORE_OLDER_THAN_WORKSPACE",
     "The workspace has a {} of this slot that the store does not know, as after a restored "
     "backup.",
     "Nothing was deleted or made. Restore the newest copy of the store. If there is none: "
     "adopt-{} takes over the {} that is in use, or rotate-{} (create-{} where the "
     "store has none) with accept_store goes on with what the store knows. Both leave alone what "
     "it does not know until that expires."},
    {"MINT_CAP_REACHED", "Too many {}s of this slot were made, or are still alive.",
     "Something asks for {}s in a loop, or old ones cannot be revoked: see the warnings of "
     "earlier calls. The current {} is untouched."},
    {"CAPACITY_REACHED", "The principal has as many live {}s as the workspace allows.",
     "No {} was made. Revoke {}s of the principal that nobody uses: list-{}s shows them."},
    {"UNKNOWN_MINT", "Whether the workspace made a {} is not known.",
     "Run rotate-{} again, or sweep: it first looks for the {} and revokes it, for nobody has its "
     "value. Do not repeat the request by hand."},
    {"HOST_OVERSLEPT", "This host, or its clock, leapt before it could ask for a {}.",
     "No {} was made, and the current one is untouched. Run rotate-{} again."},
    {"VERIFICATION_FAILED", "The new {} was refused.",
     "The current {} is untouched. See whether the principal is active, may sign in to this "
     "workspace, and whether an IP access list keeps this host out."},
    {"DEAD_CURRENT", "The current {} was refused.",
     "Nothing was retired. rotate-{} makes a new one."},
    {"ROLLBACK_IMPOSSIBLE", "There is no previous {} to go back to.",
     "The current {} is untouched. rotate-{} makes a new one."},
    {"ADOPTION_REFUSED", "The {} that was handed in cannot be taken over.",
     "Nothing was stored. It must be a live {} of the connection's own service principal, none "
     "of another slot, and not what the connection itself signs in with."},
    {"ADOPTED_ID_UNKNOWN", "Which {} was handed in is not known.",
     "Nothing was stored. Name it by {}_id: list-{}s shows the principal's {}s."},
    {"POLICY_INVALID", "Lifetime, lead and grace period leave no moment to rotate.",
     "Keep rotate_before_seconds, and grace_seconds with an hour (a tenth of a short lifetime) for "
     "retries, below half of lifetime_seconds."},
    {"COMMENT_INVALID", "The comment could be taken for the marker that is added to it.",
     "Choose a comment without \"hub:\"."},
});

/// Whether only a kind with comments meets it.
inline bool is_of_comments(const Reason& row) {
  return row.reason == "STORE_OLDER_THAN_WORKSPACE" || row.reason == "COMMENT_INVALID";
}

inline std::string in_words_of(const Kind& kind, std::string_view text) {
  std::string words(text);
  for (std::size_t at = words.find("{}"); at != std::string::npos; at = words.find("{}", at))
    words.replace(at, 2, kind.noun);
  return words;
}

/// An error with the hint of its reason, which is one of the above.
inline Error refusal(const Kind& kind, Status status, std::string_view reason,
                     std::string message) {
  const auto* row = std::find_if(kReasons.begin(), kReasons.end(),
                                 [&](const Reason& known) { return known.reason == reason; });
  return {.status = status,
          .reason = std::string(reason),
          .message = std::move(message),
          .hint = in_words_of(kind, row->hint)};
}

}  // namespace hub::rotation
