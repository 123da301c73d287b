#pragma once

#include <functional>
#include <string>
#include <vector>

#include "workspace/http.hpp"
#include "workspace/state.hpp"

namespace local_workspace {

/// What a route asks of the caller.
enum class Access {
  kAnyone,   ///< no credential
  kUser,     ///< any good credential
  kOwner,    ///< one that may manage its owner's tokens: if scoped, with the scope "authentication"
  kAdmin,    ///< the same, and of a workspace admin
  kControl,  ///< the same, but also while tokens are switched off: else that were for good
};

/// The table of what is served. Filled before the server starts, read-only from then on.
class Router {
 public:
  using Handler = std::function<Answer(const Request&)>;

  explicit Router(State& state) : state_(state) {}

  /// A pattern's {name} matches one segment and becomes a parameter.
  void add(std::string method, std::string pattern, Access access, Handler handler);

  /// Finds the route, checks the credential, calls the handler. Any thread.
  Answer handle(Request request) const;

  /// The pattern of the route for this request, or the path itself where nothing is served.
  std::string pattern(const Request& request) const;

 private:
  struct Route {
    std::string method;
    std::string pattern;
    Access access;
    Handler handler;
  };

  /// The route, its parameters filled into the request; nullptr when there is none.
  const Route* find(Request& request) const;

  State& state_;
  std::vector<Route> routes_;
};

}  // namespace local_workspace
