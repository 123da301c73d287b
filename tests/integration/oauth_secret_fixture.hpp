// The example oauth-secret, in this process, against a local workspace whose clock is the test's.
#pragma once

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <hub/testing/fake_host.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "workspace/certificate_authority.hpp"
#include "workspace/files.hpp"
#include "workspace/oauth_secrets.hpp"
#include "workspace/workspace.hpp"

namespace integration {

using hub::testing::FakeHost;
using local_workspace::Answer;
using local_workspace::Data;
using local_workspace::OauthSecret;
using local_workspace::Principal;
using local_workspace::Request;
using Poco::JSON::Object;
using Serve = local_workspace::Router::Handler;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

inline constexpr std::int64_t kDayMs = 24 * 3600 * 1000;
inline constexpr const char* kSecrets =
    "/api/2.0/accounts/servicePrincipals/9007199254740993/credentials/secrets";
inline constexpr const char* kSignIn = "/oidc/v1/token";

inline Object::Ptr parse(const std::string& text) {
  return Poco::JSON::Parser().parse(text).extract<Object::Ptr>();
}

class Directory {
 public:
  Directory() {
    std::string name = (std::filesystem::temp_directory_path() / "oauth-secret-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = name;
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

class OauthSecretTest : public testing::Test {
 protected:
  /// What stands between a request and its effect, once.
  using Meddle = std::function<std::optional<Answer>(const Request&, const Serve&)>;

  OauthSecretTest() {
    follow();
    workspace_.emplace(directory_ / "workspace", std::nullopt,
                       [this](const Request& request, const Serve& serve) {
                         const Meddle meddle = meddle_with(request);
                         return meddle ? meddle(request, serve) : serve(request);
                       });
    const auto description = parse(local_workspace::read_file(workspace_->description()));
    host_.grant("admin", description->getValue<std::string>("admin_token"));
    host_.grant_slot("secret");
    config_.set("host", workspace_->url());
    config_.set("service_principal_id", std::to_string(principal().id));
    config_.set("application_id", principal().name);
    config_.set("ca_file", (directory_ / "workspace/ca.pem").string());
    config_.set("lifetime_seconds", 30 * kDayMs / 1000);
    config_.set("grace_seconds", 3600);
  }

  ~OauthSecretTest() override {
    EXPECT_THAT(host_.violations(), IsEmpty());
    workspace_.reset();
    local_workspace::set_clock_offset(0);
  }

  // ---- The workspace ----

  Principal principal() {
    return workspace_->state().read([](const Data& data) {
      return *std::ranges::find(data.principals, "reporting", &Principal::display_name);
    });
  }

  std::vector<std::string> live() {
    return workspace_->state().read([](const Data& data) {
      std::vector<std::string> ids;
      for (const OauthSecret& secret : data.oauth_secrets) {
        if (secret.owner_id == 9007199254740993 && secret.live(local_workspace::now_ms()))
          ids.push_back(secret.id);
      }
      return ids;
    });
  }

  /// As somebody does who is not this connector.
  std::string make_by_hand() {
    return workspace_->state().change([](Data& data) {
      const auto owner = std::ranges::find(data.principals, "reporting", &Principal::display_name);
      return local_workspace::create_oauth_secret(data, *owner, 30 * kDayMs).secret.id;
    });
  }

  /// Whether a secret is one that the principal can sign in with.
  bool is_accepted(const std::string& value) {
    return workspace_->state().read([&](const Data& data) {
      return std::ranges::any_of(data.oauth_secrets, [&](const OauthSecret& secret) {
        return secret.sha256 == local_workspace::sha256_hex(value) &&
               secret.live(local_workspace::now_ms());
      });
    });
  }

  /// Lets `meddle` stand in the way of the next `times` requests.
  void meddle(const std::string& method, const std::string& path, Meddle meddle, int times = 1) {
    const std::lock_guard lock(mutex_);
    meddling_.push_back({method, path, std::move(meddle), times});
  }
  void answer(const std::string& method, const std::string& path, int status,
              const std::string& body, int times = 1) {
    meddle(
        method, path,
        [=](const Request&, const Serve&) {
          Answer answer;
          answer.status = status;
          answer.body = body;
          if (status == 429) answer.headers.emplace_back("Retry-After", "7");
          if (status == 302) answer.headers.emplace_back("Location", "/elsewhere");
          return answer;
        },
        times);
  }
  void lose_answer_of_post() {
    meddle("POST", kSecrets, [](const Request& request, const Serve& serve) {
      serve(request);
      return std::optional<Answer>();
    });
  }

  /// The list cannot be read, but for the next `times` times.
  void lose_list_after(int times) {
    meddle(
        "GET", kSecrets,
        [](const Request& request, const Serve& serve) { return std::optional(serve(request)); },
        times);
    answer("GET", kSecrets, 503, "{}");
  }

  std::vector<std::string> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  // ---- The connector ----

  hub::Result<std::string> run(const std::string& operation, const std::string& request = "{}") {
    std::ostringstream config;
    config_.stringify(config);
    auto connection = host_.open(config.str());
    if (!connection) return connection.error();
    return connection->invoke(operation, request);
  }
  Object::Ptr done(const std::string& operation, const std::string& request = "{}") {
    const auto response = run(operation, request);
    EXPECT_TRUE(response) << response.error().reason << " " << response.error().message;
    return response ? parse(*response) : Object::Ptr(new Object);
  }
  hub::Error error(const std::string& operation, const std::string& request = "{}") {
    const auto response = run(operation, request);
    EXPECT_FALSE(response) << *response;
    return response ? hub::Error{} : response.error();
  }

  static std::string id(const Object::Ptr& answer) {
    return answer->getValue<std::string>("secret_id");
  }
  static std::vector<std::string> reasons(const Object::Ptr& answer) {
    std::vector<std::string> reasons;
    for (const auto& item : *answer->getArray("warnings"))
      reasons.push_back(item.extract<Object::Ptr>()->getValue<std::string>("reason"));
    return reasons;
  }

  std::string current() { return std::string(host_.slots().current("secret")->reveal()); }

  void advance(milliseconds duration) {
    host_.advance(duration);
    follow();
  }

  FakeHost host_{hub_connector_query(HUB_CONNECTOR_ID)};
  Object config_;
  const Directory directory_;

 private:
  struct Meddling {
    std::string method;
    std::string path;
    Meddle meddle;
    int times;
  };

  void follow() {
    local_workspace::set_clock_offset(0);
    local_workspace::set_clock_offset(host_.now().count() - local_workspace::now_ms());
  }

  Meddle meddle_with(const Request& request) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request.method + " " + request.path);
    const auto found = std::ranges::find_if(meddling_, [&](const Meddling& one) {
      return one.method == request.method && request.path.starts_with(one.path);
    });
    if (found == meddling_.end()) return nullptr;
    Meddle meddle = found->meddle;
    if (--found->times == 0) meddling_.erase(found);
    return meddle;
  }

  std::mutex mutex_;  // guards these two
  std::vector<Meddling> meddling_;
  std::vector<std::string> requests_;
  std::optional<local_workspace::Workspace> workspace_;
};

}  // namespace integration
