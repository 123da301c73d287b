#pragma once

#include <filesystem>
#include <string>

namespace local_workspace {

/// The whole of a small file. Throws std::runtime_error that names it.
std::string read_file(const std::filesystem::path& path);

/// Replaces a file so that a reader, or the next start after a kill, sees the old text or the
/// new one and nothing between. The mode is 0600. Throws std::runtime_error that names the file.
void write_file(const std::filesystem::path& path, const std::string& text);

/// Keeps a directory for one process, until destruction or the process's end, however it ends.
class DirectoryLock {
 public:
  /// Throws std::runtime_error when another process has it.
  explicit DirectoryLock(const std::filesystem::path& directory);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace local_workspace
