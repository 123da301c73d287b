#include <hub/host.hpp>

#include <algorithm>
#include <mutex>
#include <shared_mutex>
#include <vector>

namespace hub {
namespace {

constexpr std::size_t kMinSize = 4;
constexpr std::string_view kMask = "[redacted]";

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The characters of base64 that depend on `bytes` alone when `before` other bytes stand in front:
/// "Basic " + base64(user:SECRET) holds them wherever the secret begins.
Secret base64_core(std::string_view bytes, std::size_t before, std::string_view alphabet) {
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
  Secret core;
  for (std::size_t i = first; i < last; ++i) {
    const char character = sextet(i);
    core.append({&character, 1});
  }
  return core;
}

Secret percent_encoded(std::string_view bytes, std::string_view digits) {
  constexpr std::string_view kUnreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  Secret encoded;
  for (const char each : bytes) {
    const auto byte = static_cast<unsigned char>(each);
    const char escape[] = {'%', digits[byte >> 4], digits[byte & 15U]};
    encoded.append(kUnreserved.find(each) == std::string_view::npos
                       ? std::string_view(escape, sizeof escape)
                       : std::string_view(&each, 1));
  }
  return encoded;
}

/// As it stands within a JSON string; "/" may be written as "\/".
Secret json_escaped(std::string_view bytes, bool escape_slash) {
  Secret escaped;
  for (const char each : bytes) {
    if (each == '"' || each == '\\' || (each == '/' && escape_slash)) escaped.append("\\");
    escaped.append({&each, 1});
  }
  return escaped;
}

}  // namespace

struct Redactor::State {
  mutable std::shared_mutex mutex;
  std::vector<Secret> forms;

  void add(Secret form) {
    if (form.size() < kMinSize) return;
    const auto same = [&](const Secret& each) { return each.reveal() == form.reveal(); };
    if (std::ranges::none_of(forms, same)) forms.push_back(std::move(form));
  }
};

Redactor::Redactor() : state_(std::make_unique<State>()) {}
Redactor::~Redactor() = default;

void Redactor::add(const Secret& secret) {
  const std::string_view bytes = secret.reveal();
  if (bytes.size() < kMinSize) return;
  const std::unique_lock lock(state_->mutex);
  state_->add(Secret(bytes));
  state_->add(json_escaped(bytes, false));
  state_->add(json_escaped(bytes, true));
  state_->add(percent_encoded(bytes, "0123456789ABCDEF"));
  state_->add(percent_encoded(bytes, "0123456789abcdef"));
  for (const std::string_view alphabet : {kBase64, kBase64Url}) {
    for (const std::size_t before : {0U, 1U, 2U}) state_->add(base64_core(bytes, before, alphabet));
  }
}

std::string Redactor::redact(std::string_view text) const {
  std::vector<bool> masked(text.size());
  {
    const std::shared_lock lock(state_->mutex);
    for (const Secret& form : state_->forms) {
      for (auto at = text.find(form.reveal()); at != std::string_view::npos;
           at = text.find(form.reveal(), at + 1)) {
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

}  // namespace hub
