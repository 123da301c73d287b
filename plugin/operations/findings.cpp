#include "operations/findings.hpp"

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>

#include <sstream>
#include <utility>

namespace databricks_token {

void Findings::pass(std::string_view check, std::string message, std::string_view hint) {
  findings_[check] = {"pass", std::move(message), std::string(hint)};
}

void Findings::fail(std::string_view check, std::string message, std::string_view hint) {
  passed_ = false;
  findings_[check] = {"fail", std::move(message), std::string(hint)};
}

void Findings::unknown(std::string_view check, std::string message, std::string_view hint) {
  findings_[check] = {"unknown", std::move(message), std::string(hint)};
}

void Findings::fail_by(std::string_view check, const hub::Error& error) {
  if (error.status == hub::Status::kCancelled) cancelled_ = error;
  if (error.message.empty()) {
    fail(check, "the host could not provide what this needs", "See the host's log.");
  } else if (error.retry != hub::Retry::kNever) {
    passed_ = false;
    unknown(check, error.message, error.hint);
  } else {
    fail(check, error.message, error.hint);
  }
}

void Findings::skip(std::string_view check, const std::string& because) {
  unknown(check, "not looked at, because " + because);
}

void Findings::skip_rest(const std::string& because) {
  for (const std::string_view check : kChecks) {
    if (!findings_.contains(check)) skip(check, because);
  }
}

std::string Findings::to_json() const {
  Poco::JSON::Array findings;
  for (const std::string_view check : kChecks) {
    const Finding& found = findings_.at(check);
    Poco::JSON::Object::Ptr finding = new Poco::JSON::Object(Poco::JSON_PRESERVE_KEY_ORDER);
    finding->set("check", std::string(check));
    finding->set("result", found.result);
    finding->set("message", found.message);
    if (!found.hint.empty()) finding->set("hint", found.hint);
    findings.add(finding);
  }
  Poco::JSON::Object response(Poco::JSON_PRESERVE_KEY_ORDER);
  response.set("passed", passed_);
  response.set("findings", findings);
  std::ostringstream text;
  response.stringify(text);
  return text.str();
}

}  // namespace databricks_token
