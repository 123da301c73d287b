// A workspace in this process, a store, and the machines that rotate its token.
#pragma once

#include <hub/slot_store.hpp>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crash/reader.hpp"
#include "crash/wire.hpp"
#include "crash/zygote.hpp"
#include "workspace/workspace.hpp"

namespace crash {

inline constexpr const char* kSlot = "local/token";

/// What an operator asks for. "{current}" in the request is the id of the token that was current
/// when the scenario began, so that a command that is given again is the same.
struct Command {
  std::string operation;
  std::string request = "{}";

  bool operator==(const Command&) const = default;
};

/// What the store has for the slot.
struct Kept {
  bool exists = false;
  hub::SlotSnapshot slot{};
  std::optional<hub::Secret> current{};   // its value, if it may be read
  std::vector<std::string> unreadable{};  // versions whose value is not there, or not theirs

  bool active() const { return exists && slot.state == HUB_SLOT_ACTIVE; }
  /// Of current, pending and the previous ones.
  std::vector<std::string> token_ids() const;
  /// Of those that are not being revoked, but for current.
  std::vector<std::string> unmarked() const;
};

/// The token of a version's note; empty for an intent.
std::string token_id(const hub::SlotSnapshot::Version& version);

/// A directory in memory if there is such a place; it goes with this object.
class Directory {
 public:
  Directory();
  ~Directory();
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Of this process there is one.
class World {
 public:
  /// All that a trial changes.
  struct Remains {
    std::map<std::string, std::string> files{};  // of the store
    local_workspace::Data data;
    Wire::Memory memory;
    std::int64_t clock_offset = 0;
    std::map<std::string, std::int64_t> readings;  // when each value was read last
  };

  World(Clock& clock, Machine& a, Machine& b);

  /// While nothing runs.
  Remains save();
  void restore(const Remains& remains);
  /// The world without a token of ours and with a store that nobody has used.
  const Remains& nothing() const { return nothing_; }

  Outcome run(Machine& machine, const Command& command, const Harm& harm = {},
              const std::function<void()>& when_stopped = {});

  /// For all: the hosts, the store and the workspace.
  void advance(std::chrono::milliseconds duration) { set_clock(clock.offset() + duration.count()); }

  Kept look() const;
  /// The store itself, for whoever keeps it open; not to be copied meanwhile, as look() and save()
  /// do: who closes a file drops the process's locks on it.
  std::unique_ptr<hub::SlotStore> open_store() const;
  std::unique_ptr<Reader> make_reader() const;
  /// The ids of the live tokens that have the slot's marker, or that the slot names, in order.
  std::vector<std::string> live_of_ours(const Kept& kept);
  bool is_live(const std::string& token_id);
  /// Tokens that are not ours, each like ours but for one thing, and kMadeByHand.
  void add_strangers();
  /// By their comments.
  std::vector<std::string> dead_strangers();
  /// For whoever uses this value.
  bool is_accepted(std::string_view value) { return reader_->is_accepted(value); }

  Clock& clock;
  Machine& a;
  Machine& b;
  Wire wire;
  std::chrono::seconds grace{0};
  std::chrono::milliseconds timeout = std::chrono::seconds(60);
  std::string replaces;                          // what "{current}" stands for
  std::map<std::string, std::int64_t> readings;  // as in Remains

 private:
  void set_clock(std::int64_t offset_ms);
  std::filesystem::path store() const { return directory_.path() / "store"; }
  std::filesystem::path connection() const;

  Directory directory_;
  local_workspace::Workspace workspace_;
  std::unique_ptr<Reader> reader_;
  std::string credential_;
  std::string application_id_;
  std::int64_t owner_id_ = 0;
  std::int64_t another_id_ = 0;  // of another principal
  Remains nothing_;
  std::map<std::string, std::string> strangers_;  // comments by id
};

}  // namespace crash
