#include "databricks/digest.hpp"

#include <Poco/DigestEngine.h>
#include <openssl/evp.h>

namespace databricks_token {

std::string sha256_hex(const hub::Secret& secret) {
  Poco::DigestEngine::Digest digest(EVP_MAX_MD_SIZE);
  unsigned int size = 0;
  EVP_Digest(secret.reveal().data(), secret.size(), digest.data(), &size, EVP_sha256(), nullptr);
  digest.resize(size);
  return Poco::DigestEngine::digestToHex(digest);
}

}  // namespace databricks_token
