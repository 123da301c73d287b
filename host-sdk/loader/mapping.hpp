#pragma once

#include <hub/connector.h>
#include <hub/trusted_file.hpp>

#include <filesystem>

namespace hub {

/// Maps `library`, whose checked file is `file`, for good and gives back its entry. Refuses what
/// has undefined symbols, what is not that very file, and a library that was mapped here before.
hub_connector_query_fn map_library(const std::filesystem::path& library, const TrustedFile& file);

}  // namespace hub
