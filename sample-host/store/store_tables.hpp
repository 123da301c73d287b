// The tables of a store, the same in each database, and the key that belongs to them.
#pragma once

#include "store/database.hpp"
#include "store/sealing_key.hpp"

#include <filesystem>

namespace sample_host {

/// Makes the tables of a new store, and before them the key file if there is none: so a store
/// without its key file is always one that lost it, or that another host made, and is refused, as
/// is one with another key and one of another format. A new store beside a key file uses that one,
/// for a key that has sealed nothing here can give nothing away. Returns the key. Throws
/// hub::Refused.
SealingKey open_tables(Database& database, const std::filesystem::path& key_file);

}  // namespace sample_host
