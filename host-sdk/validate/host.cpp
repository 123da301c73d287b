#include "host.hpp"

#include <hub/host.hpp>
#include <hub/strict_json.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>

namespace hub::validate {
namespace {

constexpr std::size_t kSlack = 1024;
constexpr char kNonsense = '\xa5';

/// `table` with what `lending` says behind it. `last` is a pointer to the first release's last
/// member.
template <class Table, class Member>
LentMemory lend_table(Table table, Member Table::*last, const Lending& lending) {
  const char* const begin = reinterpret_cast<const char*>(&table);
  const char* const end = reinterpret_cast<const char*>(&(table.*last) + 1);
  table.struct_size =
      lending.first_release ? static_cast<std::size_t>(end - begin) : sizeof table + lending.beyond;
  std::string bytes(begin, std::min(table.struct_size, sizeof table));
  bytes.append(lending.beyond, kNonsense);
  return {bytes.data(), bytes.size(), lending.first_release ? 0 : kSlack};
}

constexpr std::size_t kFirstError = offsetof(hub_error, detail_json) + sizeof(hub_text);

/// FakeCall reads it the cautious way.
std::string odd_number_of(const hub_error& error) {
  if (error.retry < HUB_RETRY_NEVER || error.retry > HUB_RETRY_FROM_START)
    return "with retry " + std::to_string(error.retry);
  if (error.effect < HUB_EFFECT_NONE || error.effect > HUB_EFFECT_UNKNOWN)
    return "with effect " + std::to_string(error.effect);
  return "";
}

std::uint32_t minor_of(const Lending& lending) {
  if (lending.first_release) return 0;
  return lending.beyond == 0 ? HUB_CONNECTOR_MINOR : HUB_CONNECTOR_MINOR + 1U;
}

}  // namespace

hub_host Host::make_table() {
  return {.struct_size = sizeof(hub_host),
          .abi_minor = minor_of(lending_),
          .reserved = 0,
          .name = text_of("hub-validate"),
          .version = text_of(HUB_VALIDATE_VERSION),
          .context = this,
          .now_unix_ms = [](const hub_host*) noexcept -> std::int64_t {
            return std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                .count();
          },
          .now_monotonic_ns = [](const hub_host*) noexcept -> std::int64_t {
            return std::chrono::steady_clock::now().time_since_epoch().count();
          },
          .log =
              [](const hub_host* of, hub_log_level level, hub_text message) noexcept {
                static_cast<Host*>(of->context)->log(level, message);
              },
          .query = [](const hub_host*, const char*) noexcept -> const void* { return nullptr; }};
}

Host::Host(const Lending& lending, std::chrono::milliseconds now)
    : lending_(lending), table_(lend_table(make_table(), &hub_host::query, lending)) {
  advance(now - this->now());
}

bool Host::is_note(std::string_view text) const {
  try {
    return check_strict_json(text, "note");
  } catch (const Refused&) {
    return false;
  }
}

Call& Host::new_call(std::chrono::milliseconds timeout) {
  auto made = std::make_unique<Call>(*this, timeout);
  const std::lock_guard lock(mutex_);
  calls_.push_back(std::move(made));
  return *calls_.back();
}

Call::Call(Host& host, std::chrono::milliseconds timeout)
    : FakeCall(host),
      host_(host),
      deadline_(std::chrono::steady_clock::now() + timeout),
      table_(lend_table(make_table(), &hub_call::secret_end, host.lending())) {}

hub_call Call::make_table() {
  hub_call table = *call().raw();
  table.idempotency_key = lend("00000000-0000-4000-8000-000000000001");
  table.trace_parent = lend("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  table.remaining_ns = [](const hub_call* raw) noexcept -> std::int64_t {
    const auto left = of(raw).deadline_ - std::chrono::steady_clock::now();
    return std::max<std::int64_t>(std::chrono::nanoseconds(left).count(), 0);
  };
  table.fail = [](const hub_call* raw, const hub_error* error) noexcept {
    if (error->struct_size < kFirstError) {
      of(raw).host_.found_flaw("an error has struct_size " + std::to_string(error->struct_size) +
                               ", but the first release has " + std::to_string(kFirstError));
    }
    of(raw).odd_number_ = odd_number_of(*error);
    of(raw).call().raw()->fail(raw, error);
  };
  table.secret_get = [](const hub_call* raw, hub_text name, hub_sink value) noexcept {
    of(raw).host_.asked_for(view_of(name));
    return of(raw).call().raw()->secret_get(raw, name, value);
  };
  table.secret_begin = [](const hub_call* raw, hub_text name, std::int64_t lease_ms,
                          std::uint64_t* fence, hub_sink snapshot) noexcept {
    of(raw).host_.asked_for(view_of(name));
    return of(raw).call().raw()->secret_begin(raw, name, lease_ms, fence, snapshot);
  };
  table.secret_look = [](const hub_call* raw, hub_text name, hub_sink snapshot) noexcept {
    of(raw).host_.asked_for(view_of(name));
    return of(raw).call().raw()->secret_look(raw, name, snapshot);
  };
  return table;
}

hub_text Call::lend(std::string_view text) {
  const bool at_end = host_.lending().texts_at_end;
  lent_.emplace_back(text.data(), text.size(), at_end ? 0 : kSlack);
  if (at_end) lent_.back().make_read_only();
  return {static_cast<const char*>(lent_.back().data()), text.size()};
}

hub_sink Call::lend(hub_sink sink) {
  lent_.emplace_back(&sink, sizeof sink, kSlack);
  return {lent_.back().data(), [](void* context, hub_bytes chunk) noexcept -> hub_status {
            const auto& real = *static_cast<const hub_sink*>(context);
            return real.write(real.context, chunk);
          }};
}

void Call::returned() const {
  if (!host_.lending().take_back) return;
  for (const LentMemory& each : lent_) each.take_back();
  table_.take_back();
}

}  // namespace hub::validate
