// The slot without its lease: which tokens it names.
#pragma once

#include <hub/connector.hpp>

#include <map>
#include <optional>
#include <string>

namespace databricks_token {

struct SlotView {
  std::string id;
  std::map<std::string, std::string> roles;  // token_id -> "current", "pending" or "previous"

  std::string current() const;  // token_id; empty if there is none

  /// Nothing if the slot was never made.
  static hub::Result<std::optional<SlotView>> look(hub::Call call);
};

}  // namespace databricks_token
