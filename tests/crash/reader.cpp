#include "crash/reader.hpp"

#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/NullStream.h>
#include <Poco/StreamCopier.h>
#include <Poco/URI.h>

#include "crash/wire.hpp"

namespace crash {

Reader::Reader(const std::string& url, const std::string& ca_file)
    : session_(Poco::URI(url).getHost(), Poco::URI(url).getPort(),
               new Poco::Net::Context(Poco::Net::Context::TLS_CLIENT_USE, ca_file,
                                      Poco::Net::Context::VERIFY_STRICT)) {
  session_.setKeepAlive(true);
  session_.setTimeout(Poco::Timespan(20, 0));
}

int Reader::use(std::string_view value) {
  Poco::Net::HTTPRequest request(Poco::Net::HTTPRequest::HTTP_GET,
                                 std::string("/api/2.0/preview/scim/v2/Me?") + kReader + "=1",
                                 Poco::Net::HTTPMessage::HTTP_1_1);
  request.set("Authorization", "Bearer " + std::string(value));
  session_.sendRequest(request);
  Poco::Net::HTTPResponse response;
  Poco::NullOutputStream nowhere;
  Poco::StreamCopier::copyStream(session_.receiveResponse(response), nowhere);
  return response.getStatus();
}

}  // namespace crash
