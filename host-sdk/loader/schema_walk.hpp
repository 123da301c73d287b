// Finding one's way in a schema's document.
#pragma once

#include <Poco/JSON/Object.h>

#include <string>
#include <string_view>
#include <vector>

namespace hub {

/// `node` with its local `$ref` followed; null when it is no object.
Poco::JSON::Object::Ptr resolved(const Poco::JSON::Object::Ptr& root,
                                 const Poco::Dynamic::Var& node);

/// The member `key` of an object, resolved.
Poco::JSON::Object::Ptr child(const Poco::JSON::Object::Ptr& root,
                              const Poco::JSON::Object::Ptr& node, const std::string& key);

/// The alternatives or parts of `node`: what stands in its allOf, anyOf, oneOf, then, else.
std::vector<Poco::JSON::Object::Ptr> branches(const Poco::JSON::Object::Ptr& root,
                                              const Poco::JSON::Object::Ptr& node);

/// The schema that `node` itself, branches aside, has for a member or an element named `key`.
Poco::JSON::Object::Ptr schema_below(const Poco::JSON::Object::Ptr& root,
                                     const Poco::JSON::Object::Ptr& node, const std::string& key);

}  // namespace hub
