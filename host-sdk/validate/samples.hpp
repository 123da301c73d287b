// JSON made up from a JSON Schema, from a seed.
#pragma once

#include <Poco/Dynamic/Var.h>
#include <Poco/JSON/Object.h>
#include <hub/schema.hpp>

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace hub::validate {

/// Of one schema, which outlives it. The same seed makes the same samples.
class Samples {
 public:
  Samples(const JsonSchema& schema, std::uint64_t seed);

  /// The smallest sample that is valid; nothing where none was found, such as of a pattern that
  /// none of its own examples fits.
  std::optional<std::string> smallest();

  /// Valid ones, each different.
  std::vector<std::string> valid(std::size_t at_most);

  /// `text`, changed at random in one place, where it stays valid.
  std::vector<std::string> valid_changes(const std::string& text, std::size_t at_most);

  /// What no host should send: values that are changed at random, and texts that are no JSON.
  std::vector<std::string> broken(const std::string& text, std::size_t at_most);

 private:
  Poco::Dynamic::Var make(const Poco::JSON::Object::Ptr& schema, bool small, int depth);
  Poco::Dynamic::Var make_object(const Poco::JSON::Object::Ptr& schema, bool small, int depth);
  Poco::Dynamic::Var make_text(const Poco::JSON::Object::Ptr& schema);
  Poco::Dynamic::Var change(const Poco::Dynamic::Var& value, bool wildly);
  Poco::Dynamic::Var odd_value();
  std::size_t pick(std::size_t below) { return below == 0 ? 0 : random_() % below; }

  const JsonSchema& schema_;
  Poco::JSON::Object::Ptr root_;
  std::mt19937_64 random_;
};

}  // namespace hub::validate
