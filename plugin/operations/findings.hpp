// The list that check answers with.
#pragma once

#include <hub/error.hpp>

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace databricks_token {

/// One finding for each check, in this order, whatever was looked at.
inline constexpr std::array<std::string_view, 12> kChecks = {
    "workspace",      "clock",    "credential",  "admin",   "principal",     "token-permission",
    "tokens-enabled", "lifetime", "token-count", "orphans", "current-token", "on-behalf-of"};

/// `check` is one of kChecks.
class Findings {
 public:
  /// With a hint it is a warning: nothing is wrong yet.
  void pass(std::string_view check, std::string message, std::string_view hint = {});
  void fail(std::string_view check, std::string message, std::string_view hint);
  /// What nobody can know without changing something.
  void unknown(std::string_view check, std::string message, std::string_view hint = {});
  /// What an error says about the check: a fault that passes, nothing; then it is not known.
  void fail_by(std::string_view check, const hub::Error& error);
  void skip(std::string_view check, const std::string& because);
  /// All that has no finding yet.
  void skip_rest(const std::string& because);

  /// The error of a call that was cancelled: nobody waits for the findings.
  const std::optional<hub::Error>& cancelled() const { return cancelled_; }

  std::string to_json() const;

 private:
  struct Finding {
    std::string result;
    std::string message;
    std::string hint;
  };

  bool passed_ = true;
  std::map<std::string_view, Finding> findings_;
  std::optional<hub::Error> cancelled_;
};

}  // namespace databricks_token
