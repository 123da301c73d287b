// One clock for the test, its hosts and their stores.
#pragma once

#include <sys/mman.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <new>
#include <stdexcept>

namespace crash {

/// The system's clock and an offset, which lies in memory that forked processes share.
/// Milliseconds.
class Clock {
 public:
  Clock() : offset_(new (map()) std::atomic<std::int64_t>(0)) {}
  ~Clock() { ::munmap(offset_, sizeof *offset_); }
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;

  std::int64_t now() const {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count() + offset();
  }
  std::int64_t offset() const { return *offset_; }
  void set_offset(std::int64_t offset) { *offset_ = offset; }

 private:
  static void* map() {
    void* const page = ::mmap(nullptr, sizeof(std::atomic<std::int64_t>), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) throw std::runtime_error("mmap failed");
    return page;
  }

  std::atomic<std::int64_t>* offset_;
};

}  // namespace crash
