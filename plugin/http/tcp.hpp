// TCP connections that a call can give up on at any moment.
#pragma once

#include <hub/connector.hpp>
#include <hub/error.hpp>

#include "http/descriptor.hpp"
#include "http/settings.hpp"

namespace databricks_token {

/// A connected socket: close-on-exec, non-blocking, without Nagle's delay. Tries the host's
/// addresses in order.
///
/// Errors: NAME_UNRESOLVED, CONNECT_FAILED, DEADLINE_EXCEEDED, CANCELLED; the effect is none.
hub::Result<Descriptor> connect_tcp(hub::Call call, const Origin& origin);

}  // namespace databricks_token
