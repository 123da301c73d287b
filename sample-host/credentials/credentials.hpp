// Credentials by reference: what a connection's manifest says instead of the secret itself.
#pragma once

#include <hub/error.hpp>
#include <hub/secret.hpp>

#include <string_view>

namespace sample_host {

/// Finds what a reference names, anew at each call, so that a replaced credential is used at once:
///
///   env:NAME    an environment variable
///   file:PATH   the content of a file without one newline at its end; PATH is absolute, the file
///               at most 64 KiB, private to its owner and trusted (hub/trusted_file.hpp)
///
/// An empty value is no credential, nor is one with a control character: in an HTTP header that
/// would begin another header. Thread-safe.
class Credentials {
 public:
  /// Errors: INVALID_ARGUMENT, REFERENCE_INVALID; FAILED_PRECONDITION, CREDENTIAL_MISSING;
  /// PERMISSION_DENIED, CREDENTIAL_EXPOSED.
  hub::Result<hub::Secret> get(std::string_view reference) const;
};

}  // namespace sample_host
