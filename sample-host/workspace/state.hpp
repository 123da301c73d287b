#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace local_workspace {

/// Now, in milliseconds since the epoch, the unit of all times here.
std::int64_t now_ms();

/// Workspaces of this process are so far ahead of the time. [thread-safe]
void set_clock_offset(std::int64_t offset_ms);

/// 64 hex digits.
std::string sha256_hex(const std::string& text);

/// Hex digits of fresh random bytes, two a byte.
std::string random_hex(std::size_t bytes);

/// A user or a service principal.
struct Principal {
  std::int64_t id = 0;
  std::string name;  ///< SCIM userName: an e-mail address, or a service principal's application id
  std::string display_name;
  bool service_principal = true;
  bool active = true;
  bool admin = false;
  bool member = true;  ///< of the workspace; another is let in by its role in Azure
};

/// A personal access token. Its value is never kept: the id is the value's SHA-256, as the real
/// workspace documents for its own ids.
struct Token {
  std::string id;
  std::int64_t owner_id = 0;
  std::int64_t created_by_id = 0;
  std::string comment;
  std::vector<std::string> scopes;
  std::int64_t creation_time = 0;
  std::int64_t expiry_time = 0;
  std::int64_t last_used_day = 0;    ///< 0: never used
  std::int64_t revocation_time = 0;  ///< 0: not revoked

  bool operator==(const Token&) const = default;

  bool revoked() const { return revocation_time != 0; }
  bool live(std::int64_t now) const { return !revoked() && now < expiry_time; }
};

/// With which a service principal signs in. Its value is never kept.
struct OauthSecret {
  std::string id;
  std::int64_t owner_id = 0;
  std::string sha256;
  std::int64_t creation_time = 0;
  std::int64_t expiry_time = 0;
  std::int64_t revocation_time = 0;  ///< 0: not revoked

  bool live(std::int64_t now) const { return revocation_time == 0 && now < expiry_time; }
};

/// For what an access token is.
enum class Audience { kDatabricks, kAzureManagement };

/// What an OAuth endpoint handed out.
struct AccessToken {
  std::string sha256;
  std::int64_t principal_id = 0;
  std::int64_t expiry_time = 0;
  Audience audience = Audience::kDatabricks;
};

/// Who has CAN_USE on tokens: the member of the wire ("service_principal_name", "user_name" or
/// "group_name") and the name.
using Grant = std::pair<std::string, std::string>;

/// Everything the workspace knows. What was revoked stays, because the ground truth tells of it.
struct Data {
  std::int64_t workspace_id = 0;
  std::vector<Principal> principals;
  std::vector<Token> tokens;
  std::vector<OauthSecret> oauth_secrets;
  std::vector<AccessToken> access_tokens;
  std::set<Grant> grants;
  std::map<std::string, std::string> settings;  ///< workspace-conf

  const Principal* principal(std::int64_t id) const;
  const Principal* principal(std::string_view name) const;
  /// The principal of an access token that has not expired; nullptr for any other text.
  const Principal* signed_in(const std::string& access_token_sha256, Audience audience,
                             std::int64_t now) const;
  const Principal& owner(const Token& token) const { return *principal(token.owner_id); }
  /// Also a revoked one; nullptr when there never was one.
  Token* token(std::string_view id);
  const Token* token(std::string_view id) const;
  /// Directly, as an admin, or through the group "users", which has everybody in it.
  bool can_use_tokens(const Principal& principal) const;
};

/// The data and the file that it lives in. [thread-safe]
class State {
 public:
  /// Reads the file.
  explicit State(std::filesystem::path file);
  /// Starts the file with these data.
  State(std::filesystem::path file, Data data);

  /// Calls `view(const Data&)` and returns what it returns; keep no reference to the data.
  template <typename View>
  auto read(View view) const {
    const std::lock_guard lock(mutex_);
    return view(data_);
  }

  /// Calls `edit(Data&)` on a copy, and makes that the state when the file has it. What `edit`
  /// throws leaves everything as it was.
  template <typename Edit>
  auto change(Edit edit) {
    const std::lock_guard lock(mutex_);
    Data next = data_;
    auto result = edit(next);
    save(next);
    data_ = std::move(next);
    return result;
  }

 private:
  void save(const Data& data);

  const std::filesystem::path file_;
  mutable std::mutex mutex_;
  Data data_;
  /// The file's lines, so that a change costs what it changes and not what there is.
  std::vector<std::pair<Token, std::string>> written_;
};

}  // namespace local_workspace
