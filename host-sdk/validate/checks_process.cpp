// What the process shares, and a connector leaves alone.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <clocale>
#include <csignal>
#include <thread>

#include "runner.hpp"
#include "session.hpp"

namespace hub::validate {
namespace {

namespace fs = std::filesystem;
using Parts = std::set<std::string>;

Parts signal_handlers() {
  Parts seen;
  for (int number = 1; number < NSIG; ++number) {
    struct sigaction action {};
    if (::sigaction(number, nullptr, &action) != 0) continue;
    seen.insert(std::to_string(number) + " at " +
                std::to_string(reinterpret_cast<std::uintptr_t>(action.sa_handler)));
  }
  return seen;
}

Parts signal_mask() {
  Parts seen;
  sigset_t mask;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  for (int number = 1; number < NSIG; ++number) {
    if (sigismember(&mask, number) == 1) seen.insert(std::to_string(number));
  }
  return seen;
}

Parts environment() {
  Parts seen;
  for (char** each = environ; each != nullptr && *each != nullptr; ++each) seen.emplace(*each);
  return seen;
}

Parts locale() { return {std::setlocale(LC_ALL, nullptr)}; }

Parts working_directory() { return {fs::current_path().string()}; }

Parts file_mode_mask() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return {std::to_string(mask)};
}

Parts descriptors() {
  Parts seen;
  for (int number = 0; number < 1024; ++number) {
    std::error_code closed;
    const auto target = fs::read_symlink("/proc/self/fd/" + std::to_string(number), closed);
    if (!closed) seen.insert(std::to_string(number) + " is " + target.string());
  }
  return seen;
}

Parts threads() {
  Parts seen;
  for (const auto& each : fs::directory_iterator("/proc/self/task"))
    seen.insert(each.path().filename().string());
  return seen;
}

/// A thread that was joined may stay in /proc for a moment.
Parts threads_that_stay() {
  Parts seen = threads();
  for (int i = 0; i < 100 && seen.size() > 1; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    Parts now = threads();
    if (now.size() < seen.size()) seen = std::move(now);
  }
  return seen;
}

/// Whether a life leaves `look` as it was. What loading does to it counts as well, but for what the
/// loader undoes.
std::function<Verdict(const Subject&)> leaves(Parts (*look)(), bool loader_undoes = false) {
  return [=](const Subject& subject) -> Verdict {
    if (loader_undoes) load(subject);
    const Parts before = look();
    Session session(subject);
    live(session, subject.seed, 1, 0);
    const Parts after = look();
    for (const std::string& each : after) {
      if (!before.contains(each)) return failed("new since it ran: " + each);
    }
    for (const std::string& each : before) {
      if (!after.contains(each)) return failed("gone since it ran: " + each);
    }
    return passed();
  };
}

Verdict writes_nothing(const Subject& subject) {
  Session session(subject);
  live(session, subject.seed, 1, 1);
  const std::string text = written();
  return text.empty() ? passed() : failed("it wrote " + std::to_string(text.size()) + " bytes");
}

}  // namespace

Checks process_checks() {
  const std::string needs = "HUB-U-02.a";
  return {
      {"HUB-T-03.a", "no thread is left after stop",
       "join in stop() what start() and open() started", needs, leaves(threads_that_stay)},
      {"HUB-T-03.b", "signal handlers stay", "install none; MSG_NOSIGNAL spares SIGPIPE", needs,
       leaves(signal_handlers)},
      {"HUB-T-03.c", "the signal mask stays", "restore it before each function returns", needs,
       leaves(signal_mask, true)},
      {"HUB-T-03.d", "the environment stays", "pass on what is to be known, without setenv", needs,
       leaves(environment)},
      {"HUB-T-03.e", "the locale stays", "use a locale_t, std::format or std::to_chars", needs,
       leaves(locale)},
      {"HUB-T-03.f", "the working directory stays", "use absolute paths, or openat()", needs,
       leaves(working_directory)},
      {"HUB-T-03.g", "the umask stays", "give files their mode by fchmod()", needs,
       leaves(file_mode_mask)},
      {"HUB-T-03.h", "no descriptor is left open after stop, none of the host's is closed",
       "close in close() and stop() what was opened", needs, leaves(descriptors)},
      {"HUB-T-03.i", "nothing is written to stdout or stderr", "use the host's log", needs,
       writes_nothing},
  };
}

}  // namespace hub::validate
