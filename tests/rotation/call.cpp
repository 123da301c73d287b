// hub_call over a host's store, as connector.h has it.
#include <hub/snapshot.hpp>

#include <chrono>
#include <optional>
#include <string>

#include "host.hpp"
#include "world.hpp"

namespace rotation_test {

using hub::Call;
using hub::Result;
using hub::Secret;

struct Functions {
  static Host& self(const hub_call* call) { return *static_cast<Host*>(call->context); }
  static hub_status status(const Result<>& result) {
    return result ? HUB_OK : static_cast<hub_status>(result.error().status);
  }
  static hub::SlotStore::Note note(hub_text text) {
    if (text.data == nullptr) return std::nullopt;
    return hub::view_of(text);
  }
  template <class Effect>
  static hub_status write(const hub_call* call, std::string_view name, Effect effect) {
    Host& host = self(call);
    const auto done =
        host.operate<void>(name, {}, [&]() -> Result<> { return effect(host.store_); });
    const bool answers = name == "begin" || name == "look" || name == "read";
    if (!done && !answers && !host.world_.machine.errors_are_told && !host.dead_) return HUB_OK;
    return status(done);
  }
  /// What the store is told: a store without a fence takes anybody's word.
  static std::uint64_t shown(const hub_call* call, hub_text name, std::uint64_t fence) {
    Host& host = self(call);
    if (host.world_.machine.fenced) return fence;
    const auto slot = host.store_.look(hub::view_of(name));
    return slot ? slot->revision : fence;
  }
  static Result<> send(hub_sink sink, std::string_view bytes) {
    if (auto refused = Call::refusal(sink.write(sink.context, {bytes.data(), bytes.size()})))
      return *std::move(refused);
    return {};
  }

  static hub_call table(Host& host) {
    hub_call call{};
    call.struct_size = sizeof(call);
    call.attempt = 1;
    call.context = &host;
    call.remaining_ns = [](const hub_call*) noexcept -> std::int64_t {
      return std::chrono::nanoseconds(std::chrono::seconds(60)).count();
    };
    call.cancelled = [](const hub_call*) noexcept -> std::int32_t { return 0; };
    call.log = [](const hub_call*, hub_log_level, hub_text) noexcept {};
    call.secret_begin = [](const hub_call* of, hub_text name, std::int64_t lease,
                           std::uint64_t* fence, hub_sink snapshot) noexcept {
      return write(of, "begin", [&](hub::SlotStore& store) -> Result<> {
        if (!self(of).world_.machine.leased) {
          const auto slot = store.look(hub::view_of(name));
          if (slot) (void)store.end(hub::view_of(name), slot->revision);
        }
        auto begun = store.begin(hub::view_of(name), std::chrono::milliseconds(lease));
        if (!begun) return std::move(begun).error();
        *fence = begun->fence;
        self(of).fence_ = begun->fence;
        return send(snapshot, hub::to_json(begun->snapshot));
      });
    };
    call.secret_look = [](const hub_call* of, hub_text name, hub_sink snapshot) noexcept {
      return write(of, "look", [&](hub::SlotStore& store) -> Result<> {
        auto seen = store.look(hub::view_of(name));
        if (!seen) return std::move(seen).error();
        return send(snapshot, hub::to_json(*seen));
      });
    };
    call.secret_renew = [](const hub_call* of, hub_text name, std::uint64_t fence,
                           std::int64_t lease) noexcept {
      return write(of, "renew", [&](hub::SlotStore& store) -> Result<> {
        auto renewed = store.renew(hub::view_of(name), shown(of, name, fence),
                                   std::chrono::milliseconds(lease));
        if (!self(of).world_.machine.renew_tells) return {};
        return renewed;
      });
    };
    call.secret_read = [](const hub_call* of, hub_text name, std::uint64_t fence,
                          std::uint64_t version, hub_sink value) noexcept {
      return write(of, "read", [&](hub::SlotStore& store) -> Result<> {
        auto read = store.read(hub::view_of(name), shown(of, name, fence), version);
        if (!read) return std::move(read).error();
        return send(value, read->reveal());
      });
    };
    call.secret_stage = [](const hub_call* of, hub_text name, std::uint64_t fence, hub_bytes value,
                           hub_text text, hub_text slot_note, std::uint64_t* version) noexcept {
      return write(
          of, value.data == nullptr ? "stage intent" : "stage value",
          [&](hub::SlotStore& store) -> Result<> {
            std::optional<Secret> secret;
            if (value.data != nullptr)
              secret.emplace(std::string_view(static_cast<const char*>(value.data), value.size));
            auto staged = store.stage(hub::view_of(name), shown(of, name, fence),
                                      secret ? &*secret : nullptr, note(text), note(slot_note));
            if (!staged) return std::move(staged).error();
            *version = *staged;
            return {};
          });
    };
    call.secret_mark = [](const hub_call* of, hub_text name, std::uint64_t fence,
                          std::uint64_t version, hub_mark mark, hub_text slot_note) noexcept {
      return write(of, "mark", [&](hub::SlotStore& store) {
        return store.mark(hub::view_of(name), shown(of, name, fence), version, mark,
                          note(slot_note));
      });
    };
    call.secret_state = [](const hub_call* of, hub_text name, std::uint64_t fence,
                           hub_slot_state state, hub_text slot_note) noexcept {
      return write(of, "state", [&](hub::SlotStore& store) {
        return store.set_state(hub::view_of(name), shown(of, name, fence), state, note(slot_note));
      });
    };
    call.secret_commit = [](const hub_call* of, hub_text name, std::uint64_t fence,
                            std::uint64_t version, std::int64_t grace, hub_text text,
                            hub_text slot_note) noexcept {
      return write(of, "commit", [&](hub::SlotStore& store) {
        return store.commit(hub::view_of(name), shown(of, name, fence), version,
                            std::chrono::milliseconds(grace), note(text), note(slot_note));
      });
    };
    call.secret_drop = [](const hub_call* of, hub_text name, std::uint64_t fence,
                          std::uint64_t version, hub_text slot_note) noexcept {
      return write(of, "drop", [&](hub::SlotStore& store) {
        return store.drop(hub::view_of(name), shown(of, name, fence), version, note(slot_note));
      });
    };
    call.secret_note = [](const hub_call* of, hub_text name, std::uint64_t fence,
                          hub_text slot_note) noexcept {
      return write(of, "note", [&](hub::SlotStore& store) {
        return store.note(hub::view_of(name), shown(of, name, fence), hub::view_of(slot_note));
      });
    };
    call.secret_end = [](const hub_call* of, hub_text name, std::uint64_t fence) noexcept {
      return write(of, "end", [&](hub::SlotStore& store) {
        return store.end(hub::view_of(name), shown(of, name, fence));
      });
    };
    return call;
  }
};

hub_call call_of(Host& host) { return Functions::table(host); }

}  // namespace rotation_test
