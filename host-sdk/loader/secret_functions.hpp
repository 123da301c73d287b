#pragma once

#include <hub/connector.h>

namespace hub {

/// Sets the secret_* members of a HostCall's table.
void set_secret_functions(hub_call& table);

}  // namespace hub
