#include <signal.h>
#include <sys/stat.h>

#include <Poco/Util/Application.h>
#include <Poco/Util/HelpFormatter.h>
#include <Poco/Util/IntValidator.h>
#include <Poco/Util/Option.h>

#include <cstdint>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "workspace/workspace.hpp"

namespace local_workspace {
namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;

/// Blocks SIGTERM and SIGINT for this thread and all that it starts, to wait for them in peace.
class Termination {
 public:
  Termination() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }

  void wait() const {
    int received = 0;
    sigwait(&signals_, &received);
  }

 private:
  sigset_t signals_{};
};

class Program : public Poco::Util::Application {
 protected:
  void defineOptions(Poco::Util::OptionSet& options) override {
    using Poco::Util::Option;
    Application::defineOptions(options);
    options.addOption(Option("help", "h", "Show this text.")
                          .callback(Poco::Util::OptionCallback<Program>(this, &Program::help)));
    options.addOption(Option("directory", "d", "Where the workspace lives; made if missing.")
                          .argument("DIR")
                          .binding("directory"));
    options.addOption(
        Option("port", "p", "Port on 127.0.0.1; by default that of the last time, or any.")
            .argument("N")
            .validator(new Poco::Util::IntValidator(0, 65535))
            .binding("port"));
  }

  int main(const std::vector<std::string>& arguments) override {
    if (helped_) return EXIT_OK;
    if (!arguments.empty() || !config().has("directory")) {
      std::cerr << "local-workspace: give --directory DIR and no arguments; see --help\n";
      return kUsage;
    }
    try {
      serve();
      return EXIT_OK;
    } catch (const std::exception& error) {
      std::cerr << "local-workspace: " << error.what() << "\n";
      return kFailed;
    }
  }

 private:
  void serve() const {
    umask(077);
    const Termination termination;
    std::optional<std::uint16_t> port;
    if (config().has("port")) port = static_cast<std::uint16_t>(config().getInt("port"));
    const Workspace workspace(config().getString("directory"), port);
    std::cout << "local-workspace: " << workspace.url() << " is ready, see "
              << workspace.description().string() << std::endl;
    termination.wait();
  }

  void help(const std::string&, const std::string&) {
    Poco::Util::HelpFormatter formatter(options());
    formatter.setCommand("local-workspace");
    formatter.setUsage("--directory DIR [--port N]");
    formatter.setHeader(
        "Serves a Databricks-compatible workspace over HTTPS on 127.0.0.1, to try token rotation "
        "against. DIR/workspace.json says how to reach it. SIGTERM ends it.");
    formatter.format(std::cout);
    helped_ = true;
    stopOptionsProcessing();
  }

  bool helped_ = false;
};

}  // namespace
}  // namespace local_workspace

int main(int argc, char** argv) {
  Poco::AutoPtr<local_workspace::Program> program = new local_workspace::Program;
  try {
    program->init(argc, argv);
  } catch (const Poco::Exception& error) {
    std::cerr << "local-workspace: " << error.displayText() << "; see --help\n";
    return local_workspace::kUsage;
  }
  return program->run();
}
