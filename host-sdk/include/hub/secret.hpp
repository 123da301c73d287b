// Secret: bytes that cannot be copied, printed or compared by accident, and that wipe themselves.
//
// In a process that has libsodium they lie in its guarded memory: between pages that nobody may
// touch, locked where the process's limit allows, and left out of core files. The references are
// weak, so nothing has to be linked or defined, and every part of a program agrees on it; nor do
// they make a linker keep a libsodium that nothing else uses (-Wl,--no-as-needed does).
#pragma once

#include <hub/connector.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <utility>

extern "C" {
[[gnu::weak]] int sodium_init(void);
[[gnu::weak]] void* sodium_malloc(std::size_t size);
[[gnu::weak]] void sodium_free(void* block);
}

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
  /// Whether blocks are libsodium's; the same answer for as long as the process lives.
  static bool is_guarded() {
    static const bool guarded = sodium_init != nullptr && sodium_malloc != nullptr &&
                                sodium_free != nullptr && sodium_init() >= 0;
    return guarded;
  }

  static char* allocate(std::size_t capacity) {
    if (!is_guarded()) return new char[capacity];
    void* block = sodium_malloc(capacity);
    if (block == nullptr) throw std::bad_alloc();
    return static_cast<char*>(block);
  }

  struct Free {
    void operator()(char* block) const {
      if (is_guarded()) {
        sodium_free(block);
      } else {
        delete[] block;
      }
    }
  };

  explicit Secret(std::size_t capacity) : bytes_(allocate(capacity)), capacity_(capacity) {}

  void wipe() {
    volatile char* byte = bytes_.get();
    for (std::size_t i = 0; i < capacity_; ++i) byte[i] = 0;
  }

  std::unique_ptr<char[], Free> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace hub
