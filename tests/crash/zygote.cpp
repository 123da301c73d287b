#include "crash/zygote.hpp"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>

namespace crash {
namespace {

constexpr int kPatienceSeconds = 60;

// Messages are lines.
using Lines = std::vector<std::string>;

void send(int socket, const Lines& lines) {
  std::string text;
  for (std::string line : lines) {
    std::ranges::replace(line, '\n', ' ');
    text += line + "\n";
  }
  if (::send(socket, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size()))
    throw std::runtime_error("the other process is gone");
}

/// Empty when the other side has closed.
Lines receive(int socket) {
  std::string text(256 * 1024, '\0');
  ssize_t size = 0;
  do {
    size = ::recv(socket, text.data(), text.size(), 0);
  } while (size < 0 && errno == EINTR);
  if (size < 0) throw std::runtime_error("the other process does not answer");
  std::istringstream stream(text.substr(0, static_cast<std::size_t>(size)));
  Lines lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

Lines to_lines(const Order& order) {
  return {order.connection,
          order.store,
          order.credential,
          order.operation,
          order.request,
          std::to_string(order.timeout.count()),
          std::to_string(static_cast<int>(order.harm.kind)),
          std::to_string(order.harm.at),
          std::to_string(static_cast<int>(order.harm.after))};
}

Order to_order(const Lines& lines) {
  return {.connection = lines.at(0),
          .store = lines.at(1),
          .credential = lines.at(2),
          .operation = lines.at(3),
          .request = lines.at(4),
          .timeout = std::chrono::milliseconds(std::stoll(lines.at(5))),
          .harm = {static_cast<Harm::Kind>(std::stoi(lines.at(6))), std::stoull(lines.at(7)),
                   lines.at(8) == "1"}};
}

/// This process ends with its parent, and in any case after some time.
void follow(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
}

[[noreturn]] void be_host(int socket, ScriptedHost& host, const Order& order) {
  ::alarm(kPatienceSeconds);
  try {
    const Outcome outcome = host.carry_out(order);
    Lines lines = {"outcome", outcome.reason, outcome.message};
    lines.insert(lines.end(), outcome.calls.begin(), outcome.calls.end());
    send(socket, lines);
    ::_exit(0);
  } catch (const std::exception& thrown) {
    std::fprintf(stderr, "%s\n", thrown.what());
    ::_exit(1);
  }
}

[[noreturn]] void be_zygote(int socket, const Clock& clock) {
  try {
    std::optional<ScriptedHost> host;
    const pid_t self = ::getpid();
    pid_t process = 0;
    for (Lines lines = receive(socket); !lines.empty(); lines = receive(socket)) {
      const Order order = to_order(lines);
      if (!host) host.emplace(clock);
      host->prepare(order);
      // Not before: until then whoever kills it by its number kills nobody else.
      if (process != 0) ::waitpid(process, nullptr, 0);
      process = ::fork();
      if (process == 0) {
        follow(self);
        be_host(socket, *host, order);
      }
      send(socket, {"started", std::to_string(process)});
      siginfo_t seen{};
      for (;;) {
        ::waitid(P_PID, static_cast<id_t>(process), &seen, WEXITED | WSTOPPED | WNOWAIT);
        if (seen.si_code != CLD_STOPPED) break;
        ::waitid(P_PID, static_cast<id_t>(process), &seen, WSTOPPED);
        send(socket, {"stopped"});
      }
      send(socket, {"ended", std::to_string(seen.si_code == CLD_EXITED ? 0 : seen.si_status)});
    }
    ::_exit(0);
  } catch (const std::exception& thrown) {
    std::fprintf(stderr, "%s\n", thrown.what());
    ::_exit(1);
  }
}

}  // namespace

Machine::Machine(const Clock& clock) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    throw std::runtime_error("socketpair failed");
  const pid_t parent = ::getpid();
  zygote_ = ::fork();
  if (zygote_ == 0) {
    ::close(ends[0]);
    follow(parent);
    be_zygote(ends[1], clock);
  }
  ::close(ends[1]);
  socket_ = ends[0];
  const timeval patience{kPatienceSeconds + 10, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

Machine::~Machine() {
  ::close(socket_);
  ::waitpid(zygote_, nullptr, 0);
}

Outcome Machine::run(const Order& order, const std::function<void()>& when_stopped) {
  send(socket_, to_lines(order));
  Outcome outcome;
  for (;;) {
    const Lines lines = receive(socket_);
    const std::string what = lines.empty() ? "" : lines[0];
    if (what == "outcome") {
      outcome.reason = lines.at(1);
      outcome.message = lines.at(2);
      outcome.calls.assign(lines.begin() + 3, lines.end());
    } else if (what == "started") {
      const std::lock_guard lock(mutex_);
      running_ = std::stoi(lines.at(1));
      changed_.notify_all();
    } else if (what == "stopped") {
      when_stopped();
      ::kill(running_, SIGCONT);
    } else if (what == "ended") {
      const std::lock_guard lock(mutex_);
      running_ = 0;
      changed_.notify_all();
      outcome.killed = lines.at(1) == std::to_string(SIGKILL);
      if (!outcome.killed && outcome.calls.empty())
        throw std::runtime_error("the process ended by itself, with signal " + lines.at(1));
      return outcome;
    } else {
      throw std::runtime_error("the zygote has ended");
    }
  }
}

void Machine::kill() {
  std::unique_lock lock(mutex_);
  const std::chrono::seconds patience(kPatienceSeconds);
  if (changed_.wait_for(lock, patience, [this] { return running_ != 0; }))
    ::kill(running_, SIGKILL);
  changed_.wait_for(lock, patience, [this] { return running_ == 0; });
}

}  // namespace crash
