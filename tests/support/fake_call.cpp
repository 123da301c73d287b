#include "support/fake_call.hpp"

#include <algorithm>
#include <utility>

namespace test_support {
namespace {

/// A function of hub_call, whatever its arguments, that the host does not have.
template <class... Arguments>
hub_status unimplemented(const hub_call*, Arguments...) noexcept {
  return HUB_UNIMPLEMENTED;
}

}  // namespace

FakeCall& FakeCall::self(const hub_call* call) { return *static_cast<FakeCall*>(call->context); }

FakeCall::FakeCall(std::chrono::milliseconds deadline)
    : deadline_(std::chrono::steady_clock::now() + deadline) {
  raw_.struct_size = sizeof(raw_);
  raw_.attempt = 1;
  raw_.context = this;
  raw_.remaining_ns = [](const hub_call* call) noexcept -> std::int64_t {
    const std::chrono::nanoseconds left = self(call).deadline_ - std::chrono::steady_clock::now();
    return std::max<std::int64_t>(0, left.count());
  };
  raw_.cancelled = [](const hub_call* call) noexcept -> std::int32_t {
    return self(call).cancelled_.stop_requested() ? 1 : 0;
  };
  raw_.on_cancel = [](const hub_call* call, void (*callback)(void*) noexcept,
                      void* argument) noexcept -> std::uint64_t {
    FakeCall& fake = self(call);
    // Outside the lock: it runs the callback at once when the call is cancelled.
    auto registered =
        std::make_unique<Registered>(fake.cancelled_.get_token(), [=] { callback(argument); });
    const std::lock_guard lock(fake.mutex_);
    fake.registered_.emplace(fake.next_id_, std::move(registered));
    return fake.next_id_++;
  };
  raw_.off_cancel = [](const hub_call* call, std::uint64_t id) noexcept {
    FakeCall& fake = self(call);
    decltype(fake.registered_)::node_type ended;  // destroyed, and so waited for, outside the lock
    const std::lock_guard lock(fake.mutex_);
    ended = fake.registered_.extract(id);
  };
  raw_.log = [](const hub_call* call, hub_log_level, hub_text message) noexcept {
    FakeCall& fake = self(call);
    const std::lock_guard lock(fake.mutex_);
    fake.log_lines_.emplace_back(hub::view_of(message));
  };
  raw_.fail = [](const hub_call* call, const hub_error* error) noexcept {
    FakeCall& fake = self(call);
    const std::lock_guard lock(fake.mutex_);
    fake.failures_.push_back({.status = hub::status_of(error->status),
                              .retry = hub::retry_of(error->retry),
                              .effect = hub::effect_of(error->effect),
                              .http_status = error->http_status,
                              .retry_after_ms = error->retry_after_ms,
                              .reason = std::string(hub::view_of(error->reason)),
                              .message = std::string(hub::view_of(error->message)),
                              .hint = std::string(hub::view_of(error->hint)),
                              .detail_json = std::string(hub::view_of(error->detail_json))});
  };
  raw_.secret_get = [](const hub_call* call, hub_text name, hub_sink value) noexcept {
    FakeCall& fake = self(call);
    const std::lock_guard lock(fake.mutex_);
    const auto found = fake.secrets_.find(std::string(hub::view_of(name)));
    if (found == fake.secrets_.end()) return hub_status{HUB_PERMISSION_DENIED};
    ++fake.handed_out_;
    return value.write(value.context, {found->second.data(), found->second.size()});
  };
  raw_.secret_begin = unimplemented;
  raw_.secret_look = unimplemented;
  raw_.secret_renew = unimplemented;
  raw_.secret_read = unimplemented;
  raw_.secret_stage = unimplemented;
  raw_.secret_mark = unimplemented;
  raw_.secret_state = unimplemented;
  raw_.secret_commit = unimplemented;
  raw_.secret_drop = unimplemented;
  raw_.secret_note = unimplemented;
  raw_.secret_end = unimplemented;
}

void FakeCall::grant(std::string name, std::string value) {
  const std::lock_guard lock(mutex_);
  secrets_.insert_or_assign(std::move(name), std::move(value));
}

std::size_t FakeCall::handed_out() const {
  const std::lock_guard lock(mutex_);
  return handed_out_;
}

std::vector<hub::Error> FakeCall::failures() const {
  const std::lock_guard lock(mutex_);
  return failures_;
}

std::vector<std::string> FakeCall::log_lines() const {
  const std::lock_guard lock(mutex_);
  return log_lines_;
}

}  // namespace test_support
