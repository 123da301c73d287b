#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <hub/schema.hpp>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>
#include <valijson/adapters/poco_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>
#include <vector>

#include "embedded_schemas.hpp"
#include "refuse.hpp"
#include "schema_walk.hpp"
#include "schema_words.hpp"

namespace hub {

using Poco::Dynamic::Var;
using Poco::JSON::Array;
using Poco::JSON::Object;
using valijson::adapters::PocoJsonAdapter;

struct JsonSchema::Compiled {
  Var document;
  valijson::Schema schema;
};

namespace {

constexpr std::size_t kMaxString = 4096;

std::vector<Verdict> verdicts_of(const valijson::Schema& schema, const Var& value) {
  valijson::Validator validator(valijson::Validator::kStrongTypes);
  valijson::ValidationResults results;
  const PocoJsonAdapter adapter(value);
  std::vector<Verdict> verdicts;
  if (validator.validate(schema, adapter, &results)) return verdicts;
  for (const auto& each : results) {
    Verdict verdict{.path = {}, .text = each.description};
    // "<root>", "[key]", "[0]"
    for (std::size_t i = 1; i < each.context.size(); ++i)
      verdict.path.push_back(each.context[i].substr(1, each.context[i].size() - 2));
    verdicts.push_back(std::move(verdict));
  }
  if (verdicts.empty()) verdicts.push_back({.path = {}, .text = "nothing is allowed here"});
  return verdicts;
}

bool is_choice(const Verdict& verdict) {
  return verdict.text.find("allowed by oneOf") != std::string::npos ||
         verdict.text.find("allowed by anyOf") != std::string::npos;
}

/// A member by which the alternatives of a choice are told apart, such as a `type`, and that says
/// `value` is not meant by `branch`.
std::string mismatch(const Object::Ptr& root, const Object::Ptr& branch, const Var& value) {
  if (value.type() != typeid(Object::Ptr)) return "";
  const auto object = value.extract<Object::Ptr>();
  if (const auto properties = branch->getObject("properties")) {
    for (const auto& [key, unused] : *properties) {
      const auto property = child(root, properties, key);
      if (!property || allowed_values(property).empty() || !object->has(key)) continue;
      valijson::Schema compiled;
      const Var document = property;
      valijson::SchemaParser().populateSchema(PocoJsonAdapter(document), compiled);
      if (!verdicts_of(compiled, object->get(key)).empty()) return key;
    }
  }
  return "";
}

SchemaError explain(const Object::Ptr& root, const Object::Ptr& node, const Var& value,
                    const std::vector<Verdict>& verdicts);

/// Of a choice of which no alternative fits: what is wrong with the one that was meant.
SchemaError explain_choice(const Object::Ptr& root, const Object::Ptr& node, const Var& value,
                           const Verdict& choice) {
  const Var chosen = value_at(value, choice.path);
  const Object::Ptr schema = schema_at(root, node, choice.path);
  SchemaError best = in_words(root, node, value, choice);
  std::size_t fewest = std::numeric_limits<std::size_t>::max();
  std::string told_apart_by;
  std::string allowed;
  for (const Object::Ptr& branch : schema ? branches(root, schema) : std::vector<Object::Ptr>()) {
    if (const std::string key = mismatch(root, branch, chosen); !key.empty()) {
      told_apart_by = key;
      allowed += (allowed.empty() ? "" : ", ") +
                 allowed_values(child(root, child(root, branch, "properties"), key));
      continue;
    }
    Object::Ptr whole = new Object(*branch);
    if (root->has("definitions")) whole->set("definitions", root->get("definitions"));
    const Var document = whole;
    valijson::Schema compiled;
    valijson::SchemaParser().populateSchema(PocoJsonAdapter(document), compiled);
    const auto inner = verdicts_of(compiled, chosen);
    if (inner.empty() || inner.size() >= fewest) continue;
    fewest = inner.size();
    best = explain(whole, whole, chosen, inner);
    std::string above;
    for (const std::string& key : choice.path) above = pointer_below(above, key);
    best.pointer.insert(0, above);
  }
  if (fewest == std::numeric_limits<std::size_t>::max() && !told_apart_by.empty()) {
    best.pointer = pointer_below(best.pointer, told_apart_by);
    best.message = "must be one of " + allowed;
  }
  return best;
}

SchemaError explain(const Object::Ptr& root, const Object::Ptr& node, const Var& value,
                    const std::vector<Verdict>& verdicts) {
  // valijson reports the innermost first, and a choice after what its alternatives said.
  const Verdict& first = verdicts.front();
  const auto choice = std::ranges::find_if(verdicts, is_choice);
  if (choice != verdicts.end() && choice->path.size() <= first.path.size() &&
      std::equal(choice->path.begin(), choice->path.end(), first.path.begin())) {
    return explain_choice(root, node, value, *choice);
  }
  return in_words(root, node, value, first);
}

std::optional<SchemaError> first_long_string(const Var& value, const std::string& pointer) {
  if (value.isString() && value.extract<std::string>().size() > kMaxString) {
    return SchemaError{.pointer = pointer,
                       .message = "is longer than " + std::to_string(kMaxString) + " bytes",
                       .hint = "shorten it"};
  }
  if (value.type() == typeid(Object::Ptr)) {
    for (const auto& [key, member] : *value.extract<Object::Ptr>()) {
      if (auto found = first_long_string(key, pointer)) return found;
      if (auto found = first_long_string(member, pointer_below(pointer, key))) return found;
    }
  }
  if (value.type() == typeid(Array::Ptr)) {
    const auto array = value.extract<Array::Ptr>();
    for (std::size_t i = 0; i < array->size(); ++i) {
      if (auto found = first_long_string(array->get(static_cast<unsigned>(i)),
                                         pointer_below(pointer, std::to_string(i)))) {
        return found;
      }
    }
  }
  return std::nullopt;
}

}  // namespace

JsonSchema::JsonSchema(Var schema) : compiled_(std::make_unique<Compiled>()) {
  compiled_->document = std::move(schema);
  if (compiled_->document.type() != typeid(Object::Ptr))
    throw std::invalid_argument("a schema must be an object");
  try {
    valijson::SchemaParser().populateSchema(PocoJsonAdapter(compiled_->document),
                                            compiled_->schema);
  } catch (const std::exception& wrong) {
    throw std::invalid_argument(wrong.what());
  }
}

JsonSchema::JsonSchema(JsonSchema&&) noexcept = default;
JsonSchema::~JsonSchema() = default;

const Var& JsonSchema::document() const { return compiled_->document; }

std::optional<SchemaError> JsonSchema::first_error(const Var& value) const {
  if (auto found = first_long_string(value, "")) return found;
  const auto verdicts = verdicts_of(compiled_->schema, value);
  if (verdicts.empty()) return std::nullopt;
  const auto root = compiled_->document.extract<Object::Ptr>();
  return explain(root, root, value, verdicts);
}

namespace schemas {
namespace {

JsonSchema built_in(std::string_view text) {
  return JsonSchema(parse_strict_json(text, "built-in schema").value);
}

}  // namespace

const JsonSchema& connector_manifest() {
  static const JsonSchema schema = built_in(kConnectorManifestSchema);
  return schema;
}
const JsonSchema& connection() {
  static const JsonSchema schema = built_in(kConnectionSchema);
  return schema;
}
const JsonSchema& describe() {
  static const JsonSchema schema = built_in(kDescribeSchema);
  return schema;
}
const JsonSchema& host() {
  static const JsonSchema schema = built_in(kHostSchema);
  return schema;
}

}  // namespace schemas

LocatedJson read_json_file(const std::filesystem::path& file, const JsonSchema& schema) {
  LocatedJson json = parse_strict_json(read_trusted_file(file), file.string());
  if (const auto error = schema.first_error(json.value)) {
    refuse({.file = file.string(),
            .line = json.line_of(error->pointer),
            .path = error->pointer,
            .rule = "HUB-L-04"},
           Status::kInvalidArgument, "SCHEMA_VIOLATED", error->message, error->hint);
  }
  return json;
}

}  // namespace hub
