// What the tests of the local workspace share.
#pragma once

#include <Poco/JSON/Array.h>
#include <Poco/SHA2Engine.h>
#include <Poco/Timestamp.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "support/local_workspace.hpp"

namespace workspace_test {

using Poco::JSON::Array;
using Poco::JSON::Object;
using test_support::HttpReply;
using test_support::LocalWorkspace;

inline constexpr const char* kCreate = "/api/2.0/token-management/on-behalf-of/tokens";
inline constexpr const char* kTokens = "/api/2.0/token-management/tokens";
inline constexpr const char* kMe = "/api/2.0/preview/scim/v2/Me";
inline constexpr const char* kServicePrincipals = "/api/2.0/preview/scim/v2/ServicePrincipals";
inline constexpr const char* kPermissions = "/api/2.0/permissions/authorization/tokens";
inline constexpr const char* kSettings = "/api/2.0/workspace-conf";
inline constexpr const char* kInvalidAccessToken =
    R"({"error_code":403,"message":"Invalid access token."})";
inline constexpr std::int64_t kDayMs = 24 * 60 * 60 * 1000;

inline std::int64_t now_ms() { return Poco::Timestamp().epochMicroseconds() / 1000; }

inline std::string sha256_hex(const std::string& text) {
  Poco::SHA2Engine engine;
  engine.update(text);
  return Poco::DigestEngine::digestToHex(engine.digest());
}

struct Made {
  std::string value;
  std::string id;
  Object::Ptr info;
};

class WorkspaceTest : public testing::Test {
 protected:
  HttpReply create(const std::string& application_id, const std::string& more = "") const {
    return workspace.admin("POST", kCreate,
                           R"({"application_id":")" + application_id + "\"" + more + "}");
  }

  Made make(const std::string& application_id, const std::string& more = "") const {
    const Object::Ptr json = create(application_id, more).json();
    const Object::Ptr info = json->getObject("token_info");
    return {json->getValue<std::string>("token_value"), info->getValue<std::string>("token_id"),
            info};
  }

  HttpReply as(const std::string& token, const std::string& method, const std::string& path,
               const std::string& body = "") const {
    return workspace.send(method, path, "Bearer " + token, body);
  }

  std::string token_path(const Made& token) const { return kTokens + ("/" + token.id); }

  /// What the ground truth says of a token.
  Object::Ptr truth(const std::string& id) const {
    const Array::Ptr tokens = workspace.state()->getArray("tokens");
    for (const auto& item : *tokens) {
      Object::Ptr token = item.extract<Object::Ptr>();
      if (token->getValue<std::string>("token_id") == id) return token;
    }
    return nullptr;
  }

  LocalWorkspace workspace;
  const LocalWorkspace::Principal pipeline = workspace.principal("data-pipeline");
  const LocalWorkspace::Principal reporting = workspace.principal("reporting");
  const LocalWorkspace::Principal without = workspace.principal("no-token-permission");
};

inline void expect_error(const HttpReply& reply, int status, const std::string& code,
                         const std::string& message) {
  EXPECT_EQ(reply.status, status);
  EXPECT_EQ(reply.headers.get("Content-Type", ""), "application/json");
  EXPECT_EQ(reply.json()->getValue<std::string>("error_code"), code);
  EXPECT_EQ(reply.json()->getValue<std::string>("message"), message);
}

inline std::size_t count(const HttpReply& list, const char* member) {
  const Array::Ptr array = list.json()->getArray(member);
  return array.isNull() ? 0 : array->size();
}

}  // namespace workspace_test
