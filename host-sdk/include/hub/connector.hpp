// For authors of connectors: the ABI in C++. Header-only, standard library only.
//
//     class Example {
//      public:
//       static constexpr std::string_view kId = "example";
//       static constexpr std::string_view kVersion = "1.0.0";
//       static std::string describe();  // JSON
//       static hub::Result<> start(hub::Host host, hub::Call call);  // or none
//       static void stop();                                          // or none
//       static hub::Result<std::unique_ptr<Example>> open(
//           hub::Call call, std::string_view connection, std::string_view config_json);
//       hub::Result<std::string> invoke(
//           hub::Call call, std::string_view operation, std::string_view request_json);
//     };
//     HUB_EXPORT_CONNECTOR(Example)
//
// examples/minimal is a whole one; hub/testing/fake_host.hpp is a host for its tests.
#pragma once

#include <hub/error.hpp>
#include <hub/secret.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace hub {

/// The host, from start until stop. A view: copies are cheap, the host owns what is behind it.
/// Thread-safe.
class Host {
 public:
  explicit Host(const hub_host* host) : host_(host) {}

  std::string_view name() const { return view_of(host_->name); }
  std::string_view version() const { return view_of(host_->version); }
  std::chrono::milliseconds now() const {
    return std::chrono::milliseconds(host_->now_unix_ms(host_));
  }
  std::chrono::nanoseconds monotonic() const {
    return std::chrono::nanoseconds(host_->now_monotonic_ns(host_));
  }
  void log(LogLevel level, std::string_view message) const {
    host_->log(host_, static_cast<hub_log_level>(level), text_of(message));
  }

 private:
  const hub_host* host_;
};

/// One call of the host; a view that is dead when the call returns. Thread and errors of each
/// member are those of the hub_call function that it stands for.
class Call {
 public:
  explicit Call(const hub_call* call) : call_(call) {}

  const hub_call* raw() const { return call_; }
  std::uint32_t attempt() const { return call_->attempt; }
  std::string_view idempotency_key() const { return view_of(call_->idempotency_key); }
  std::chrono::nanoseconds remaining() const {
    return std::chrono::nanoseconds(call_->remaining_ns(call_));
  }
  bool cancelled() const { return call_->cancelled(call_) != 0; }

  void log(LogLevel level, std::string_view message) const {
    call_->log(call_, static_cast<hub_log_level>(level), text_of(message));
  }

  /// Reports `error` and gives back its number, which the C function is to return.
  hub_status fail(const Error& error) const {
    const auto text = [](const std::string& from) {
      return from.empty() ? hub_text{} : text_of(from);
    };
    const hub_error raw{.struct_size = sizeof(hub_error),
                        .status = static_cast<hub_status>(error.status),
                        .retry = static_cast<hub_retry>(error.retry),
                        .effect = static_cast<hub_effect>(error.effect),
                        .http_status = error.http_status,
                        .retry_after_ms = error.retry_after_ms,
                        .reason = text(error.reason),
                        .message = text(error.message),
                        .hint = text(error.hint),
                        .detail_json = text(error.detail_json)};
    call_->fail(call_, &raw);
    return raw.status;
  }

  Result<Secret> secret(std::string_view name) const {
    Secret value;
    if (auto refused = refusal(call_->secret_get(call_, text_of(name), value.sink())))
      return *std::move(refused);
    return value;
  }

  /// The slot without a lease, as JSON.
  Result<std::string> look(std::string_view name) const;

  /// The Error for a status that a function of the host returned, or nothing for HUB_OK. The host
  /// knows the texts.
  static std::optional<Error> refusal(hub_status status) {
    if (status == HUB_OK) return std::nullopt;
    const Status code = status_of(status);
    return Error{.status = code,
                 .retry = code == Status::kAborted       ? Retry::kFromStart
                          : code == Status::kUnavailable ? Retry::kSameCall
                                                         : Retry::kNever};
  }

 private:
  const hub_call* call_;
};

/// Runs `callback` when the call is cancelled, until destroyed; as std::stop_callback does.
template <class Callback>
class OnCancel {
 public:
  OnCancel(Call call, Callback callback)
      : call_(call.raw()),
        callback_(std::move(callback)),
        id_(call_->on_cancel(call_, &run, this)) {}
  ~OnCancel() { call_->off_cancel(call_, id_); }
  OnCancel(const OnCancel&) = delete;
  OnCancel& operator=(const OnCancel&) = delete;

 private:
  static void run(void* self) noexcept { static_cast<OnCancel*>(self)->callback_(); }

  const hub_call* call_;
  Callback callback_;
  std::uint64_t id_;
};

/// The call's cancellation as the standard library has it: for std::condition_variable_any,
/// std::stop_callback and whatever takes a token. It must not outlive the call; its token stays
/// valid, and is stopped if the call was.
class Cancellation {
 public:
  explicit Cancellation(Call call) : on_cancel_(call, Stop{source_}) {}

  std::stop_token token() const { return source_.get_token(); }

 private:
  struct Stop {
    std::stop_source source;
    void operator()() noexcept { source.request_stop(); }
  };

  std::stop_source source_;
  OnCancel<Stop> on_cancel_;
};

/// Receives text from a function with a sink.
class TextSink {
 public:
  hub_sink sink() {
    return {this, [](void* context, hub_bytes chunk) noexcept -> hub_status {
              try {
                static_cast<TextSink*>(context)->text.append(static_cast<const char*>(chunk.data),
                                                             chunk.size);
                return HUB_OK;
              } catch (...) {
                return HUB_RESOURCE_EXHAUSTED;
              }
            }};
  }

  std::string text;
};

inline Result<std::string> Call::look(std::string_view name) const {
  TextSink snapshot;
  if (auto refused = refusal(call_->secret_look(call_, text_of(name), snapshot.sink()))) {
    return *std::move(refused);
  }
  return std::move(snapshot.text);
}

/// A slot between secret_begin and secret_end: the transaction of connector.h, with its errors.
/// Ends when destroyed. Notes are JSON objects; std::string_view(), which is no text at all, leaves
/// one as it is, but for note(), and "" is refused.
class SlotTransaction {
 public:
  static Result<SlotTransaction> begin(Call call, std::string_view name,
                                       std::chrono::milliseconds lease) {
    TextSink snapshot;
    std::uint64_t fence = 0;
    if (auto refused = Call::refusal(call.raw()->secret_begin(
            call.raw(), text_of(name), lease.count(), &fence, snapshot.sink()))) {
      return *std::move(refused);
    }
    return SlotTransaction(call.raw(), name, fence, std::move(snapshot.text));
  }

  SlotTransaction(SlotTransaction&& other) noexcept
      : call_(std::exchange(other.call_, nullptr)),
        name_(std::move(other.name_)),
        fence_(other.fence_),
        snapshot_(std::move(other.snapshot_)) {}
  SlotTransaction& operator=(SlotTransaction&&) = delete;
  ~SlotTransaction() {
    if (call_ != nullptr) call_->secret_end(call_, name(), fence_);
  }

  /// The slot as it was at begin, as JSON.
  const std::string& snapshot() const { return snapshot_; }

  Result<> renew(std::chrono::milliseconds lease) {
    return done(call_->secret_renew(call_, name(), fence_, lease.count()));
  }

  Result<Secret> read(std::uint64_t version) {
    Secret value;
    if (auto refused =
            Call::refusal(call_->secret_read(call_, name(), fence_, version, value.sink()))) {
      return *std::move(refused);
    }
    return value;
  }

  Result<std::uint64_t> stage_intent(std::string_view note, std::string_view slot_note) {
    return stage(hub_bytes{}, note, slot_note);
  }
  Result<std::uint64_t> stage_value(const Secret& value, std::string_view note,
                                    std::string_view slot_note) {
    return stage({value.reveal().data(), value.size()}, note, slot_note);
  }
  Result<> mark(std::uint64_t version, hub_mark mark, std::string_view slot_note) {
    return done(call_->secret_mark(call_, name(), fence_, version, mark, text_of(slot_note)));
  }
  Result<> set_state(hub_slot_state state, std::string_view slot_note) {
    return done(call_->secret_state(call_, name(), fence_, state, text_of(slot_note)));
  }
  Result<> commit(std::uint64_t version, std::chrono::milliseconds grace, std::string_view note,
                  std::string_view slot_note) {
    return done(call_->secret_commit(call_, name(), fence_, version, grace.count(), text_of(note),
                                     text_of(slot_note)));
  }
  Result<> drop(std::uint64_t version, std::string_view slot_note) {
    return done(call_->secret_drop(call_, name(), fence_, version, text_of(slot_note)));
  }
  Result<> note(std::string_view slot_note) {
    return done(call_->secret_note(call_, name(), fence_, text_of(slot_note)));
  }

 private:
  SlotTransaction(const hub_call* call, std::string_view name, std::uint64_t fence,
                  std::string snapshot)
      : call_(call), name_(name), fence_(fence), snapshot_(std::move(snapshot)) {}

  hub_text name() const { return text_of(name_); }

  static Result<> done(hub_status status) {
    if (auto refused = Call::refusal(status)) return *std::move(refused);
    return {};
  }

  Result<std::uint64_t> stage(hub_bytes value, std::string_view note, std::string_view slot_note) {
    std::uint64_t version = 0;
    if (auto refused = Call::refusal(call_->secret_stage(
            call_, name(), fence_, value, text_of(note), text_of(slot_note), &version))) {
      return *std::move(refused);
    }
    return version;
  }

  const hub_call* call_;
  std::string name_;
  std::uint64_t fence_;
  std::string snapshot_;
};

/// The C edge of a connector: one conversion each way, and nothing thrown leaves.
template <class Connector>
struct Export {
  static hub_instance* handle(Connector* connector) {
    return reinterpret_cast<hub_instance*>(connector);
  }
  static Connector* connector(hub_instance* handle) { return reinterpret_cast<Connector*>(handle); }

  /// Runs `body`, which gives back a Result, and reports what it returns or throws.
  template <class Body>
  static hub_status guarded(Call call, Body body) noexcept {
    try {
      try {
        auto result = body();
        return result.ok() ? HUB_OK : call.fail(result.error());
      } catch (const std::exception& thrown) {
        return call.fail({.status = Status::kInternal,
                          .effect = Effect::kUnknown,
                          .reason = "INTERNAL",
                          .message = std::string("unexpected: ") + thrown.what()});
      } catch (...) {
        return call.fail({.status = Status::kInternal,
                          .effect = Effect::kUnknown,
                          .reason = "INTERNAL",
                          .message = "unexpected: not a std::exception"});
      }
    } catch (...) {
      return HUB_INTERNAL;
    }
  }

  static Result<> write(hub_sink sink, std::string_view text) {
    if (auto refused = Call::refusal(sink.write(sink.context, {text.data(), text.size()})))
      return *std::move(refused);
    return {};
  }

  static hub_status describe(hub_sink description) noexcept {
    try {
      const std::string text = Connector::describe();
      return description.write(description.context, {text.data(), text.size()});
    } catch (...) {
      return HUB_INTERNAL;
    }
  }

  static hub_status start(const hub_host* host, const hub_call* call) noexcept {
    return guarded(Call(call), [&]() -> Result<> {
      if constexpr (requires { Connector::start(Host(host), Call(call)); })
        return Connector::start(Host(host), Call(call));
      return {};
    });
  }

  static void stop() noexcept {
    if constexpr (requires { Connector::stop(); }) Connector::stop();
  }

  static hub_status open(const hub_call* call, hub_text connection, hub_text config_json,
                         hub_instance** instance) noexcept {
    return guarded(Call(call), [&]() -> Result<> {
      auto opened = Connector::open(Call(call), view_of(connection), view_of(config_json));
      if (!opened) return std::move(opened).error();
      *instance = handle((*std::move(opened)).release());
      return {};
    });
  }

  static hub_status invoke(hub_instance* instance, const hub_call* call, hub_text operation,
                           hub_text request_json, hub_sink response) noexcept {
    return guarded(Call(call), [&]() -> Result<> {
      auto answered =
          connector(instance)->invoke(Call(call), view_of(operation), view_of(request_json));
      if (!answered) return std::move(answered).error();
      return write(response, *answered);
    });
  }

  static void close(hub_instance* instance) noexcept { delete connector(instance); }

  static const void* query(const char*) noexcept { return nullptr; }

  static constexpr hub_connector kTable{
      .struct_size = sizeof(hub_connector),
      .abi_minor = HUB_CONNECTOR_MINOR,
      .reserved = 0,
      .id = {Connector::kId.data(), Connector::kId.size()},
      .version = {Connector::kVersion.data(), Connector::kVersion.size()},
      .describe = describe,
      .start = start,
      .stop = stop,
      .open = open,
      .invoke = invoke,
      .close = close,
      .query = query};
};

}  // namespace hub

#define HUB_EXPORT_CONNECTOR(Connector)                                            \
  extern "C" HUB_EXPORT const void* hub_connector_query(const char* id) noexcept { \
    return id != nullptr && std::string_view(id) == HUB_CONNECTOR_ID               \
               ? &hub::Export<Connector>::kTable                                   \
               : nullptr;                                                          \
  }
