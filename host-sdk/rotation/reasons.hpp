// What the machine itself may refuse, and what to do about it.
#pragma once

#include <hub/error.hpp>

#include <algorithm>
#include <array>
#include <string>

namespace hub::rotation {

inline constexpr auto kReasons = std::to_array<Reason>({
    {"NO_CURRENT", "There is no token to rotate.", "Make the first one with create-token."},
    {"TOKEN_EXISTS", "There is a current token already.", "Replace it with rotate-token."},
    {"SLOT_REVOKED", "Every token of the slot was revoked.",
     "create-token puts the slot into use again."},
    {"SLOT_BELONGS_ELSEWHERE", "The slot was first used for another workspace or principal.",
     "Give this connection a slot of its own, or set the old workspace and principal again. "
     "Nothing "
     "was done."},
    {"SLOT_DAMAGED", "What the store has for the slot cannot be read.",
     "Nothing was done. Restore the store from a backup."},
    {"STORE_OLDER_THAN_WORKSPACE",
     "The workspace has a token of this slot that the store does not know, as after a restored "
     "backup.",
     "Nothing was deleted or made. Restore the newest copy of the store. If there is none: "
     "adopt-token takes over the token that is in use, or rotate-token (create-token where the "
     "store has none) with accept_store goes on with what the store knows. Both leave alone what "
     "it does not know until that expires."},
    {"MINT_CAP_REACHED", "Too many tokens of this slot were made, or are still alive.",
     "Something asks for tokens in a loop, or old ones cannot be revoked: see the warnings of "
     "earlier calls. The current token is untouched."},
    {"CAPACITY_REACHED", "The principal has as many live tokens as the workspace allows.",
     "No token was made. Revoke tokens of the principal that nobody uses: list-tokens shows "
     "them with the day of their last use."},
    {"VERIFICATION_FAILED", "The new token was refused.",
     "The current token is untouched. See whether the principal is active, may sign in to this "
     "workspace, and whether an IP access list keeps this host out."},
    {"DEAD_CURRENT", "The current token was refused.",
     "Nothing was retired. rotate-token makes a new one."},
    {"ROLLBACK_IMPOSSIBLE", "There is no previous token to go back to.",
     "The current token is untouched. rotate-token makes a new one."},
    {"ADOPTION_REFUSED", "The token that was handed in cannot be taken over.",
     "Nothing was stored. It must be a live token of the connection's own service principal, none "
     "of another slot, and not what the connection itself signs in with."},
    {"ADOPTED_ID_UNKNOWN", "Which token was handed in is not known.",
     "Nothing was stored. Name it by token_id: list-tokens shows the principal's tokens."},
    {"POLICY_INVALID", "Lifetime, lead and grace period leave no moment to rotate.",
     "Keep rotate_before_seconds, and grace_seconds with an hour (a tenth of a short lifetime) for "
     "retries, below half of lifetime_seconds."},
    {"COMMENT_INVALID", "The comment could be taken for the marker that is added to it.",
     "Choose a comment without \"hub:\"."},
});

/// An error with the hint of its reason, which is one of the above.
inline Error refusal(Status status, std::string_view reason, std::string message) {
  const auto* row = std::find_if(kReasons.begin(), kReasons.end(),
                                 [&](const Reason& known) { return known.reason == reason; });
  return {.status = status,
          .reason = std::string(reason),
          .message = std::move(message),
          .hint = std::string(row->hint)};
}

}  // namespace hub::rotation
