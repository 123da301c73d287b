#include "call.hpp"

#include <hub/strict_json.hpp>

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "secret_functions.hpp"

namespace hub {
namespace {

constexpr auto kNoDeadline = std::numeric_limits<std::int64_t>::max();

/// Nothing when the clock could not reach it.
std::optional<std::chrono::nanoseconds> deadline_after(std::chrono::nanoseconds now,
                                                       std::chrono::milliseconds timeout) {
  const auto left = std::chrono::nanoseconds::max() - now;
  if (timeout >= std::chrono::duration_cast<std::chrono::milliseconds>(left)) return std::nullopt;
  return now + timeout;
}

/// An error as the connector's revision of the header had it; what it did not have is read the
/// cautious way.
Error error_of(const hub_error* from) {
  hub_error read{};
  read.status = HUB_UNKNOWN;
  read.effect = HUB_EFFECT_UNKNOWN;
  std::memcpy(&read, from, std::min(from->struct_size, sizeof read));
  const auto text = [](hub_text value) { return std::string(view_of(value)); };
  return {.status = read.status == HUB_OK ? Status::kUnknown : status_of(read.status),
          .retry = retry_of(read.retry),
          .effect = effect_of(read.effect),
          .http_status = read.http_status,
          .retry_after_ms = std::max<std::int64_t>(read.retry_after_ms, 0),
          .reason = text(read.reason),
          .message = text(read.message),
          .hint = text(read.hint),
          .detail_json = text(read.detail_json)};
}

bool is_json_object(const std::string& text) {
  try {
    return check_strict_json(text, "detail");
  } catch (const Refused&) {
    return false;
  }
}

}  // namespace

HostCall::HostCall(const Subject& subject, const CallOptions& options)
    : subject_(subject),
      options_(options),
      deadline_(deadline_after(subject.services.monotonic(), options.timeout)),
      table_{} {
  const auto text = [](const std::string& from) {
    return from.empty() ? hub_text{} : text_of(from);
  };
  table_.struct_size = sizeof table_;
  table_.attempt = options.attempt;
  table_.idempotency_key = text(options.idempotency_key);
  table_.trace_parent = text(options.trace_parent);
  table_.context = this;
  table_.remaining_ns = remaining_ns;
  table_.cancelled = cancelled;
  table_.on_cancel = on_cancel;
  table_.off_cancel = off_cancel;
  table_.log = log;
  table_.fail = fail;
  set_secret_functions(table_);
}

Result<const ConnectionManifest::Grant*> HostCall::grant(std::string_view name) const {
  const std::string key(name);
  const auto granted = subject_.granted.find(key);
  if (subject_.declared.contains(key) && granted != subject_.granted.end()) return &granted->second;
  return Error{.status = Status::kPermissionDenied,
               .reason = "SECRET_NOT_GRANTED",
               .message = "the secret \"" + key + "\" is not granted to " +
                          (subject_.connection.empty() ? "a connector that starts"
                                                       : "connection " + subject_.connection),
               .hint = subject_.declared.contains(key)
                           ? "grant it in the connection's manifest, under secrets"
                           : "the connector is defective: it does not declare this secret"};
}

hub_status HostCall::record(Error error) {
  const auto number = static_cast<hub_status>(error.status);
  host_said_.push_back(error);
  failure_ = std::move(error);
  return number;
}

Error HostCall::outcome(hub_status status, std::string_view function) const {
  const Status code = status == HUB_OK ? Status::kInternal : status_of(status);
  const auto said = std::find_if(host_said_.rbegin(), host_said_.rend(),
                                 [&](const Error& each) { return each.status == code; });
  Error error;
  if (failure_ && failure_->status == code) {
    error = *failure_;
  } else if (said != host_said_.rend()) {
    error = *said;
  } else {
    error = {.status = code,
             .effect = Effect::kUnknown,
             .reason = "UNEXPLAINED",
             .message = "the connector's " + std::string(function) + " returned " +
                        std::string(to_text(code)) + " without saying why",
             .hint = "the connector is defective: tell its author"};
  }
  if (error.message.empty()) {
    error.message =
        "the connector's " + std::string(function) + " failed: " + std::string(to_text(code));
  }
  for (std::string* text : {&error.reason, &error.message, &error.hint, &error.detail_json})
    *text = services().redactor().redact(*text);
  if (!error.detail_json.empty() && !is_json_object(error.detail_json)) error.detail_json.clear();
  return error;
}

int64_t HostCall::remaining_ns(const hub_call* call) noexcept {
  try {
    const HostCall& self = of(call);
    if (!self.deadline_) return kNoDeadline;
    const auto left = *self.deadline_ - self.services().monotonic();
    return std::max<std::int64_t>(left.count(), 0);
  } catch (...) {
    return 0;
  }
}

int32_t HostCall::cancelled(const hub_call* call) noexcept {
  return of(call).options_.cancel.stop_requested() ? 1 : 0;
}

uint64_t HostCall::on_cancel(const hub_call* call, void (*callback)(void*) noexcept,
                             void* argument) noexcept {
  try {
    HostCall& self = of(call);
    const auto id = self.next_id_++;
    self.on_stop_.emplace(
        id, std::make_unique<OnStop>(self.options_.cancel, [=] { callback(argument); }));
    return id;
  } catch (...) {
    return 0;  // no memory: the connector still sees `cancelled`
  }
}

void HostCall::off_cancel(const hub_call* call, uint64_t id) noexcept {
  of(call).on_stop_.erase(id);  // ~stop_callback waits for one that runs
}

void HostCall::log(const hub_call* call, hub_log_level level, hub_text message) noexcept {
  const HostCall& self = of(call);
  log_redacted(self.services(), level, self.subject_.connection, message);
}

void HostCall::fail(const hub_call* call, const hub_error* error) noexcept {
  try {
    HostCall& self = of(call);
    Error told = error_of(error);
    // What the host said itself fills the gaps, unless this is another error: then a hint of the
    // host's would mislead.
    const auto said =
        std::find_if(self.host_said_.rbegin(), self.host_said_.rend(), [&](const Error& each) {
          return each.status == told.status && (told.reason.empty() || told.reason == each.reason);
        });
    if (said != self.host_said_.rend()) {
      for (std::string Error::*text :
           {&Error::reason, &Error::message, &Error::hint, &Error::detail_json}) {
        if ((told.*text).empty()) told.*text = (*said).*text;
      }
      if (told.retry_after_ms == 0) told.retry_after_ms = said->retry_after_ms;
    }
    self.failure_ = std::move(told);
  } catch (...) {
    // No memory for the texts: the status that is returned still counts.
  }
}

void log_redacted(HostServices& services, hub_log_level level, std::string_view connection,
                  hub_text message) noexcept {
  try {
    const bool known = level >= HUB_LOG_DEBUG && level <= HUB_LOG_ERROR;
    services.log(known ? static_cast<LogLevel>(level) : LogLevel::kError, connection,
                 services.redactor().redact(view_of(message)));
  } catch (...) {
    // A log that fails is no reason to fail what it tells about.
  }
}

}  // namespace hub
