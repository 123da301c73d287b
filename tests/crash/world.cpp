#include "crash/world.hpp"

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <Poco/Net/NetSSL.h>
#include <stdlib.h>
#include <hub/rotation.hpp>

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "crash/store.hpp"
#include "workspace/files.hpp"

namespace crash {
namespace {

namespace fs = std::filesystem;
using local_workspace::Data;
using local_workspace::Token;
using Poco::JSON::Object;

constexpr std::int64_t kYearMs = std::int64_t{365} * 24 * 3600 * 1000;

Object::Ptr parse(const std::string& text) {
  return Poco::JSON::Parser().parse(text).extract<Object::Ptr>();
}

}  // namespace

std::string token_id(const hub::SlotSnapshot::Version& version) {
  return version.note.empty() ? "" : parse(version.note)->optValue<std::string>("token_id", "");
}

std::vector<std::string> Kept::token_ids() const {
  std::vector<std::string> ids;
  const auto add = [&](const hub::SlotSnapshot::Version& version) {
    if (auto id = token_id(version); !id.empty()) ids.push_back(std::move(id));
  };
  if (slot.current) add(*slot.current);
  if (slot.pending) add(*slot.pending);
  for (const auto& version : slot.previous) add(version);
  std::ranges::sort(ids);
  return ids;
}

std::vector<std::string> Kept::unmarked() const {
  std::vector<std::string> ids;
  if (slot.pending && slot.pending->has_value && !slot.pending->discard)
    ids.push_back(token_id(*slot.pending));
  for (const auto& version : slot.previous)
    if (!version.retiring) ids.push_back(token_id(version));
  return ids;
}

Directory::Directory() {
  const fs::path memory = "/dev/shm";
  std::string name = ((fs::exists(memory) ? memory : fs::temp_directory_path()) / "crash-XXXXXX");
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp " + name);
  path_ = name;
}

Directory::~Directory() { fs::remove_all(path_); }

World::World(Clock& the_clock, Machine& the_a, Machine& the_b)
    : clock(the_clock),
      a(the_a),
      b(the_b),
      workspace_(
          directory_.path() / "workspace", {},
          [this](const Request& request, const Serve& serve) { return wire(request, serve); }) {
  const Object::Ptr description = parse(local_workspace::read_file(workspace_.description()));
  credential_ = description->getValue<std::string>("admin_token");
  workspace_.state().read([&](const Data& data) {
    for (const auto& principal : data.principals) {
      if (principal.display_name == "reporting") another_id_ = principal.id;
      if (principal.display_name != "data-pipeline") continue;
      application_id_ = principal.name;
      owner_id_ = principal.id;
    }
    return 0;
  });
  reader_ = make_reader();
  set_clock(0);
  fs::create_directory(store());
  nothing_ = save();
}

// ---- The state of all ----

World::Remains World::save() {
  Remains remains{.data = workspace_.state().read([](const Data& data) { return data; }),
                  .memory = wire.memory(),
                  .clock_offset = clock.offset(),
                  .readings = readings};
  for (const auto& entry : fs::directory_iterator(store()))
    remains.files[entry.path().filename()] = local_workspace::read_file(entry.path());
  return remains;
}

void World::restore(const Remains& remains) {
  for (const auto& entry : fs::directory_iterator(store())) fs::remove(entry.path());
  for (const auto& [name, content] : remains.files)
    std::ofstream(store() / name, std::ios::binary) << content;
  workspace_.state().change([&](Data& data) {
    data = remains.data;
    return 0;
  });
  wire.remember(remains.memory);
  set_clock(remains.clock_offset);
  readings = remains.readings;
}

// ---- What the hosts do ----

Outcome World::run(Machine& machine, const Command& command, const Harm& harm,
                   const std::function<void()>& when_stopped) {
  Order order{.connection = connection(),
              .store = store(),
              .credential = credential_,
              .operation = command.operation,
              .request = command.request,
              .timeout = timeout,
              .harm = harm};
  constexpr std::string_view kCurrent = "{current}";
  if (const auto at = order.request.find(kCurrent); at != std::string::npos)
    order.request.replace(at, kCurrent.size(), replaces);
  return machine.run(order, when_stopped);
}

void World::set_clock(std::int64_t offset_ms) {
  clock.set_offset(offset_ms);
  local_workspace::set_clock_offset(offset_ms);
}

fs::path World::connection() const {
  fs::path file =
      directory_.path() / ("grace-" + std::to_string(grace.count()) + ".connection.json");
  if (fs::exists(file)) return file;
  Object tls;
  tls.set("ca_file", (directory_.path() / "workspace" / "ca.pem").string());
  Object auth;
  auth.set("type", "pat");
  Object rotation;
  rotation.set("grace_seconds", grace.count());
  Object config;
  config.set("workspace_url", workspace_.url());
  config.set("application_id", application_id_);
  config.set("auth", auth);
  config.set("tls", tls);
  config.set("rotation", rotation);
  Object admin;
  admin.set("reference", "env:ADMIN");
  Object adopt;
  adopt.set("reference", kAdoptReference);
  Object token;
  token.set("slot", kSlot);
  Object secrets;
  secrets.set("admin", admin);
  secrets.set("token", token);
  secrets.set("adopt", adopt);
  Object manifest;
  manifest.set("name", "local");
  manifest.set("connector", "databricks-token");
  manifest.set("config", config);
  manifest.set("secrets", secrets);
  std::ofstream stream(file);
  manifest.stringify(stream);
  return file;
}

// ---- The truth ----

std::unique_ptr<hub::SlotStore> World::open_store() const {
  return crash::open_store(store(), clock);
}

std::unique_ptr<Reader> World::make_reader() const {
  return std::make_unique<Reader>(
      workspace_.url(), (directory_.path() / "workspace" / "ca.pem").string(), application_id_);
}

Kept World::look() const {
  Kept kept;
  // A copy: to open the store would mend what a killed process left, before the next one does.
  const fs::path copy = directory_.path() / "copy";
  fs::remove_all(copy);
  fs::copy(store(), copy);
  if (!fs::exists(copy / "slots.db")) return kept;
  const auto opened = crash::open_store(copy, clock);
  hub::SlotStore& slots = *opened;
  auto slot = slots.look(kSlot);
  if (!slot) return kept;
  kept.exists = true;
  kept.slot = *std::move(slot);
  if (auto value = slots.current(kSlot)) kept.current = *std::move(value);
  const auto read = [&](const hub::SlotSnapshot::Version& version) {
    const auto value = slots.read(kSlot, kept.slot.revision, version.id);
    if (!value || local_workspace::sha256_hex(std::string(value->reveal())) != token_id(version))
      kept.unreadable.push_back(token_id(version));
  };
  if (kept.slot.current) read(*kept.slot.current);
  if (kept.slot.pending && kept.slot.pending->has_value) read(*kept.slot.pending);
  for (const auto& version : kept.slot.previous) read(version);
  return kept;
}

std::vector<std::string> World::live_of_ours(const Kept& kept) {
  const auto known = kept.token_ids();
  return workspace_.state().read([&](const Data& data) {
    std::vector<std::string> ids;
    for (const Token& token : data.tokens) {
      const bool ours =
          token.owner_id == owner_id_ && hub::rotation::is_marked(token.comment, kept.slot.id);
      const bool live = token.live(local_workspace::now_ms());
      if (live && (ours || std::ranges::binary_search(known, token.id))) ids.push_back(token.id);
    }
    std::ranges::sort(ids);
    return ids;
  });
}

bool World::is_live(const std::string& token_id) {
  return workspace_.state().read([&](const Data& data) {
    const Token* token = data.token(token_id);
    return token != nullptr && token->live(local_workspace::now_ms());
  });
}

void World::add_strangers() {
  const Kept kept = look();
  const std::string nonce(16, 'a');
  const std::string ours = kept.exists ? kept.slot.id : "00000000-0000-4000-8000-eeeeeeeeeeee";
  const auto add = [&](const std::string& value, std::int64_t owner, const std::string& comment) {
    Token token;
    token.id = local_workspace::sha256_hex(value);
    token.owner_id = owner;
    token.created_by_id = owner;
    token.comment = comment;
    token.creation_time = local_workspace::now_ms();
    token.expiry_time = token.creation_time + kYearMs;
    strangers_[token.id] = comment;
    workspace_.state().change([&](Data& data) {
      data.tokens.push_back(token);
      return 0;
    });
  };
  strangers_.clear();
  add(kMadeByHand, owner_id_, "made by hand");
  add("1", owner_id_, "another slot's hub:00000000-0000-4000-8000-ffffffffffff/" + nonce);
  add("2", another_id_, "another owner's hub:" + ours + "/" + nonce);
  add("3", owner_id_, "hub:" + ours + "/" + nonce + " was copied");
}

std::vector<std::string> World::dead_strangers() {
  std::vector<std::string> dead;
  for (const auto& [id, comment] : strangers_)
    if (!is_live(id)) dead.push_back(comment);
  return dead;
}

}  // namespace crash
