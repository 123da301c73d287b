// A host for a connector's unit tests, without network, files or sleeping: it drives the connector
// in a FakeWorld. Header-only, standard library only.
//
//     hub::testing::FakeHost host(hub_connector_query(HUB_CONNECTOR_ID));
//     host.grant("key");
//     auto connection = host.open(R"({"url": "https://one.example"})");
//     auto response = connection->invoke("measure", "{}");
//     EXPECT_TRUE(host.violations().empty());
//
// It checks no JSON Schema: requests and configurations reach the connector as the test wrote them.
#pragma once

#include <hub/connector.hpp>
#include <hub/testing/fake_call.hpp>
#include <hub/testing/fake_world.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hub::testing {

/// The connector's functions may be called from any thread. Outlives its connections.
class FakeHost : public FakeWorld {
 public:
  class Connection;

  /// `table` is the constant table of hub.connector/1. The connector is started at the first open,
  /// or by start(), once: what it answered then it answers ever after.
  explicit FakeHost(const void* table) : table_(*static_cast<const hub_connector*>(table)) {
    host_.struct_size = sizeof host_;
    host_.name = text_of("fake-host");
    host_.version = text_of("1.0.0");
    host_.context = this;
    host_.now_unix_ms = [](const hub_host* host) noexcept { return of(host).now().count(); };
    host_.now_monotonic_ns = [](const hub_host* host) noexcept {
      return std::int64_t{std::chrono::nanoseconds(of(host).now()).count()};
    };
    host_.log = [](const hub_host* host, hub_log_level level, hub_text message) noexcept {
      of(host).log(level, message);
    };
    host_.query = [](const hub_host*, const char*) noexcept -> const void* { return nullptr; };
  }
  ~FakeHost() { stop(); }

  std::string describe() {
    TextSink description;
    table_.describe(description.sink());
    return std::move(description.text);
  }
  Result<> start();
  /// Once each connection is closed.
  void stop() {
    if (started_ && *started_ && !std::exchange(stopped_, true)) table_.stop();
  }
  Result<Connection> open(std::string_view config_json, std::string_view name = "connection");

 private:
  static FakeHost& of(const hub_host* host) { return *static_cast<FakeHost*>(host->context); }

  const hub_connector& table_;
  hub_host host_{};
  std::optional<Result<>> started_;
  bool stopped_ = false;
};

/// An open instance; closes it.
class FakeHost::Connection {
 public:
  Connection(FakeHost& host, hub_instance* instance) : host_(&host), instance_(instance) {}
  Connection(Connection&& other) noexcept
      : host_(other.host_), instance_(std::exchange(other.instance_, nullptr)) {}
  Connection& operator=(Connection&&) = delete;
  ~Connection() {
    if (instance_ != nullptr) host_->table_.close(instance_);
  }

  /// The response, or why there is none.
  Result<std::string> invoke(std::string_view operation, std::string_view request_json) {
    FakeCall call(*host_);
    TextSink response;
    const hub_status status = host_->table_.invoke(instance_, call.call().raw(), text_of(operation),
                                                   text_of(request_json), response.sink());
    if (auto done = call.outcome(status, response.text); !done) return std::move(done).error();
    return std::move(response.text);
  }

 private:
  FakeHost* host_;
  hub_instance* instance_;
};

inline Result<> FakeHost::start() {
  if (stopped_) return Error{.status = Status::kFailedPrecondition, .reason = "CONNECTOR_STOPPED"};
  if (!started_) {
    FakeCall call(*this);
    started_ = call.outcome(table_.start(&host_, call.call().raw()));
  }
  return *started_;
}

inline Result<FakeHost::Connection> FakeHost::open(std::string_view config_json,
                                                   std::string_view name) {
  if (auto done = start(); !done) return std::move(done).error();
  FakeCall call(*this);
  hub_instance* instance = nullptr;
  auto done =
      call.outcome(table_.open(call.call().raw(), text_of(name), text_of(config_json), &instance));
  if (!done) return std::move(done).error();
  return Connection(*this, instance);
}

}  // namespace hub::testing
