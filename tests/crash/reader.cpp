#include "crash/reader.hpp"

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/StreamCopier.h>
#include <Poco/URI.h>

#include <utility>

#include "crash/wire.hpp"

namespace crash {

Reader::Reader(const std::string& url, const std::string& ca_file, std::string user_name)
    : session_(Poco::URI(url).getHost(), Poco::URI(url).getPort(),
               new Poco::Net::Context(Poco::Net::Context::TLS_CLIENT_USE, ca_file,
                                      Poco::Net::Context::VERIFY_STRICT)),
      user_name_(std::move(user_name)) {
  session_.setKeepAlive(true);
  session_.setTimeout(Poco::Timespan(20, 0));
}

bool Reader::is_accepted(std::string_view value) {
  Poco::Net::HTTPRequest request(Poco::Net::HTTPRequest::HTTP_GET,
                                 std::string("/api/2.0/preview/scim/v2/Me?") + kReader + "=1",
                                 Poco::Net::HTTPMessage::HTTP_1_1);
  request.set("Authorization", "Bearer " + std::string(value));
  session_.sendRequest(request);
  Poco::Net::HTTPResponse response;
  std::string body;
  Poco::StreamCopier::copyToString(session_.receiveResponse(response), body);
  return response.getStatus() == Poco::Net::HTTPResponse::HTTP_OK &&
         Poco::JSON::Parser().parse(body).extract<Poco::JSON::Object::Ptr>()->getValue<std::string>(
             "userName") == user_name_;
}

}  // namespace crash
