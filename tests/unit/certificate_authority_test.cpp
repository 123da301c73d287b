#include "workspace/certificate_authority.hpp"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include <memory>
#include <stdexcept>

namespace {

using local_workspace::Certificate;
using local_workspace::CertificateAuthority;

struct Free {
  void operator()(BIO* object) const { BIO_free(object); }
  void operator()(X509* object) const { X509_free(object); }
  void operator()(X509_STORE* object) const { X509_STORE_free(object); }
  void operator()(X509_STORE_CTX* object) const { X509_STORE_CTX_free(object); }
};
template <typename T>
using Handle = std::unique_ptr<T, Free>;

Handle<X509> parse(const Certificate& certificate) {
  const Handle<BIO> bio(BIO_new_mem_buf(certificate.certificate_pem.c_str(), -1));
  return Handle<X509>(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

/// OpenSSL's verdict on the server's certificate, its host checked, by its strictest rules.
int verdict(const CertificateAuthority& trusted, const Certificate& server, const char* host) {
  const Handle<X509> root = parse(trusted.certificate());
  const Handle<X509> leaf = parse(server);
  const Handle<X509_STORE> store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), root.get());
  const Handle<X509_STORE_CTX> context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), leaf.get(), nullptr);
  X509_STORE_CTX_set_default(context.get(), "ssl_server");
  X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_X509_STRICT);
  if (X509_VERIFY_PARAM_set1_ip_asc(rules, host) != 1) {
    X509_VERIFY_PARAM_set1_host(rules, host, 0);
  }
  X509_verify_cert(context.get());
  return X509_STORE_CTX_get_error(context.get());
}

constexpr std::time_t kDay = 24 * 60 * 60;

Certificate issue(const CertificateAuthority& authority,
                  std::vector<std::string> names = {"localhost", "127.0.0.1", "::1"}) {
  const std::time_t now = std::time(nullptr);
  return authority.issue(names, now - kDay, now + kDay);
}

TEST(CertificateAuthority, IssuesWhatOpenSslAcceptsForEachName) {
  const CertificateAuthority authority("Test authority");
  const Certificate server = issue(authority);
  for (const char* name : {"localhost", "127.0.0.1", "::1"}) {
    EXPECT_EQ(verdict(authority, server, name), X509_V_OK) << name;
  }
}

TEST(CertificateAuthority, IssuesNothingForAnotherName) {
  const CertificateAuthority authority("Test authority");
  const Certificate server = issue(authority);
  EXPECT_EQ(verdict(authority, server, "example.com"), X509_V_ERR_HOSTNAME_MISMATCH);
  EXPECT_EQ(verdict(authority, server, "127.0.0.2"), X509_V_ERR_IP_ADDRESS_MISMATCH);
}

TEST(CertificateAuthority, IsNotTrustedForWhatAnotherOneOfTheSameNameIssued) {
  const CertificateAuthority authority("Test authority");
  const CertificateAuthority other("Test authority");
  EXPECT_NE(verdict(other, issue(authority), "localhost"), X509_V_OK);
}

TEST(CertificateAuthority, IssuesACertificateThatHasExpiredWhenAskedTo) {
  const CertificateAuthority authority("Test authority");
  const std::time_t now = std::time(nullptr);
  const Certificate server = authority.issue({"localhost"}, now - 2 * kDay, now - kDay);
  EXPECT_EQ(verdict(authority, server, "localhost"), X509_V_ERR_CERT_HAS_EXPIRED);
}

TEST(CertificateAuthority, GoesOnFromItsPems) {
  const CertificateAuthority authority("Test authority");
  const CertificateAuthority again(authority.certificate());
  EXPECT_EQ(verdict(authority, issue(again), "localhost"), X509_V_OK);
}

TEST(CertificateAuthority, RefusesPemsThatDoNotBelongTogether) {
  const CertificateAuthority one("One");
  const CertificateAuthority two("Two");
  const CertificateAuthority mixed(
      Certificate{one.certificate().certificate_pem, two.certificate().key_pem});
  EXPECT_THROW(issue(mixed), std::runtime_error);
  EXPECT_THROW(issue(CertificateAuthority(Certificate{"", ""})), std::runtime_error);
}

TEST(CertificateAuthority, RefusesACertificateWithoutANameAndOneWithATooLongName) {
  const CertificateAuthority authority("Test authority");
  EXPECT_THROW(issue(authority, {}), std::runtime_error);
  EXPECT_THROW(issue(authority, {std::string(65, 'a')}), std::runtime_error);  // RFC 5280: 64
}

}  // namespace
