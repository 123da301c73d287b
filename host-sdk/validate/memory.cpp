#include "memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <new>
#include <utility>

namespace hub::validate {

LentMemory::LentMemory(const void* bytes, std::size_t size, std::size_t slack) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  size_ = (size + slack + page) / page * page;
  pages_ = ::mmap(nullptr, size_ + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages_ == MAP_FAILED || ::mprotect(pages_, size_, PROT_READ | PROT_WRITE) != 0)
    throw std::bad_alloc();
  data_ = static_cast<char*>(pages_) + (size_ - size - slack);
  if (size != 0) std::memcpy(data_, bytes, size);
}

LentMemory::LentMemory(LentMemory&& other) noexcept
    : pages_(std::exchange(other.pages_, nullptr)), size_(other.size_), data_(other.data_) {}

LentMemory::~LentMemory() {
  if (pages_ != nullptr) take_back();
}

void LentMemory::make_read_only() const { ::mprotect(pages_, size_, PROT_READ); }

void LentMemory::take_back() const {
  ::madvise(pages_, size_, MADV_DONTNEED);
  ::mprotect(pages_, size_, PROT_NONE);
}

}  // namespace hub::validate
