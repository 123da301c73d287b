// The description: assembled from what the operations and the error tables say of themselves.
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <sstream>

#include "abi/connector.hpp"
#include "databricks/reasons.hpp"
#include "operations/token_provider.hpp"

namespace databricks_token {
namespace {

using Poco::JSON::Object;

// Of the edge itself.
constexpr hub::Reason kEdgeReasons[] = {
    {"CONFIGURATION_INVALID", "The connection's configuration cannot be used.",
     "Correct the connection's \"config\"; its schema is in this description."},
    {"REQUEST_INVALID", "The request breaks the operation's schema.",
     "The operation's request schema is in this description."},
    {"UNKNOWN_OPERATION", "There is no such operation.", "This description lists the operations."},
    {"INTERNAL", "A defect of this connector.", "Report it with the message."},
};

Object::Ptr object() { return new Object(Poco::JSON_PRESERVE_KEY_ORDER); }

Poco::Dynamic::Var parsed(std::string_view schema) {
  return Poco::JSON::Parser(new Poco::JSON::ParseHandler(true)).parse(std::string(schema));
}

Object::Ptr secret(const char* access, bool required, const char* summary) {
  auto description = object();
  description->set("access", access);
  description->set("required", required);
  description->set("summary", summary);
  return description;
}

template <class Reasons>
void add_reasons(Object& into, const Reasons& reasons) {
  for (const auto& reason : reasons) {
    auto description = object();
    description->set("summary", std::string(reason.summary));
    description->set("hint", std::string(reason.hint));
    into.set(std::string(reason.reason), description);
  }
}

}  // namespace

std::string Connector::describe() {
  auto secrets = object();
  secrets->set(std::string(kAdminSecret), secret("read", true,
                                                 "What signs in to make, list and revoke tokens: "
                                                 "by auth.type a personal access token or a "
                                                 "client secret."));
  secrets->set(
      std::string(kTokenSlot),
      secret("rotate", true, "The service principal's token, which this connector replaces."));
  secrets->set(std::string(kAdoptSecret),
               secret("read", false, "A token made by hand that adopt-token takes over."));
  secrets->set(std::string(kProxyPasswordSecret),
               secret("read", false, "The password of proxy.username at the proxy."));
  secrets->set(std::string(kClientKeySecret),
               secret("read", false, "The key of tls.client_certificate_file, PEM."));

  auto described = object();
  for (const Operation* operation : operations()) {
    auto description = object();
    description->set("summary", std::string(operation->summary));
    description->set("idempotent", operation->idempotent);
    description->set("request", parsed(operation->request_schema));
    description->set("response", parsed(operation->response_schema));
    described->set(std::string(operation->name), description);
  }

  auto reasons = object();
  add_reasons(*reasons, kEdgeReasons);
  add_reasons(*reasons, kReasons);
  add_reasons(*reasons, hub::rotation::reasons(token_kind()));

  Object description(Poco::JSON_PRESERVE_KEY_ORDER);
  description.set("id", std::string(kId));
  description.set("version", std::string(kVersion));
  description.set("title", "Databricks token");
  description.set("summary",
                  "Makes and rotates a personal access token of a Databricks service principal.");
  description.set("config", parsed(Configuration::kSchema));
  description.set("secrets", secrets);
  description.set("operations", described);
  description.set("reasons", reasons);
  std::ostringstream text;
  description.stringify(text);
  return text.str();
}

}  // namespace databricks_token
