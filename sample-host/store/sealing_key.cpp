#include "store/sealing_key.hpp"

#include "store/store_files.hpp"

#include <hub/trusted_file.hpp>

#include <sodium.h>
#include <unistd.h>

#include <array>
#include <new>
#include <stdexcept>

namespace sample_host {
namespace {

constexpr std::size_t kKeySize = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
constexpr std::size_t kNonceSize = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagSize = crypto_aead_xchacha20poly1305_ietf_ABYTES;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

}  // namespace

void SealingKey::Free::operator()(unsigned char* memory) const { ::sodium_free(memory); }

SealingKey::Guarded SealingKey::allocate(std::size_t size) {
  if (::sodium_init() < 0) throw std::runtime_error("libsodium finds no source of randomness");
  Guarded memory(static_cast<unsigned char*>(::sodium_malloc(size)));
  if (!memory) throw std::bad_alloc();
  return memory;
}

SealingKey SealingKey::read(const std::filesystem::path& file) {
  const hub::TrustedFile opened(file, {.secret = true});
  Guarded bytes = allocate(kKeySize + 1);  // one more tells whether the file is too long
  if (::pread(opened.descriptor(), bytes.get(), kKeySize + 1, 0) != ssize_t{kKeySize}) {
    throw refusal(file, "STORE_KEY_INVALID",
                  "is no key: it does not have " + std::to_string(kKeySize) + " bytes",
                  "put the store's own key file back");
  }
  ::sodium_mprotect_readonly(bytes.get());
  return SealingKey(std::move(bytes));
}

void SealingKey::make(const std::filesystem::path& file) {
  const Guarded bytes = allocate(kKeySize);
  ::randombytes_buf(bytes.get(), kKeySize);
  make_private_file(file, {reinterpret_cast<const char*>(bytes.get()), kKeySize});
}

std::string SealingKey::id() const {
  constexpr std::string_view kPurpose = "hub slot store, key id";
  std::array<unsigned char, crypto_generichash_BYTES_MIN> hash{};
  ::crypto_generichash(hash.data(), hash.size(), bytes_of(kPurpose), kPurpose.size(), bytes_.get(),
                       kKeySize);
  std::array<char, 2 * hash.size() + 1> text{};
  return ::sodium_bin2hex(text.data(), text.size(), hash.data(), hash.size());
}

std::string SealingKey::seal(std::string_view context, const hub::Secret& value) const {
  std::string sealed(kNonceSize + value.size() + kTagSize, '\0');
  unsigned char* nonce = bytes_of(sealed);
  ::randombytes_buf(nonce, kNonceSize);
  ::crypto_aead_xchacha20poly1305_ietf_encrypt(
      nonce + kNonceSize, nullptr, bytes_of(value.reveal()), value.size(), bytes_of(context),
      context.size(), nullptr, nonce, bytes_.get());
  return sealed;
}

std::optional<hub::Secret> SealingKey::open(std::string_view context,
                                            std::string_view sealed) const {
  if (sealed.size() < kNonceSize + kTagSize) return std::nullopt;
  const std::size_t size = sealed.size() - kNonceSize - kTagSize;
  const Guarded value = allocate(size);
  const unsigned char* nonce = bytes_of(sealed);
  if (::crypto_aead_xchacha20poly1305_ietf_decrypt(
          value.get(), nullptr, nullptr, nonce + kNonceSize, size + kTagSize, bytes_of(context),
          context.size(), nonce, bytes_.get()) != 0) {
    return std::nullopt;
  }
  return hub::Secret({reinterpret_cast<const char*>(value.get()), size});
}

}  // namespace sample_host
