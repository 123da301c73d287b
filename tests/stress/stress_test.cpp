// 64 threads make and rotate tokens through the plugin for a minute while the workspace fails at
// random. HUB_STRESS_SEED repeats a run's faults, HUB_STRESS_SECONDS changes its length.
#include <Poco/JSON/Array.h>
#include <gtest/gtest.h>
#include <hub/host.hpp>
#include <hub/testing/memory_slot_store.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "support/local_workspace.hpp"

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using test_support::LocalWorkspace;
using Random = std::mt19937;

constexpr int kThreads = 64;
// So that most requests get through: who is refused at every step never comes far.
constexpr int kCallsPerFault = 8;

std::uint32_t number_from(const char* variable, std::uint32_t otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : static_cast<std::uint32_t>(std::stoul(text));
}

int pick(Random& random, int first, int last) {
  return std::uniform_int_distribution(first, last)(random);
}

class Services : public hub::HostServices {
 public:
  explicit Services(std::string admin_token)
      : HostServices("stress", "1.0.0"), admin_token_(std::move(admin_token)) {}

  hub::Result<hub::Secret> credential(const std::string&) override {
    return hub::Secret(admin_token_);
  }
  hub::SlotStore& slots() override { return slots_; }
  void log(hub::LogLevel, std::string_view, std::string_view message) override {
    if (message.find("dapi") != std::string_view::npos) ++tokens_in_logs;
  }

  std::atomic<int> tokens_in_logs = 0;

 private:
  const std::string admin_token_;
  hub::testing::MemorySlotStore slots_{[] {
    return std::chrono::duration_cast<milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }};
};

class Stress : public testing::Test {
 protected:
  /// A connection with a slot that nobody has used.
  std::unique_ptr<hub::Connection> open(const std::string& name) {
    const auto file = workspace_.directory() / (name + ".connection.json");
    std::ofstream(file) << R"({"name": ")" << name << R"(", "connector": "databricks-token",
      "config": {"workspace_url": ")"
                        << workspace_.url() << R"(", "application_id": ")" << principal_
                        << R"(", "auth": {"type": "pat"}, "tls": {"ca_file": ")"
                        << workspace_.ca_file().string()
                        << R"("}, "rotation": {"grace_seconds": 0}},
      "secrets": {"admin": {"reference": "env:ADMIN"}, "token": {"slot": ")"
                        << name << R"("}}})";
    std::filesystem::permissions(file, std::filesystem::perms(0600));
    auto connection = library_.open(hub::ConnectionManifest::read(file));
    std::filesystem::remove(file);
    return connection;
  }

  /// One fault for the next few requests of one kind. None lies: 429 comes without the effect.
  std::string random_fault(Random& random) const {
    const std::string mint = "/api/2.0/token-management/on-behalf-of/tokens";
    const std::vector<std::string> paths = {mint, mint, "/api/2.0/token-management/*",
                                            "/api/2.0/*"};
    const std::string path = paths.at(static_cast<std::size_t>(pick(random, 0, 3)));
    const std::string head = R"({"path": ")" + path + R"(", "times": )" +
                             std::to_string(pick(random, 1, 6)) + R"(, "delay_ms": )" +
                             std::to_string(pick(random, 0, 3) == 0 ? pick(random, 1, 300) : 0);
    const std::string after = pick(random, 0, 1) == 0 ? R"(, "after_effect": true)" : "";
    // A workspace that throttles is left alone by all threads, so that is rare.
    if (pick(random, 0, 19) == 0)
      return head + R"(, "status": 429, "body": {"error_code": "REQUEST_LIMIT_EXCEEDED"}})";
    switch (pick(random, 0, 5)) {
      case 0:
        return head + R"(, "close": "before"})";
      case 1:
        return head + R"(, "close": "after"})";
      case 2:
        return head + R"(, "truncate": true})";
      case 3:
        return head + R"(, "status": 200, "body": "<html>sign in</html>")" + after + "}";
      case 4:
        return head + "}";  // late
      default:
        return head + R"(, "body": "", "status": )" + std::to_string(pick(random, 500, 504)) +
               after + "}";
    }
  }

  /// One slot after another until the time is over: a first token, some rotations, the end. What
  /// fails is tried again as a scheduler would, without its patience.
  void work(int number, std::uint32_t seed, steady_clock::time_point until) {
    Random random(seed);
    for (int slot = 0; steady_clock::now() < until; ++slot) {
      const auto connection = open("slot-" + std::to_string(number) + "-" + std::to_string(slot));
      const auto invoke = [&](const char* operation, const char* request) {
        hub::CallOptions options;
        options.timeout = milliseconds(pick(random, 0, 4) == 0 ? pick(random, 1, 50) : 2000);
        const auto response = connection->invoke(operation, request, options);
        ++calls_;
        calls_.notify_one();
        return static_cast<bool>(response);
      };
      const auto insist = [&](const char* operation, const char* request) {
        for (int attempt = 0; attempt < 5; ++attempt)
          if (invoke(operation, request)) return;
      };
      insist("create-token", "{}");
      insist("rotate-token", R"({"when": "now"})");
      insist("rotate-token", "{}");
      insist("revoke-token", R"({"all": true})");
      insist("sweep", "{}");
    }
  }

  LocalWorkspace workspace_;
  const std::string principal_ = workspace_.principal("data-pipeline").application_id;
  Services services_{workspace_.admin_token()};
  hub::ConnectorLibrary library_{services_, CONNECTOR};
  std::atomic<int> calls_ = 0;
};

TEST_F(Stress, NoTokenIsAskedForTwice) {
  const std::uint32_t seed = number_from("HUB_STRESS_SEED", std::random_device()());
  const auto until =
      steady_clock::now() + std::chrono::seconds(number_from("HUB_STRESS_SECONDS", 60));
  std::cout << "HUB_STRESS_SEED=" << seed << std::endl;

  std::vector<std::jthread> threads;
  for (int number = 0; number < kThreads; ++number) {
    threads.emplace_back(
        [=, this] { work(number, seed + static_cast<std::uint32_t>(number) + 1, until); });
  }
  Random random(seed);
  for (int next = 0; steady_clock::now() < until;) {
    const int seen = calls_;
    if (seen < next) {
      calls_.wait(seen);
    } else {
      workspace_.fail(random_fault(random));
      next = seen + kCallsPerFault;
    }
  }
  threads.clear();
  workspace_.clear_faults();

  // A body is one logical request, for it carries a nonce. It may come again only after a 429.
  const auto state = workspace_.state();
  std::map<std::string, std::vector<int>> statuses;
  for (const auto& item : *state->getArray("requests")) {
    const auto request = item.extract<Poco::JSON::Object::Ptr>();
    const auto route = request->getValue<std::string>("route");
    if (request->getValue<std::string>("method") == "POST" &&
        route.ends_with("on-behalf-of/tokens"))
      statuses[request->getValue<std::string>("body_sha256")].push_back(
          request->getValue<int>("status"));
  }
  std::size_t unanswered = 0;
  for (const auto& [body, answers] : statuses) {
    EXPECT_TRUE(std::all_of(answers.begin(), answers.end() - 1, [](int s) { return s == 429; }))
        << "a request was sent again after it was answered with " << answers.front();
    unanswered += answers.back() != 200 && answers.back() != 429 ? 1 : 0;
  }
  std::map<std::string, int> comments;
  for (const auto& item : *state->getArray("tokens"))
    ++comments[item.extract<Poco::JSON::Object::Ptr>()->getValue<std::string>("comment")];
  for (const auto& [comment, count] : comments) EXPECT_EQ(count, 1) << comment;

  std::cout << calls_ << " calls, " << statuses.size() << " requests for a token, of which "
            << unanswered << " had no good answer\n";
  EXPECT_GT(unanswered, 0U) << "no fault met a request for a token";
  EXPECT_EQ(services_.tokens_in_logs, 0);
}

}  // namespace
