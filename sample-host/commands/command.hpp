// What a command is. Each lives in a file of its own; the table of them all is commands.cpp's.
#pragma once

#include <hub/error.hpp>

#include <Poco/JSON/Object.h>

#include <span>
#include <string>
#include <string_view>

namespace sample_host {

class Session;

/// An option of a command or of the whole program.
struct Option {
  std::string_view name;     // "--when"
  std::string_view value;    // "FILE", any; "due|now", one of these; empty: a flag
  std::string_view summary;  // for help
};

/// Of a command that looks whether something is wrong: kUnclear if it could not look everywhere.
enum class Verdict { kPassed, kFailed, kUnclear };

/// What a command found out, for programs and for people.
struct Answer {
  Poco::JSON::Object::Ptr result;
  std::string text;  // ends with a newline, or is empty
  Verdict verdict = Verdict::kPassed;
};

struct Command {
  std::string_view name;
  std::string_view arguments;  // "CONNECTION [REQUEST]", in brackets what may be left out
  std::string_view summary;    // one line
  std::string_view help;       // what `help COMMAND` says beyond that, examples included
  std::span<const Option> options;

  /// Throws hub::Refused for what has to be configured otherwise, UsageError for a wrong argument.
  hub::Result<Answer> (*run)(Session& session);
};

extern const Command kList, kDescribe, kCheck, kCreateToken, kRotateToken, kRollbackToken,
    kAdoptToken, kRevokeToken, kSweep, kTokens, kInvoke, kHelp;

/// All commands, as help lists them.
std::span<const Command* const> commands();

/// The options that every command has.
std::span<const Option> global_options();

}  // namespace sample_host
