// A good connector whose operations show, or misuse, each thing that a call offers.
#include <hub/connector.hpp>

#include <condition_variable>
#include <csignal>
#include <functional>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>

namespace {

using hub::Call;
using hub::Error;
using hub::Result;
using hub::SlotTransaction;
using hub::Status;
using std::chrono::milliseconds;

// As Poco does: the loader is to undo it.
const bool kBlocked = [] {
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  return pthread_sigmask(SIG_BLOCK, &pipe, nullptr) == 0;
}();

using Operation = std::function<Result<std::string>(Call, std::string_view request)>;

Result<std::string> begin(Call call, milliseconds lease) {
  auto transaction = SlotTransaction::begin(call, "token", lease);
  if (!transaction) return std::move(transaction).error();
  return transaction->snapshot();
}

Result<std::string> returned(hub_status status) {
  if (auto refused = Call::refusal(status)) return *std::move(refused);
  return std::string("{}");
}

Result<std::string> noted(Call call, const std::string& note) {
  auto transaction = SlotTransaction::begin(call, "token", milliseconds(1000));
  if (!transaction) return std::move(transaction).error();
  if (auto done = transaction->note(note); !done) return std::move(done).error();
  return std::string("{}");
}

Result<std::string> wait_until_told(Call call) {
  std::mutex mutex;
  std::condition_variable wake;
  bool told = false;
  hub::OnCancel on_cancel(call, [&]() noexcept {
    const std::lock_guard lock(mutex);
    told = true;
    wake.notify_all();
  });
  call.log(hub::LogLevel::kInfo, "waiting");
  std::unique_lock lock(mutex);
  if (wake.wait_for(lock, call.remaining(), [&] { return told; }) && call.cancelled())
    return Error{.status = Status::kCancelled, .reason = "TOLD", .message = "cancelled"};
  return Error{.status = Status::kDeadlineExceeded, .reason = "LATE", .message = "out of time"};
}

Result<std::string> rotate(Call call) {
  auto transaction = SlotTransaction::begin(call, "token", milliseconds(60000));
  if (!transaction) return std::move(transaction).error();
  const auto intent = transaction->stage_intent(R"({"nonce": "a"})", R"({"log": ["a"]})");
  if (!intent) return intent.error();
  const auto staged =
      transaction->stage_value(hub::Secret("minted-value"), R"({"nonce": "a"})", {});
  if (!staged) return staged.error();
  const auto read = transaction->read(*staged);
  if (!read || read->reveal() != "minted-value") return Error{.message = "read another value"};
  call.log(hub::LogLevel::kInfo, "staged minted-value");
  if (auto done = transaction->commit(*staged, milliseconds(5000), {}, {}); !done)
    return std::move(done).error();
  hub::TextSink snapshot;
  if (auto refused = Call::refusal(
          call.raw()->secret_look(call.raw(), hub::text_of("token"), snapshot.sink()))) {
    return *std::move(refused);
  }
  return snapshot.text;
}

hub_status odd_numbers(const hub_call* call) {
  hub_error error{};
  error.struct_size = sizeof error;
  error.status = 99;
  error.retry = 7;
  error.effect = 9;
  error.retry_after_ms = -5;
  error.message = hub::text_of("odd");
  error.detail_json = hub::text_of("no JSON");
  call->fail(call, &error);
  return 99;
}

hub_status old_error(const hub_call* call) {
  hub_error error{};
  error.struct_size = offsetof(hub_error, retry);
  error.status = HUB_NOT_FOUND;
  error.retry = HUB_RETRY_SAME_CALL;
  error.message = hub::text_of("beyond its size");
  call->fail(call, &error);
  return HUB_NOT_FOUND;
}

const std::map<std::string, Operation, std::less<>>& operations() {
  static const std::map<std::string, Operation, std::less<>> all{
      {"echo",
       [](Call, std::string_view request) -> Result<std::string> { return std::string(request); }},
      {"reveal",
       [](Call call, std::string_view) -> Result<std::string> {
         const auto secret = call.secret("admin");
         if (!secret) return secret.error();
         call.log(static_cast<hub::LogLevel>(42), "it is " + std::string(secret->reveal()));
         return R"({"it is": ")" + std::string(secret->reveal()) + R"("})";
       }},
      {"reveal-in-error",
       [](Call call, std::string_view) -> Result<std::string> {
         const auto secret = call.secret("admin");
         if (!secret) return secret.error();
         const std::string text(secret->reveal());
         return Error{.status = Status::kUnauthenticated,
                      .reason = "REFUSED",
                      .message = "refused " + text,
                      .hint = "replace " + text,
                      .detail_json = R"({"sent": ")" + text + R"("})"};
       }},
      {"get-current",
       [](Call call, std::string_view) -> Result<std::string> {
         const auto secret = call.secret("token");
         if (!secret) return secret.error();
         return R"({"size": )" + std::to_string(secret->size()) + "}";
       }},
      {"get-undeclared",
       [](Call call, std::string_view) -> Result<std::string> {
         const auto secret = call.secret("other");
         return secret ? Result<std::string>(std::string("{}")) : secret.error();
       }},
      {"get-ungranted",
       [](Call call, std::string_view) -> Result<std::string> {
         const auto secret = call.secret("extra");
         return secret ? Result<std::string>(std::string("{}")) : secret.error();
       }},
      {"begin-credential",
       [](Call call, std::string_view) -> Result<std::string> {
         auto begun = SlotTransaction::begin(call, "admin", milliseconds(1000));
         return begun ? Result<std::string>(begun->snapshot()) : begun.error();
       }},
      {"begin", [](Call call, std::string_view) { return begin(call, milliseconds(1000)); }},
      {"begin-unheard",
       [](Call call, std::string_view) {
         const hub_sink deaf{nullptr, [](void*, hub_bytes) noexcept -> hub_status {
                               return HUB_RESOURCE_EXHAUSTED;
                             }};
         std::uint64_t fence = 0;
         return returned(
             call.raw()->secret_begin(call.raw(), hub::text_of("token"), 60'000, &fence, deaf));
       }},
      {"begin-forever", [](Call call, std::string_view) { return begin(call, milliseconds(0)); }},
      {"begin-and-rename",
       [](Call call, std::string_view) -> Result<std::string> {
         auto begun = begin(call, milliseconds(1000));
         if (begun) return begun;
         return Error{.status = Status::kUnavailable, .reason = "OWN", .message = "own words"};
       }},
      {"rotate", [](Call call, std::string_view) { return rotate(call); }},
      {"large-note",
       [](Call call, std::string_view) {
         return noted(call, "{\"a\": \"" + std::string(16 * 1024, 'a') + "\"}");
       }},
      {"bad-note", [](Call call, std::string_view) { return noted(call, "[]"); }},
      {"empty-note", [](Call call, std::string_view) { return noted(call, ""); }},
      {"stage-nothing",
       [](Call call, std::string_view) -> Result<std::string> {
         std::uint64_t version = 0;
         return returned(call.raw()->secret_stage(call.raw(), hub::text_of("token"), 1, {"", 0}, {},
                                                  {}, &version));
       }},
      {"bad-mark",
       [](Call call, std::string_view) {
         return returned(call.raw()->secret_mark(call.raw(), hub::text_of("token"), 1, 1, 9, {}));
       }},
      {"wait", [](Call call, std::string_view) { return wait_until_told(call); }},
      {"context",
       [](Call call, std::string_view) -> Result<std::string> {
         return R"({"attempt": )" + std::to_string(call.attempt()) + R"(, "key": ")" +
                std::string(call.idempotency_key()) + R"(", "trace": ")" +
                std::string(hub::view_of(call.raw()->trace_parent)) + R"(", "remaining_ms": )" +
                std::to_string(call.remaining().count() / 1'000'000) + "}";
       }},
      {"unsure",
       [](Call, std::string_view) -> Result<std::string> {
         return Error{.status = Status::kUnavailable,
                      .retry = hub::Retry::kSameCall,
                      .effect = hub::Effect::kUnknown,
                      .message = "no answer"};
       }},
      {"unsure-idempotent",
       [](Call, std::string_view) -> Result<std::string> {
         return Error{.status = Status::kUnavailable,
                      .retry = hub::Retry::kSameCall,
                      .effect = hub::Effect::kUnknown,
                      .message = "no answer"};
       }},
      {"no-json", [](Call, std::string_view) -> Result<std::string> { return std::string("{,}"); }},
      {"throw",
       [](Call, std::string_view) -> Result<std::string> {
         throw std::runtime_error("out of luck");
       }},
  };
  return all;
}

class Talkative {
 public:
  static constexpr std::string_view kId = "talkative", kVersion = "2.1.0";

  explicit Talkative(std::string config) : config_(std::move(config)) {}

  static std::string describe() {
    std::string names;
    for (const std::string name : {"odd-numbers", "old-error", "config"}) names += entry(name);
    for (const auto& [name, unused] : operations()) names += entry(name);
    names.pop_back();
    return R"({"id": "talkative", "version": "2.1.0", "title": "Talkative", "summary": "Tests.",
      "config": {"type": "object", "additionalProperties": false, "required": ["auth"],
        "properties": {
          "lifetime": {"type": "integer", "minimum": 60, "description": "Seconds."},
          "tls": {"type": "object", "additionalProperties": false,
                  "properties": {"ca_file": {"type": "string", "format": "path"}}},
          "auth": {"oneOf": [
            {"type": "object", "additionalProperties": false, "required": ["type"],
             "properties": {"type": {"const": "pat"}}},
            {"type": "object", "additionalProperties": false, "required": ["type", "client_id"],
             "properties": {"type": {"const": "oauth"}, "client_id": {"type": "string"}}}]}}},
      "secrets": {
        "admin": {"access": "read", "required": true, "summary": "A credential."},
        "extra": {"access": "read", "required": false, "summary": "Another."},
        "token": {"access": "rotate", "required": true, "summary": "A slot."}},
      "reasons": {"LATE": {"summary": "Out of time.", "hint": "Allow more."}},
      "operations": {)" +
           names + "}}";
  }

  static Result<> start(hub::Host host, Call call) {
    host.log(hub::LogLevel::kInfo, "started for " + std::string(host.name()));
    (void)call;
    return {};
  }
  static void stop() {}

  static Result<std::unique_ptr<Talkative>> open(Call call, std::string_view connection,
                                                 std::string_view config_json) {
    call.log(hub::LogLevel::kDebug, "opened " + std::string(connection));
    return std::make_unique<Talkative>(std::string(config_json));
  }

  Result<std::string> invoke(Call call, std::string_view operation, std::string_view request) {
    if (operation == "config") return config_;
    return operations().find(operation)->second(call, request);
  }

 private:
  static std::string entry(const std::string& name) {
    return '"' + name + R"(": {"summary": "Tests.", "idempotent": )" +
           (name == "unsure-idempotent" ? "true" : "false") +
           R"(, "response": {"type": "object"}, "request": {"type": "object",
              "additionalProperties": false, "properties": {"text": {"type": "string"}}}},)";
  }

  std::string config_;
};

}  // namespace

// By hand, since two operations say what connector.hpp would not let them say.
extern "C" HUB_EXPORT const void* hub_connector_query(const char* id) noexcept {
  static const hub_connector table = [] {
    hub_connector own = hub::Export<Talkative>::kTable;
    own.invoke = [](hub_instance* instance, const hub_call* call, hub_text operation,
                    hub_text request, hub_sink response) noexcept -> hub_status {
      if (hub::view_of(operation) == "odd-numbers") return odd_numbers(call);
      if (hub::view_of(operation) == "old-error") return old_error(call);
      return hub::Export<Talkative>::invoke(instance, call, operation, request, response);
    };
    return own;
  }();
  return std::string_view(id) == HUB_CONNECTOR_ID ? &table : nullptr;
}
