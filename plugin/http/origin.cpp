#include <Poco/Net/IPAddress.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "http/settings.hpp"

namespace databricks_token {
namespace {

constexpr std::string_view kScheme = "https://";

hub::Error invalid(const std::string& what) {
  return {.status = hub::Status::kInvalidArgument,
          .reason = "WORKSPACE_URL_INVALID",
          .message = "the workspace's URL " + what,
          .hint = "Write it as https://HOST or https://HOST:PORT, as the browser shows it."};
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

}  // namespace

hub::Result<Origin> Origin::parse(const std::string& url) {
  // The URL itself stays out of the messages: somebody may have put a password into it.
  if (std::any_of(url.begin(), url.end(), [](char c) { return c <= ' ' || c > '~'; }))
    return invalid("holds a space, a control character or a letter outside ASCII");

  std::string authority = url;
  std::transform(authority.begin(), authority.end(), authority.begin(), lower);
  if (authority.starts_with(kScheme)) {
    authority.erase(0, kScheme.size());
  } else if (authority.substr(0, authority.find_first_of("/?#")).ends_with(':')) {
    return invalid("has a scheme other than https");
  }
  authority.erase(std::min(authority.size(), authority.find_first_of("/?#")));
  if (authority.find('@') != std::string::npos) return invalid("holds a user name");

  Origin origin;
  std::string rest;  // ":port" or nothing
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string::npos) return invalid("has a '[' without its ']'");
    origin.host = authority.substr(1, end - 1);
    rest = authority.substr(end + 1);
    Poco::Net::IPAddress address;
    if (origin.host.find('%') != std::string::npos ||
        !Poco::Net::IPAddress::tryParse(origin.host, address) ||
        address.family() != Poco::Net::IPAddress::IPv6)
      return invalid("has brackets around something that is not an IPv6 address");
  } else {
    origin.host = authority.substr(0, authority.find(':'));
    rest = authority.substr(origin.host.size());
    if (origin.host.empty()) return invalid("names no host");
    if (!std::all_of(origin.host.begin(), origin.host.end(), is_name_character))
      return invalid("names a host with characters that no host name has");
  }
  // One spelling for each address, since certificates are compared with it.
  if (Poco::Net::IPAddress address; Poco::Net::IPAddress::tryParse(origin.host, address))
    origin.host = address.toString();

  if (!rest.empty()) {
    const char* const end = rest.data() + rest.size();
    const auto [stopped, failed] = std::from_chars(rest.data() + 1, end, origin.port);
    if (rest.front() != ':' || failed != std::errc() || stopped != end || origin.port == 0)
      return invalid("has a port that is not a number from 1 to 65535");
  }
  return origin;
}

std::string Origin::text() const {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return std::string(kScheme) + (is_ipv6 ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

}  // namespace databricks_token
