// Where a PostgreSQL database is and who signs in there, as the operator writes it.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace sample_host {

/// A libpq connection string ("host=db.example.org dbname=hub user=hub", or postgresql://..)
/// without a password, so that it can be shown.
class PostgresAddress {
 public:
  /// Throws hub::Refused, STORE_CONNECTION_INVALID: libpq does not understand it, it holds a
  /// password, or a value with a blank.
  explicit PostgresAddress(std::string text);

  const std::string& text() const { return text_; }

  /// What to connect with, for Poco: the same with `password`, which has no blank and may be empty,
  /// and with what keeps a call from waiting for long. Where the address does not say otherwise,
  /// a server that is reached over a network must prove its name (sslmode=verify-full), and a
  /// standby is no server (target_session_attrs=read-write).
  std::string with(std::string_view password) const;

 private:
  std::string text_;
  std::map<std::string, std::string> values_;
};

}  // namespace sample_host
