// The plugin in a hub: loaded from its manifest, with slots in memory.
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

/// Its one credential, and slots in memory.
class Services : public hub::HostServices {
 public:
  Services();

  hub::Result<hub::Secret> credential(const std::string&) override;
  hub::SlotStore& slots() override { return memory; }
  void log(hub::LogLevel, std::string_view, std::string_view) override {}

  hub::testing::MemorySlotStore memory;
};

class Hub {
 public:
  Hub();
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  /// One with a slot of its own.
  std::unique_ptr<hub::Connection> open(const Server& server, const std::string& name);

  /// Each slot as if nobody had used it.
  void forget_slots() { services_.memory.restore({}); }

 private:
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
