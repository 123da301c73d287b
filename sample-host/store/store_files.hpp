// The store's two files, its database and its key: how they are made and refused.
#pragma once

#include <hub/host.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace sample_host {

/// For a file of the store that cannot be used as it is. `what` continues the file's name.
hub::Refused refusal(const std::filesystem::path& file, std::string reason, const std::string& what,
                     std::string hint);

/// The size of `file`, 0 if it does not exist. Throws hub::Refused unless it is a file that
/// hub::TrustedFile would open. Looks by path alone: closing any descriptor of a file drops all
/// POSIX locks that the process has on it, those of SQLite too.
std::uintmax_t size_of_trusted_file(const std::filesystem::path& file);

/// Makes `file` with mode 0600, whatever the umask, whole and durable or not at all. False if it
/// exists. Throws hub::Refused.
bool make_private_file(const std::filesystem::path& file, std::string_view content);

}  // namespace sample_host
