#include "store/store_files.hpp"

#include <hub/trusted_file.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace sample_host {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void cannot_make(const fs::path& file, int error) {
  throw refusal(file, "FILE_UNWRITABLE",
                "cannot be made: " + std::generic_category().message(error),
                "check permissions and free space of " + file.parent_path().string());
}

/// A descriptor that knows how to get bytes onto the disk.
class Output {
 public:
  Output(const fs::path& file, int flags) : descriptor_(::open(file.c_str(), flags, 0600)) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  bool opened() const { return descriptor_ >= 0; }
  bool keep_private() const { return ::fchmod(descriptor_, 0600) == 0; }
  bool sync() const { return ::fsync(descriptor_) == 0; }
  bool write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

 private:
  const int descriptor_;
};

}  // namespace

hub::Refused refusal(const fs::path& file, std::string reason, const std::string& what,
                     std::string hint) {
  return {{.status = hub::Status::kFailedPrecondition,
           .reason = std::move(reason),
           .message = file.string() + " " + what,
           .hint = std::move(hint)},
          {.file = file.string()}};
}

std::uintmax_t size_of_trusted_file(const fs::path& file) {
  hub::check_trusted_directory(fs::absolute(file).parent_path());
  struct stat found {};
  if (::lstat(file.c_str(), &found) != 0) {
    if (errno == ENOENT) return 0;
    throw refusal(file, "FILE_UNREADABLE",
                  "cannot be looked at: " + std::generic_category().message(errno),
                  "check the permissions of " + file.parent_path().string());
  }
  if (!S_ISREG(found.st_mode)) {
    throw refusal(file, "FILE_UNTRUSTED", "is not a regular file",
                  "name a regular file: ls -l " + file.string());
  }
  if (found.st_uid != 0 && found.st_uid != ::geteuid()) {
    throw refusal(file, "FILE_UNTRUSTED",
                  "belongs to the user with the id " + std::to_string(found.st_uid),
                  "chown " + std::to_string(::geteuid()) + " " + file.string());
  }
  if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    throw refusal(file, "FILE_UNTRUSTED", "can be written by its group or by others",
                  "chmod 600 " + file.string());
  }
  return static_cast<std::uintmax_t>(found.st_size);
}

bool make_private_file(const fs::path& file, std::string_view content) {
  // Linked to its name when it is whole, so that nobody ever reads half of it.
  fs::path draft = file;
  draft += "." + std::to_string(::getpid()) + ".new";
  ::unlink(draft.c_str());  // of a process that had our number and was killed
  int error = 0;
  {
    const Output output(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC);
    if (!output.opened()) cannot_make(file, errno);
    const bool whole = output.keep_private() && output.write(content) && output.sync();
    if (!whole || ::link(draft.c_str(), file.c_str()) != 0) error = errno;
    ::unlink(draft.c_str());
  }
  if (error == EEXIST) return false;
  if (error != 0) cannot_make(file, error);

  const Output directory(fs::absolute(file).parent_path(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (!directory.opened() || !directory.sync()) cannot_make(file, errno);
  return true;
}

}  // namespace sample_host
