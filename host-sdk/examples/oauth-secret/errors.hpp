// Why a call of this connector failed, and what to do about it.
#pragma once

#include <hub/error.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace oauth_secret {

inline constexpr auto kReasons = std::to_array<hub::Reason>({
    {"ANSWER_UNREADABLE", "What answers is not the API of a Databricks workspace.",
     "See whether host is the workspace's own, and what stands between it and this machine."},
    {"CANCELLED", "The host cancelled the call.", "Nothing to do."},
    {"CONFIGURATION_INVALID", "The connection's configuration cannot be used.",
     "Correct the connection's \"config\"; its schema is in this description."},
    {"CREDENTIAL_REFUSED", "The workspace does not accept a credential.",
     "The message says for what. Provide the token of a workspace admin as the secret \"admin\"; "
     "for a sign-in, see whether the principal is active and may sign in to this workspace."},
    {"CREDENTIAL_UNUSABLE", "The credential has bytes that no token has.",
     "Provide it without a line's end, a space or quotes."},
    {"DEADLINE_EXCEEDED", "The call ran out of time.", "Call again, with more time."},
    {"INTERNAL", "A defect of this connector.", "Report it with the message."},
    {"NOT_FOUND", "The workspace does not know the service principal.",
     "See whether service_principal_id is right and the principal is in this workspace."},
    {"QUOTA_REACHED", "The principal has as many secrets as the workspace allows.",
     "Delete those that nobody uses: list-secrets shows them."},
    {"REQUEST_INVALID", "The request breaks the operation's schema.",
     "The operation's request schema is in this description."},
    {"REQUEST_REFUSED", "The workspace refused the request.", "The message has its words."},
    {"SECRET_NOT_SETTLED", "The new secret is not accepted yet.",
     "Call again: the next call asks once more."},
    {"SERVER_FAILED", "The workspace failed.", "Call again later."},
    {"THROTTLED", "The workspace asks to slow down.", "Call again after the delay."},
    {"TLS_UNTRUSTED", "The server could not prove that it is the workspace.",
     "Nothing was sent. Set ca_file if its authority is not one of the system's."},
    {"UNKNOWN_OPERATION", "There is no such operation.", "This description lists the operations."},
    {"UNREACHABLE", "No connection to the workspace, or it broke.",
     "See whether host is right and this machine reaches it, through proxy if it needs one."},
});

/// The error for one of these reasons, never to be tried again and without effect unless changed.
inline hub::Error failure(hub::Status status, std::string_view reason, std::string message) {
  return {.status = status,
          .reason = std::string(reason),
          .message = std::move(message),
          .hint = std::string(std::ranges::find(kReasons, reason, &hub::Reason::reason)->hint)};
}

}  // namespace oauth_secret
