#include "http/pem.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <utility>

namespace databricks_token {

hub::Result<std::vector<X509Ptr>> read_certificates(const TrustedFile& file,
                                                    const std::string& hint) {
  auto pem = file.read();
  if (!pem) return std::move(pem).error();
  const OpensslPtr<BIO, BIO_free> source(
      BIO_new_mem_buf(pem->data(), static_cast<int>(pem->size())));
  std::vector<X509Ptr> certificates;
  for (;;) {
    X509Ptr certificate(PEM_read_bio_X509(source.get(), nullptr, no_passphrase, nullptr));
    if (!certificate) break;
    certificates.push_back(std::move(certificate));
  }
  // The end of the file is an error too, the one that is expected.
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (certificates.empty()) return file.unusable("holds no certificate in PEM", hint);
  if (!at_end) {
    return file.unusable(
        "its certificate " + std::to_string(certificates.size() + 1) + " is damaged", hint);
  }
  return certificates;
}

int no_passphrase(char*, int, int, void*) { return -1; }

}  // namespace databricks_token
