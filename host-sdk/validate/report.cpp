#include "report.hpp"

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <hub/connector.h>

#include <algorithm>
#include <iomanip>
#include <map>

namespace hub::validate {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;

constexpr Outcome kOutcomes[] = {Outcome::kPassed, Outcome::kWarned, Outcome::kSkipped,
                                 Outcome::kFailed, Outcome::kCrashed};
constexpr int kOutcomeWidth = 9;
constexpr int kNumberWidth = 12;
constexpr int kIndent = 2;

/// Written by connectors: fit for a terminal and a log, without the values that were their secrets.
std::string shown(const std::string& text) {
  std::string clean;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 7, "canary-") == 0) {
      clean += "[redacted]";
      i = std::min(text.find_first_of(" \n", i), text.size()) - 1;
    } else {
      const auto byte = static_cast<unsigned char>(text[i]);
      clean += byte < ' ' || byte > '~' ? '?' : text[i];
    }
  }
  return clean;
}

std::map<Outcome, int> counted(const std::vector<Finding>& findings) {
  std::map<Outcome, int> counts;
  for (const Outcome each : kOutcomes) counts[each] = 0;
  for (const Finding& each : findings) ++counts[each.run.verdict.outcome];
  return counts;
}

Object::Ptr in_json(const Check& check) {
  Object::Ptr object = new Object(Poco::JSON_PRESERVE_KEY_ORDER);
  object->set("check", check.number);
  object->set("title", check.title);
  return object;
}

Object::Ptr document() {
  Object::Ptr object = new Object(Poco::JSON_PRESERVE_KEY_ORDER);
  object->set("validator", std::string(HUB_VALIDATE_VERSION));
  object->set("abi", std::string(HUB_CONNECTOR_ID));
  object->set("abi_minor", HUB_CONNECTOR_MINOR);
  return object;
}

void print_json(std::ostream& out, const Subject& subject, const std::vector<Finding>& findings) {
  Object::Ptr report = document();
  report->set("library", subject.library.string());
  report->set("seed", subject.seed);
  Object::Ptr counts = new Object(Poco::JSON_PRESERVE_KEY_ORDER);
  for (const auto& [outcome, count] : counted(findings)) counts->set(to_text(outcome), count);
  report->set("counts", counts);
  Array::Ptr checks = new Array;
  for (const Finding& each : findings) {
    Object::Ptr check = in_json(*each.check);
    const Verdict& verdict = each.run.verdict;
    check->set("outcome", std::string(to_text(verdict.outcome)));
    check->set("seen", shown(verdict.seen));
    if (is_bad(verdict.outcome) || verdict.outcome == Outcome::kWarned)
      check->set("do", each.check->advice);
    check->set("milliseconds", static_cast<std::int64_t>(each.run.took.count()));
    checks->add(check);
  }
  report->set("checks", checks);
  report->stringify(out, kIndent);
  out << '\n';
}

void print_text(std::ostream& out, const Subject& subject, const std::vector<Finding>& findings) {
  std::size_t unmet = 0;
  for (const Finding& each : findings) {
    const Verdict& verdict = each.run.verdict;
    if (!each.run.was_run) {
      ++unmet;
      continue;
    }
    out << std::left << std::setw(kOutcomeWidth) << to_text(verdict.outcome)
        << std::setw(kNumberWidth) << each.check->number << each.check->title << '\n';
    if (verdict.outcome == Outcome::kPassed) continue;
    out << "         " << (verdict.outcome == Outcome::kSkipped ? "since: " : "seen:  ")
        << shown(verdict.seen) << '\n';
    if (verdict.outcome != Outcome::kSkipped)
      out << "         do:    " << each.check->advice << '\n';
  }
  if (unmet != 0) {
    out << std::left << std::setw(kOutcomeWidth) << "skipped" << unmet
        << " more, which need one of those above that did not pass\n";
  }
  out << '\n' << (subject.library.empty() ? subject.manifest : subject.library).string() << ": ";
  for (const auto& [outcome, count] : counted(findings))
    out << (outcome == Outcome::kPassed ? "" : ", ") << count << ' ' << to_text(outcome);
  out << " (hub-validate " HUB_VALIDATE_VERSION ", " HUB_CONNECTOR_ID ", seed " << subject.seed
      << ")\n";
}

}  // namespace

const char* to_text(Outcome outcome) {
  constexpr const char* kWords[] = {"passed", "warned", "skipped", "failed", "crashed"};
  return kWords[static_cast<int>(outcome)];
}

bool is_bad(Outcome outcome) { return outcome == Outcome::kFailed || outcome == Outcome::kCrashed; }

void print_list(std::ostream& out, const Checks& checks, bool json) {
  if (json) {
    Object::Ptr list = document();
    Array::Ptr all = new Array;
    for (const Check& each : checks) all->add(in_json(each));
    list->set("checks", all);
    list->stringify(out, kIndent);
    out << '\n';
    return;
  }
  for (const Check& each : checks)
    out << std::left << std::setw(kNumberWidth) << each.number << each.title << '\n';
}

void print_report(std::ostream& out, const Subject& subject, const std::vector<Finding>& findings,
                  bool json) {
  (json ? print_json : print_text)(out, subject, findings);
}

}  // namespace hub::validate
