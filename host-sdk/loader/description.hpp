// What a connector's describe() said, checked and compiled.
#pragma once

#include <hub/schema.hpp>

#include <functional>
#include <map>
#include <string>

namespace hub {

struct Description {
  struct DeclaredSecret {
    bool rotates = false;  // a slot; otherwise a credential
    bool required = false;
  };
  struct Operation {
    JsonSchema request;
    bool idempotent = false;
  };
  using Secrets = std::map<std::string, DeclaredSecret, std::less<>>;
  using Operations = std::map<std::string, Operation, std::less<>>;

  std::string text;
  std::string id;
  std::string version;
  JsonSchema config;
  Secrets secrets;
  Operations operations;

  /// `library` is what a refusal names. Throws Refused.
  static Description parse(std::string text, const std::string& library);
};

}  // namespace hub
