#include "workspace/files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>

namespace local_workspace {
namespace {

[[noreturn]] void fail(const std::string& what, const std::filesystem::path& path) {
  throw std::runtime_error("cannot " + what + " " + path.string() + ": " +
                           std::system_category().message(errno));
}

class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags, const char* purpose)
      : number_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {
    if (number_ < 0) fail(purpose, path);
  }
  ~Descriptor() { ::close(number_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int number() const { return number_; }

 private:
  int number_;
};

}  // namespace

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail("read", path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::path fresh = path;
  fresh += ".new";
  {
    const Descriptor file(fresh, O_WRONLY | O_CREAT | O_TRUNC, "write");
    for (std::size_t done = 0; done < text.size();) {
      const ssize_t written = ::write(file.number(), text.data() + done, text.size() - done);
      if (written < 0 && errno != EINTR) fail("write", fresh);
      if (written > 0) done += static_cast<std::size_t>(written);
    }
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) fail("replace", path);
}

DirectoryLock::DirectoryLock(const std::filesystem::path& directory)
    : descriptor_(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (descriptor_ < 0) fail("open", directory);
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    ::close(descriptor_);
    throw std::runtime_error("another local-workspace serves " + directory.string() +
                             ": end it, or give another --directory");
  }
}

DirectoryLock::~DirectoryLock() { ::close(descriptor_); }

}  // namespace local_workspace
