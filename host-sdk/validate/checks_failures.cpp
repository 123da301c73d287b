// How a connector says that something failed.
#include <Poco/JSON/Object.h>
#include <hub/host.hpp>
#include <hub/strict_json.hpp>

#include "samples.hpp"
#include "session.hpp"

namespace hub::validate {
namespace {

// Of the host's own functions; a connector may pass them on.
const std::set<std::string> kHostReasons{
    "ARGUMENT_INVALID", "LEASE_LOST", "NOTE_INVALID",      "NOTE_TOO_LARGE", "SECRET_NOT_GRANTED",
    "SLOT_ABSENT",      "SLOT_BUSY",  "STORE_UNAVAILABLE", "VERSION_ABSENT", "VERSION_UNUSABLE"};

/// All that failed: with secrets and without, for valid requests and configurations.
std::vector<Answer> failures(const Subject& subject, std::set<std::string>& reasons) {
  std::vector<Answer> failed_ones;
  const auto keep = [&](const Answer& answer) {
    if (answer.status != HUB_OK) failed_ones.push_back(answer);
  };
  Session session(subject);
  reasons = session.reasons();
  const std::string config = session.config();
  const Answer started = session.start();
  keep(started);
  if (started.status != HUB_OK) return failed_ones;
  for (const bool grants : {true, false}) {
    hub_instance* instance = nullptr;
    keep(session.open(config, instance, {.grants = grants}));
    if (instance == nullptr) continue;
    for (const Answer& each : use(session, instance, subject.seed, 6, 6)) keep(each);
  }
  Samples samples(session.description().config, subject.seed);
  for (const std::string& each : samples.valid_changes(config, 20)) {
    hub_instance* instance = nullptr;
    const Answer answer = session.open(each, instance);
    keep(answer);
    if (answer.status == HUB_OK && instance != nullptr) session.close(instance);
  }
  session.stop();
  return failed_ones;
}

bool is_json_object(const std::string& text) {
  try {
    return parse_strict_json(text, "detail").value.type() == typeid(Poco::JSON::Object::Ptr);
  } catch (const Refused&) {
    return false;
  }
}

using Finds = std::string (*)(const Answer&, const std::set<std::string>& reasons);

/// Whether `finds` has nothing to say of any failure.
std::function<Verdict(const Subject&)> each_failure(Finds finds) {
  return [finds](const Subject& subject) -> Verdict {
    std::set<std::string> reasons;
    const auto all = failures(subject, reasons);
    for (const Answer& each : all) {
      if (const std::string found = finds(each, reasons); !found.empty())
        return failed(each.call + " answered " + each.in_words() + ", " + found);
    }
    return all.empty() ? skipped("nothing failed")
                       : passed(std::to_string(all.size()) + " failures");
  };
}

bool is_explained(const Answer& answer) { return answer.error->reason != "UNEXPLAINED"; }

std::string is_unexplained(const Answer& answer, const std::set<std::string>&) {
  return is_explained(answer) ? "" : "without fail() of that status";
}

std::string has_another_reason(const Answer& answer, const std::set<std::string>& reasons) {
  const std::string& reason = answer.error->reason;
  if (!is_explained(answer) || reasons.contains(reason) || kHostReasons.contains(reason)) return "";
  // That of HUB_EXPORT_CONNECTOR for an exception: fair where no host would have asked.
  if (!answer.was_valid && reason == "INTERNAL") return "";
  return "a reason that describe() does not list";
}

std::string has_odd_texts(const Answer& answer, const std::set<std::string>&) {
  if (answer.error->message.empty() && is_explained(answer)) return "without a message";
  const std::string& detail = answer.error->detail_json;
  return detail.empty() || is_json_object(detail) ? "" : "with a detail that is no JSON object";
}

std::string has_odd_numbers(const Answer& answer, const std::set<std::string>&) {
  const Error& error = *answer.error;
  if (answer.status < HUB_OK || answer.status > HUB_UNAUTHENTICATED)
    return "which is no status: " + std::to_string(answer.status);
  if (error.retry_after_ms < 0) return "with a delay below 0";
  if (error.http_status != 0 && (error.http_status < 100 || error.http_status > 599))
    return "with http_status " + std::to_string(error.http_status);
  return answer.odd_number;
}

std::string may_do_it_twice(const Answer& answer, const std::set<std::string>&) {
  const bool is_illegal = answer.error->effect == Effect::kUnknown &&
                          answer.error->retry == Retry::kSameCall && !answer.idempotent;
  return is_illegal ? "effect unknown and retry same call, but the operation is not idempotent"
                    : "";
}

Verdict has_whole_errors(const Subject& subject) {
  Session session(subject, {.grants = false});
  live(session, subject.seed, 4, 4);
  const auto flaws = session.host().flaws();
  return flaws.empty() ? passed() : failed(*flaws.begin());
}

Verdict survives_an_unknown_operation(const Subject& subject) {
  Session session(subject);
  hub_instance* const instance = session.begin();
  for (const std::string& name : {std::string("nobody-knows-this"), std::string(),
                                  std::string("\xff"), std::string(10000, 'x')}) {
    const Answer answer = session.invoke(instance, name, "{}");
    if (answer.status != HUB_OK && !is_explained(answer))
      return failed(answer.call + " answered " + answer.in_words() + ", without fail()");
  }
  session.end(instance);
  return passed();
}

}  // namespace

Checks error_checks() {
  return {
      {"HUB-E-02.a", "each status but HUB_OK is explained",
       "call fail() with the status that is returned, or return a hub::Error", "HUB-E-01.a",
       each_failure(is_unexplained)},
      {"HUB-E-02.b", "each reason is one that describe() lists, or the host's own",
       "add it to \"reasons\" with a summary and a hint", "HUB-E-01.a",
       each_failure(has_another_reason)},
      {"HUB-E-02.c", "each error has a message, and a detail that is a JSON object or absent",
       "say in \"message\" what happened, in \"detail_json\" what an operator may want to know",
       "HUB-E-01.a", each_failure(has_odd_texts)},
      {"HUB-E-02.d", "each error has a known status and possible numbers",
       "use the enumerators of connector.h; 0 is for what is not known", "HUB-E-01.a",
       each_failure(has_odd_numbers)},
      {"HUB-E-02.e", "an operation that it does not know does it no harm",
       "answer INVALID_ARGUMENT, as for a request that it does not understand", "HUB-U-02.a",
       survives_an_unknown_operation},
      {"HUB-E-03", "retry same call is not advised where the effect is unknown",
       "set effect to none where nothing can have changed, retry to never or from start elsewhere, "
       "or declare the operation idempotent if it is",
       "HUB-E-01.a", each_failure(may_do_it_twice)},
      {"HUB-O-04.c", "each error has the struct_size of its revision",
       "set struct_size to sizeof(hub_error)", "HUB-E-01.a", has_whole_errors},
  };
}

}  // namespace hub::validate
