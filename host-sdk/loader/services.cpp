#include <hub/host.hpp>

namespace hub {

std::chrono::milliseconds HostServices::now() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now().time_since_epoch());
}

std::chrono::nanoseconds HostServices::monotonic() const {
  return std::chrono::steady_clock::now().time_since_epoch();
}

}  // namespace hub
