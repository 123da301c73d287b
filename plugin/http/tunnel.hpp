// Connections through an HTTP proxy.
#pragma once

#include <hub/connector.hpp>
#include <hub/error.hpp>

#include "http/descriptor.hpp"
#include "http/settings.hpp"

namespace databricks_token {

/// A socket whose other end is `origin`, by CONNECT. The proxy looks the origin's name up and
/// sees its host and port, and what is Basic authorization for the proxy itself; TLS with its
/// checks is for the caller to begin, with the origin. The password is asked of the call each time.
///
/// PROXY_AUTHENTICATION_REQUIRED, PROXY_REFUSED, and connect_tcp's for the way to the proxy; the
/// effect is none. Their status is never that of a credential which the origin refused.
hub::Result<Descriptor> open_tunnel(hub::Call call, const ProxySettings& proxy,
                                    const Origin& origin);

}  // namespace databricks_token
