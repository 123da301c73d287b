#pragma once

#include <Poco/JSON/Object.h>

#include <cstdint>
#include <string>

#include "workspace/state.hpp"

namespace local_workspace {

struct MadeSecret {
  std::string value;
  const OauthSecret& secret;
};

/// Makes an OAuth secret for `owner` and puts it into `data`.
MadeSecret create_oauth_secret(Data& data, const Principal& owner, std::int64_t lifetime_ms);

/// A secret as Databricks tells of it, with times as RFC 3339 has them and without the value.
Poco::JSON::Object::Ptr secret_info(const OauthSecret& secret);

}  // namespace local_workspace
