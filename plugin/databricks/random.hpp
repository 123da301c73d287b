// Random numbers from OpenSSL's generator, which is seeded once; std::random_device asks the
// processor at each construction, and under a hypervisor that takes longer than a request.
#pragma once

#include <openssl/rand.h>

#include <cstdint>
#include <new>

namespace databricks_token {

/// Throws std::bad_alloc if the generator has no entropy.
inline std::uint64_t random_bits() {
  std::uint64_t bits = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&bits), sizeof bits) != 1) throw std::bad_alloc();
  return bits;
}

}  // namespace databricks_token
