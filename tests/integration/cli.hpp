// sample-host as an operator meets it.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "integration/fixture.hpp"

namespace integration {

/// A member's text; empty where it is null.
inline std::string text(const Poco::JSON::Object::Ptr& object, const std::string& key) {
  return object->isNull(key) ? "" : object->getValue<std::string>(key);
}

/// The names of its members, in order.
inline std::vector<std::string> keys(const Poco::JSON::Object::Ptr& object) {
  auto names = object->getNames();
  std::ranges::sort(names);
  return names;
}

class Cli : public HostTest {
 protected:
  /// The error of a run that has to fail with that exit code.
  Object error(const std::vector<std::string>& arguments, int code) const {
    return json(arguments, code)->getObject("error");
  }

  void create_token() const { ASSERT_EQ(host({"create-token", "local"}).code, 0); }
};

}  // namespace integration
