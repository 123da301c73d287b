// Certificates from files.
#pragma once

#include <openssl/x509.h>
#include <hub/error.hpp>

#include <string>
#include <vector>

#include "http/openssl_ptr.hpp"
#include "http/trusted_file.hpp"

namespace databricks_token {

using X509Ptr = OpensslPtr<X509, X509_free>;

/// All certificates of a PEM file, at least one. The file's reason; `hint` is for a file that holds
/// none or a damaged one.
hub::Result<std::vector<X509Ptr>> read_certificates(const TrustedFile& file,
                                                    const std::string& hint);

/// The passphrase callback for PEM that may be encrypted; without it OpenSSL asks at the terminal.
int no_passphrase(char* buffer, int size, int is_for_writing, void* context);

}  // namespace databricks_token
