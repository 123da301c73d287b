#include "outcome.hpp"

#include "json.hpp"

#include <algorithm>
#include <array>
#include <iostream>

namespace sample_host {
namespace {

using Poco::Dynamic::Var;

Var text_or_null(const std::string& text) { return text.empty() ? Var() : Var(text); }

Poco::JSON::Object::Ptr document_of(const hub::Error& error) {
  auto document = make_object();
  document->set("status", std::string(hub::to_text(error.status)));
  document->set("reason", text_or_null(error.reason));
  document->set("retry", std::string(hub::to_text(error.retry)));
  document->set("effect", std::string(hub::to_text(error.effect)));
  document->set("retry_after_ms", error.retry_after_ms);
  document->set("http_status", error.http_status);
  document->set("message", error.message);
  document->set("hint", text_or_null(error.hint));
  document->set("detail", error.detail_json.empty() ? Var() : Var(parse_object(error.detail_json)));
  return document;
}

Poco::JSON::Object::Ptr document_of(const Outcome& outcome) {
  auto document = make_object();
  document->set("ok", outcome.answer.ok());
  document->set("connection", outcome.connection ? Var(*outcome.connection) : Var());
  document->set("operation", outcome.operation ? Var(*outcome.operation) : Var());
  if (outcome.answer.ok()) {
    document->set("result", outcome.answer->result);
    return document;
  }
  auto error = document_of(outcome.answer.error());
  if (!outcome.operation) {
    error->set("file", text_or_null(outcome.where.file));
    error->set("line", outcome.where.line > 0 ? Var(outcome.where.line) : Var());
    error->set("path", text_or_null(outcome.where.path));
    error->set("rule", text_or_null(outcome.where.rule));
  }
  document->set("error", error);
  return document;
}

/// "sample-host: prod: rotate-token: what happened [REASON]", and what to do.
void print_error(const Outcome& outcome) {
  const hub::Error& error = outcome.answer.error();
  std::cerr << "sample-host: ";
  if (outcome.operation) std::cerr << *outcome.connection << ": " << *outcome.operation << ": ";
  std::cerr << error.message;
  if (!error.reason.empty()) std::cerr << " [" << error.reason << "]";
  if (!outcome.where.rule.empty()) std::cerr << " [" << outcome.where.rule << "]";
  std::cerr << "\n";
  if (!error.hint.empty()) std::cerr << "  hint: " << error.hint << "\n";
  if (!error.detail_json.empty()) std::cerr << "  detail: " << error.detail_json << "\n";
}

}  // namespace

ExitCode exit_code(const Outcome& outcome) {
  if (outcome.answer.ok()) {
    const Verdict verdict = outcome.answer->verdict;
    return verdict == Verdict::kPassed ? kDone : verdict == Verdict::kFailed ? kFailed : kRetryable;
  }
  const hub::Error& error = outcome.answer.error();
  // What the host itself refuses for the way in which it was called or configured.
  constexpr std::array kMisuse = {"UNKNOWN_OPERATION", "REQUEST_INVALID", "REFERENCE_INVALID",
                                  "CREDENTIAL_MISSING", "CREDENTIAL_EXPOSED"};
  // A store that cannot be reached is refused like one that is configured badly, but it passes.
  const bool misused = outcome.misused && error.retry == hub::Retry::kNever;
  if (misused || std::ranges::find(kMisuse, error.reason) != kMisuse.end()) return kMisused;
  if (error.effect == hub::Effect::kUnknown) return kEffectUnknown;
  return error.retry == hub::Retry::kNever ? kFailed : kRetryable;
}

bool print(const Outcome& outcome, bool json) {
  if (json)
    std::cout << to_text(*document_of(outcome)) << "\n";
  else if (outcome.answer.ok())
    std::cout << outcome.answer->text;
  else
    print_error(outcome);
  return static_cast<bool>(std::cout.flush());
}

}  // namespace sample_host
