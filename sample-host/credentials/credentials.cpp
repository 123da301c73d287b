#include "credentials/credentials.hpp"

#include <hub/host.hpp>
#include <hub/trusted_file.hpp>

#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

namespace sample_host {
namespace {

constexpr std::string_view kEnvironment = "env:";
constexpr std::string_view kFile = "file:";
constexpr std::size_t kMaxSize = 64 * 1024;

/// Does not repeat the reference: it may be the secret itself, put into the wrong place.
hub::Error invalid(std::string message) {
  return {.status = hub::Status::kInvalidArgument,
          .reason = "REFERENCE_INVALID",
          .message = std::move(message),
          .hint = "write env:NAME or file:/absolute/path"};
}

hub::Error missing(std::string_view reference, std::string_view what, std::string hint) {
  return {.status = hub::Status::kFailedPrecondition,
          .reason = "CREDENTIAL_MISSING",
          .message = "the credential " + std::string(reference) + " " + std::string(what),
          .hint = std::move(hint)};
}

/// A file that was not trusted could have been read, or written, by somebody else.
hub::Error in_terms_of_credentials(hub::Error refused) {
  const bool exposed = refused.reason == "FILE_UNTRUSTED";
  refused.status = exposed ? hub::Status::kPermissionDenied : hub::Status::kFailedPrecondition;
  refused.reason = exposed ? "CREDENTIAL_EXPOSED" : "CREDENTIAL_MISSING";
  return refused;
}

hub::Result<hub::Secret> checked(std::string_view reference, std::string_view value) {
  if (value.empty()) return missing(reference, "is empty", "put the secret there");
  const bool pem = value.starts_with("-----BEGIN ");  // a private key, which has lines
  const auto is_control = [pem](unsigned char byte) {
    return (byte < 0x20 && !(pem && (byte == '\n' || byte == '\r'))) || byte == 0x7f;
  };
  if (std::ranges::any_of(value, is_control)) {
    return missing(reference, "contains a line break or another control character",
                   "put the secret there on one line, and nothing else");
  }
  return hub::Secret(value);
}

hub::Result<hub::Secret> from_environment(std::string_view reference, const std::string& name) {
  if (name.empty()) return invalid("the credential's reference env: names no variable");
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return missing(reference, "is not set", "export " + name + "=...");
  return checked(reference, value);
}

hub::Result<hub::Secret> from_file(std::string_view reference, const std::filesystem::path& path) {
  if (!path.is_absolute()) {
    return invalid("the credential's reference file: names no absolute path");
  }
  try {
    const hub::TrustedFile file(path, {.max_bytes = kMaxSize, .secret = true});
    struct Buffer : std::array<char, kMaxSize> {
      ~Buffer() { ::explicit_bzero(data(), size()); }
    } buffer;
    std::size_t size = 0;
    while (size < buffer.size()) {
      const ssize_t count = ::read(file.descriptor(), buffer.data() + size, buffer.size() - size);
      if (count == 0) break;
      if (count > 0) {
        size += static_cast<std::size_t>(count);
      } else if (errno != EINTR) {
        return missing(reference, "cannot be read: " + std::generic_category().message(errno),
                       "check the disk that it is on");
      }
    }
    std::string_view value(buffer.data(), size);
    if (value.ends_with('\n')) {
      value.remove_suffix(1);
      if (value.ends_with('\r')) value.remove_suffix(1);
    }
    return checked(reference, value);
  } catch (const hub::Refused& refused) {
    return in_terms_of_credentials(refused.error);
  }
}

}  // namespace

hub::Result<hub::Secret> Credentials::get(std::string_view reference) const {
  if (reference.starts_with(kEnvironment)) {
    return from_environment(reference, std::string(reference.substr(kEnvironment.size())));
  }
  if (reference.starts_with(kFile)) return from_file(reference, reference.substr(kFile.size()));
  return invalid("a credential's reference is of no known kind");
}

}  // namespace sample_host
