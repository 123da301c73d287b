#include <hub/host.hpp>

#include <utility>

#include "call.hpp"
#include "connection_state.hpp"

namespace hub {
namespace {

constexpr std::size_t kMaxResponse = 16U * 1024 * 1024;

std::string names_of(const Description::Operations& operations) {
  std::string names;
  for (const auto& [name, unused] : operations) names += (names.empty() ? "" : ", ") + name;
  return names;
}

Result<> checked_request(const JsonSchema& schema, std::string_view operation,
                         std::string_view request_json) {
  Error error{.status = Status::kInvalidArgument, .reason = "REQUEST_INVALID"};
  try {
    const auto json = parse_strict_json(request_json, "request");
    const auto wrong = schema.first_error(json.value);
    if (!wrong) return {};
    error.message = "the request of " + std::string(operation) + ": " +
                    (wrong->pointer.empty() ? "it" : wrong->pointer) + " " + wrong->message;
    error.hint = wrong->hint;
  } catch (const Refused& refused) {
    error.message = "the request of " + std::string(operation) + " is no JSON: " + refused.what();
    error.hint = refused.error.hint;
  }
  return error;
}

}  // namespace

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}

Connection::~Connection() {
  LoadedConnector& connector = *state_->connector;
  connector.table.close(state_->instance);
  const std::lock_guard lock(connector.mutex);
  --connector.connections;
}

const std::string& Connection::name() const { return state_->name; }

Result<std::string> Connection::invoke(std::string_view operation, std::string_view request_json,
                                       const CallOptions& options) {
  LoadedConnector& connector = *state_->connector;
  const Redactor& redactor = connector.services.redactor();
  const auto known = connector.description.operations.find(operation);
  if (known == connector.description.operations.end()) {
    return Error{.status = Status::kInvalidArgument,
                 .reason = "UNKNOWN_OPERATION",
                 .message = redactor.redact(connector.description.id + " has no operation " +
                                            std::string(operation)),
                 .hint = "it has: " + names_of(connector.description.operations)};
  }
  if (auto checked = checked_request(known->second.request, operation, request_json); !checked) {
    checked.error().message = redactor.redact(checked.error().message);
    return std::move(checked).error();
  }
  const std::unique_lock lock(state_->one_call, std::try_to_lock);
  if (!lock) {
    return Error{.status = Status::kUnavailable,
                 .retry = Retry::kSameCall,
                 .reason = "CONNECTION_BUSY",
                 .message = "another call runs on connection " + state_->name,
                 .hint = "make one call at a time on a connection, or open a second one"};
  }

  const HostCall::Subject subject{.services = connector.services,
                                  .connection = state_->name,
                                  .declared = connector.description.secrets,
                                  .granted = state_->grants};
  const HostCall call(subject, options);
  BoundedText response(kMaxResponse);
  const hub_status status = connector.table.invoke(state_->instance, call.raw(), text_of(operation),
                                                   text_of(request_json), response.sink());
  if (status != HUB_OK) {
    Error error = call.outcome(status, operation);
    // HUB-C-07: to try again what may have happened already is for idempotent operations only.
    if (error.effect == Effect::kUnknown && error.retry == Retry::kSameCall &&
        !known->second.idempotent) {
      error.retry = Retry::kNever;
    }
    return error;
  }
  std::string text = redactor.redact(response.text());
  try {
    check_strict_json(text, "response");
  } catch (const Refused& refused) {
    return Error{
        .status = Status::kInternal,
        .effect = Effect::kUnknown,
        .reason = "RESPONSE_INVALID",
        .message = "the response of " + std::string(operation) + " is no JSON: " + refused.what(),
        .hint = "the connector is defective: tell its author"};
  }
  return text;
}

}  // namespace hub
