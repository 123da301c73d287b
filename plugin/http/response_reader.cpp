#include "http/response_reader.hpp"

#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/NameValueCollection.h>
#include <Poco/String.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "http/status_line.hpp"

namespace databricks_token {
namespace {

constexpr std::size_t kMaxHeadBytes = 64 * 1024;  // of all heads of one answer
constexpr std::size_t kReadAtOnce = 16 * 1024;    // a TLS record
constexpr std::size_t kMaxFields = 100;           // Poco looks through all before it adds one
constexpr std::size_t kMaxChunkLineBytes = 1024;
constexpr std::chrono::seconds kMaxIdleTime(30);

/// The whole of `text` as a number, or nothing.
std::optional<std::size_t> number(std::string_view text, int base) {
  std::size_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, failed] = std::from_chars(text.data(), end, value, base);
  if (failed != std::errc() || stopped != end) return std::nullopt;
  return value;
}

/// "Keep-Alive: timeout=5, max=100": a second less than the server waits, so that it is we who
/// close. Nothing for what is no number.
std::chrono::seconds idle_time(const Poco::Net::NameValueCollection& fields) {
  const std::string parameters = Poco::toLower(fields.get("Keep-Alive", ""));
  constexpr std::string_view kTimeout = "timeout=";
  const std::size_t at = parameters.find(kTimeout);
  if (at == std::string::npos) return kMaxIdleTime;
  const std::size_t begin = at + kTimeout.size();
  const auto seconds = number(
      std::string_view(parameters).substr(begin, parameters.find_first_of(", ;", begin) - begin),
      10);
  if (!seconds || *seconds == 0) return std::chrono::seconds(0);
  return std::min(kMaxIdleTime, std::chrono::seconds(*seconds - 1));
}

bool holds_control(std::string_view line) {
  return std::any_of(line.begin(), line.end(),
                     [](unsigned char each) { return each < ' ' && each != '\t'; });
}

/// "Name: value" in each line, which ends with CRLF; false when one is something else, or there are
/// too many. A value that goes on in the next line, as it once might, is one with spaces in between
/// (RFC 9112, 5.2).
bool read_fields(std::string_view lines, Poco::Net::NameValueCollection& fields) {
  const auto trimmed = [](std::string_view text) {
    const std::size_t first = std::min(text.find_first_not_of(" \t"), text.size());
    return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
  };
  std::size_t count = 0;
  std::string name;
  std::string value;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find("\r\n"));
    lines.remove_prefix(line.size() + 2);
    if (holds_control(line)) return false;
    const bool goes_on = line.starts_with(' ') || line.starts_with('\t');
    if (goes_on && !name.empty()) {
      value.append(" ").append(trimmed(line));
      continue;
    }
    if (!name.empty()) fields.add(name, value);
    const std::size_t colon = std::min(line.find(':'), line.size());
    name = line.substr(0, colon);
    // A space before the colon would hide a Content-Length from us, and show it to others.
    if (++count > kMaxFields || name.empty() || colon == line.size() ||
        name.find_first_of(" \t") != std::string::npos)
      return false;
    value = trimmed(line.substr(colon + 1));
  }
  if (!name.empty()) fields.add(name, value);
  return true;
}

struct Head {
  bool is_1_1 = false;
  int status = 0;
  std::string reason_phrase{};
  Poco::Net::NameValueCollection fields{};
};

class Reader {
 public:
  Reader(hub::Call call, const Origin& origin, Connection& connection)
      : call_(call), origin_(origin), connection_(connection) {
    // What holds a token is short, and leaves no copy behind where nothing has to grow.
    buffer_.reserve(2 * kReadAtOnce);
    body_.reserve(kReadAtOnce);
  }
  ~Reader() {
    buffer_.resize(longest_);
    OPENSSL_cleanse(buffer_.data(), longest_);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  hub::Result<Answer> read() {
    auto head = read_head();
    while (head && head->status < 200) head = read_head();
    if (!head) return std::move(head).error();

    if (auto done = read_body(*head); !done) return std::move(done).error();
    const bool keeps =
        head->is_1_1 && !ended_ && used_ == buffer_.size() &&
        Poco::icompare(head->fields.get("Connection", "keep-alive"), "keep-alive") == 0;
    const auto reusable_for = keeps ? idle_time(head->fields) : std::chrono::seconds(0);
    return Answer{.response = {.status = head->status,
                               .reason_phrase = std::move(head->reason_phrase),
                               .headers = std::move(head->fields),
                               .body = std::move(body_)},
                  .reusable_for = reusable_for};
  }

 private:
  hub::Error invalid(const std::string& what) const {
    return {.status = hub::Status::kUnavailable,
            .retry = hub::Retry::kSameCall,
            .reason = "RESPONSE_INVALID",
            .message = origin_.text() + " does not answer as HTTP asks: " + what,
            .hint = "Check that workspace_url is a workspace's and that no proxy answers for it."};
  }

  hub::Error too_large(const std::string& what) const {
    return {.status = hub::Status::kOutOfRange,
            .reason = "RESPONSE_TOO_LARGE",
            .message = "the answer of " + origin_.text() + " has " + what,
            .hint = "Check that workspace_url is a workspace's."};
  }

  hub::Error cut() const {
    return {.status = hub::Status::kUnavailable,
            .retry = hub::Retry::kSameCall,
            .reason = "CONNECTION_LOST",
            .message = origin_.text() + " closed the connection before its answer was complete",
            .hint = "See in the workspace whether the request took effect."};
  }

  /// What was read and not used yet.
  std::string_view unused() const { return std::string_view(buffer_).substr(used_); }

  /// Reads more; false when the server has ended.
  hub::Result<bool> fill() {
    buffer_.erase(0, used_);
    used_ = 0;
    char bytes[kReadAtOnce];
    auto count = connection_.read(call_, bytes, sizeof(bytes));
    if (!count) return std::move(count).error();
    buffer_.append(bytes, *count);
    OPENSSL_cleanse(bytes, *count);
    longest_ = std::max(longest_, buffer_.size());
    ended_ = *count == 0;
    return !ended_;
  }

  hub::Result<> fill_up_to(std::size_t size) {
    while (unused().size() < size) {
      auto more = fill();
      if (!more) return std::move(more).error();
      if (!*more) return cut();
    }
    return {};
  }

  /// A line without its CRLF.
  hub::Result<std::string> read_line(std::size_t limit) {
    std::size_t searched = 0;
    for (;;) {
      const std::size_t end = unused().find("\r\n", searched);
      if (std::min(end, unused().size()) > limit) return too_large("too long a head");
      if (end != std::string_view::npos) {
        std::string line(unused().substr(0, end));
        used_ += end + 2;
        return line;
      }
      searched = unused().empty() ? 0 : unused().size() - 1;
      if (auto more = fill_up_to(unused().size() + 1); !more) return std::move(more).error();
    }
  }

  /// Up to the empty line, with the CRLF of the last line before it; valid until more is read.
  hub::Result<std::string_view> read_head_text() {
    constexpr std::string_view kEnd = "\r\n\r\n";
    for (std::size_t searched = 0;;) {
      const std::size_t end = unused().find(kEnd, searched);
      const std::size_t size = std::min(end, unused().size());
      if (size + kEnd.size() > head_left_) return too_large("too long a head");
      if (end != std::string_view::npos) {
        const std::string_view text = unused().substr(0, end + 2);
        used_ += end + kEnd.size();
        head_left_ -= end + kEnd.size();
        return text;
      }
      searched = size - std::min(size, kEnd.size() - 1);
      if (auto more = fill_up_to(size + 1); !more) return std::move(more).error();
    }
  }

  hub::Result<Head> read_head() {
    // Looked at first: what speaks another protocol may never end its line.
    constexpr std::string_view kVersion = "HTTP/1.";
    if (auto there = fill_up_to(kVersion.size()); !there) return std::move(there).error();
    if (!unused().starts_with(kVersion)) return invalid("it does not begin with HTTP/1.");

    const auto text = read_head_text();
    if (!text) return text.error();
    const std::size_t line_size = text->find("\r\n");
    const std::string line(text->substr(0, line_size));
    const auto status = status_of_line(line);
    if (!status || *status == 101 || holds_control(line))
      return invalid("its status line is not that of an answer");
    Head head{.is_1_1 = line[7] == '1', .status = *status};
    if (line_size > 13) head.reason_phrase = line.substr(13, 256);
    if (!read_fields(text->substr(line_size + 2), head.fields))
      return invalid("a line of its head is no field");
    return head;
  }

  hub::Result<> read_body(const Head& head) {
    using Poco::Net::HTTPResponse;
    if (head.status == HTTPResponse::HTTP_NO_CONTENT ||
        head.status == HTTPResponse::HTTP_NOT_MODIFIED)
      return {};
    const bool has_length = head.fields.has(HTTPResponse::CONTENT_LENGTH);
    if (head.fields.has(HTTPResponse::TRANSFER_ENCODING)) {
      if (has_length ||
          Poco::icompare(head.fields.get(HTTPResponse::TRANSFER_ENCODING), "chunked") != 0)
        return invalid("the length of its body is ambiguous");
      return read_chunks();
    }
    if (!has_length) return read_until_end();

    const std::string& length_text = head.fields.get(HTTPResponse::CONTENT_LENGTH);
    for (const auto& [name, value] : head.fields) {
      if (Poco::icompare(name, HTTPResponse::CONTENT_LENGTH) == 0 && value != length_text)
        return invalid("it has two Content-Lengths");
    }
    const auto length = number(length_text, 10);
    if (!length) return invalid("its Content-Length is not a number");
    return take(*length);
  }

  /// Moves `size` bytes into the body.
  hub::Result<> take(std::size_t size) {
    if (size > HttpClient::kMaxResponseBytes - body_.size()) return too_large("more than 1 MiB");
    if (auto there = fill_up_to(size); !there) return there;
    body_ += unused().substr(0, size);
    used_ += size;
    return {};
  }

  hub::Result<> read_until_end() {
    for (;;) {
      if (auto taken = take(unused().size()); !taken) return taken;
      auto more = fill();
      if (!more) return std::move(more).error();
      if (!*more) return {};
    }
  }

  hub::Result<> read_chunks() {
    for (;;) {
      auto line = read_line(kMaxChunkLineBytes);
      if (!line) return std::move(line).error();
      const std::string size_text = Poco::trim(line->substr(0, line->find(';')));
      const auto size = number(size_text, 16);
      if (!size) return invalid("a chunk's size is not a number");
      if (*size == 0) return skip_trailer();
      if (auto taken = take(*size); !taken) return taken;
      auto end = read_line(kMaxChunkLineBytes);
      if (!end) return std::move(end).error();
      if (!end->empty()) return invalid("a chunk is longer than its size");
    }
  }

  hub::Result<> skip_trailer() {
    for (;;) {
      auto line = read_line(head_left_);
      if (!line) return std::move(line).error();
      if (line->empty()) return {};
      head_left_ -= line->size();  // read_line has seen that it fits
    }
  }

  hub::Call call_;
  const Origin& origin_;
  Connection& connection_;
  std::string buffer_;
  std::size_t used_ = 0;     // of buffer_
  std::size_t longest_ = 0;  // that buffer_ was: so much of it is to be wiped
  std::size_t head_left_ = kMaxHeadBytes;
  bool ended_ = false;
  std::string body_;
};

}  // namespace

hub::Result<Answer> read_answer(hub::Call call, const Origin& origin, Connection& connection) {
  auto answer = Reader(call, origin, connection).read();
  if (!answer) answer.error().effect = hub::Effect::kUnknown;
  return answer;
}

}  // namespace databricks_token
