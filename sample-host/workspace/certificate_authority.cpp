#include "workspace/certificate_authority.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>
#include <utility>

namespace local_workspace {
namespace {

template <auto kFree>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using KeyHandle = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using CertificateHandle = std::unique_ptr<X509, Deleter<X509_free>>;
using BioHandle = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using NumberHandle = std::unique_ptr<BIGNUM, Deleter<BN_free>>;
using NamesHandle = std::unique_ptr<GENERAL_NAMES, Deleter<GENERAL_NAMES_free>>;
using ExtensionHandle = std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>>;
using AddressHandle = std::unique_ptr<ASN1_OCTET_STRING, Deleter<ASN1_OCTET_STRING_free>>;

constexpr std::time_t kDay = 24 * 60 * 60;
constexpr int kSerialBits = 127;  // enough that two serials never meet, positive in DER

[[noreturn]] void fail(const std::string& what) {
  char reason[256] = "no reason given";
  if (const unsigned long code = ERR_get_error(); code != 0) {
    ERR_error_string_n(code, reason, sizeof reason);
  }
  ERR_clear_error();
  throw std::runtime_error("OpenSSL could not " + what + ": " + reason);
}

void require(bool done, const char* what) {
  if (!done) fail(what);
}

std::string take_text(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

Certificate to_pem(X509* certificate, EVP_PKEY* key) {
  const BioHandle certificate_text(BIO_new(BIO_s_mem()));
  const BioHandle key_text(BIO_new(BIO_s_secmem()));
  require(certificate_text && PEM_write_bio_X509(certificate_text.get(), certificate) == 1,
          "write the certificate");
  require(key_text && PEM_write_bio_PKCS8PrivateKey(key_text.get(), key, nullptr, nullptr, 0,
                                                    nullptr, nullptr) == 1,
          "write the key");
  return {take_text(certificate_text.get()), take_text(key_text.get())};
}

BioHandle reader(const std::string& text) {
  BioHandle bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  require(bio != nullptr, "make a buffer");
  return bio;
}

KeyHandle new_key() {
  KeyHandle key(EVP_EC_gen("P-256"));
  require(key != nullptr, "make a P-256 key");
  return key;
}

/// A certificate with everything in it but the extensions and the signature.
CertificateHandle new_certificate(const std::string& common_name, EVP_PKEY* key,
                                  std::time_t not_before, std::time_t not_after) {
  CertificateHandle certificate(X509_new());
  require(certificate != nullptr, "make a certificate");
  require(X509_set_version(certificate.get(), X509_VERSION_3) == 1, "set the version");

  const NumberHandle serial(BN_new());
  require(serial && BN_rand(serial.get(), kSerialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
              BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate.get())) != nullptr,
          "make a serial number");
  require(ASN1_TIME_set(X509_getm_notBefore(certificate.get()), not_before) != nullptr &&
              ASN1_TIME_set(X509_getm_notAfter(certificate.get()), not_after) != nullptr,
          "set the validity");
  require(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                                     reinterpret_cast<const unsigned char*>(common_name.data()),
                                     static_cast<int>(common_name.size()), -1, 0) == 1,
          "set the common name");
  require(X509_set_pubkey(certificate.get(), key) == 1, "set the public key");
  return certificate;
}

void add(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionHandle extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  require(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "add an extension");
}

void add_alternative_names(X509* certificate, const std::vector<std::string>& names) {
  const NamesHandle list(GENERAL_NAMES_new());
  require(list != nullptr, "make a list of names");
  for (const std::string& name : names) {
    const AddressHandle address(a2i_IPADDRESS(name.c_str()));
    ERR_clear_error();  // "not an address" is an answer here
    GENERAL_NAME* entry =
        a2i_GENERAL_NAME(nullptr, nullptr, nullptr, address ? GEN_IPADD : GEN_DNS, name.c_str(), 0);
    require(entry != nullptr && sk_GENERAL_NAME_push(list.get(), entry) > 0, "add a name");
  }
  require(X509_add1_ext_i2d(certificate, NID_subject_alt_name, list.get(), 0, 0) == 1,
          "add the names");
}

void sign(X509* certificate, EVP_PKEY* key) {
  require(X509_sign(certificate, key, EVP_sha256()) > 0, "sign the certificate");
}

}  // namespace

CertificateAuthority::CertificateAuthority(const std::string& common_name) {
  const KeyHandle key = new_key();
  const std::time_t yesterday = std::time(nullptr) - kDay;
  const CertificateHandle certificate =
      new_certificate(common_name, key.get(), yesterday, yesterday + 3650 * kDay);
  X509* self = certificate.get();
  require(X509_set_issuer_name(self, X509_get_subject_name(self)) == 1, "set the issuer");
  add(self, self, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  add(self, self, NID_key_usage, "critical,keyCertSign,cRLSign");
  add(self, self, NID_subject_key_identifier, "hash");
  add(self, self, NID_authority_key_identifier, "keyid:always");
  sign(self, key.get());
  certificate_ = to_pem(self, key.get());
}

CertificateAuthority::CertificateAuthority(Certificate certificate)
    : certificate_(std::move(certificate)) {}

Certificate CertificateAuthority::issue(const std::vector<std::string>& names,
                                        std::time_t not_before, std::time_t not_after) const {
  if (names.empty()) throw std::runtime_error("a server's certificate needs at least one name");

  const CertificateHandle issuer(
      PEM_read_bio_X509(reader(certificate_.certificate_pem).get(), nullptr, nullptr, nullptr));
  require(issuer != nullptr, "read the authority's certificate");
  const KeyHandle issuer_key(
      PEM_read_bio_PrivateKey(reader(certificate_.key_pem).get(), nullptr, nullptr, nullptr));
  require(issuer_key && X509_check_private_key(issuer.get(), issuer_key.get()) == 1,
          "match the authority's key with its certificate");

  const KeyHandle key = new_key();
  const CertificateHandle certificate =
      new_certificate(names.front(), key.get(), not_before, not_after);
  X509* server = certificate.get();
  require(X509_set_issuer_name(server, X509_get_subject_name(issuer.get())) == 1, "set the issuer");
  add(server, issuer.get(), NID_basic_constraints, "critical,CA:FALSE");
  add(server, issuer.get(), NID_key_usage, "critical,digitalSignature");
  add(server, issuer.get(), NID_ext_key_usage, "serverAuth");
  add(server, issuer.get(), NID_subject_key_identifier, "hash");
  add(server, issuer.get(), NID_authority_key_identifier, "keyid:always");
  add_alternative_names(server, names);
  sign(server, issuer_key.get());
  return to_pem(server, key.get());
}

}  // namespace local_workspace
