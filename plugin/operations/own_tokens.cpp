#include <Poco/String.h>

#include <algorithm>
#include <utility>

#include "databricks/reasons.hpp"
#include "operations/token_api.hpp"

namespace databricks_token {
namespace {

class OwnTokens : public TokenApi {
 public:
  OwnTokens(Workspace& workspace, std::string application_id)
      : workspace_(workspace), application_id_(std::move(application_id)) {}

  hub::Result<std::int64_t> owner(hub::Call call, const Credential& self) override {
    if (id_) return *id_;
    const auto identity = workspace_.me(call, self);
    if (!identity) return identity.error();
    if (Poco::icompare(identity->user_name, application_id_) != 0) {
      return precondition("PRINCIPAL_MISMATCH", "the credential is not that of " + application_id_ +
                                                    ", but of " + identity->user_name);
    }
    if (!identity->active) {
      return precondition("PRINCIPAL_INACTIVE",
                          "service principal " + application_id_ + " is not active");
    }
    return *(id_ = identity->id);
  }

  hub::Result<MintedToken> create(hub::Call call, const Credential& self,
                                  const TokenRequest& request) override {
    const auto id = owner(call, self);
    if (!id) return id.error();
    auto minted = workspace_.create_own_token(call, self, request);
    if (minted) minted->info.owner_id = *id;
    return minted;
  }

  hub::Result<std::vector<TokenInfo>> list(hub::Call call, const Credential& self) override {
    const auto id = owner(call, self);
    if (!id) return id.error();
    auto listed = workspace_.list_own_tokens(call, self);
    if (listed) {
      for (TokenInfo& info : *listed) info.owner_id = *id;
    }
    return listed;
  }

  hub::Result<std::optional<TokenInfo>> find(hub::Call call, const Credential& self,
                                             const std::string& token_id) override {
    auto listed = list(call, self);
    if (!listed) return std::move(listed).error();
    const auto found = std::ranges::find(*listed, token_id, &TokenInfo::token_id);
    if (found == listed->end()) return std::optional<TokenInfo>();
    return std::optional(std::move(*found));
  }

  hub::Result<> revoke(hub::Call call, const Credential& self,
                       const std::string& token_id) override {
    const auto id = owner(call, self);
    if (!id) return id.error();
    auto deleted = workspace_.delete_own_token(call, self, token_id);
    if (!deleted && deleted.error().reason == "TOKEN_GONE") return {};
    return deleted;
  }

 private:
  Workspace& workspace_;
  const std::string application_id_;
  std::optional<std::int64_t> id_;
};

}  // namespace

std::unique_ptr<TokenApi> own_tokens(Workspace& workspace, std::string application_id) {
  return std::make_unique<OwnTokens>(workspace, std::move(application_id));
}

}  // namespace databricks_token
