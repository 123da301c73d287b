#include "runner.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <system_error>

namespace hub::validate {
namespace {

constexpr std::size_t kMaxText = 2000;

/// Shared by a check's process and its parent.
struct Shared {
  std::uint64_t steps;
  char step[kMaxText];
  char seen[kMaxText];
  Outcome outcome;
  bool is_told;  // by the check, as the last thing
};

Shared* shared = nullptr;
int output = -1;  // a file without a name: what the check's process writes to stdout and stderr

void put(char (&into)[kMaxText], const std::string& text) {
  const std::size_t size = std::min(text.size(), kMaxText - 1);
  std::memcpy(into, text.data(), size);
  into[size] = '\0';
}

void tell(const Verdict& verdict) {
  put(shared->seen, verdict.seen);
  shared->outcome = verdict.outcome;
  shared->is_told = true;
}

[[noreturn]] void run_here(const Check& check, const Subject& subject) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  Verdict verdict;
  try {
    verdict = check.run(subject);
  } catch (const Ended& ended) {
    verdict = ended.verdict;
  } catch (const std::exception& broken) {
    verdict = failed(std::string("unexpected: ") + broken.what());
  }
  tell(verdict);
  if (check.exits && verdict.outcome == Outcome::kPassed) std::exit(0);
  ::_exit(0);
}

/// The last line that is not empty: what a sanitizer or the C++ runtime had to say.
std::string last_words() {
  std::string text = written();
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

std::string how_it_ended(int status, bool in_time) {
  if (!in_time) return "it did not return";
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    return std::string("the process was killed by ") + ::strsignal(number) + " (SIG" +
           ::sigabbrev_np(number) + ")";
  }
  return "the process was ended with exit code " + std::to_string(WEXITSTATUS(status));
}

Verdict verdict_of(int status, bool in_time) {
  const bool well = in_time && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  if (well && shared->is_told) return {shared->outcome, shared->seen};
  std::string seen = how_it_ended(status, in_time);
  if (shared->is_told)
    seen += " after all was done";
  else if (shared->step[0] != '\0')
    seen += ", in " + std::string(shared->step);
  if (const std::string words = last_words(); !words.empty()) seen += "; it wrote: " + words;
  return {Outcome::kCrashed, seen};
}

[[noreturn]] void fail_with(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

/// Whether the process ended; false once it has stood still for that long.
bool ends(int process, std::chrono::milliseconds patience) {
  const std::atomic_ref steps(shared->steps);
  pollfd ended{.fd = process, .events = POLLIN, .revents = 0};
  for (;;) {
    const std::uint64_t seen = steps;
    if (::poll(&ended, 1, static_cast<int>(patience.count())) == 1) return true;
    if (steps == seen) return false;
  }
}

}  // namespace

Run run(const Check& check, const Subject& subject, std::chrono::milliseconds patience) {
  if (shared == nullptr) {
    void* const page =
        ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) fail_with("mmap");
    shared = static_cast<Shared*>(page);
    output = ::memfd_create("output", MFD_CLOEXEC);
    if (output == -1) fail_with("memfd_create");
  }
  *shared = {};
  if (::ftruncate(output, 0) == -1 || ::lseek(output, 0, SEEK_SET) == -1) fail_with("output");

  std::fflush(nullptr);  // or the child writes it too
  const auto began = std::chrono::steady_clock::now();
  const pid_t child = ::fork();
  if (child == -1) fail_with("fork");
  if (child == 0) run_here(check, subject);

  // glibc 2.36 declares pidfd_open for C alone.
  const int handle = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
  if (handle == -1) fail_with("pidfd_open");
  const bool in_time = ends(handle, patience);
  if (!in_time) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) == -1 && errno == EINTR) {
  }
  ::close(handle);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - began);
  return {verdict_of(status, in_time), took};
}

void about_to(const std::string& step) {
  static std::mutex mutex;  // instances run in parallel
  const std::lock_guard lock(mutex);
  put(shared->step, step);
  ++std::atomic_ref(shared->steps);
}

std::string written() {
  std::fflush(nullptr);
  std::string text;
  char chunk[4096];
  for (ssize_t got = 0;
       (got = ::pread(output, chunk, sizeof chunk, static_cast<off_t>(text.size()))) > 0;) {
    text.append(chunk, static_cast<std::size_t>(got));
  }
  return text;
}

}  // namespace hub::validate
