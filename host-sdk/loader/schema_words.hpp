// valijson's verdicts in words for the person who wrote the document.
#pragma once

#include <Poco/JSON/Object.h>
#include <hub/schema.hpp>

#include <string>
#include <vector>

namespace hub {

/// One of valijson's errors: where, and its text.
struct Verdict {
  std::vector<std::string> path;  // keys and indices from the root
  std::string text;
};

/// The part of `value` at `path`; empty when nothing is there.
Poco::Dynamic::Var value_at(Poco::Dynamic::Var value, const std::vector<std::string>& path);

/// What `node` of the schema `root` says about the place `path` below it; null when it says
/// nothing.
Poco::JSON::Object::Ptr schema_at(const Poco::JSON::Object::Ptr& root, Poco::JSON::Object::Ptr node,
                                  const std::vector<std::string>& path);

/// `verdict` upon a `value` that is not valid by `node`. Values are not quoted: somebody may have
/// put a secret where it does not belong.
SchemaError in_words(const Poco::JSON::Object::Ptr& root, const Poco::JSON::Object::Ptr& node,
                     const Poco::Dynamic::Var& value, const Verdict& verdict);

/// "\"a\", \"b\"": the `const` or `enum` of a schema.
std::string allowed_values(const Poco::JSON::Object::Ptr& schema);

}  // namespace hub
