// TCP connections that a call can give up on at any moment.
#pragma once

#include <hub/connector.hpp>
#include <hub/error.hpp>

#include "http/descriptor.hpp"
#include "http/settings.hpp"

namespace databricks_token {

/// A connected socket: close-on-exec, non-blocking, without Nagle's delay. Tries the host's
/// addresses in order. Literal addresses and localhost need no name server.
///
/// A known limit: other names are looked up by getaddrinfo in the calling thread, which neither
/// cancellation nor the deadline can interrupt; with name servers that do not answer that is what
/// resolv.conf says, 10 s by default. Both are checked as soon as it returns.
///
/// Errors: NAME_UNRESOLVED, CONNECT_FAILED, DEADLINE_EXCEEDED, CANCELLED; the effect is none.
hub::Result<Descriptor> connect_tcp(hub::Call call, const Origin& origin);

}  // namespace databricks_token
