#include <Poco/Net/IPAddress.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "http/settings.hpp"

namespace databricks_token {
namespace {

/// What is being read, and what its errors say.
struct Kind {
  std::string scheme;
  std::uint16_t port;
  const char* what;
  const char* reason;
  const char* hint;

  hub::Error invalid(const std::string& why) const {
    return {.status = hub::Status::kInvalidArgument,
            .reason = reason,
            .message = std::string(what) + ' ' + why,
            .hint = hint};
  }
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

hub::Result<Origin> read(const std::string& url, const Kind& kind) {
  // The URL itself stays out of the messages: somebody may have put a password into it.
  if (std::any_of(url.begin(), url.end(), [](char c) { return c <= ' ' || c > '~'; }))
    return kind.invalid("holds a space, a control character or a letter outside ASCII");

  std::string authority = url;
  std::transform(authority.begin(), authority.end(), authority.begin(), lower);
  if (authority.starts_with(kind.scheme + "://")) {
    authority.erase(0, kind.scheme.size() + 3);
  } else if (authority.substr(0, authority.find_first_of("/?#")).ends_with(':')) {
    return kind.invalid("has a scheme other than " + kind.scheme);
  }
  authority.erase(std::min(authority.size(), authority.find_first_of("/?#")));
  if (authority.find('@') != std::string::npos) return kind.invalid("holds a user name");

  Origin origin{.host = {}, .port = kind.port, .scheme = kind.scheme};
  std::string rest;  // ":port" or nothing
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string::npos) return kind.invalid("has a '[' without its ']'");
    origin.host = authority.substr(1, end - 1);
    rest = authority.substr(end + 1);
    Poco::Net::IPAddress address;
    if (origin.host.find('%') != std::string::npos ||
        !Poco::Net::IPAddress::tryParse(origin.host, address) ||
        address.family() != Poco::Net::IPAddress::IPv6)
      return kind.invalid("has brackets around something that is not an IPv6 address");
  } else {
    origin.host = authority.substr(0, authority.find(':'));
    rest = authority.substr(origin.host.size());
    if (origin.host.empty()) return kind.invalid("names no host");
    if (!std::all_of(origin.host.begin(), origin.host.end(), is_name_character))
      return kind.invalid("names a host with characters that no host name has");
  }
  // One spelling for each address, since certificates are compared with it.
  if (Poco::Net::IPAddress address; Poco::Net::IPAddress::tryParse(origin.host, address))
    origin.host = address.toString();

  if (!rest.empty()) {
    const char* const end = rest.data() + rest.size();
    const auto [stopped, failed] = std::from_chars(rest.data() + 1, end, origin.port);
    if (rest.front() != ':' || failed != std::errc() || stopped != end || origin.port == 0)
      return kind.invalid("has a port that is not a number from 1 to 65535");
  }
  return origin;
}

}  // namespace

hub::Result<Origin> Origin::parse(const std::string& url) {
  static const Kind kWorkspace{"https", 443, "the workspace's URL", "WORKSPACE_URL_INVALID",
                               "Write it as https://HOST or https://HOST:PORT, as the browser "
                               "shows it."};
  return read(url, kWorkspace);
}

hub::Result<Origin> Origin::parse_proxy(const std::string& url) {
  static const Kind kProxy{"http", 80, "the proxy's URL", "PROXY_URL_INVALID",
                           "Write it as http://HOST:PORT; a user name goes into proxy.username."};
  return read(url, kProxy);
}

std::string Origin::text() const { return scheme + "://" + authority(); }

std::string Origin::authority() const {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

}  // namespace databricks_token
