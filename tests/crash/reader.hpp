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
  Reader(const std::string& url, const std::string& ca_file);

  /// The status of GET scim Me with this value. Throws Poco::Exception.
  int use(std::string_view value);

 private:
  Poco::Net::HTTPSClientSession session_;
};

}  // namespace crash
