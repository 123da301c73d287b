#include "http/base64.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <string_view>

namespace databricks_token {

hub::Secret base64(const hub::Secret& plain) {
  constexpr std::size_t kBlock = 48;
  unsigned char encoded[kBlock / 3 * 4 + 1];
  hub::Secret result;
  for (std::string_view rest = plain.reveal(); !rest.empty();) {
    const std::string_view block = rest.substr(0, kBlock);
    const int size = EVP_EncodeBlock(encoded, reinterpret_cast<const unsigned char*>(block.data()),
                                     static_cast<int>(block.size()));
    result.append({reinterpret_cast<const char*>(encoded), static_cast<std::size_t>(size)});
    rest.remove_prefix(block.size());
  }
  OPENSSL_cleanse(encoded, sizeof(encoded));
  return result;
}

}  // namespace databricks_token
