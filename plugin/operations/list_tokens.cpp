#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>

#include <sstream>

#include "operations/operation.hpp"
#include "operations/schemas.hpp"
#include "operations/slot_view.hpp"
#include "operations/token_provider.hpp"

namespace databricks_token {
namespace {

hub::Result<std::string> list_tokens(Instance& instance, hub::Call call, const JsonObject&) {
  const auto slot = SlotView::look(call);
  if (!slot) return slot.error();
  TokenProvider provider(instance);
  const auto owner = provider.owner_id(call);
  if (!owner) return owner.error();
  const auto listed = provider.list(call);
  if (!listed) return listed.error();

  Poco::JSON::Array tokens;
  for (const hub::rotation::Issued& issued : *listed) {
    if (issued.owner_id != *owner) continue;
    std::string role = "other";
    if (*slot) {
      const auto named = (*slot)->roles.find(issued.id);
      if (named != (*slot)->roles.end()) {
        role = named->second;
      } else if ((*slot)->claims(issued.comment)) {
        role = "orphan";
      }
    }
    Poco::JSON::Object::Ptr token = new Poco::JSON::Object(Poco::JSON_PRESERVE_KEY_ORDER);
    token->set("token_id", issued.id);
    token->set("role", role);
    token->set("live", issued.expiry_time <= 0 || issued.expiry_time > provider.now());
    token->set("creation_time", issued.creation_time);
    token->set("expiry_time", issued.expiry_time);
    token->set("comment", issued.comment);
    if (issued.last_used_day) token->set("last_used_day", *issued.last_used_day);
    tokens.add(token);
  }
  Poco::JSON::Object response;
  response.set("tokens", tokens);
  std::ostringstream text;
  response.stringify(text);
  return text.str();
}

}  // namespace

constinit const Operation kListTokens{.name = "list-tokens",
                                      .summary =
                                          "Lists the service principal's tokens as the workspace "
                                          "has them, and what they are to this slot.",
                                      .idempotent = true,
                                      .request_schema = kEmptyRequest,
                                      .response_schema = R"json({
      "type": "object",
      "required": ["tokens"],
      "properties": {
        "tokens": {
          "type": "array",
          "items": {
            "type": "object",
            "required": ["token_id", "role", "live", "creation_time", "expiry_time", "comment"],
            "properties": {
              "token_id": {"type": "string"},
              "role": {
                "description": "orphan: it carries this slot's marker, but the slot does not name it.",
                "enum": ["current", "pending", "previous", "orphan", "other"]
              },
              "live": {"description": "Not expired; the workspace lists expired ones, too.", "type": "boolean"},
              "creation_time": {"type": "integer"},
              "expiry_time": {"description": "Milliseconds since 1970; -1: never.", "type": "integer"},
              "comment": {"type": "string"},
              "last_used_day": {"type": "integer"}
            }
          }
        }
      }
    })json",
                                      .run = list_tokens};

}  // namespace databricks_token
