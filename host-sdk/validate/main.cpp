// hub-validate: whether a connector keeps docs/contract.md.
#include <Poco/Exception.h>
#include <Poco/NumberParser.h>
#include <Poco/Util/HelpFormatter.h>
#include <Poco/Util/Option.h>
#include <Poco/Util/OptionProcessor.h>
#include <Poco/Util/OptionSet.h>
#include <sys/stat.h>
#include <unistd.h>
#include <hub/host.hpp>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>

#include "manifest.hpp"
#include "report.hpp"

namespace hub::validate {
namespace {

using Poco::Util::Option;

enum ExitCode { kConforms = 0, kDoesNot = 1, kMisused = 2 };

struct Usage : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Options {
  bool help = false;
  bool json = false;
  bool list = false;
  std::vector<std::string> only;
  std::string config;
  std::uint64_t seed = 1;
  std::vector<std::string> files;
};

Poco::Util::OptionSet known_options() {
  Poco::Util::OptionSet known;
  known.addOption(Option("help", "h", "this text"));
  known.addOption(Option("json", "", "one JSON document instead of text"));
  known.addOption(Option("list", "", "the checks' numbers and titles; runs none"));
  known.addOption(Option("only", "",
                         "only the checks whose number begins so, and those that they "
                         "need; may be repeated")
                      .argument("NUMBER")
                      .repeatable(true));
  known.addOption(Option("config", "",
                         "a connection's configuration, JSON. {server} in it becomes "
                         "the URL of an HTTPS server that never answers, or answers "
                         "no; {ca_file} a PEM file, which that server's certificate "
                         "is to be verified by")
                      .argument("FILE"));
  known.addOption(Option("seed", "", "of what is made up; 1 if left out").argument("NUMBER"));
  return known;
}

Options parse(const std::vector<std::string>& arguments) {
  const Poco::Util::OptionSet known = known_options();
  Poco::Util::OptionProcessor processor(known);
  processor.setUnixStyle(true);
  Options options;
  try {
    for (const std::string& argument : arguments) {
      std::string name;
      std::string value;
      if (!processor.process(argument, name, value))
        options.files.push_back(argument);
      else if (name == "help")
        options.help = true;
      else if (name == "json")
        options.json = true;
      else if (name == "list")
        options.list = true;
      else if (name == "only")
        options.only.push_back(value);
      else if (name == "config")
        options.config = value;
      else if (name == "seed")
        options.seed = Poco::NumberParser::parseUnsigned64(value);
    }
    processor.checkRequired();
  } catch (const Poco::Exception& wrong) {
    throw Usage(wrong.displayText());
  }
  if (!options.help && !options.list && options.files.size() != 1)
    throw Usage("one LIBRARY or MANIFEST is to be named");
  return options;
}

void print_help(std::ostream& out) {
  const Poco::Util::OptionSet known = known_options();
  Poco::Util::HelpFormatter help(known);
  help.setUnixStyle(true);
  help.setAutoIndent();
  help.setWidth(100);
  help.setCommand("hub-validate");
  help.setUsage("[OPTION]... LIBRARY|MANIFEST");
  help.setHeader(
      "Says whether a connector keeps the rules of docs/contract.md, each by checks of its number, "
      "each check in a process of its own. MANIFEST ends with .json.");
  help.setFooter(
      "Operations are really invoked, with requests that are made up from the connector's own "
      "schemas: a configuration that names a server is taken only with {server} in its place. "
      "Without --config one is made up from the schema. Without {server} the connector has no "
      "network, "
      "where the system allows to take it away.\n\n"
      "Exit codes: 0 nothing failed or crashed, 1 something did, 2 the command line or a file "
      "cannot be used.");
  help.format(out);
}

std::string read(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream content;
  if (!(content << in.rdbuf())) throw Usage("--config " + file + " cannot be read");
  return content.str();
}

/// Empty where the manifest leads to none; the checks of the loader's rules say why.
std::filesystem::path library_of(const std::filesystem::path& manifest) {
  try {
    const auto library = manifest.parent_path() / ConnectorManifest::read(manifest).library;
    if (std::filesystem::is_regular_file(library)) return library;
  } catch (const Refused&) {
  }
  return {};
}

Subject subject_of(const Options& options) {
  namespace fs = std::filesystem;
  Subject subject;
  subject.seed = options.seed;
  subject.library = fs::absolute(options.files[0]);
  if (std::error_code none; !fs::is_regular_file(subject.library, none))
    throw Usage(subject.library.string() + " is no file");
  if (subject.library.extension() == ".json") {
    subject.manifest = subject.library;
    subject.library = library_of(subject.manifest);
  }
  if (!options.config.empty()) {
    subject.config = read(options.config);
    if (subject.config->find("://") != std::string::npos) {
      throw Usage(
          "--config " + options.config +
          " names a server, and operations are really invoked: write {server} in its place");
    }
  }
  return subject;
}

/// `checks` without those that were not asked for and are not needed.
Checks chosen(const Checks& checks, const std::vector<std::string>& only) {
  if (only.empty()) return checks;
  std::vector<std::string> wanted;
  for (auto check = checks.rbegin(); check != checks.rend(); ++check) {
    const auto begins = [&](const std::string& number) {
      return check->number.starts_with(number);
    };
    if (std::ranges::any_of(only, begins) || std::ranges::count(wanted, check->number) != 0) {
      wanted.push_back(check->number);
      wanted.push_back(check->needs);
    }
  }
  Checks left;
  std::ranges::copy_if(checks, std::back_inserter(left), [&](const Check& check) {
    return std::ranges::count(wanted, check.number) != 0;
  });
  if (left.empty()) throw Usage("no check has such a number; --list names them");
  return left;
}

Checks all_checks() {
  Checks all;
  for (const auto& family : {library_checks, description_checks, life_checks, memory_checks,
                             error_checks, secret_checks, process_checks, time_checks}) {
    std::ranges::move(family(), std::back_inserter(all));
  }
  return all;
}

std::vector<Finding> findings_of(const Checks& checks, const Subject& subject) {
  const bool shows_progress = ::isatty(STDERR_FILENO) == 1;
  std::vector<Finding> findings;
  std::map<std::string, Outcome> outcomes;
  for (const Check& check : checks) {
    if (shows_progress)
      std::cerr << "\r\x1b[K" << findings.size() + 1 << '/' << checks.size() << ' ' << check.title
                << std::flush;
    const auto needed = outcomes.find(check.needs);
    const bool is_met = needed == outcomes.end() || needed->second == Outcome::kPassed;
    Run unmet{.verdict = skipped("it needs " + check.needs), .was_run = false};
    findings.push_back({&check, is_met ? run(check, subject) : std::move(unmet)});
    outcomes[check.number] = findings.back().run.verdict.outcome;
  }
  if (shows_progress) std::cerr << "\r\x1b[K";
  return findings;
}

ExitCode validate(const Options& options) {
  const Checks checks = chosen(all_checks(), options.only);
  if (options.list) {
    print_list(std::cout, checks, options.json);
    return kConforms;
  }
  Subject subject = subject_of(options);
  std::optional<Servers> servers;
  if (subject.names_server() ||
      (subject.config && subject.config->find("{ca_file}") != std::string::npos))
    subject.servers = &servers.emplace();
  const auto findings = findings_of(checks, subject);
  print_report(std::cout, subject, findings, options.json);
  const auto bad = [](const Finding& each) { return is_bad(each.run.verdict.outcome); };
  return std::ranges::any_of(findings, bad) ? kDoesNot : kConforms;
}

}  // namespace
}  // namespace hub::validate

int main(int argc, char** argv) {
  using namespace hub::validate;
  try {
    const Options options = parse({argv + std::min(argc, 1), argv + argc});
    if (!options.help) return validate(options);
    print_help(std::cout);
    return kConforms;
  } catch (const Usage& wrong) {
    std::cerr << "hub-validate: " << wrong.what() << "; see hub-validate --help\n";
  } catch (const std::exception& broken) {
    std::cerr << "hub-validate: " << broken.what() << '\n';
  }
  return kMisused;
}
