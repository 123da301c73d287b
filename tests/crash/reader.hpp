// Whoever uses the current token.
#pragma once

#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPSClientSession.h>

#include <string>
#include <string_view>

namespace crash {

/// A connection to a workspace that is kept. One thread.
class Reader {
 public:
  /// `user_name` is whose token it is, as scim Me says.
  Reader(const std::string& url, const std::string& ca_file, std::string user_name);

  /// Whether the workspace takes a request with this value for that user's. Throws Poco::Exception.
  bool is_accepted(std::string_view value);

 private:
  Poco::Net::HTTPSClientSession session_;
  const std::string user_name_;
};

}  // namespace crash
