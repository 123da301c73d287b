#include "description.hpp"

#include <Poco/JSON/Object.h>

#include <stdexcept>
#include <utility>

#include "refuse.hpp"

namespace hub {

using Poco::JSON::Object;

namespace {

[[noreturn]] void refuse_description(const std::string& library, const std::string& pointer,
                                     const std::string& text) {
  refuse({.file = library, .path = pointer, .rule = "HUB-L-11"}, Status::kFailedPrecondition,
         "DESCRIPTION_INVALID", "in the connector's description: " + text,
         "the connector is defective: install a corrected version");
}

JsonSchema compiled(const Object::Ptr& holder, const std::string& key, const std::string& library,
                    const std::string& pointer) {
  try {
    return JsonSchema(holder->get(key));
  } catch (const std::invalid_argument& wrong) {
    refuse_description(library, pointer_below(pointer, key), wrong.what());
  }
}

}  // namespace

Description Description::parse(std::string text, const std::string& library) {
  Poco::Dynamic::Var value;
  try {
    value = parse_strict_json(text, library).value;
  } catch (const Refused& wrong) {
    refuse_description(library, "", wrong.what());
  }
  if (const auto error = schemas::describe().first_error(value))
    refuse_description(library, error->pointer, error->message);

  const auto root = value.extract<Object::Ptr>();
  Description description{.text = std::move(text),
                          .id = root->getValue<std::string>("id"),
                          .version = root->getValue<std::string>("version"),
                          .config = compiled(root, "config", library, ""),
                          .secrets = {},
                          .operations = {}};
  for (const auto& [name, declared] : *root->getObject("secrets")) {
    const auto secret = declared.extract<Object::Ptr>();
    description.secrets[name] = {.rotates = secret->getValue<std::string>("access") == "rotate",
                                 .required = secret->getValue<bool>("required")};
  }
  for (const auto& [name, declared] : *root->getObject("operations")) {
    const auto operation = declared.extract<Object::Ptr>();
    const std::string pointer = pointer_below("/operations", name);
    compiled(operation, "response", library, pointer);
    description.operations.emplace(
        name, Operation{.request = compiled(operation, "request", library, pointer),
                        .idempotent = operation->getValue<bool>("idempotent")});
  }
  return description;
}

}  // namespace hub
