// The stable reasons that errors of a workspace and of the way to it carry.
#pragma once

#include <hub/error.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace databricks_token {

using hub::Reason;

inline constexpr Reason kReasons[] = {
    // The credential.
    {"CREDENTIAL_INVALID", "The workspace does not accept the credential.",
     "Check that the credential is of this workspace and neither expired nor revoked; if so, make "
     "a new one and put it where the connection's secret refers to."},
    {"CREDENTIAL_EXPIRING", "The OAuth token is about to expire.",
     "Put a fresh token where the connection's secret refers to; Databricks refuses OAuth tokens "
     "in their last 30 seconds."},
    {"CREDENTIAL_NOT_SENT", "The workspace saw no credential that it supports here.",
     "Use a personal access token of a workspace admin, or an OAuth access token for this "
     "workspace; a proxy in between must pass the Authorization header on."},
    {"SCOPE_MISSING", "The credential lacks an API scope.",
     "Use a credential with the API scope \"authentication\", which managing tokens needs."},
    {"NOT_ADMIN", "The credential's owner may not manage tokens.",
     "Use the credential of a workspace admin: only CAN MANAGE on tokens allows to make, list and "
     "revoke tokens of others, and only the group admins has it."},
    {"USER_NOT_IN_WORKSPACE", "The credential's owner is not a member of the workspace.",
     "Let an account admin assign the user or service principal to this workspace."},
    {"IP_NOT_ALLOWED", "The workspace's IP access list does not allow this machine.",
     "Add this machine's outgoing address to the workspace's IP access list."},
    {"PRIVATE_LINK", "The workspace is reachable through a private link only.",
     "Call the workspace from a network with access to its private endpoint; see "
     "https://docs.databricks.com/security/network/classic/privatelink.html."},

    // Signing in with OAuth.
    {"OAUTH_UNSUPPORTED", "The workspace has no authorization server.",
     "Check workspace_url. If it is right, this workspace takes no OAuth: use auth.type \"pat\", "
     "or "
     "\"azure-entra\" on Azure."},
    {"OAUTH_ENDPOINT_INVALID", "The workspace names a token endpoint that is not its own.",
     "Check workspace_url and what answers there: the client secret is sent to the workspace's own "
     "origin over HTTPS and to nobody else."},
    {"OAUTH_CLIENT_REFUSED", "The client id and secret are not accepted.",
     "Check that auth.client_id is the principal's application id, and that the secret is the "
     "secret's value, not its id, of this principal and neither deleted nor expired. One that was "
     "made seconds ago may need another try."},
    {"OAUTH_SECRET_EXPIRED", "The client secret has expired.",
     "Make a new secret for the application and put it where the connection's secret refers to."},
    {"OAUTH_CLIENT_UNKNOWN", "The tenant has no such application, or it is switched off.",
     "Check auth.client_id and auth.tenant_id, and that the application is enabled in that "
     "tenant."},
    {"OAUTH_TENANT_UNKNOWN", "There is no such tenant.",
     "Check auth.tenant_id, the id of the Microsoft Entra tenant, and auth.authority: the national "
     "clouds have others than https://login.microsoftonline.com."},
    {"OAUTH_RESOURCE_UNKNOWN", "The tenant does not know Azure Databricks.",
     "Check that auth.tenant_id is the tenant of the workspace's subscription."},
    {"OAUTH_ACCESS_BLOCKED", "A Conditional Access policy keeps the application out.",
     "Let the tenant's administrator allow this application from this machine's network."},
    {"OAUTH_REFUSED", "The authorization server refused the request.",
     "Its message says what to change."},
    {"OAUTH_UNAVAILABLE", "The authorization server is busy or out of service.",
     "Try again later."},
    {"OAUTH_ANSWER_INVALID", "What answered is not an authorization server.",
     "Check workspace_url or auth.authority, and that no proxy or sign-in page answers in its "
     "place."},

    // The service principal and what the workspace allows.
    {"PRINCIPAL_MISMATCH", "The credential signs in as another principal than the connection's.",
     "With \"issue\": \"self\" a principal makes tokens for itself: set application_id to that of "
     "the "
     "principal whose credential this is, or use \"on-behalf-of\"."},
    {"TOKEN_PERMISSION_MISSING", "The service principal may not use tokens.",
     "Grant the service principal CAN USE on tokens: workspace Settings > Advanced > Personal "
     "Access Tokens > Permission Settings, or PATCH /api/2.0/permissions/authorization/tokens with "
     "{\"access_control_list\": [{\"service_principal_name\": \"<application id>\", "
     "\"permission_level\": \"CAN_USE\"}]}. Never PUT there: it replaces the list, and whoever "
     "loses CAN USE loses their tokens at once."},
    {"ON_BEHALF_OF_DISABLED", "Tokens on behalf of service principals are switched off.",
     "Let an account admin switch it on: account console > Settings > Feature enablement > "
     "\"Personal access tokens for service principals\". The workspace's enableTokensConfig is "
     "another switch and does not help."},
    {"TOKENS_DISABLED", "Personal access tokens are switched off in the workspace.",
     "Let a workspace admin switch them on: workspace Settings > Advanced > Personal Access "
     "Tokens (enableTokensConfig)."},
    {"PRINCIPAL_UNKNOWN", "The workspace has no such service principal.",
     "Check application_id: it is the service principal's application id (a UUID), not its name or "
     "number; and assign the service principal to this workspace."},
    {"PRINCIPAL_INACTIVE", "The service principal is switched off.",
     "Let a workspace admin activate the service principal."},
    {"APPLICATION_ID_INVALID", "The application id is not a UUID.",
     "Use the service principal's application id, such as 6f5ccf28-d83a-4957-9bfb-5bbfac551410; it "
     "is on the service principal's page in the workspace's settings."},
    {"TOKEN_QUOTA_EXCEEDED", "The principal has as many tokens as the workspace allows.",
     "Revoke tokens of the service principal that nobody uses; a workspace allows 600 for each "
     "principal."},
    {"LIFETIME_INVALID", "The workspace does not grant that lifetime.",
     "Lower lifetime_seconds: the workspace's maxTokenLifetimeDays (730 unless set) is the most, "
     "and 0 is refused."},

    {"LIFETIME_UNREADABLE", "The configured lifetime is no duration with a unit.",
     "Write lifetime as 90d, 12h, P90D or PT2160H, or lifetime_seconds as a number."},

    // The token.
    {"TOKEN_GONE", "The workspace has no such token.",
     "Nothing is left to revoke; it was deleted already."},
    {"TOKEN_NOT_SETTLED", "The workspace does not accept its new token yet.",
     "Run rotate-token again: the new token is kept, and asked once more."},
    {"UNKNOWN_MINT", "Whether the workspace made a token is not known.",
     "Run rotate-token again, or sweep: it first looks for the token and revokes it, for nobody "
     "has its value. Do not repeat the request by hand."},

    // The workspace.
    {"RATE_LIMITED", "The workspace gets too many requests.",
     "Wait and try again; if it persists, look for others who call this workspace's API often."},
    {"WORKSPACE_UNAVAILABLE", "The workspace, or a gateway before it, is out of service.",
     "Try again later; see https://status.databricks.com and the like for your cloud."},
    {"WORKSPACE_INTERNAL_ERROR", "The workspace failed.",
     "Try again later; if it persists, give the request id to Databricks' support."},
    {"ACCOUNT_HOST", "The account console or a sign-in page answers instead of a workspace.",
     "Set workspace_url to the workspace's own URL, such as "
     "https://adb-1234567890123456.7.azuredatabricks.net, not to the account console's "
     "(accounts.*); if a proxy asks to sign in, let this machine past it."},
    {"NOT_DATABRICKS", "What answers is not the API of a Databricks workspace.",
     "Check host and port of workspace_url, and that no proxy answers in the workspace's place. If "
     "a gateway is under maintenance, run it again afterwards."},
    {"REQUEST_REFUSED", "The workspace refused the request.",
     "The workspace's message says what to change; the request id finds it in Databricks' logs."},
    {"HEADER_INVALID", "The request holds characters that no HTTP header may have.",
     "Report it; the names and versions of host and connector go into a header."},
    {"RESPONSE_INVALID", "The answer is not what HTTP or the API's documentation say.",
     "Check that no proxy alters answers; otherwise report it with the request id."},

    // The way to the workspace.
    {"WORKSPACE_URL_INVALID", "The workspace's URL cannot be read.",
     "Write workspace_url as https://HOST or https://HOST:PORT."},
    {"NAME_UNRESOLVED", "The workspace's host name has no address.",
     "Check the host in workspace_url and this machine's DNS."},
    {"CONNECT_FAILED", "No connection to the workspace.",
     "Check workspace_url and its port, and that a firewall lets this machine out."},
    {"PROXY_URL_INVALID", "The proxy's URL cannot be read.",
     "Write proxy.url as http://HOST:PORT; a user name goes into proxy.username."},
    {"PROXY_REFUSED", "The proxy makes no way to the workspace.",
     "Check proxy.url, and that the proxy lets this machine reach the workspace."},
    {"PROXY_AUTHENTICATION_REQUIRED", "The proxy wants a user name and a password.",
     "Set proxy.username, and grant the secret proxy_password; Basic is what is spoken."},
    {"TLS_UNTRUSTED", "The server's certificate is not trusted.",
     "If the certificate is of your own authority, name that in tls.ca_file; otherwise somebody "
     "sits in between."},
    {"TLS_WRONG_HOST", "The server's certificate is for another host.",
     "Check the host in workspace_url: it must be a name that the certificate has."},
    {"TLS_FAILED", "No secure connection to the server.",
     "Check that the server speaks TLS 1.2 or later on this port."},
    {"TLS_PIN_MISMATCH", "The server's public key is not one of those that were pinned.",
     "If the server's key was replaced, add the new one to tls.pinned_public_keys; otherwise "
     "somebody sits in between."},
    {"CLIENT_CERTIFICATE_INVALID", "The client certificate cannot be used.",
     "tls.client_certificate_file must be a readable PEM file, and the secret client_key the "
     "private "
     "key of its first certificate, in PEM without a passphrase."},
    {"CLIENT_CERTIFICATE_REFUSED", "The server does not accept this client.",
     "Set tls.client_certificate_file to a certificate that the server accepts."},
    {"CA_FILE_INVALID", "The file with certificate authorities cannot be used.",
     "tls.ca_file must be a readable PEM file with at least one certificate."},
    {"CONNECTION_LOST", "The connection broke before the answer was complete.", "Try again."},
    {"RESPONSE_TOO_LARGE", "The answer is larger than is accepted.",
     "Check workspace_url; if the list of tokens is what is too large, revoke tokens that nobody "
     "uses."},
    {"DEADLINE_EXCEEDED", "The call ran out of time.",
     "Try again; give the call more time if the network is slow."},
    {"CANCELLED", "The host cancelled the call.", "Nothing to do."},
};

/// The entry of `reason`, nullptr if there is none.
constexpr const Reason* find_reason(std::string_view reason) {
  for (const Reason& known : kReasons) {
    if (known.reason == reason) return &known;
  }
  return nullptr;
}

/// An error that somebody must mend first, with the hint of its reason.
inline hub::Error precondition(std::string_view reason, std::string message) {
  return {.status = hub::Status::kFailedPrecondition,
          .reason = std::string(reason),
          .message = std::move(message),
          .hint = std::string(find_reason(reason)->hint)};
}

}  // namespace databricks_token
