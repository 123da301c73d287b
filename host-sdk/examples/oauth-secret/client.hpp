// HTTPS over libcurl, as a connector needs it: a call that is cancelled or out of time ends at
// once, and whoever sends a request learns whether it may have had an effect.
#pragma once

#include <hub/connector.hpp>

#include <string.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oauth_secret {

template <class T>
struct WipingAllocator : std::allocator<T> {
  void deallocate(T* memory, std::size_t count) {
    explicit_bzero(memory, count * sizeof(T));
    std::allocator<T>::deallocate(memory, count);
  }
};

/// Bytes that may hold a secret, for libraries that a hub::Secret does not fit. Wiped wherever they
/// were; moving leaves them where they are.
using Bytes = std::vector<char, WipingAllocator<char>>;

/// With the NUL that C wants.
Bytes terminated(std::string_view text);

struct Request {
  std::string method = "GET";
  std::string path;         // with the query
  bool may_change = false;  // whether it matters that it arrived
  std::string content_type{};
  std::string body{};
  const hub::Secret* bearer = nullptr;  // who asks: by a bearer token,
  std::string client_id{};              // or as an OAuth client
  const hub::Secret* client_secret = nullptr;
};

struct Response {
  int status = 0;
  Bytes body;                        // ends with a NUL that is not the server's
  std::optional<std::int64_t> date;  // of the server, in milliseconds since 1970
  std::int64_t retry_after_ms = 0;   // 0: it did not say
};

class Client {
 public:
  struct Settings {
    std::string host;     // "https://..."
    std::string ca_file;  // empty: the system's authorities
    std::string proxy;    // "http://..."; empty: none, whatever the environment says
    std::string user_agent;
  };

  explicit Client(Settings settings) : settings_(std::move(settings)) {}

  /// What the server answers, whichever its status. Each request has a connection of its own, so
  /// none is sent twice. An Error's effect is kUnknown if the request may have arrived and may
  /// change something.
  hub::Result<Response> send(hub::Call call, const Request& request) const;

  const std::string& host() const { return settings_.host; }

 private:
  Settings settings_;
};

}  // namespace oauth_secret
