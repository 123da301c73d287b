#include "http/client_certificate.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <new>
#include <utility>

#include "http/call_secret.hpp"
#include "http/pem.hpp"

namespace databricks_token {

namespace {

/// Not the certificates in it.
void free_stack(STACK_OF(X509) * stack) { sk_X509_free(stack); }

}  // namespace

hub::Result<> present_certificate(hub::Call call, const TlsSettings& tls, SSL* ssl) {
  const TrustedFile file{tls.client_certificate_file, "tls.client_certificate_file",
                         "CLIENT_CERTIFICATE_INVALID"};
  auto certificates = read_certificates(
      file,
      "Put the client's certificate there, as -----BEGIN CERTIFICATE-----, and after it those "
      "that lead to its CA.");
  if (!certificates) return std::move(certificates).error();
  const OpensslPtr<STACK_OF(X509), free_stack> chain(sk_X509_new_null());
  if (!chain) throw std::bad_alloc();
  for (std::size_t i = 1; i < certificates->size(); ++i)
    sk_X509_push(chain.get(), (*certificates)[i].get());

  const auto pem = secret_of(call, tls.client_key_secret, file.reason);
  if (!pem) return pem.error();
  const std::string secret = "the secret \"" + tls.client_key_secret + '"';
  const OpensslPtr<BIO, BIO_free> source(
      BIO_new_mem_buf(pem->reveal().data(), static_cast<int>(pem->size())));
  const OpensslPtr<EVP_PKEY, EVP_PKEY_free> key(
      PEM_read_bio_PrivateKey(source.get(), nullptr, no_passphrase, nullptr));
  const bool fits =
      key && SSL_use_cert_and_key(ssl, certificates->front().get(), key.get(), chain.get(), 1) == 1;
  ERR_clear_error();
  if (!key) {
    return file.unusable(secret + " is no private key in PEM, or an encrypted one",
                         "Store the key as -----BEGIN PRIVATE KEY-----, without a passphrase.");
  }
  if (!fits) {
    return file.unusable("its first certificate does not belong to the key in " + secret,
                         "Put the client's own certificate first, and store its key.");
  }
  return {};
}

}  // namespace databricks_token
