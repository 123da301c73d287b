// hub-validate as an author runs it.
#pragma once

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "support/process.hpp"

struct Report {
  int code = -1;
  std::string err;
  Poco::JSON::Object::Ptr document;
  std::map<std::string, std::string> outcomes;  // by the check's number

  std::set<std::string> with(const std::string& outcome) const {
    std::set<std::string> numbers;
    for (const auto& [number, each] : outcomes)
      if (each == outcome) numbers.insert(number);
    return numbers;
  }
};

/// A little less than the tests' own limit.
constexpr std::chrono::seconds kValidatorPatience(230);

inline test_support::Finished run_validator(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), HUB_VALIDATE_PROGRAM);
  return test_support::Process(arguments, {}, kValidatorPatience).wait();
}

/// Of `arguments` and --json.
inline Report validate(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "--json");
  const auto finished = run_validator(std::move(arguments));
  Report report{.code = finished.code, .err = finished.err, .document = {}, .outcomes = {}};
  if (finished.out.empty()) return report;
  report.document = Poco::JSON::Parser().parse(finished.out).extract<Poco::JSON::Object::Ptr>();
  for (const auto& each : *report.document->getArray("checks")) {
    const auto check = each.extract<Poco::JSON::Object::Ptr>();
    report.outcomes[check->getValue<std::string>("check")] =
        check->optValue<std::string>("outcome", "");
  }
  return report;
}
