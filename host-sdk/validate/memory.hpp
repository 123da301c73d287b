// Memory that is lent to the connector, and that shows when it is misused.
#pragma once

#include <cstddef>
#include <string_view>

namespace hub::validate {

/// A copy of some bytes in pages of its own. Behind them and `slack` zeroes more nothing is mapped.
/// Its addresses are never used again, so that who keeps a pointer into it meets nothing else.
class LentMemory {
 public:
  LentMemory(const void* bytes, std::size_t size, std::size_t slack);
  LentMemory(LentMemory&& other) noexcept;
  LentMemory& operator=(LentMemory&&) = delete;
  ~LentMemory();

  void* data() const { return data_; }

  /// From now on who writes to it dies.
  void make_read_only() const;
  /// From now on who touches it dies.
  void take_back() const;

 private:
  void* pages_ = nullptr;
  std::size_t size_ = 0;  // of the pages that are mapped
  void* data_ = nullptr;
};

}  // namespace hub::validate
