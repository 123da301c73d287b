// host MANIFEST CONNECTION OPERATION: a hub in a page.
#include <hub/host.hpp>
#include <hub/testing/memory_slot_store.hpp>

#include <cstdint>
#include <iostream>
#include <string>
#include <string_view>

class Services : public hub::HostServices {
 public:
  Services() : HostServices("outside", "1.0.0") {}
  hub::Result<hub::Secret> credential(const std::string&) override {
    return hub::Secret("0123456789");
  }
  hub::SlotStore& slots() override { return slots_; }
  void log(hub::LogLevel, std::string_view, std::string_view message) override {
    std::clog << message << '\n';
  }

 private:
  hub::testing::MemorySlotStore slots_{[] { return std::int64_t{0}; }};
};

int main(int, char** arguments) try {
  Services services;
  hub::ConnectorLibrary library(services, arguments[1]);
  const auto connection = library.open(hub::ConnectionManifest::read(arguments[2]));
  const auto response = connection->invoke(arguments[3], "{}");
  std::cout << (response ? *response : response.error().message) << '\n';
  return response ? 0 : 1;
} catch (const hub::Refused& refused) {
  std::cerr << refused.what() << '\n';
  return 2;
}
