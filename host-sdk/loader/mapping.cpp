#include "mapping.hpp"

#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <boost/dll/runtime_symbol_info.hpp>
#include <boost/dll/shared_library.hpp>
#include <cinttypes>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "refuse.hpp"

namespace hub {
namespace {

/// Poco blocks SIGPIPE in a static initialiser: what a library does to the mask of the thread that
/// maps it ends here.
class SignalMaskGuard {
 public:
  SignalMaskGuard() { ::pthread_sigmask(SIG_SETMASK, nullptr, &saved_); }
  ~SignalMaskGuard() { ::pthread_sigmask(SIG_SETMASK, &saved_, nullptr); }
  SignalMaskGuard(const SignalMaskGuard&) = delete;
  SignalMaskGuard& operator=(const SignalMaskGuard&) = delete;

 private:
  sigset_t saved_;
};

/// Device and inode of the file behind `address`, as the kernel prints them; empty when unknown.
/// Compared with each other only: stat() prints others on some stacked file systems.
std::string mapped_file(const void* address) {
  std::ifstream maps("/proc/self/maps");
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t from = 0;
    std::uintptr_t to = 0;
    char device[32] = "";
    std::uint64_t inode = 0;
    // NOLINTNEXTLINE(cert-err34-c): the kernel's numbers fit
    if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR " %*s %*s %31s %" SCNu64, &from, &to,
                    device, &inode) == 4 &&
        from <= wanted && wanted < to && inode != 0) {
      return device + (" " + std::to_string(inode));
    }
  }
  return "";
}

/// The same for an open file.
std::string mapped_file(const TrustedFile& file) {
  void* const page = ::mmap(nullptr, 1, PROT_READ, MAP_PRIVATE, file.descriptor(), 0);
  if (page == MAP_FAILED) return "";
  std::string found = mapped_file(page);
  ::munmap(page, 1);
  return found;
}

}  // namespace

hub_connector_query_fn map_library(const std::filesystem::path& library, const TrustedFile& file) {
  // Never destroyed, so that no library is ever unmapped: OpenSSL, Poco and thread-locals leave
  // pointers into it behind.
  static auto& mutex = *new std::mutex;
  static auto& handles = *new std::vector<boost::dll::shared_library>;
  static auto& mapped = *new std::set<std::pair<dev_t, ino_t>>;

  const Location where{.file = library.string(), .rule = "HUB-L-08"};
  struct stat status {};
  ::fstat(file.descriptor(), &status);
  const std::lock_guard lock(mutex);
  if (mapped.contains({status.st_dev, status.st_ino})) {
    refuse(where, Status::kFailedPrecondition, "ALREADY_LOADED",
           "is loaded in this process, and starts only once",
           "open all its connections by one ConnectorLibrary; to load it again, start the process "
           "again");
  }

  boost::dll::shared_library handle;
  boost::system::error_code problem;
  {
    const SignalMaskGuard guard;
    ::dlerror();
    handle.load(library.string(), problem,
                boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
  }
  if (problem) {
    const char* const why = ::dlerror();
    refuse(where, Status::kFailedPrecondition, "LIBRARY_UNLOADABLE",
           "cannot be loaded: " + (why == nullptr ? problem.message() : std::string(why)),
           "install what it needs, or a build for this system: ldd -r " + library.string());
  }
  handles.push_back(handle);

  const hub_connector_query_fn entry =
      &handle.get<std::remove_pointer_t<hub_connector_query_fn>>("hub_connector_query");
  const auto address = reinterpret_cast<const void*>(entry);
  const std::string expected = mapped_file(file);
  if (expected.empty() || mapped_file(address) != expected) {
    refuse(where, Status::kFailedPrecondition, "LIBRARY_REPLACED",
           "is not the file that was checked, or /proc/self/maps cannot tell",
           "leave the file alone while a host starts; after an update, start the process again");
  }
  mapped.emplace(status.st_dev, status.st_ino);
  if (boost::dll::symbol_location_ptr(address, problem) != library.string()) {
    refuse({.file = library.string(), .rule = "HUB-L-09"}, Status::kFailedPrecondition,
           "LIBRARY_INVALID", "has its hub_connector_query in another library",
           "it is no connector: nm -D --defined-only " + library.string());
  }
  return entry;
}

}  // namespace hub
