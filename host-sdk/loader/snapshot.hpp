#pragma once

#include <hub/slot_store.hpp>

#include <string>

namespace hub {

/// The JSON of connector.h, hub_call::secret_begin.
std::string to_json(const SlotSnapshot& slot);

}  // namespace hub
