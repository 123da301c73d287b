#pragma once

#include <memory>

namespace databricks_token {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* held) const {
    Free(held);
  }
};

/// Owns an object of OpenSSL's: OpensslPtr<X509, X509_free>.
template <class T, auto Free>
using OpensslPtr = std::unique_ptr<T, Freed<Free>>;

}  // namespace databricks_token
