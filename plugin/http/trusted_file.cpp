#include "http/trusted_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "http/descriptor.hpp"

namespace databricks_token {
namespace {

constexpr off_t kMaxBytes = 4 * 1024 * 1024;

bool is_trusted_owner(const struct stat& status) {
  return status.st_uid == 0 || status.st_uid == ::geteuid();
}

bool others_can_write(const struct stat& status) { return (status.st_mode & 022) != 0; }

/// A directory in which others can put another file in the place of ours.
hub::Result<> check_directories(const TrustedFile& file) {
  std::error_code failed;
  const auto real = std::filesystem::canonical(file.path, failed);
  if (failed) return file.unusable(failed.message(), "Check the path.");
  for (auto directory = real.parent_path();; directory = directory.parent_path()) {
    struct stat status {};
    if (::stat(directory.c_str(), &status) != 0)
      return file.unusable(std::generic_category().message(errno), "Check the path.");
    const bool shared_but_sticky = (status.st_mode & S_ISVTX) != 0 && status.st_uid == 0;
    if (!is_trusted_owner(status) || (others_can_write(status) && !shared_but_sticky)) {
      return file.unusable("others can write to the directory " + directory.string(),
                           "chmod go-w " + directory.string() + ", or move the file.");
    }
    if (directory == directory.root_path()) return {};
  }
}

}  // namespace

hub::Error TrustedFile::unusable(const std::string& what, const std::string& hint) const {
  return {.status = hub::Status::kFailedPrecondition,
          .reason = reason,
          .message = setting + ' ' + path + ": " + what,
          .hint = hint};
}

hub::Result<std::string> TrustedFile::read() const {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file.get() < 0) {
    const int code = errno;
    return unusable(code == ELOOP ? "is a symbolic link" : std::generic_category().message(code),
                    "Name a readable PEM file itself.");
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_size > kMaxBytes)
    return unusable("is not a regular file of at most 4 MiB", "Name a PEM file.");
  if (!is_trusted_owner(status) || others_can_write(status))
    return unusable("others can change it", "chown root " + path + " && chmod go-w " + path);
  if (auto checked = check_directories(*this); !checked) return std::move(checked).error();

  std::string content(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t more = ::read(file.get(), content.data() + size, content.size() - size);
    if (more < 0 && errno == EINTR) continue;
    if (more <= 0) return unusable("cannot be read whole", "Check the file.");
    size += static_cast<std::size_t>(more);
  }
  return content;
}

}  // namespace databricks_token
