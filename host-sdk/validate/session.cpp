#include "session.hpp"

#include <Poco/JSON/Object.h>
#include <dlfcn.h>
#include <sched.h>
#include <unistd.h>
#include <hub/host.hpp>
#include <hub/strict_json.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include "runner.hpp"
#include "samples.hpp"

namespace hub::validate {
namespace {

constexpr std::size_t kShown = 200;

/// Through a pointer that may throw: a connector that was compiled as C++11 can.
template <class Body>
auto calling(const std::string& what, Body body) {
  about_to(what);
  try {
    return body();
  } catch (const Ended&) {
    throw;
  } catch (...) {
    throw Ended{failed("an exception left " + what)};
  }
}

/// What does not name our servers may lead anywhere: then there is no network, where the system
/// lets it be taken away (from a process with one thread).
void leave_network() {
  const uid_t self = ::geteuid();
  if (::unshare(CLONE_NEWNET) == 0 || ::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return;
  std::ofstream("/proc/self/uid_map") << self << ' ' << self << " 1";  // files stay its own
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

Description description_of(const hub_connector& table, const std::string& library) {
  Receiver description;
  calling("describe", [&] { return table.describe(description.sink()); });
  return Description::parse(description.text, library);
}

}  // namespace

void* load(const Subject& subject) {
  if (subject.library.empty()) throw Ended{skipped("the manifest leads to no library")};
  if (!subject.names_server()) leave_network();
  about_to("loading");
  void* const library = ::dlopen(subject.library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw Ended{failed(::dlerror())};
  return library;
}

const hub_connector& table_of(const Subject& subject) {
  const auto entry =
      reinterpret_cast<hub_connector_query_fn>(::dlsym(load(subject), "hub_connector_query"));
  if (entry == nullptr) throw Ended{failed("there is no hub_connector_query")};
  about_to("hub_connector_query");
  const void* const table = entry(HUB_CONNECTOR_ID);
  if (table == nullptr)
    throw Ended{failed("hub_connector_query(\"" HUB_CONNECTOR_ID "\") is NULL")};
  return *static_cast<const hub_connector*>(table);
}

hub_sink Receiver::sink() {
  return {this, [](void* context, hub_bytes chunk) noexcept -> hub_status {
            auto& self = *static_cast<Receiver*>(context);
            if (self.has_refused) {
              self.was_written_after = true;
              return self.refusal;
            }
            const std::size_t room = self.refuse_at - self.text.size();
            if (chunk.size > room) {
              self.has_refused = true;
              return self.refusal;
            }
            self.text.append(static_cast<const char*>(chunk.data), chunk.size);
            return HUB_OK;
          }};
}

std::string Answer::in_words() const {
  std::string words(to_text(status_of(status)));
  if (error) words += " (" + error->reason + ": " + error->message + ")";
  return words;
}

Session::Session(const Subject& subject, const SessionOptions& options)
    : subject_(subject),
      options_(options),
      table_(table_of(subject)),
      description_(description_of(table_, subject.library.string())) {
  add_host(options);
}

Host& Session::add_host(const SessionOptions& options) {
  Host& host = *hosts_.emplace_back(std::make_unique<Host>(options.lending, began_));
  if (!options.grants) return host;
  for (const auto& [name, secret] : description_.secrets) {
    if (secret.rotates) {
      host.grant_slot(name);
    } else {
      host.grant(name);
    }
  }
  return host;
}

std::set<std::string> Session::reasons() const {
  const auto root =
      parse_strict_json(description_.text, "").value.extract<Poco::JSON::Object::Ptr>();
  const auto names = root->getObject("reasons")->getNames();
  return {names.begin(), names.end()};
}

std::string Session::config() const {
  if (!subject_.config) {
    if (auto made = Samples(description_.config, subject_.seed).smallest()) return *std::move(made);
    throw Ended{warned("no configuration could be made up from the schema: give --config FILE")};
  }
  std::string config = *subject_.config;
  if (subject_.servers != nullptr) {
    config =
        replaced(replaced(std::move(config), "{server}", subject_.servers->url(options_.server)),
                 "{ca_file}", subject_.servers->ca_file());
  }
  try {
    const auto value = parse_strict_json(config, "--config").value;
    if (const auto error = description_.config.first_error(value))
      throw Ended{failed("--config: " + error->pointer + " " + error->message)};
  } catch (const Refused& wrong) {
    throw Ended{failed(wrong.what())};
  }
  return config;
}

template <class Body>
Answer Session::call(Host& host, const std::string& what, const std::string& input,
                     const Receiver& receiver, Body body) {
  Call& made = host.new_call(timeout_);
  Answer answer{.call = what + " " + input.substr(0, kShown)};
  const auto began = std::chrono::steady_clock::now();
  answer.status = calling(answer.call, [&] { return body(made); });
  answer.took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - began);
  made.returned();
  answer.odd_number = made.odd_number();
  answer.response = receiver.text;
  if (auto outcome = made.outcome(answer.status, answer.response); !outcome)
    answer.error = std::move(outcome).error();
  return answer;
}

Answer Session::start() {
  hub_status (*const function)(const hub_host*, const hub_call*) = table_.start;
  return call(host(), "start", "", {},
              [&](Call& made) { return function(host().table(), made.raw()); });
}

Answer Session::open(const std::string& config, hub_instance*& instance) {
  return open(config, instance, open_ == 0 ? host() : add_host(options_));
}

Answer Session::open(const std::string& config, hub_instance*& instance, Host& own) {
  hub_status (*const function)(const hub_call*, hub_text, hub_text, hub_instance**) = table_.open;
  Answer answer = call(own, "open", config, {}, [&](Call& made) {
    return function(made.raw(), made.lend("validated"), made.lend(config), &instance);
  });
  if (answer.status == HUB_OK) {
    instances_.insert_or_assign(instance, &own);
    ++open_;
  }
  return answer;
}

Answer Session::invoke(hub_instance* instance, const std::string& operation,
                       const std::string& request, Receiver* receiver) {
  hub_status (*const function)(hub_instance*, const hub_call*, hub_text, hub_text, hub_sink) =
      table_.invoke;
  Receiver own;
  Receiver& into = receiver == nullptr ? own : *receiver;
  Answer answer =
      call(*instances_.at(instance), "invoke " + operation, request, into, [&](Call& made) {
        return function(instance, made.raw(), made.lend(operation), made.lend(request),
                        made.lend(into.sink()));
      });
  const auto known = description_.operations.find(operation);
  answer.idempotent = known != description_.operations.end() && known->second.idempotent;
  return answer;
}

void Session::close(hub_instance* instance) {
  void (*const function)(hub_instance*) = table_.close;
  calling("close", [&] { function(instance); });
  --open_;
}

void Session::stop() {
  void (*const function)() = table_.stop;
  calling("stop", [&] { function(); });
}

std::string Session::describe() {
  hub_status (*const function)(hub_sink) = table_.describe;
  Receiver description;
  calling("describe", [&] { return function(description.sink()); });
  return description.text;
}

hub_instance* Session::begin() {
  if (const Answer answer = start(); answer.status != HUB_OK)
    throw Ended{skipped("start answered " + answer.in_words())};
  hub_instance* instance = nullptr;
  if (const Answer answer = open(config(), instance); answer.status != HUB_OK || !instance)
    throw Ended{skipped("open answered " + answer.in_words())};
  return instance;
}

std::vector<Input> requests(const Session& session, std::uint64_t seed, std::size_t valid,
                            std::size_t broken) {
  std::vector<Input> made;
  for (const auto& [name, operation] : session.description().operations) {
    Samples samples(operation.request, seed);
    const auto smallest = samples.smallest();
    const std::string plain = smallest.value_or("{}");
    made.push_back({name, plain, smallest.has_value()});
    for (std::string& each : samples.valid(valid)) made.push_back({name, std::move(each), true});
    for (std::string& each : samples.broken(plain, broken))
      made.push_back({name, std::move(each), false});
  }
  return made;
}

std::vector<Answer> use(Session& session, hub_instance* instance, std::uint64_t seed,
                        std::size_t valid, std::size_t broken) {
  std::vector<Answer> answers;
  for (const Input& each : requests(session, seed, valid, broken)) {
    answers.push_back(session.invoke(instance, each.operation, each.request));
    answers.back().was_valid = each.is_valid;
  }
  session.close(instance);
  return answers;
}

std::vector<Answer> live(Session& session, std::uint64_t seed, std::size_t valid,
                         std::size_t broken) {
  std::vector<Answer> answers{session.start()};
  if (answers.back().status != HUB_OK) return answers;
  hub_instance* instance = nullptr;
  answers.push_back(session.open(session.config(), instance));
  if (answers.back().status == HUB_OK && instance != nullptr)
    std::ranges::move(use(session, instance, seed, valid, broken), std::back_inserter(answers));
  session.stop();
  return answers;
}

}  // namespace hub::validate
