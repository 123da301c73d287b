// sample-host: a hub that is small enough to read. See help.cpp for what it does.
#include "outcome.hpp"
#include "session.hpp"
#include "termination.hpp"

#include <Poco/AutoPtr.h>
#include <Poco/ConsoleChannel.h>
#include <Poco/FormattingChannel.h>
#include <Poco/Logger.h>
#include <Poco/PatternFormatter.h>
#include <Poco/Util/ServerApplication.h>

#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <iostream>

namespace sample_host {
namespace {

/// Secrets are in this memory: nobody gets to see it by a core dump or a debugger. A closed pipe is
/// an error of the write, not the end of the process.
void harden_process() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  std::signal(SIGPIPE, SIG_IGN);
}

Outcome run_command(const std::vector<std::string>& arguments, std::stop_token cancel) {
  Outcome outcome;
  try {
    const CommandLine line(arguments);
    if (line.command().arguments.starts_with("CONNECTION") && !shown(line.argument(0)).empty())
      outcome.connection = line.argument(0);
    Session session(line, std::move(cancel));
    outcome.answer = line.command().run(session);
    outcome.operation = session.operation();
  } catch (const UsageError& wrong) {
    outcome.misused = true;
    outcome.answer = hub::Error{.status = hub::Status::kInvalidArgument,
                                .reason = "USAGE",
                                .message = wrong.what(),
                                .hint = wrong.hint};
  } catch (const hub::Refused& refused) {
    outcome.misused = true;
    outcome.answer = refused.error;
    outcome.where = refused.where;
  } catch (const std::exception& broken) {
    outcome.answer = hub::Error{
        .status = hub::Status::kInternal, .reason = "HOST_FAILED", .message = broken.what()};
  }
  return outcome;
}

class SampleHost : public Poco::Util::ServerApplication {
 public:
  /// `arguments` are kept from Poco, which would take some of them for its own, --daemon for one.
  explicit SampleHost(std::vector<std::string> arguments) : arguments_(std::move(arguments)) {}

 protected:
  void initialize(Application& self) override {
    ServerApplication::initialize(self);
    const Poco::AutoPtr<Poco::Channel> console(new Poco::ConsoleChannel(std::cerr));
    const Poco::AutoPtr<Poco::Formatter> format(
        new Poco::PatternFormatter("%Y-%m-%dT%H:%M:%S.%iZ %p %s: %t"));
    Poco::Logger::setChannel(
        "", Poco::AutoPtr<Poco::Channel>(new Poco::FormattingChannel(format, console)));
    Poco::Logger::setLevel("", Poco::Message::PRIO_INFORMATION);
  }

  int main(const std::vector<std::string>&) override {
    const Termination termination;
    const Outcome outcome = run_command(arguments_, termination.token());
    // Not of the parsed line: one that cannot be parsed is answered in the same form.
    const bool json = std::ranges::find(arguments_, "--json") != arguments_.end();
    if (print(outcome, json)) return exit_code(outcome);
    std::cerr << "sample-host: the answer could not be written to stdout\n";
    return std::max(exit_code(outcome), kFailed);
  }

 private:
  std::vector<std::string> arguments_;
};

}  // namespace
}  // namespace sample_host

int main(int argc, char** argv) {
  sample_host::harden_process();
  sample_host::SampleHost host({argv + std::min(argc, 1), argv + argc});
  return host.run({"/proc/self/exe"});
}
