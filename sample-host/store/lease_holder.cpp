#include "store/lease_holder.hpp"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

namespace sample_host {
namespace {

struct Process {
  std::string pid;
  char state = 0;
  std::string start_time;
};

/// proc(5): "PID (COMMAND) STATE ..", the start time is the 22nd field. The command may hold
/// blanks and parentheses, so what follows is counted from the last one.
std::optional<Process> read_process(const std::string& pid_or_self) {
  std::ifstream file("/proc/" + pid_or_self + "/stat");
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  const std::size_t command_end = line.rfind(')');
  if (command_end == std::string::npos) return std::nullopt;

  Process process;
  std::istringstream(line) >> process.pid;
  std::istringstream rest(line.substr(command_end + 1));
  rest >> process.state;
  for (int field = 4; field <= 22; ++field) rest >> process.start_time;
  if (!rest) return std::nullopt;
  return process;
}

/// "BOOT_ID PID_NAMESPACE ", or nothing.
std::string here() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string boot;
  std::error_code failed;
  const auto name_space = std::filesystem::read_symlink("/proc/self/ns/pid", failed);
  if (!(file >> boot) || failed) return {};
  return boot + " " + name_space.string() + " ";
}

}  // namespace

std::string this_lease_holder() {
  const std::string place = here();
  // The number that /proc knows, which getpid() does not give in a namespace without a /proc of its
  // own.
  const auto self = read_process("self");
  return place.empty() || !self ? std::string() : place + self->pid + " " + self->start_time;
}

bool is_dead_lease_holder(const std::string& holder) {
  const std::string place = here();
  if (place.empty() || !holder.starts_with(place)) return false;
  std::string pid;
  std::string start_time;
  std::istringstream(holder.substr(place.size())) >> pid >> start_time;

  if (::access(("/proc/" + pid).c_str(), F_OK) != 0) return errno == ENOENT;
  const auto process = read_process(pid);
  if (!process) return false;
  // Killed, but its parent has not asked yet.
  const bool is_zombie = process->state == 'Z' || process->state == 'X';
  return is_zombie || process->start_time != start_time;
}

}  // namespace sample_host
