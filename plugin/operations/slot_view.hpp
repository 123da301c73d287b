// The slot without its lease: which tokens it names.
#pragma once

#include <hub/connector.hpp>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace databricks_token {

struct SlotView {
  std::string id;
  std::map<std::string, std::string> roles;  // token_id -> "current", "pending" or "previous"

  std::set<std::string> accepted;  // nonces of tokens that are left alone

  /// Whether a token with that comment is this slot's, although no version names it.
  bool claims(std::string_view comment) const;
  std::string current() const;  // token_id; empty if there is none

  /// Nothing if the slot was never made.
  static hub::Result<std::optional<SlotView>> look(hub::Call call);
};

}  // namespace databricks_token
