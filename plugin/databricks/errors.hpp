// What answers of a workspace mean as errors of the hub.
//
// The effect follows from one rule. A call that only reads has none. A call that mints, deletes
// or grants has none if the workspace refused it, which takes a complete 429 or a complete 4xx with
// Databricks' own JSON and no code of a failure, or if no byte was sent; otherwise it is unknown,
// the retry is from the start, and a mint's reason is UNKNOWN_MINT with what happened as "cause" in
// the details.
#pragma once

#include <hub/error.hpp>

#include <chrono>
#include <string_view>

#include "databricks/credential.hpp"
#include "http/client.hpp"

namespace databricks_token {

enum class Purpose : unsigned {
  kIdentify = 1,  // of any credential; the others need an admin's
  kRead = 2,
  kReadToken = 4,
  kDeleteToken = 8,
  kMintToken = 16,
  kGrantPermission = 32,
};

/// What was asked, as far as an error depends on it; borrowed.
struct Asked {
  Purpose purpose;
  std::string_view name;  // "POST on-behalf-of/tokens", for messages
  Credential bearer;
  bool own = false;  // a token of the credential's own principal, which need not be an admin
};

/// Whether what kept a request from its answer may be over at the next try.
bool passes(const hub::Error& error);

/// For an answer with a status other than 2xx.
hub::Error refused(const Asked& asked, const HttpResponse& response);

enum class Unusable {
  kForeign,    // not what the API answers with: ACCOUNT_HOST if it is a page, else NOT_DATABRICKS
  kMalformed,  // the API's JSON, but not as it is documented: RESPONSE_INVALID
};

/// For a 2xx with content that cannot be used. `why` goes into the message, the content does not.
hub::Error unusable(const Asked& asked, const HttpResponse& response, Unusable what,
                    std::string_view why);

/// For a request that was not sent, since the workspace asked for a longer wait than the call has
/// time: RATE_LIMITED, with the wait.
hub::Error held_back(const Asked& asked, std::chrono::milliseconds wait);

/// For a request without an answer: the transport's error, with this call's effect.
hub::Error unanswered(const Asked& asked, hub::Error transport);

}  // namespace databricks_token
