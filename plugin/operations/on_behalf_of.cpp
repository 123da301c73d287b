#include <utility>

#include "databricks/reasons.hpp"
#include "operations/token_api.hpp"

namespace databricks_token {
namespace {

class OnBehalfOf : public TokenApi {
 public:
  OnBehalfOf(Workspace& workspace, std::string application_id)
      : workspace_(workspace), application_id_(std::move(application_id)) {}

  hub::Result<std::int64_t> owner(hub::Call call, const Credential& admin) override {
    const auto principal = workspace_.find_service_principal(call, admin, application_id_);
    if (!principal) return principal.error();
    if (!principal->has_value()) {
      return precondition(
          "PRINCIPAL_UNKNOWN",
          "the workspace has no service principal with application id " + application_id_);
    }
    if (!(*principal)->active) {
      return precondition("PRINCIPAL_INACTIVE",
                          "service principal " + application_id_ + " is not active");
    }
    return (*principal)->id;
  }

  hub::Result<MintedToken> create(hub::Call call, const Credential& admin,
                                  const TokenRequest& request) override {
    return workspace_.create_on_behalf_of(call, admin, request);
  }

  hub::Result<std::vector<TokenInfo>> list(hub::Call call, const Credential& admin) override {
    return workspace_.list_tokens(call, admin);
  }

  hub::Result<std::optional<TokenInfo>> find(hub::Call call, const Credential& admin,
                                             const std::string& token_id) override {
    auto found = workspace_.get_token(call, admin, token_id);
    if (found) return std::optional(*std::move(found));
    if (found.error().reason == "TOKEN_GONE") return std::optional<TokenInfo>();
    return std::move(found).error();
  }

  hub::Result<> revoke(hub::Call call, const Credential& admin,
                       const std::string& token_id) override {
    auto deleted = workspace_.delete_token(call, admin, token_id);
    if (!deleted && deleted.error().reason == "TOKEN_GONE") return {};
    return deleted;
  }

 private:
  Workspace& workspace_;
  const std::string application_id_;
};

}  // namespace

std::unique_ptr<TokenApi> tokens_on_behalf_of(Workspace& workspace, std::string application_id) {
  return std::make_unique<OnBehalfOf>(workspace, std::move(application_id));
}

}  // namespace databricks_token
