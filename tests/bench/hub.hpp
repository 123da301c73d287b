// The plugin in a hub: loaded from its manifest, with slots in memory or elsewhere.
#pragma once

#include <hub/host.hpp>
#include <hub/testing/memory_slot_store.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "bench/server.hpp"

namespace bench {

/// Slots in memory.
class Memory : public hub::testing::MemorySlotStore {
 public:
  Memory();
};

/// Its one credential, and the slots that it is given.
class Services : public hub::HostServices {
 public:
  explicit Services(hub::SlotStore& slots) : HostServices("benchmark", "1.0.0"), slots_(slots) {}

  hub::Result<hub::Secret> credential(const std::string&) override {
    return hub::Secret(kAdminToken);
  }
  hub::SlotStore& slots() override { return slots_; }
  void log(hub::LogLevel, std::string_view, std::string_view) override {}

 private:
  hub::SlotStore& slots_;
};

class Hub {
 public:
  Hub() : Hub(memory_) {}
  explicit Hub(hub::SlotStore& slots);
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  /// One with a slot of its own.
  std::unique_ptr<hub::Connection> open(const Server& server, const std::string& name);

  /// Each slot in memory as if nobody had used it.
  void forget_slots() { memory_.restore({}); }

 private:
  Memory memory_;
  Services services_;
  std::filesystem::path directory_;
  std::unique_ptr<hub::ConnectorLibrary> library_;
};

/// The connection's configuration, as its manifest has it.
std::string configuration(const Server& server, std::size_t port = 0);

/// The response; throws std::runtime_error with the error's message.
std::string invoke(hub::Connection& connection, std::string_view operation,
                   std::string_view request);

}  // namespace bench
