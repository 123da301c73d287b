#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>
#include <hub/strict_json.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "refuse.hpp"

namespace hub {
namespace {

using Poco::Dynamic::Var;
using Poco::JSON::Array;
using Poco::JSON::Object;

constexpr std::size_t kMaxDepth = 64;

/// A RapidJSON input stream that knows its line.
class Lines {
 public:
  using Ch = char;

  explicit Lines(std::string_view text) : text_(text) {}

  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  char Take() {
    const char taken = Peek();
    ++at_;
    if (taken == '\n') ++line_;
    return taken;
  }
  std::size_t Tell() const { return at_; }

  int line() const { return line_; }
  bool at_end() const { return at_ >= text_.size(); }

  // What the concept asks of streams that are written to; never called.
  char* PutBegin() { return nullptr; }
  void Put(char) {}
  void Flush() {}
  std::size_t PutEnd(char*) { return 0; }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
};

/// Builds Poco's JSON from RapidJSON's events, or just sees that they are allowed.
class Builder {
 public:
  Builder(const Lines& lines, bool keeps) : lines_(lines), keeps_(keeps) {}

  LocatedJson& built() { return built_; }
  bool is_object() const { return is_object_; }
  const std::string& problem() const { return problem_; }

  bool Null() { return add(Var()); }
  bool Bool(bool value) { return add(value); }
  bool Int(int value) { return add(static_cast<Poco::Int64>(value)); }
  bool Uint(unsigned value) { return add(static_cast<Poco::Int64>(value)); }
  bool Int64(std::int64_t value) { return add(static_cast<Poco::Int64>(value)); }
  bool Uint64(std::uint64_t value) {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      return stop("a number is beyond 64 bits");
    return add(static_cast<Poco::Int64>(value));
  }
  bool Double(double value) { return add(value); }
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return stop("a raw number"); }
  bool String(const char* data, rapidjson::SizeType size, bool) {
    std::string text(data, size);
    if (text.find('\0') != std::string::npos) return stop("a string holds a NUL");
    return add(std::move(text));
  }

  bool StartObject() {
    is_object_ = is_object_ || frames_.empty();
    if (!keeps_) return enter({}, {});
    const Object::Ptr object = new Object(Poco::JSON_PRESERVE_KEY_ORDER);
    return enter({.object = object, .pointer = here()}, object);
  }
  bool Key(const char* data, rapidjson::SizeType size, bool) {
    Frame& frame = frames_.back();
    std::string key(data, size);
    if (key.find('\0') != std::string::npos) return stop("a key holds a NUL");
    const auto [at, is_new] = frame.keys.insert(std::move(key));
    if (!is_new) return stop("the key \"" + *at + "\" stands there twice");
    frame.key = &*at;
    if (keeps_) built_.lines.emplace(here(), lines_.line());
    return true;
  }
  bool EndObject(rapidjson::SizeType) { return leave(); }

  bool StartArray() {
    if (!keeps_) return enter({}, {});
    const Array::Ptr array = new Array;
    return enter({.array = array, .pointer = here()}, array);
  }
  bool EndArray(rapidjson::SizeType) { return leave(); }

 private:
  struct Frame {
    Object::Ptr object{};
    Array::Ptr array{};
    std::string pointer{};
    std::set<std::string> keys{};
    const std::string* key = nullptr;  // the last of them
  };

  /// The pointer of the value that comes next.
  std::string here() const {
    if (frames_.empty()) return "";
    const Frame& frame = frames_.back();
    return pointer_below(frame.pointer,
                         frame.object ? *frame.key : std::to_string(frame.array->size()));
  }

  bool add(const Var& value) {
    if (!keeps_) return true;
    built_.lines.emplace(here(), lines_.line());
    if (frames_.empty()) {
      built_.value = value;
    } else if (frames_.back().object) {
      frames_.back().object->set(*frames_.back().key, value);
    } else {
      frames_.back().array->add(value);
    }
    return true;
  }

  bool enter(Frame frame, const Var& container) {
    if (frames_.size() == kMaxDepth) return stop("it is nested too deeply");
    add(container);
    frames_.push_back(std::move(frame));
    return true;
  }

  bool leave() {
    frames_.pop_back();
    return true;
  }

  bool stop(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }

  const Lines& lines_;
  const bool keeps_;
  bool is_object_ = false;
  LocatedJson built_;
  std::vector<Frame> frames_;
  std::string problem_;
};

/// What was kept, and whether it is an object.
std::pair<LocatedJson, bool> read(std::string_view text, const std::string& file, bool keeps) {
  Lines lines(text);
  Builder builder(lines, keeps);
  rapidjson::Reader reader;
  const auto outcome =
      reader.Parse<rapidjson::kParseValidateEncodingFlag | rapidjson::kParseFullPrecisionFlag>(
          lines, builder);
  std::string problem = builder.problem();
  if (problem.empty() && outcome.IsError()) problem = rapidjson::GetParseError_En(outcome.Code());
  if (problem.empty() && !lines.at_end()) problem = "The text holds a NUL.";
  if (!problem.empty()) {
    refuse({.file = file, .line = lines.line(), .rule = "HUB-L-03"}, Status::kInvalidArgument,
           "JSON_INVALID", "is not strict JSON: " + problem,
           "correct line " + std::to_string(lines.line()) +
               "; comments, trailing commas and repeated keys are no JSON");
  }
  return {std::move(builder.built()), builder.is_object()};
}

/// Sees that what RapidJSON reads in place is what Builder would take, and does it faster.
class Checker : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Checker> {
 public:
  bool is_object() const { return is_object_; }

  bool Uint64(std::uint64_t value) {
    return value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  }
  bool String(const char* data, rapidjson::SizeType size, bool) {
    return std::string_view(data, size).find('\0') == std::string_view::npos;
  }
  bool Key(const char* data, rapidjson::SizeType size, bool copied) {
    keys_.emplace_back(data, size);
    return String(data, size, copied);
  }

  bool StartObject() {
    is_object_ = is_object_ || starts_.empty();
    return StartArray();
  }
  bool EndObject(rapidjson::SizeType) {
    const auto first = keys_.begin() + static_cast<std::ptrdiff_t>(starts_.back());
    std::sort(first, keys_.end());
    return std::adjacent_find(first, keys_.end()) == keys_.end() && EndArray(0);
  }
  bool StartArray() {
    starts_.push_back(keys_.size());
    return starts_.size() <= kMaxDepth;
  }
  bool EndArray(rapidjson::SizeType) {
    keys_.resize(starts_.back());
    starts_.pop_back();
    return true;
  }

 private:
  bool is_object_ = false;
  std::vector<std::string_view> keys_{};  // of the objects that are open
  std::vector<std::size_t> starts_{};     // of each container's keys
};

bool is_ascii_without_nul(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char each) { return static_cast<signed char>(each) > 0; });
}

}  // namespace

LocatedJson parse_strict_json(std::string_view text, const std::string& file) {
  return read(text, file, true).first;
}

bool check_strict_json(std::string_view text, const std::string& file) {
  if (is_ascii_without_nul(text)) {
    std::string copy(text);
    rapidjson::InsituStringStream stream(copy.data());
    Checker checker;
    rapidjson::Reader reader;
    if (reader.Parse<rapidjson::kParseInsituFlag | rapidjson::kParseFullPrecisionFlag>(stream,
                                                                                       checker))
      return checker.is_object();
  }
  // In other letters, or with something to say about it.
  return read(text, file, false).second;
}

std::string pointer_below(std::string_view pointer, std::string_view key) {
  std::string below(pointer);
  below += '/';
  for (const char each : key) {
    if (each == '~') {
      below += "~0";
    } else if (each == '/') {
      below += "~1";
    } else {
      below += each;
    }
  }
  return below;
}

int LocatedJson::line_of(std::string pointer) const {
  for (;;) {
    if (const auto at = lines.find(pointer); at != lines.end()) return at->second;
    const auto cut = pointer.rfind('/');
    if (cut == std::string::npos) return 0;
    pointer.erase(cut);
  }
}

}  // namespace hub
