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
#include <mutex>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

extern "C" {
[[gnu::weak]] int sodium_init(void);
[[gnu::weak]] void* sodium_malloc(std::size_t size);
[[gnu::weak]] void sodium_free(void* block);
}

namespace hub {
namespace detail {

/// Where secrets lie. A guarded block costs ten system calls, so those of the common size are
/// used again. Thread-safe.
class SecretMemory {
 public:
  /// So that one byte behind it is the guard page, whichever block it is in.
  static char* take(std::size_t capacity) {
    if (!is_guarded()) return new char[capacity];
    if (capacity > kBlock) return allocate(capacity);
    Kept& kept = blocks();
    {
      const std::lock_guard lock(kept.mutex);
      if (!kept.free.empty()) {
        char* const block = kept.free.back();
        kept.free.pop_back();
        return block + kBlock - capacity;
      }
    }
    return allocate(kBlock) + kBlock - capacity;
  }

  /// What take() gave, wiped.
  static void give_back(char* bytes, std::size_t capacity) {
    if (!is_guarded()) {
      delete[] bytes;
      return;
    }
    if (capacity <= kBlock) {
      bytes -= kBlock - capacity;
      Kept& kept = blocks();
      const std::lock_guard lock(kept.mutex);
      if (kept.free.size() < kMaxFree) {
        kept.free.push_back(bytes);
        return;
      }
    }
    sodium_free(bytes);
  }

 private:
  static constexpr std::size_t kBlock = 2048;
  static constexpr std::size_t kMaxFree = 64;

  struct Kept {
    Kept() { free.reserve(kMaxFree); }
    std::mutex mutex;
    std::vector<char*> free;
  };

  /// Never destroyed: secrets may end with the process.
  static Kept& blocks() {
    static Kept& kept = *new Kept;
    return kept;
  }

  /// The same answer for as long as the process lives.
  static bool is_guarded() {
    static const bool guarded = sodium_init != nullptr && sodium_malloc != nullptr &&
                                sodium_free != nullptr && sodium_init() >= 0;
    return guarded;
  }

  static char* allocate(std::size_t capacity) {
    void* const block = sodium_malloc(capacity);
    if (block == nullptr) throw std::bad_alloc();
    return static_cast<char*>(block);
  }
};

}  // namespace detail

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view bytes) { append(bytes); }
  Secret(Secret&& other) noexcept
      : bytes_(std::exchange(other.bytes_, nullptr)),
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
  ~Secret() {
    wipe();
    if (bytes_ != nullptr) detail::SecretMemory::give_back(bytes_, capacity_);
  }

  bool operator==(const Secret&) const = delete;

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  /// The bytes, for the one place that sends or stores them; valid until this changes.
  std::string_view reveal() const { return {bytes_, size_}; }

  /// Room for so many bytes, so that they come without growing.
  void reserve(std::size_t capacity) {
    if (capacity <= capacity_) return;
    Secret larger(capacity);
    larger.append(reveal());
    *this = std::move(larger);
  }

  /// Growing copies into a new block and wipes the old one.
  void append(std::string_view more) {
    if (size_ + more.size() > capacity_) reserve(std::max(capacity_ * 2, size_ + more.size()));
    if (!more.empty()) std::memcpy(bytes_ + size_, more.data(), more.size());
    size_ += more.size();
  }

  /// Wipes the bytes and keeps their room.
  void clear() {
    wipe();
    size_ = 0;
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
  explicit Secret(std::size_t capacity)
      : bytes_(detail::SecretMemory::take(capacity)), capacity_(capacity) {}

  void wipe() {
    if (size_ != 0) std::memset(bytes_, 0, size_);
    __asm__ __volatile__("" : : "r"(bytes_) : "memory");  // the compiler must not leave it out
  }

  char* bytes_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace hub
