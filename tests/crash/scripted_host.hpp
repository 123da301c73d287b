// A host of the plugin with the real store, to which something happens at one of the plugin's
// calls.
#pragma once

#include <hub/host.hpp>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "crash/clock.hpp"

namespace crash {

/// A token that somebody made by hand, which secrets.adopt of each connection refers to.
inline constexpr const char* kMadeByHand = "canary-made-by-hand";
inline constexpr const char* kAdoptReference = "env:ADOPT";

/// What happens to the host at one call of the plugin, before or after the call's effect.
struct Harm {
  enum class Kind {
    kNone,
    kKill,  // SIGKILL
    kStop,  // SIGSTOP
    kFail,  // the plugin is told UNAVAILABLE
  };
  Kind kind = Kind::kNone;
  std::size_t at = 0;  // from 0
  bool after = false;
};

/// One operation, for a process of its own.
struct Order {
  std::filesystem::path connection;  // the manifest
  std::filesystem::path store;       // a directory, with slots.db and slots.key
  std::string credential;            // what secrets.admin refers to
  std::string operation;
  std::string request;
  std::chrono::milliseconds timeout = std::chrono::seconds(60);
  Harm harm{};
};

struct Outcome {
  bool killed = false;
  std::string reason{};              // of the operation's error; empty: it was done
  std::string message{};             // likewise
  std::vector<std::string> calls{};  // of the plugin to the host by name, unless it was killed

  bool done() const { return !killed && reason.empty(); }
};

class ScriptedHost : private hub::HostServices {
 public:
  /// Loads and checks the plugin; starts nothing, opens nothing. Throws hub::Refused.
  explicit ScriptedHost(const Clock& clock);
  ~ScriptedHost() override;

  /// Reads and checks the order's manifest, once for all orders that name it. Throws hub::Refused.
  void prepare(const Order& order);

  /// Once in a process, after prepare(). Throws hub::Refused.
  Outcome carry_out(const Order& order);

 private:
  class Calls;
  class Slots;

  hub::Result<hub::Secret> credential(const std::string& reference) override;
  hub::SlotStore& slots() override;
  void log(hub::LogLevel, std::string_view, std::string_view) override {}
  std::chrono::milliseconds now() const override;

  const Clock& clock_;
  std::map<std::filesystem::path, hub::ConnectionManifest> manifests_;
  std::unique_ptr<Calls> calls_;
  std::unique_ptr<Slots> slots_;
  std::string credential_;
  hub::ConnectorLibrary library_;
};

}  // namespace crash
