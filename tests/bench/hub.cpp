#include "bench/hub.hpp"

#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace bench {

Memory::Memory()
    : MemorySlotStore([] {
        return std::chrono::duration_cast<std::chrono::milliseconds>(
                   std::chrono::system_clock::now().time_since_epoch())
            .count();
      }) {}

Hub::Hub(hub::SlotStore& slots)
    : services_(slots), library_(std::make_unique<hub::ConnectorLibrary>(services_, CONNECTOR)) {
  std::string pattern = std::filesystem::temp_directory_path() / "bench-hub-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
  directory_ = pattern;
}

Hub::~Hub() {
  library_->stop();
  std::filesystem::remove_all(directory_);
}

std::string configuration(const Server& server, std::size_t port) {
  return R"({"workspace_url": ")" + server.url(port) + R"(", "application_id": ")" +
         std::string(kApplicationId) + R"(", "lifetime_seconds": 7776000, "comment": "benchmark",
    "auth": {"type": "pat"}, "tls": {"ca_file": ")" +
         server.ca_file().string() + R"("}, "rotation": {"grace_seconds": 0}})";
}

std::unique_ptr<hub::Connection> Hub::open(const Server& server, const std::string& name) {
  const auto file = directory_ / (name + ".connection.json");
  std::ofstream(file) << R"({"name": ")" << name << R"(", "connector": "databricks-token",
  "config": )" << configuration(server)
                      << R"(,
  "secrets": {"admin": {"reference": "env:ADMIN"}, "token": {"slot": ")"
                      << name << R"("}}})";
  ::chmod(file.c_str(), 0600);
  return library_->open(hub::ConnectionManifest::read(file));
}

std::string invoke(hub::Connection& connection, std::string_view operation,
                   std::string_view request) {
  auto response = connection.invoke(operation, request);
  if (!response) throw std::runtime_error(response.error().message);
  return *std::move(response);
}

}  // namespace bench
