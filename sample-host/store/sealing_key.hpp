// The key under which a store's values are sealed: XChaCha20-Poly1305 of libsodium.
#pragma once

#include <hub/secret.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sample_host {

/// Thread-safe. The key lies in guarded memory and is wiped at the end.
class SealingKey {
 public:
  /// Reads the key file: 32 random bytes, trusted and private. Throws hub::Refused.
  static SealingKey read(const std::filesystem::path& file);

  /// Makes the key file, durably. One that is there is left alone. Throws hub::Refused.
  static void make(const std::filesystem::path& file);

  /// What tells this key from another and says nothing about it.
  std::string id() const;

  /// `context` says what is sealed and where it belongs; it opens with the same one alone.
  std::string seal(std::string_view context, const hub::Secret& value) const;

  /// Nothing if `sealed` was changed, cut, sealed under another context or another key.
  std::optional<hub::Secret> open(std::string_view context, std::string_view sealed) const;

 private:
  struct Free {
    void operator()(unsigned char* memory) const;
  };
  using Guarded = std::unique_ptr<unsigned char, Free>;
  static Guarded allocate(std::size_t size);

  explicit SealingKey(Guarded bytes) : bytes_(std::move(bytes)) {}

  Guarded bytes_;
};

}  // namespace sample_host
