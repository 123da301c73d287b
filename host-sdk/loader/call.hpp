// The host's side of one start, open or invoke: the hub_call that the connector sees, and what is
// made of the status that it returns.
#pragma once

#include <hub/host.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "description.hpp"

namespace hub {

/// Lives on the stack of the host's thread, around one call. Its errors are kept until then.
class HostCall {
 public:
  /// For whom the call is: what is granted among what is declared.
  struct Subject {
    HostServices& services;
    std::string connection;
    const Description::Secrets& declared;
    const std::map<std::string, ConnectionManifest::Grant>& granted;
  };

  /// Both outlive this object.
  HostCall(const Subject& subject, const CallOptions& options);
  HostCall(const HostCall&) = delete;
  HostCall& operator=(const HostCall&) = delete;

  const hub_call* raw() const { return &table_; }
  static HostCall& of(const hub_call* call) { return *static_cast<HostCall*>(call->context); }

  HostServices& services() const { return subject_.services; }

  /// The grant of a declared secret. Error: PERMISSION_DENIED, SECRET_NOT_GRANTED.
  Result<const ConnectionManifest::Grant*> grant(std::string_view name) const;

  /// Keeps an error of a function of the host, as if by fail, and gives back its number.
  hub_status record(Error error);

  /// Why the connector returned `status`, which is not HUB_OK; redacted. `function` is what was
  /// called, for when it did not say.
  Error outcome(hub_status status, std::string_view function) const;

 private:
  using OnStop = std::stop_callback<std::function<void()>>;

  static int64_t remaining_ns(const hub_call* call) noexcept;
  static int32_t cancelled(const hub_call* call) noexcept;
  static uint64_t on_cancel(const hub_call* call, void (*callback)(void*) noexcept,
                            void* argument) noexcept;
  static void off_cancel(const hub_call* call, uint64_t id) noexcept;
  static void log(const hub_call* call, hub_log_level level, hub_text message) noexcept;
  static void fail(const hub_call* call, const hub_error* error) noexcept;

  const Subject& subject_;
  const CallOptions& options_;
  std::optional<std::chrono::nanoseconds> deadline_;  // by HostServices::monotonic; none: no end
  hub_call table_;
  std::optional<Error> failure_;  // what counts at present
  std::vector<Error> host_said_;  // by the host's functions, in this order
  std::uint64_t next_id_ = 1;
  std::map<std::uint64_t, std::unique_ptr<OnStop>> on_stop_;
};

/// Hands a line of the connector to the host's log, redacted; never throws.
void log_redacted(HostServices& services, hub_log_level level, std::string_view connection,
                  hub_text message) noexcept;

}  // namespace hub
