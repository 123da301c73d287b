// Secret: bytes that cannot be copied, printed or compared by accident, and that wipe themselves.
#pragma once

#include <hub/connector.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace hub {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view bytes) { append(bytes); }
  Secret(Secret&& other) noexcept
      : bytes_(std::move(other.bytes_)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  Secret& operator=(Secret&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { wipe(); }

  bool operator==(const Secret&) const = delete;

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  /// The bytes, for the one place that sends or stores them; valid until this changes.
  std::string_view reveal() const { return {bytes_.get(), size_}; }

  /// Growing copies into a new block and wipes the old one.
  void append(std::string_view more) {
    if (size_ + more.size() > capacity_) {
      Secret larger(std::max(capacity_ * 2, size_ + more.size()));
      larger.append(reveal());
      *this = std::move(larger);
    }
    if (!more.empty()) std::memcpy(bytes_.get() + size_, more.data(), more.size());
    size_ += more.size();
  }

  /// A sink that appends to this. It must not outlive it.
  hub_sink sink() {
    return {this, [](void* context, hub_bytes chunk) noexcept -> hub_status {
              try {
                static_cast<Secret*>(context)->append(
                    {static_cast<const char*>(chunk.data), chunk.size});
                return HUB_OK;
              } catch (...) {
                return HUB_RESOURCE_EXHAUSTED;
              }
            }};
  }

 private:
  explicit Secret(std::size_t capacity) : bytes_(new char[capacity]), capacity_(capacity) {}

  void wipe() {
    volatile char* byte = bytes_.get();
    for (std::size_t i = 0; i < capacity_; ++i) byte[i] = 0;
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace hub
