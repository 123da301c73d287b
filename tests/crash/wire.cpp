#include "crash/wire.hpp"

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <algorithm>
#include <utility>

namespace crash {
namespace {

constexpr const char* kMint = "/api/2.0/token-management/on-behalf-of/tokens";
constexpr const char* kList = "/api/2.0/token-management/tokens";
constexpr std::string_view kBearer = "Bearer ";

bool is(const Request& request, const char* method, const char* path) {
  return request.method == method && request.path == path;
}

/// The id of the token that the request came with.
std::string bearer_id(const Request& request) {
  return local_workspace::sha256_hex(
      request.authorization.substr(std::min(kBearer.size(), request.authorization.size())));
}

std::string made_id(const Answer& answer) {
  return Poco::JSON::Parser()
      .parse(answer.body)
      .extract<Poco::JSON::Object::Ptr>()
      ->getObject("token_info")
      ->getValue<std::string>("token_id");
}

/// Which is final: a 401 or 403 might pass, and would be asked for again for half a minute.
Answer somebody_else() {
  Poco::JSON::Object me;
  me.set("id", "1");
  me.set("userName", "somebody@example.com");
  me.set("active", true);
  return Answer(me);
}

}  // namespace

std::optional<Answer> Wire::operator()(const Request& request, const Serve& serve) {
  if (request.query.contains(kReader)) return serve_noting(request, serve);
  Around harm;
  {
    const std::lock_guard lock(mutex_);
    ++under_way_;
    if (requests_.size() == at_) harm = std::exchange(harm_, nullptr);
    requests_.push_back(request.method + " " + request.path);
    if (is(request, "POST", kMint)) {
      blind_mints_ += memory_.unlooked ? 1 : 0;
      memory_.unlooked = true;
    }
  }
  const Serve noting = [this, serve](const Request& asked) { return serve_noting(asked, serve); };
  auto answer = harm ? harm(request, noting) : noting(request);

  const std::lock_guard lock(mutex_);
  if (answer && is(request, "GET", kList)) memory_.unlooked = false;
  --under_way_;
  idle_.notify_all();
  return answer;
}

Answer Wire::serve_noting(const Request& request, const Serve& serve) {
  const std::string bearer = bearer_id(request);
  {
    const std::lock_guard lock(mutex_);
    if (bearer == memory_.made) memory_.unlooked = false;
    if (bearer == memory_.refused) return somebody_else();
  }
  Answer answer = serve(request);
  if (is(request, "POST", kMint) && answer.status == 200) {
    const std::lock_guard lock(mutex_);
    memory_.made = made_id(answer);
    if (std::exchange(memory_.refuses_next, false)) memory_.refused = memory_.made;
  }
  return answer;
}

void Wire::arm(std::size_t at, Around harm) {
  const std::lock_guard lock(mutex_);
  requests_.clear();
  at_ = at;
  harm_ = std::move(harm);
}

std::vector<std::string> Wire::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void Wire::wait_until_idle() const {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return under_way_ == 0; });
}

Wire::Memory Wire::memory() const {
  const std::lock_guard lock(mutex_);
  return memory_;
}

void Wire::remember(Memory memory) {
  const std::lock_guard lock(mutex_);
  memory_ = std::move(memory);
}

int Wire::take_blind_mints() {
  const std::lock_guard lock(mutex_);
  return std::exchange(blind_mints_, 0);
}

}  // namespace crash
