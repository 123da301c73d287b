// The connector in this process, from loading to stop.
#pragma once

#include <hub/connector.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "check.hpp"
#include "description.hpp"
#include "host.hpp"

namespace hub::validate {

/// Maps the library for good. Ends the check when it cannot.
void* load(const Subject& subject);

/// The connector's table. Ends the check when it has none.
const hub_connector& table_of(const Subject& subject);

/// Receives, and refuses when it comes to byte `refuse_at`.
struct Receiver {
  std::string text{};
  std::size_t refuse_at = std::numeric_limits<std::size_t>::max();
  hub_status refusal = HUB_RESOURCE_EXHAUSTED;
  bool has_refused = false;
  bool was_written_after = false;  // although it had refused

  hub_sink sink();
};

/// What start, open or invoke answered.
struct Answer {
  std::string call;  // "invoke measure {}"
  hub_status status = HUB_OK;
  std::optional<Error> error{};  // why, when it is not HUB_OK
  std::string odd_number{};      // Call::odd_number()
  bool idempotent = false;
  bool was_valid = true;  // what was asked, by the schema
  std::string response{};
  std::chrono::milliseconds took{0};

  /// "unavailable (SERVER_BUSY: the server is busy)"
  std::string in_words() const;
};

struct SessionOptions {
  Lending lending{};
  bool grants = true;  // everything that describe() lists
  Servers::Kind server = Servers::kRefuses;
};

/// Each function ends the check when an exception comes out of the connector.
class Session {
 public:
  explicit Session(const Subject& subject, const SessionOptions& options = {});

  /// That of start, and of an instance while it is the only one; each further instance has its own,
  /// for no two connections share a slot.
  Host& host() { return *hosts_.front(); }
  /// Of each later call.
  void set_timeout(std::chrono::milliseconds timeout) { timeout_ = timeout; }
  const Description& description() const { return description_; }
  std::set<std::string> reasons() const;

  /// One that the schema allows, the same for each session but for the server in it. Ends the
  /// check when there is none.
  std::string config() const;

  Answer start();
  Answer open(const std::string& config, hub_instance*& instance);
  /// With another host, as `options` say.
  Answer open(const std::string& config, hub_instance*& instance, const SessionOptions& options) {
    return open(config, instance, add_host(options));
  }
  /// `receiver` gets the response, if it is given.
  Answer invoke(hub_instance* instance, const std::string& operation, const std::string& request,
                Receiver* receiver = nullptr);
  void close(hub_instance* instance);
  void stop();
  std::string describe();

  /// Starts and opens with config(); ends the check where that does not succeed.
  hub_instance* begin();
  void end(hub_instance* instance) {
    close(instance);
    stop();
  }

 private:
  template <class Body>
  Answer call(Host& host, const std::string& what, const std::string& input,
              const Receiver& receiver, Body body);
  Answer open(const std::string& config, hub_instance*& instance, Host& own);
  Host& add_host(const SessionOptions& options);

  const Subject& subject_;
  const SessionOptions options_;
  const hub_connector& table_;
  const Description description_;
  const std::chrono::milliseconds began_ = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  std::vector<std::unique_ptr<Host>> hosts_;
  std::map<hub_instance*, Host*> instances_;
  std::size_t open_ = 0;
  std::chrono::milliseconds timeout_{500};
};

/// A request for an operation.
struct Input {
  std::string operation;
  std::string request;
  bool is_valid = true;
};

/// The plainest request for each operation, and up to so many others, from the subject's seed.
std::vector<Input> requests(const Session& session, std::uint64_t seed, std::size_t valid,
                            std::size_t broken);

/// Invokes `instance`, with so many requests for each operation, and closes it: all that was
/// answered.
std::vector<Answer> use(Session& session, hub_instance* instance, std::uint64_t seed,
                        std::size_t valid, std::size_t broken);

/// A whole life, with so many requests for each operation: all that was answered.
std::vector<Answer> live(Session& session, std::uint64_t seed, std::size_t valid,
                         std::size_t broken);

}  // namespace hub::validate
