// Status, Error and Result: how C++ on both sides of the ABI says that something failed.
#pragma once

#include <hub/connector.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace hub {

enum class Status : hub_status {
  kOk = HUB_OK,
  kCancelled = HUB_CANCELLED,
  kUnknown = HUB_UNKNOWN,
  kInvalidArgument = HUB_INVALID_ARGUMENT,
  kDeadlineExceeded = HUB_DEADLINE_EXCEEDED,
  kNotFound = HUB_NOT_FOUND,
  kAlreadyExists = HUB_ALREADY_EXISTS,
  kPermissionDenied = HUB_PERMISSION_DENIED,
  kResourceExhausted = HUB_RESOURCE_EXHAUSTED,
  kFailedPrecondition = HUB_FAILED_PRECONDITION,
  kAborted = HUB_ABORTED,
  kOutOfRange = HUB_OUT_OF_RANGE,
  kUnimplemented = HUB_UNIMPLEMENTED,
  kInternal = HUB_INTERNAL,
  kUnavailable = HUB_UNAVAILABLE,
  kDataLoss = HUB_DATA_LOSS,
  kUnauthenticated = HUB_UNAUTHENTICATED,
};

enum class Retry : hub_retry {
  kNever = HUB_RETRY_NEVER,
  kSameCall = HUB_RETRY_SAME_CALL,
  kFromStart = HUB_RETRY_FROM_START,
};

enum class Effect : hub_effect {
  kNone = HUB_EFFECT_NONE,
  kApplied = HUB_EFFECT_APPLIED,
  kUnknown = HUB_EFFECT_UNKNOWN,
};

enum class LogLevel : hub_log_level {
  kDebug = HUB_LOG_DEBUG,
  kInfo = HUB_LOG_INFO,
  kWarning = HUB_LOG_WARNING,
  kError = HUB_LOG_ERROR,
};

/// What the other side of the ABI sent, read the cautious way when this side does not know the
/// number.
constexpr Status status_of(hub_status number) {
  return number >= HUB_OK && number <= HUB_UNAUTHENTICATED ? static_cast<Status>(number)
                                                           : Status::kUnknown;
}
constexpr Retry retry_of(hub_retry number) {
  return number >= HUB_RETRY_NEVER && number <= HUB_RETRY_FROM_START ? static_cast<Retry>(number)
                                                                     : Retry::kNever;
}
constexpr Effect effect_of(hub_effect number) {
  return number >= HUB_EFFECT_NONE && number <= HUB_EFFECT_UNKNOWN ? static_cast<Effect>(number)
                                                                   : Effect::kUnknown;
}

/// The words for people and JSON: lower case, with dashes.
constexpr std::string_view to_text(Status status) {
  constexpr std::string_view kWords[] = {"ok",
                                         "cancelled",
                                         "unknown",
                                         "invalid-argument",
                                         "deadline-exceeded",
                                         "not-found",
                                         "already-exists",
                                         "permission-denied",
                                         "resource-exhausted",
                                         "failed-precondition",
                                         "aborted",
                                         "out-of-range",
                                         "unimplemented",
                                         "internal",
                                         "unavailable",
                                         "data-loss",
                                         "unauthenticated"};
  return kWords[static_cast<hub_status>(status)];
}
constexpr std::string_view to_text(Retry retry) {
  constexpr std::string_view kWords[] = {"never", "same-call", "from-start"};
  return kWords[static_cast<hub_retry>(retry)];
}
constexpr std::string_view to_text(Effect effect) {
  constexpr std::string_view kWords[] = {"none", "applied", "unknown"};
  return kWords[static_cast<hub_effect>(effect)];
}

/// One of the reasons that describe() lists.
struct Reason {
  std::string_view reason;   // stable, UPPER_SNAKE
  std::string_view summary;  // what is the matter
  std::string_view hint;     // what to do about it
};

/// Why something failed; the fields are hub_error's. None of them holds a secret. An error whose
/// texts are empty came from a function of the host, which already knows them.
struct [[nodiscard]] Error {
  Status status = Status::kUnknown;
  Retry retry = Retry::kNever;
  Effect effect = Effect::kNone;
  std::int32_t http_status = 0;
  std::int64_t retry_after_ms = 0;
  std::string reason{};
  std::string message{};
  std::string hint{};
  std::string detail_json{};
};

/// A T or the Error that says why there is none.
template <class T = void>
class [[nodiscard]] Result {
 public:
  Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : held_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return held_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& operator*() & { return std::get<0>(held_); }
  const T& operator*() const& { return std::get<0>(held_); }
  T&& operator*() && { return std::get<0>(std::move(held_)); }
  T* operator->() { return &std::get<0>(held_); }
  const T* operator->() const { return &std::get<0>(held_); }

  Error& error() & { return std::get<1>(held_); }
  const Error& error() const& { return std::get<1>(held_); }
  Error&& error() && { return std::get<1>(std::move(held_)); }

 private:
  std::variant<T, Error> held_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : held_(std::move(error)) {}

  bool ok() const { return held_.index() == 0; }
  explicit operator bool() const { return ok(); }

  Error& error() & { return std::get<1>(held_); }
  const Error& error() const& { return std::get<1>(held_); }
  Error&& error() && { return std::get<1>(std::move(held_)); }

 private:
  std::variant<std::monostate, Error> held_;
};

inline hub_text text_of(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view view_of(hub_text text) {
  return text.data == nullptr ? std::string_view{} : std::string_view{text.data, text.size};
}

}  // namespace hub
