#include "workspace/access_tokens.hpp"

#include <Poco/Base64Decoder.h>

#include <algorithm>
#include <sstream>

namespace local_workspace {

Client client_of(const std::string& authorization, const Poco::Net::HTMLForm& form) {
  constexpr std::string_view kScheme = "Basic ";
  if (!authorization.starts_with(kScheme)) {
    return {form.get("client_id", ""), form.get("client_secret", "")};
  }
  std::istringstream encoded(authorization.substr(kScheme.size()));
  Poco::Base64Decoder decoder(encoded);
  std::string pair;
  std::getline(decoder, pair, '\0');  // unlike an iterator, ends quietly at what is not base64
  const std::size_t colon = pair.find(':');
  if (colon == std::string::npos) return {};
  return {pair.substr(0, colon), pair.substr(colon + 1)};
}

std::optional<std::string> grant_access(State& state, const Client& client, Audience audience) {
  const std::string secret_sha256 = sha256_hex(client.secret);
  const std::string value = "oauth-" + random_hex(32);
  const bool granted = state.change([&](Data& data) {
    const std::int64_t now = now_ms();
    const Principal* principal = data.principal(client.id);
    const bool known = principal != nullptr &&
                       std::ranges::any_of(data.oauth_secrets, [&](const OauthSecret& secret) {
                         return secret.owner_id == principal->id &&
                                secret.sha256 == secret_sha256 && secret.live(now);
                       });
    if (!known) return false;
    std::erase_if(data.access_tokens,
                  [now](const AccessToken& token) { return token.expiry_time <= now; });
    data.access_tokens.push_back({sha256_hex(value), principal->id,
                                  now + kAccessTokenSeconds * std::int64_t{1000}, audience});
    return true;
  });
  return granted ? std::optional(value) : std::nullopt;
}

}  // namespace local_workspace
