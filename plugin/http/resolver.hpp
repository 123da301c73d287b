// The addresses of a host, by c-ares.
#pragma once

#include <hub/connector.hpp>
#include <hub/error.hpp>

#include <Poco/Net/SocketAddress.h>

#include <vector>

#include "http/settings.hpp"

namespace databricks_token {

/// In the order in which to try them. Literal addresses and localhost need no name server. Others
/// are looked up in /etc/hosts and by the name servers of /etc/resolv.conf, in the order of
/// /etc/nsswitch.conf; other sources that glibc has as modules are not asked. getaddrinfo would ask
/// them, but nothing can interrupt it. A channel for each look-up, in the calling thread: both
/// files may change, and the process shares nothing.
///
/// NAME_UNRESOLVED, DEADLINE_EXCEEDED, CANCELLED; the effect is none.
hub::Result<std::vector<Poco::Net::SocketAddress>> resolve(hub::Call call, const Origin& origin);

}  // namespace databricks_token
