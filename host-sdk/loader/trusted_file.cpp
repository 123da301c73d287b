#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <hub/trusted_file.hpp>

#include <cerrno>
#include <deque>
#include <system_error>
#include <utility>

#include "refuse.hpp"

namespace hub {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxLinks = 40;  // as the kernel's MAXSYMLINKS

[[noreturn]] void refuse_errno(const fs::path& file, const std::string& rule, int number) {
  const Location where{.file = file.string(), .rule = rule};
  if (number == ENOENT || number == ENOTDIR) {
    refuse(where, Status::kFailedPrecondition, "FILE_MISSING", "does not exist",
           "correct the path or put the file there: ls -l " + file.string());
  }
  if (number == ELOOP) {
    refuse(where, Status::kPermissionDenied, "FILE_UNTRUSTED", "is a symbolic link",
           "name the file itself: realpath " + file.string());
  }
  refuse(where, Status::kPermissionDenied, "FILE_UNREADABLE",
         "cannot be read: " + std::generic_category().message(number),
         "let the user with the id " + std::to_string(::geteuid()) + " read it: ls -l " +
             file.string());
}

void check_owner(const fs::path& file, const std::string& rule, const struct stat& status) {
  if (status.st_uid == 0 || status.st_uid == ::geteuid()) return;
  refuse(
      {.file = file.string(), .rule = rule}, Status::kPermissionDenied, "FILE_UNTRUSTED",
      "belongs to the user with the id " + std::to_string(status.st_uid) + ", who could change it",
      "chown -h " + std::to_string(::geteuid()) + " " + file.string());
}

void check_mode(const fs::path& file, const std::string& rule, const struct stat& status,
                mode_t forbidden, const std::string& text, const std::string& change) {
  if ((status.st_mode & forbidden) == 0) return;
  refuse({.file = file.string(), .rule = rule}, Status::kPermissionDenied, "FILE_UNTRUSTED", text,
         "chmod " + change + " " + file.string());
}

void check_not_writable(const fs::path& file, const std::string& rule, const struct stat& status) {
  check_mode(file, rule, status, S_IWGRP | S_IWOTH, "can be written by its group or by others",
             "go-w");
}

/// Walks to `directory` as the kernel does and checks each directory and each link on the way.
void check_way(const fs::path& directory, const std::string& rule) {
  const fs::path absolute = fs::absolute(directory);
  std::deque<fs::path> ahead(absolute.begin(), absolute.end());
  fs::path here = "/";
  for (int links = 0; !ahead.empty();) {
    const fs::path part = ahead.front();
    ahead.pop_front();
    if (part == "..") {
      here = here.parent_path();
      continue;
    }
    const fs::path next = part.empty() || part == "." ? here : here / part;
    struct stat status {};
    if (::lstat(next.c_str(), &status) != 0) refuse_errno(next, rule, errno);
    check_owner(next, rule, status);
    if (S_ISLNK(status.st_mode)) {
      if (++links > kMaxLinks) refuse_errno(next, rule, ELOOP);
      const fs::path target = fs::read_symlink(next);
      ahead.insert(ahead.begin(), target.begin(), target.end());
      if (target.is_absolute()) here = "/";
      continue;
    }
    if (!S_ISDIR(status.st_mode)) refuse_errno(directory, rule, ENOTDIR);
    const bool sticky = status.st_uid == 0 && (status.st_mode & S_ISVTX) != 0;
    if (!sticky) check_not_writable(next, rule, status);
    here = next;
  }
}

}  // namespace

TrustedFile::TrustedFile(const fs::path& file, const TrustRules& rules)
    : file_(file), rules_(rules) {
  check_way(fs::absolute(file).parent_path(), rules.rule);
  // Without O_NONBLOCK the open of a FIFO would wait for a writer.
  descriptor_ = ::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor_ < 0) refuse_errno(file, rules.rule, errno);
  try {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) refuse_errno(file, rules.rule, errno);
    const Location where{.file = file.string(), .rule = rules.rule};
    if (!S_ISREG(status.st_mode)) {
      refuse(where, Status::kPermissionDenied, "FILE_UNTRUSTED", "is not a regular file",
             "name a regular file: ls -l " + file.string());
    }
    check_owner(file, rules.rule, status);
    check_not_writable(file, rules.rule, status);
    if (rules.secret) {
      check_mode(file, rules.rule, status, S_IRGRP | S_IROTH,
                 "can be read by its group or by others", "go-r");
    }
    if (static_cast<std::size_t>(status.st_size) > rules.max_bytes) {
      refuse(where, Status::kInvalidArgument, "FILE_TOO_LARGE",
             "has " + std::to_string(status.st_size) + " bytes, more than " +
                 std::to_string(rules.max_bytes),
             "shorten it, or name the right file");
    }
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

TrustedFile::TrustedFile(TrustedFile&& other) noexcept
    : file_(std::move(other.file_)),
      rules_(std::move(other.rules_)),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

TrustedFile::~TrustedFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::string TrustedFile::read() const {
  std::string content;
  char chunk[64 * 1024];
  while (content.size() <= rules_.max_bytes) {
    const ssize_t got =
        ::pread(descriptor_, chunk, sizeof chunk, static_cast<off_t>(content.size()));
    if (got == 0) return content;
    if (got < 0 && errno != EINTR) refuse_errno(file_, rules_.rule, errno);
    if (got > 0) content.append(chunk, static_cast<std::size_t>(got));
  }
  refuse({.file = file_.string(), .rule = rules_.rule}, Status::kInvalidArgument, "FILE_TOO_LARGE",
         "grew over " + std::to_string(rules_.max_bytes) + " bytes while it was read",
         "write it first and start the host then");
}

std::string read_trusted_file(const fs::path& file, const TrustRules& rules) {
  return TrustedFile(file, rules).read();
}

void check_trusted_directory(const fs::path& directory, const std::string& rule) {
  check_way(directory, rule);
}

}  // namespace hub
