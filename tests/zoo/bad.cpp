// A connector that keeps the contract, and breaks one rule of it for each flaw.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <hub/connector.hpp>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "flaw.hpp"

namespace {

using hub::Call;
using hub::Error;
using hub::Result;
using hub::Status;
using std::chrono::milliseconds;

bool is(Flaw flaw) { return kFlaw == flaw; }

// Across calls, where a flaw keeps something.
const hub_host* the_host = nullptr;
const hub_call* kept_call = nullptr;
std::string held_secret;
std::atomic<int> running = 0;
std::atomic<int> opened = 0;
std::atomic<int> ever_opened = 0;
bool started = false;

sockaddr_in on_loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

struct AtExit {
  ~AtExit() {
    if (is(Flaw::aborts_at_exit)) std::abort();
    if (is(Flaw::keeps_host) && the_host != nullptr) the_host->now_unix_ms(the_host);
  }
} at_exit;

/// Sends nothing: asks for a route.
bool reaches_loopback() {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = on_loopback(9);
  const int connected =
      ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::close(socket);
  return connected == 0;
}

void disturb_process() {
  if (is(Flaw::blocks_signal)) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  }
  if (is(Flaw::changes_directory) && ::chdir("/") != 0) std::abort();
  if (is(Flaw::changes_environment)) ::setenv("BAD", "1", 1);
  if (is(Flaw::changes_locale)) std::setlocale(LC_ALL, "C.UTF-8");
  if (is(Flaw::changes_umask)) ::umask(0123);
  if (is(Flaw::exits)) std::exit(0);
  if (is(Flaw::finds_network) && reaches_loopback()) std::abort();
  if (is(Flaw::installs_handler)) std::signal(SIGUSR1, SIG_IGN);
  if (is(Flaw::leaks_descriptor)) ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (is(Flaw::prints)) std::puts("working");
}

/// Waits for the first word of a server that says none; false: there was none.
bool wait_for_server(Call call, std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = on_loopback(port);
  ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  bool has_spoken = false;
  {
    const hub::OnCancel on_cancel(call, [=]() noexcept {
      if (!is(Flaw::waits_uncancelled)) ::shutdown(socket, SHUT_RDWR);
    });
    auto patience = milliseconds(600);
    if (!is(Flaw::waits_beyond_deadline))
      patience = std::min(patience, std::chrono::duration_cast<milliseconds>(call.remaining()));
    pollfd answer{.fd = socket, .events = POLLIN, .revents = 0};
    has_spoken = ::poll(&answer, 1, static_cast<int>(patience.count())) == 1;
  }
  ::close(socket);
  return has_spoken;
}

/// For good: instances run in parallel.
void leave_begun(hub::SlotTransaction slot) {
  static auto& begun = *new std::vector<hub::SlotTransaction>;
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  begun.push_back(std::move(slot));
}

class Bad {
 public:
  static constexpr std::string_view kId = "bad";
  static constexpr std::string_view kVersion = "1.0.0";

  static std::string describe() {
    const std::string more = is(Flaw::redescribes) && started ? " Now." : "";
    return R"({"id": "bad", "version": "1.0.0", "title": "Bad", "summary": "For tests.)" + more +
           R"(", "config": {"type": "object", "additionalProperties": false,
        "properties": {"server": {"type": "string", "pattern": "^https://127.0.0.1:[0-9]+$"}}},
      "secrets": {"key": {"access": "read", "required": true, "summary": "A credential."},
                  "token": {"access": "rotate", "required": true, "summary": "A slot."}},
      "operations": {"work": {"summary": "Works.", "idempotent": false,
        "request": {"type": "object", "additionalProperties": false,
                    "properties": {"text": {"type": "string", "maxLength": 9007199254740991},
                                   "least": {"type": "integer", "minimum": -9223372036854775808,
                                             "maximum": 9223372036854775807},
                                   "most": {"type": "integer", "minimum": 9223372036854775807}}},
        "response": {"type": "object"}}},
      "reasons": {"DENIED": {"summary": "No key.", "hint": "Grant it."},
                  "BUSY": {"summary": "It is used.", "hint": "Wait."}}})";
  }

  static Result<> start(hub::Host, Call) {
    if (is(Flaw::starts_once) && started) std::abort();
    started = true;
    kept_call = nullptr;
    if (is(Flaw::leaks_thread))
      std::thread([] { std::this_thread::sleep_for(std::chrono::hours(1)); }).detach();
    return {};
  }
  static void stop() {}

  static Result<std::unique_ptr<Bad>> open(Call call, std::string_view, std::string_view config) {
    if (is(Flaw::aborts_on_configuration) && !config.starts_with('{')) std::abort();
    if (is(Flaw::opens_never)) return error("BUSY");
    if (is(Flaw::opens_once) && opened != 0) return error("BUSY");
    if (is(Flaw::keeps_call)) kept_call = call.raw();
    ++opened;
    auto made = std::make_unique<Bad>(config);
    if (is(Flaw::connects_in_open) && made->port_ != 0 && !wait_for_server(call, made->port_))
      return error("BUSY");
    return made;
  }
  explicit Bad(std::string_view config) : config_(config), thread_(std::this_thread::get_id()) {
    constexpr std::string_view kHost = "127.0.0.1:";
    if (const auto at = config.find(kHost); at != std::string_view::npos) {
      const auto digits = config.substr(at + kHost.size());
      std::from_chars(digits.data(), digits.data() + digits.size(), port_);
    }
  }
  ~Bad() { --opened; }

  Result<std::string> invoke(Call call, std::string_view operation, std::string_view request) {
    if (is(Flaw::aborts_on_operation) && operation != "work") std::abort();
    if (is(Flaw::aborts_on_bytes) && request.starts_with('\xff')) std::abort();
    if (is(Flaw::is_bound_to_thread) && thread_ != std::this_thread::get_id()) std::abort();
    if (is(Flaw::keeps_call) && kept_call != nullptr) kept_call->cancelled(kept_call);
    if (is(Flaw::keeps_config) && !config_.starts_with('{')) return error("BUSY");
    disturb_process();
    misread(call, request);
    if (is(Flaw::ignores_cancel) && call.cancelled())
      std::this_thread::sleep_for(milliseconds(300));
    if (is(Flaw::ignores_deadline) && call.remaining() <= milliseconds(0))
      std::this_thread::sleep_for(milliseconds(300));
    if (is(Flaw::leaves_callback)) call.raw()->on_cancel(call.raw(), ignore, nullptr);
    if (is(Flaw::undeclared_secret)) (void)call.secret("other");
    if (is(Flaw::wants_exact_tables) && call.raw()->struct_size != sizeof(hub_call))
      return error("BUSY");
    if (port_ != 0) wait_for_server(call, port_);
    return work(call);
  }

 private:
  static void ignore(void*) noexcept {}

  static Error error(const std::string& reason) {
    return {.status = Status::kFailedPrecondition, .reason = reason, .message = "it cannot work"};
  }

  /// What a flaw does to what was lent.
  static void misread(Call call, std::string_view request) {
    const auto* const table = reinterpret_cast<const char*>(call.raw());
    volatile std::size_t seen = 0;
    if (is(Flaw::reads_beyond_table)) seen = static_cast<std::size_t>(table[sizeof(hub_call)]);
    if (is(Flaw::reads_beyond_text)) seen = std::strlen(request.data());
    if (is(Flaw::writes_to_request) && !request.empty()) {
      const char first = request[0];
      *const_cast<volatile char*>(request.data()) = first;
    }
    (void)seen;
  }

  Result<std::string> work(Call call) const {
    if (is(Flaw::holds_secret) && !held_secret.empty()) return std::string("{}");
    const auto key = is(Flaw::holds_key) && !held_secret.empty()
                         ? Result<hub::Secret>(hub::Secret(held_secret))
                         : call.secret("key");
    if (!key) return denied(call, key.error());
    const std::string value(key->reveal());
    if ((is(Flaw::holds_secret) || is(Flaw::holds_key)) && held_secret.empty()) held_secret = value;
    if (is(Flaw::secret_in_log)) call.log(hub::LogLevel::kInfo, "it is " + value);
    if (is(Flaw::prints_secret)) std::fputs(value.c_str(), stderr);
    if (is(Flaw::secret_in_failure)) {
      Error wrong = error("BUSY");
      wrong.message += value;
      return wrong;
    }
    const milliseconds lease(is(Flaw::begins_for_no_time) ? 0 : 1000);
    auto slot = hub::SlotTransaction::begin(call, "token", lease);
    if (!slot) return std::move(slot).error();
    const std::string note = is(Flaw::secret_in_note)  ? R"({"by": ")" + value + R"("})"
                             : is(Flaw::notes_no_json) ? "{by: me}"
                             : is(Flaw::notes_too_much)
                                 ? R"({"by": ")" + std::string(16 * 1024, 'm') + R"("})"
                                 : "{}";
    if (auto noted = slot->note(note); !noted) {
      if (is(Flaw::leaves_slot_on_failure)) leave_begun(*std::move(slot));
      return std::move(noted).error();
    }
    if (is(Flaw::leaves_slot_begun)) leave_begun(*std::move(slot));
    if (is(Flaw::secret_in_response)) return R"({"key": ")" + value + R"("})";
    std::string alone = "true";
    if (is(Flaw::shares_state)) {
      if (++running != 1) alone = "false";
      std::this_thread::sleep_for(milliseconds(5));
      --running;
    }
    return R"({"length": )" + std::to_string(key->size()) + R"(, "alone": )" + alone +
           R"(, "instance": )" + std::to_string(number_) + "}";
  }

  /// How a flaw reports that there is no key.
  static Result<std::string> denied(Call call, const Error& why) {
    if (is(Flaw::needs_no_secret)) return std::string("{}");
    if (is(Flaw::aborts_on_refusal) && why.status == Status::kUnavailable) std::abort();
    if (is(Flaw::leaves_callback_on_failure) && why.status == Status::kUnavailable)
      call.raw()->on_cancel(call.raw(), ignore, nullptr);
    Error told = error("DENIED");
    if (is(Flaw::lists_no_reason)) told.reason = "NOBODY_KNOWS";
    if (is(Flaw::speaks_no_words)) told.message.clear();
    if (is(Flaw::repeats_unsure)) {
      told.retry = hub::Retry::kSameCall;
      told.effect = hub::Effect::kUnknown;
    }
    return told;
  }

  std::string_view config_;
  std::thread::id thread_;
  std::uint16_t port_ = 0;  // of the server; 0: none
  int number_ = ++ever_opened;
};

/// For what the trampolines of connector.hpp would not let it do.
hub_status invoke(hub_instance* instance, const hub_call* call, hub_text operation,
                  hub_text request, hub_sink response) {
  using Trampoline = hub::Export<Bad>;
  if (is(Flaw::throws)) throw std::runtime_error("thrown");
  if (is(Flaw::ignores_refusal)) {
    hub::TextSink text;
    const hub_status status = Trampoline::invoke(instance, call, operation, request, text.sink());
    if (status == HUB_OK) response.write(response.context, {text.text.data(), text.text.size()});
    return status;
  }
  const hub_status status = Trampoline::invoke(instance, call, operation, request, response);
  if (status == HUB_OK) return status;
  if (is(Flaw::says_nothing)) return HUB_DATA_LOSS;
  hub_error error{};
  error.struct_size = is(Flaw::shortens_failure) ? offsetof(hub_error, hint) : sizeof error;
  error.status = is(Flaw::names_no_status) ? 99 : status;
  error.reason = hub::text_of("BUSY");
  error.message = hub::text_of("it cannot work");
  if (is(Flaw::invents_retry)) error.retry = 7;
  if (is(Flaw::invents_effect)) error.effect = -1;
  if (is(Flaw::shortens_failure) || is(Flaw::names_no_status) || is(Flaw::invents_retry) ||
      is(Flaw::invents_effect)) {
    call->fail(call, &error);
    return error.status;
  }
  return status;
}

hub_status start(const hub_host* host, const hub_call* call) noexcept {
  the_host = host;
  return hub::Export<Bad>::start(host, call);
}

hub_status describe(hub_sink description) noexcept {
  const std::string text = Bad::describe();
  const hub_status written = description.write(description.context, {text.data(), text.size()});
  return is(Flaw::ignores_refusal_of_description) ? HUB_OK : written;
}

const void* query(const char*) noexcept { return is(Flaw::knows_any_extension) ? "" : nullptr; }

}  // namespace

extern "C" HUB_EXPORT const void* hub_connector_query(const char* id) noexcept {
  static const hub_connector table = [] {
    hub_connector own = hub::Export<Bad>::kTable;
    own.describe = describe;
    own.start = start;
    own.query = query;
    own.invoke = reinterpret_cast<decltype(own.invoke)>(&invoke);
    return own;
  }();
  return is(Flaw::knows_any_id) || std::string_view(id) == HUB_CONNECTOR_ID ? &table : nullptr;
}
