#include "operations/comment.hpp"

#include <utility>

namespace databricks_token {

hub::Result<std::string> filled_in(const std::string& comment, const CommentNames& names) {
  const std::pair<std::string_view, std::string_view> known[] = {{"{connection}", names.connection},
                                                                 {"{host}", names.host}};
  std::string filled;
  std::string_view rest = comment;
  while (!rest.empty()) {
    const std::string_view plain = rest.substr(0, rest.find('{'));
    filled += plain;
    rest.remove_prefix(plain.size());
    bool is_known = rest.empty();
    for (const auto& [placeholder, value] : known) {
      if (!rest.starts_with(placeholder)) continue;
      filled += value;
      rest.remove_prefix(placeholder.size());
      is_known = true;
    }
    if (!is_known) {
      return hub::Error{.status = hub::Status::kInvalidArgument,
                        .reason = "COMMENT_INVALID",
                        .message = "the comment has a \"{\" that begins no known placeholder",
                        .hint = "Known are {connection} and {host}."};
    }
  }
  return filled;
}

}  // namespace databricks_token
