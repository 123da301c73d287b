// A service principal's tokens, as the rotation machine wants them.
#pragma once

#include <hub/rotation.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "operations/operation.hpp"
#include "operations/token_api.hpp"

namespace databricks_token {

/// So many tokens a user may have in a workspace (docs.databricks.com/en/dev-tools/auth/pat.html).
/// Whether expired ones count, it does not say; they are not counted here.
inline constexpr std::size_t kMostTokens = 600;

/// Databricks revokes a token that was unused for 90 days
/// (docs.databricks.com/en/dev-tools/auth/pat.html).
hub::rotation::Kind token_kind();

/// For one call; borrows the instance. The admin's credential is asked for anew at each request.
class TokenProvider : public hub::rotation::Provider {
 public:
  explicit TokenProvider(Instance& instance);

  hub::rotation::Kind kind() const override { return token_kind(); }
  std::string binding() const override;
  std::int64_t now() const override;
  hub::Result<std::string> owner_id(hub::Call call) override;
  hub::Result<hub::rotation::Minted> mint(hub::Call call,
                                          const hub::rotation::MintRequest& request) override;
  hub::Result<hub::rotation::Verdict> verify(hub::Call call, const hub::Secret& value,
                                             const std::string& owner_id,
                                             std::int64_t creation_time) override;
  hub::Result<std::vector<hub::rotation::Issued>> list(hub::Call call) override;
  hub::Result<std::optional<hub::rotation::Issued>> find(hub::Call call,
                                                         const std::string& id) override;
  hub::Result<> revoke(hub::Call call, const std::string& id) override;
  std::size_t capacity() const override { return kMostTokens; }
  std::optional<std::string> id_of(const hub::Secret& value) const override;

 private:
  Instance& instance_;
  const std::unique_ptr<TokenApi> api_;
};

}  // namespace databricks_token
