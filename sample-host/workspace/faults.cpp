#include "workspace/faults.hpp"

#include <Poco/Glob.h>

#include <algorithm>
#include <array>
#include <sstream>

namespace local_workspace {
namespace {

using Poco::JSON::Object;

constexpr std::array kKeys = {"path",    "method",   "times", "status",       "body",
                              "headers", "delay_ms", "close", "after_effect", "truncate"};

/// A misspelt key would be a fault that never comes, and a test that passes for nothing.
void require_known_keys(const Object& json) {
  for (const auto& [key, unused] : json) {
    if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end()) {
      throw Refusal::invalid("A fault has no member '" + key + "'.");
    }
  }
}

std::int64_t between(const Body& json, const char* name, std::int64_t least, std::int64_t most,
                     std::int64_t fallback) {
  const std::int64_t value = json.integer(name).value_or(fallback);
  if (value < least || value > most) {
    throw Refusal::invalid(std::string(name) + " is not between " + std::to_string(least) +
                           " and " + std::to_string(most) + ".");
  }
  return value;
}

Fault::Close close_of(const Body& json) {
  const std::string close = json.text("close").value_or("");
  if (close.empty()) return Fault::Close::kNo;
  if (close == "before") return Fault::Close::kBeforeEffect;
  if (close == "after") return Fault::Close::kAfterEffect;
  throw Refusal::invalid("close is neither before nor after.");
}

std::optional<std::string> body_of(const Object& json) {
  const Poco::Dynamic::Var body = json.get("body");
  if (body.isEmpty()) return std::nullopt;
  if (body.isString()) return body.extract<std::string>();
  std::ostringstream text;
  Poco::JSON::Stringifier::stringify(body, text);
  return text.str();
}

}  // namespace

Fault::Fault(const Body& json)
    : path(json.text("path").value_or("")),
      method(json.text("method").value_or("")),
      times(between(json, "times", 1, 1'000'000, 1)),
      body(body_of(json.json())),
      delay(between(json, "delay_ms", 0, 600'000, 0)),
      close(close_of(json)),
      after_effect(json.boolean("after_effect").value_or(false)),
      truncate(json.boolean("truncate").value_or(false)) {
  require_known_keys(json.json());
  if (path.empty()) throw Refusal::invalid("path is missing.");
  if (json.integer("status")) status = static_cast<int>(between(json, "status", 200, 599, 0));
  if (const auto given = json.object("headers")) {
    for (const auto& [name, value] : given->json()) headers.emplace_back(name, value.toString());
  }
}

void Fault::apply(Answer& answer) const {
  if (replaces()) {
    answer = Answer();
    answer.status = status.value_or(200);
    answer.body = body.value_or("");
    if (answer.body.starts_with('<')) answer.content_type = "text/html;charset=utf-8";
  }
  answer.headers.insert(answer.headers.end(), headers.begin(), headers.end());
}

void Faults::add(Fault fault) {
  const std::lock_guard lock(mutex_);
  faults_.push_back(std::move(fault));
}

void Faults::clear() {
  const std::lock_guard lock(mutex_);
  faults_.clear();
}

std::optional<Fault> Faults::take(const std::string& method, const std::string& path) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(faults_.begin(), faults_.end(), [&](const Fault& fault) {
    return (fault.method.empty() || fault.method == method) && Poco::Glob(fault.path).match(path);
  });
  if (found == faults_.end()) return std::nullopt;
  std::optional<Fault> fault = *found;
  if (--found->times == 0) faults_.erase(found);
  return fault;
}

Poco::JSON::Array::Ptr Faults::list() const {
  const std::lock_guard lock(mutex_);
  Poco::JSON::Array::Ptr array = new Poco::JSON::Array;
  for (const Fault& fault : faults_) {
    Object::Ptr json = new Object;
    json->set("path", fault.path);
    json->set("method", fault.method);
    json->set("times", fault.times);
    array->add(json);
  }
  return array;
}

void Faults::wait(std::chrono::milliseconds duration) {
  std::unique_lock lock(mutex_);
  stopping_.wait_for(lock, duration, [this] { return stopped_; });
}

void Faults::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  stopping_.notify_all();
}

}  // namespace local_workspace
