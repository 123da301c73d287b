#pragma once

#include <hub/host.hpp>

#include <string>

#include "description.hpp"

namespace hub {

/// Whether the connector may be opened with `manifest`: its configuration against the connector's
/// schema, its paths against the rules of trust, its grants against the declared secrets. Gives
/// back the configuration with absolute paths. Throws Refused.
std::string admit(const Description& description, const ConnectionManifest& manifest);

}  // namespace hub
