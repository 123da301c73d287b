// The OAuth secrets of a Databricks service principal, as the rotation machine wants them.
#pragma once

#include <rapidjson/document.h>
#include <hub/rotation.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client.hpp"

namespace oauth_secret {

/// Whose secrets these are.
struct Principal {
  std::string id;              // the numeric one, by which secrets are made
  std::string application_id;  // the OAuth client that signs in with them
  std::chrono::seconds settle_time{30};
};

inline hub::rotation::Kind the_kind() { return {.noun = "secret", .has_comments = false}; }

/// Borrows the client. The admin's credential is asked for anew at each request.
class SecretProvider : public hub::rotation::Provider {
 public:
  SecretProvider(hub::Host host, const Client& client, Principal principal)
      : host_(host), client_(client), principal_(std::move(principal)) {}

  hub::rotation::Kind kind() const override { return the_kind(); }
  std::string binding() const override;
  std::int64_t now() const override { return host_.now().count() + clock_offset_; }
  hub::Result<std::string> owner_id(hub::Call) override { return principal_.id; }
  hub::Result<hub::rotation::Minted> mint(hub::Call call,
                                          const hub::rotation::MintRequest& request) override;
  hub::Result<hub::rotation::Verdict> verify(hub::Call call, const hub::Secret& value,
                                             const std::string& owner_id,
                                             std::int64_t creation_time) override;
  hub::Result<std::vector<hub::rotation::Issued>> list(hub::Call call) override;
  hub::Result<std::optional<hub::rotation::Issued>> find(hub::Call call,
                                                         const std::string& id) override;
  hub::Result<> revoke(hub::Call call, const std::string& id) override;
  /// docs.databricks.com, "OAuth machine-to-machine": up to five secrets for a service principal.
  std::size_t capacity() const override { return 5; }
  /// How secret_hash is made is not documented.
  std::optional<std::string> id_of(const hub::Secret&) const override { return std::nullopt; }

 private:
  /// A JSON object that the workspace answered. The document's texts lie in the bytes.
  struct Answer {
    Response response;
    rapidjson::Document json;
  };

  hub::Result<Answer> as_admin(hub::Call call, Request request);
  hub::Result<Answer> ask(hub::Call call, const Request& request);
  std::string secrets_path() const;
  hub::Result<hub::rotation::Issued> issued(const rapidjson::Value& json) const;

  hub::Host host_;
  const Client& client_;
  Principal principal_;
  std::int64_t clock_offset_ = 0;  // of the workspace, by its last answer; milliseconds
};

}  // namespace oauth_secret
