// One run of the machine: carries out what the table says, against the slot and the provider.
#pragma once

#include <hub/connector.hpp>
#include <hub/rotation.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "machine.hpp"
#include "protocol.hpp"
#include "slot.hpp"

namespace hub::rotation {

class Rotator {
 public:
  Rotator(Call call, Provider& provider, const Policy& policy, const Request& request,
          const std::function<std::uint64_t()>& random, const Protocol& protocol,
          std::string_view slot_name, SlotTransaction transaction, Slot slot,
          const std::string& binding);

  Result<Answer> run();

 private:
  /// The version that is being marked, deleted and dropped.
  struct Target {
    std::uint64_t version = 0;
    hub_mark mark = HUB_MARK_RETIRING;
    bool marked = false;
    VersionNote note;
  };

  std::pair<State, Event> start();
  Event perform(Action action);

  Event check_drift();
  Event decide();
  Event prepare();
  Event stage_intent();
  Event mint();
  Event stage_value();
  Event verify();
  Event identify();
  Event stage_adopted();
  Event prove_previous();
  Event commit();
  Event reconcile();
  Event mark_target();
  Event delete_target();
  Event drop_target();
  Event undo_mint();
  Event choose_retirement();
  Event prove_current();
  Event check_use();
  Event sweep();
  Event set_state(hub_slot_state state, const char* text);
  Event choose_revocation();
  Event decide_revoked();
  Event finish();

  Result<Answer> stopped(Event event);
  Error told(Error error);

  Event written(const Result<>& result);
  Event failed(Error error);
  void warn(const Error& error);
  void did(std::string action, const std::string& id);
  void target_pending();
  void target_version(const Slot::Version& version, bool marked);
  Result<> revoke(const std::string& id);
  Result<std::string> owner_id();
  std::string due() const;
  /// Whether the value that was handed in is that of this version.
  Result<bool> is_offered(const Slot::Version& version);
  /// No new one; what else is due is done all the same.
  Event not_made(Error error);
  void read_expiry_again(const std::vector<Issued>& listed);
  void take_over_roles();
  Result<Minted> ask_for(const VersionNote& intent);
  Scopes wanted_scopes() const;
  void warn_of_lifetime(const VersionNote& granted);
  /// What a list means, for as long as the slot is still ours.
  Result<Findings> judge(const std::vector<Issued>& listed, const std::string& owner);
  /// Whether what the slot does not know is from now on none of its business.
  bool accepts_store() const;
  Result<> revoke_orphans(const std::vector<Issued>& orphans);
  std::chrono::milliseconds time_needed() const;
  /// For messages.
  std::string named(const std::string& id) const { return slot_.kind.noun + " " + id; }
  std::string note() const { return slot_.note.to_json(); }

  Call call_;
  Provider& provider_;
  const Policy& policy_;
  const Request& request_;
  const std::function<std::uint64_t()>& random_;
  const Protocol& protocol_;
  const std::string_view slot_name_;
  SlotTransaction transaction_;
  Slot slot_;
  SlotNote note_as_kept_;

  Answer answer_;
  Target target_;
  std::optional<Minted> minted_;
  std::optional<Issued> adopted_;
  std::optional<Error> failure_;
  std::optional<Error> unmet_;  // why no new one was made, though the rest was done
  std::string drift_;
  std::string owner_;               // of what is about to be minted
  std::set<std::string> known_;     // to the list that was read for it, of late
  std::set<std::string> doubtful_;  // reported in this call
  int mints_ = 0;
  bool committed_ = false;
  bool proven_ = false;          // current answered for itself in this call
  bool refused_ = false;         // or was refused
  bool taken_over_ = false;      // what was handed in is current
  bool remote_changed_ = false;  // and nobody was told yet
};

}  // namespace hub::rotation
