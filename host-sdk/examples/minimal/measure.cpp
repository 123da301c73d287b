// A whole connector: one operation, `measure`, says how long the credential `key` is.
#include <hub/connector.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace {

class Measure {
 public:
  static constexpr std::string_view kId = "measure";
  static constexpr std::string_view kVersion = "1.0.0";

  static std::string describe() {
    return R"({
      "id": "measure", "version": "1.0.0", "title": "Measure",
      "summary": "Says how long a key is.",
      "config": {"type": "object", "additionalProperties": false, "required": ["unit"],
                 "properties": {"unit": {"enum": ["bits", "bytes"]}}},
      "secrets": {"key": {"access": "read", "required": true, "summary": "What is measured."}},
      "operations": {"measure": {
        "summary": "Measures the key.", "idempotent": true,
        "request": {"type": "object", "additionalProperties": false},
        "response": {"type": "object", "required": ["length"],
                     "properties": {"length": {"type": "integer"}}}}},
      "reasons": {"KEY_EMPTY": {"summary": "The key is empty.", "hint": "Provide another."}}
    })";
  }

  static hub::Result<std::unique_ptr<Measure>> open(hub::Call, std::string_view,
                                                    std::string_view config_json) {
    auto opened = std::make_unique<Measure>();
    // The host has checked it against the schema; one with more in it needs a JSON library.
    opened->bits_ = config_json.find("bits") != std::string_view::npos;
    return opened;
  }

  hub::Result<std::string> invoke(hub::Call call, std::string_view, std::string_view) {
    const auto key = call.secret("key");
    if (!key) return key.error();  // the host has said why
    if (key->empty()) {
      return hub::Error{.status = hub::Status::kFailedPrecondition,
                        .reason = "KEY_EMPTY",
                        .message = "the key is empty"};
    }
    return R"({"length": )" + std::to_string(key->size() * (bits_ ? 8 : 1)) + "}";
  }

 private:
  bool bits_ = false;
};

}  // namespace

HUB_EXPORT_CONNECTOR(Measure)
