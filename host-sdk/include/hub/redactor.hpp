// Masks secrets by value, whatever text they turn up in. Header-only, standard library only.
#pragma once

#include <hub/secret.hpp>

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hub {
namespace detail {

inline constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
inline constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Appends the characters of base64 that depend on `bytes` alone when `before` other bytes stand in
/// front: "Basic " + base64(user:SECRET) holds them wherever the secret begins.
inline void append_base64_core(Secret& form, std::string_view bytes, std::size_t before,
                               std::string_view alphabet) {
  const std::size_t first = (before * 8 + 5) / 6;
  const std::size_t last = (before + bytes.size()) * 8 / 6;
  const auto sextet = [&](std::size_t index) {
    unsigned value = 0;
    for (std::size_t bit = index * 6; bit < index * 6 + 6; ++bit) {
      const auto byte = static_cast<unsigned char>(bytes[bit / 8 - before]);
      value = value << 1 | ((byte >> (7 - bit % 8)) & 1U);
    }
    return alphabet[value];
  };
  for (std::size_t i = first; i < last; ++i) {
    const char character = sextet(i);
    form.append({&character, 1});
  }
}

inline void append_percent_encoded(Secret& form, std::string_view bytes, std::string_view digits) {
  constexpr std::string_view kUnreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  for (const char each : bytes) {
    const auto byte = static_cast<unsigned char>(each);
    const char escape[] = {'%', digits[byte >> 4], digits[byte & 15U]};
    form.append(kUnreserved.find(each) == std::string_view::npos
                    ? std::string_view(escape, sizeof escape)
                    : std::string_view(&each, 1));
  }
}

/// As it stands within a JSON string; "/" may be written as "\/".
inline void append_json_escaped(Secret& form, std::string_view bytes, bool escape_slash) {
  for (const char each : bytes) {
    if (each == '"' || each == '\\' || (each == '/' && escape_slash)) form.append("\\");
    form.append({&each, 1});
  }
}

}  // namespace detail

/// Masks the secrets that it was told, as they are, escaped in JSON, in base64 and percent-encoded.
/// Thread-safe.
class Redactor {
 public:
  Redactor() = default;
  Redactor(const Redactor&) = delete;
  Redactor& operator=(const Redactor&) = delete;

  /// From now on `secret` is masked. Values of fewer than four bytes are not: they would mask
  /// ordinary text.
  void add(const Secret& secret) {
    const std::string_view bytes = secret.reveal();
    const std::unique_lock lock(mutex_);
    if (bytes.size() < kMinSize || is_known(bytes)) return;
    Secret form(bytes);
    keep(form, true);
    const auto keep_next = [&](auto append, auto... how) {
      form = Secret();
      append(form, bytes, how...);
      keep(form, false);
    };
    for (const bool escape_slash : {false, true})
      keep_next(detail::append_json_escaped, escape_slash);
    for (const std::string_view digits : {"0123456789ABCDEF", "0123456789abcdef"})
      keep_next(detail::append_percent_encoded, digits);
    for (const std::string_view alphabet : {detail::kBase64, detail::kBase64Url}) {
      for (const std::size_t before : {0U, 1U, 2U})
        keep_next(detail::append_base64_core, before, alphabet);
    }
  }

  std::string redact(std::string_view text) const {
    std::vector<bool> masked(text.size());
    {
      const std::shared_lock lock(mutex_);
      for (const Span& span : spans_) {
        const std::string_view form = of(span);
        for (auto at = text.find(form); at != std::string_view::npos;
             at = text.find(form, at + 1)) {
          std::fill_n(masked.begin() + static_cast<std::ptrdiff_t>(at), form.size(), true);
        }
      }
    }
    std::string redacted;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (!masked[i]) {
        redacted += text[i];
      } else if (i == 0 || !masked[i - 1]) {
        redacted += kMask;
      }
    }
    return redacted;
  }

 private:
  static constexpr std::size_t kMinSize = 4;
  static constexpr std::string_view kMask = "[redacted]";

  struct Span {
    std::size_t at = 0;
    std::size_t size = 0;
    bool is_whole = false;  // a secret as it is
  };

  std::string_view of(const Span& span) const { return forms_.reveal().substr(span.at, span.size); }

  bool is_known(std::string_view secret) const {
    return std::ranges::any_of(
        spans_, [&](const Span& span) { return span.is_whole && of(span) == secret; });
  }

  void keep(const Secret& form, bool is_whole) {
    const auto same = [&](const Span& span) { return of(span) == form.reveal(); };
    if (form.size() < kMinSize || (!is_whole && std::ranges::any_of(spans_, same))) return;
    spans_.push_back({forms_.size(), form.size(), is_whole});
    forms_.append(form.reveal());
  }

  mutable std::shared_mutex mutex_;
  Secret forms_;  // all in one block: guarded memory costs pages, and a process has few mappings
  std::vector<Span> spans_;
};

}  // namespace hub
