#include "store/postgres_address.hpp"

#include <hub/host.hpp>

#include <libpq-fe.h>

#include <memory>
#include <utility>

namespace sample_host {
namespace {

constexpr std::pair<const char*, const char*> kDefaults[] = {
    {"sslmode", "verify-full"},
    {"target_session_attrs", "read-write"},
    {"fallback_application_name", "sample-host"},
    {"client_encoding", "UTF8"},
    {"connect_timeout", "3"},  // seconds, for each address
    // A server that vanished is given up after five seconds, whether it owes an answer or not.
    {"tcp_user_timeout", "5000"},
    {"keepalives_idle", "3"},
    {"keepalives_interval", "1"},
    {"keepalives_count", "2"},
};

/// libpq's own words are not repeated: they quote the text, which may hold a password.
[[noreturn]] void refuse(const std::string& what, std::string hint) {
  throw hub::Refused({.status = hub::Status::kFailedPrecondition,
                      .reason = "STORE_CONNECTION_INVALID",
                      .message = what,
                      .hint = std::move(hint)},
                     {});
}

struct Free {
  void operator()(PQconninfoOption* options) const { ::PQconninfoFree(options); }
};

/// Quoted, so that libpq takes any value and Poco, which trims them, changes none.
std::string in_quotes(std::string_view value) {
  std::string text = "'";
  for (const char each : value) {
    if (each == '\'' || each == '\\') text += '\\';
    text += each;
  }
  return text + "'";
}

}  // namespace

PostgresAddress::PostgresAddress(std::string text) : text_(std::move(text)) {
  const std::unique_ptr<PQconninfoOption, Free> options(::PQconninfoParse(text_.c_str(), nullptr));
  if (!options) {
    refuse("is no connection string of PostgreSQL",
           "write KEY=VALUE pairs that libpq knows, such as \"host=db.example.org dbname=hub "
           "user=hub\"");
  }
  for (const PQconninfoOption* each = options.get(); each->keyword != nullptr; ++each) {
    if (each->val == nullptr) continue;
    if (*each->dispchar == '*') {
      refuse("holds a password",
             "remove it, and say where it is: \"password\": {\"reference\": \"env:NAME\"} or "
             "\"file:PATH\"; change it if others could read this file");
    }
    if (std::string_view(each->val).find(' ') != std::string_view::npos) {
      refuse(std::string("has a blank in the value of ") + each->keyword,
             "Poco takes connection strings apart at blanks: use a value without one");
    }
    values_.emplace(each->keyword, each->val);
  }
}

std::string PostgresAddress::with(std::string_view password) const {
  std::map<std::string, std::string> all = values_;
  for (const auto& [key, value] : kDefaults) all.emplace(key, value);
  std::string text;
  for (const auto& [key, value] : all) text += key + "=" + in_quotes(value) + " ";
  if (!password.empty()) text += "password=" + in_quotes(password);
  return text;
}

}  // namespace sample_host
