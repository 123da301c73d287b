// A connector that lists the reasons of the rotation machine, and does nothing else.
#include <hub/connector.hpp>
#include <hub/rotation.hpp>

#include <memory>
#include <string>
#include <string_view>

class Rotating {
 public:
  static constexpr std::string_view kId = "rotating";
  static constexpr std::string_view kVersion = "1.0.0";

  static std::string describe() {
    std::string names;
    for (const auto& reason : hub::rotation::reasons()) names += std::string(reason.reason) + ' ';
    return names;
  }
  static hub::Result<std::unique_ptr<Rotating>> open(hub::Call, std::string_view,
                                                     std::string_view) {
    return std::make_unique<Rotating>();
  }
  hub::Result<std::string> invoke(hub::Call, std::string_view, std::string_view) {
    return std::string("{}");
  }
};

HUB_EXPORT_CONNECTOR(Rotating)
