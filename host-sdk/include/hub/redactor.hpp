// Masks secrets by value, whatever text they turn up in. Header-only, standard library only.
#pragma once

#include <hub/secret.hpp>

#include <algorithm>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <cstring>
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
  const auto byte = [&](std::size_t index) -> unsigned {
    return index < bytes.size() ? static_cast<unsigned char>(bytes[index]) : 0;
  };
  for (std::size_t bit = first * 6; bit < last * 6; bit += 6) {
    const std::size_t at = bit / 8 - before;
    const unsigned two = byte(at) << 8 | byte(at + 1);
    form.append(alphabet.substr(two >> (10 - bit % 8) & 63U, 1));
  }
}

/// Whether percent-encoding leaves it as it is.
inline bool is_unreserved(char each) {
  return (each >= 'A' && each <= 'Z') || (each >= 'a' && each <= 'z') ||
         (each >= '0' && each <= '9') || each == '-' || each == '.' || each == '_' || each == '~';
}

inline void append_percent_encoded(Secret& form, std::string_view bytes, std::string_view digits) {
  for (const char each : bytes) {
    const auto byte = static_cast<unsigned char>(each);
    const char escape[] = {'%', digits[byte >> 4], digits[byte & 15U]};
    form.append(is_unreserved(each) ? std::string_view(&each, 1)
                                    : std::string_view(escape, sizeof escape));
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
    if (bytes.size() < kMinSize || !keep(bytes, true)) return;
    Secret form;
    form.reserve(3 * bytes.size());
    const auto keep_next = [&](auto append, auto... how) {
      form.clear();
      append(form, bytes, how...);
      if (form.size() >= kMinSize) keep(form.reveal(), false);
    };
    if (!std::all_of(bytes.begin(), bytes.end(), detail::is_unreserved)) {
      for (const bool escape_slash : {false, true})
        keep_next(detail::append_json_escaped, escape_slash);
      for (const std::string_view digits : {"0123456789ABCDEF", "0123456789abcdef"})
        keep_next(detail::append_percent_encoded, digits);
    }
    for (const std::size_t before : {0U, 1U, 2U}) {
      keep_next(detail::append_base64_core, before, detail::kBase64);
      if (form.reveal().find_first_of("+/") != std::string_view::npos)
        keep_next(detail::append_base64_core, before, detail::kBase64Url);
    }
  }

  std::string redact(std::string_view text) const {
    std::string redacted;
    redacted.reserve(text.size());
    const std::shared_lock lock(mutex_);
    std::size_t done = 0;  // of text: it is masked or taken over up to here
    for (std::size_t i = 0; i + kMinSize <= text.size(); ++i) {
      if (!begins_[beginning(text.data() + i)]) continue;
      const std::size_t end = i + longest_at(text.substr(i));
      if (end == i) continue;
      if (i >= done) redacted.append(text.substr(done, i - done)).append(kMask);
      done = std::max(done, end);
    }
    return redacted.append(text.substr(done));
  }

 private:
  static constexpr std::size_t kMinSize = 4;
  static constexpr unsigned kBeginningBits = 15;
  static constexpr std::string_view kMask = "[redacted]";

  struct Form {
    std::size_t at = 0;
    std::size_t size = 0;
    bool is_whole = false;   // a secret as it is
    std::uint32_t next = 0;  // in its bucket, by its number from 1 on
  };

  /// Finds forms by their first bytes, however many there are.
  struct Index {
    std::size_t prefix;
    std::vector<std::uint32_t> buckets = std::vector<std::uint32_t>(64);
    std::size_t count = 0;

    std::uint32_t& bucket(std::string_view text) { return buckets[place(text)]; }
    std::uint32_t first(std::string_view text) const {
      return count == 0 || text.size() < prefix ? 0 : buckets[place(text)];
    }
    std::size_t place(std::string_view text) const {
      std::uint64_t mixed = 0;
      for (std::size_t at = 0; at < prefix; at += kMinSize) mixed = mix(mixed, text.data() + at);
      return (mixed >> 32) & (buckets.size() - 1);
    }
  };

  /// The next kMinSize bytes into a hash.
  static std::uint64_t mix(std::uint64_t mixed, const char* bytes) {
    std::uint32_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    return (mixed ^ word) * 0x9E3779B97F4A7C15U;  // 2^64 divided by the golden ratio
  }

  static std::size_t beginning(const char* bytes) { return mix(0, bytes) >> (64 - kBeginningBits); }

  std::string_view of(const Form& form) const { return forms_.reveal().substr(form.at, form.size); }

  /// How much of the beginning of `text` is a form, 0 if nothing.
  std::size_t longest_at(std::string_view text) const {
    std::size_t longest = 0;
    for (const Index* index : {&short_, &long_}) {
      for (std::uint32_t at = index->first(text); at != 0; at = known_[at - 1].next) {
        if (text.starts_with(of(known_[at - 1]))) longest = std::max(longest, known_[at - 1].size);
      }
    }
    return longest;
  }

  /// False if it is kept already. A secret that is a form of another still brings its own forms.
  bool keep(std::string_view form, bool is_whole) {
    Index& index = form.size() < long_.prefix ? short_ : long_;
    for (std::uint32_t at = index.first(form); at != 0; at = known_[at - 1].next) {
      Form& known = known_[at - 1];
      if (of(known) == form) return is_whole && !std::exchange(known.is_whole, true);
    }
    if (index.count == index.buckets.size()) grow(index);
    // The form before what points at it: either may find no memory.
    const std::size_t at = forms_.size();
    forms_.append(form);
    begins_.set(beginning(form.data()));
    known_.push_back({at, form.size(), is_whole, index.bucket(form)});
    index.bucket(form) = static_cast<std::uint32_t>(known_.size());
    ++index.count;
    return true;
  }

  void grow(Index& index) {
    std::vector<std::uint32_t> chains(2 * index.buckets.size());
    chains.swap(index.buckets);
    for (std::uint32_t chain : chains) {
      while (chain != 0) {
        Form& form = known_[chain - 1];
        std::uint32_t& first = index.bucket(of(form));
        chain = std::exchange(form.next, std::exchange(first, chain));
      }
    }
  }

  mutable std::shared_mutex mutex_;  // guards what follows
  Secret forms_;  // all in one block: guarded memory costs pages, and a process has few mappings
  std::vector<Form> known_;
  std::bitset<1 << kBeginningBits> begins_;  // most places are passed by a look at these alone
  Index short_{.prefix = kMinSize};
  Index long_{.prefix = 4 * kMinSize};  // beyond what all of one kind begin with, such as "dapi"
};

}  // namespace hub
