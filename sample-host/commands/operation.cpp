#include "commands/operation.hpp"

#include "json.hpp"
#include "session.hpp"

namespace sample_host {

hub::Result<Answer> run_operation(Session& session, const std::string& operation,
                                  const Poco::JSON::Object& request) {
  return run_operation(session, operation, to_text(request));
}

hub::Result<Answer> run_operation(Session& session, const std::string& operation,
                                  std::string_view request_json) {
  auto response = session.invoke(operation, request_json);
  if (!response) return std::move(response).error();
  return Answer{*response, to_prose(**response)};
}

hub::Result<> name_replaced(Session& session, Poco::JSON::Object& request) {
  if (session.line().has("--replace")) {
    request.set("replace", std::string(session.line().value("--replace")));
    return {};
  }
  const auto slot = session.store().look(session.slot());
  if (!slot && slot.error().status != hub::Status::kNotFound) return slot.error();
  if (slot && slot->current)
    request.set("replace", parse_object(slot->current->note)->get("token_id"));
  return {};
}

}  // namespace sample_host
