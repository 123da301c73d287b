// JSON as this host reads it from its own parts and prints it.
#pragma once

#include <Poco/JSON/Object.h>

#include <string>
#include <string_view>

namespace sample_host {

/// An object that prints its members in the order in which they were set.
Poco::JSON::Object::Ptr make_object();

/// The object that `text` is. Throws Poco::Exception: what comes from a connector has been checked.
Poco::JSON::Object::Ptr parse_object(const std::string& text);

/// One line, without a newline.
std::string to_text(const Poco::JSON::Object& object);

/// For people: a line for each member, times as dates, what lies deeper indented.
std::string to_prose(const Poco::JSON::Object& object, std::size_t indent = 0);

}  // namespace sample_host
