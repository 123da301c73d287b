#include "commands/operation.hpp"

#include "json.hpp"
#include "session.hpp"

namespace sample_host {

hub::Result<Answer> run_operation(Session& session, const std::string& operation,
                                  const Poco::JSON::Object& request) {
  auto response = session.invoke(operation, request);
  if (!response) return std::move(response).error();
  return Answer{*response, to_prose(**response)};
}

}  // namespace sample_host
