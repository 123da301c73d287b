#pragma once

#include <filesystem>
#include <string_view>

namespace hub {

/// Refuses an image that this process could not run or that exports anything but
/// hub_connector_query. Reads bytes only, so it needs no trust in them.
void check_elf(const std::filesystem::path& library, std::string_view image);

}  // namespace hub
