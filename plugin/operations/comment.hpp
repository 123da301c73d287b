// The user's part of a token's comment.
#pragma once

#include <hub/error.hpp>

#include <string>
#include <string_view>

namespace databricks_token {

/// What the placeholders of a comment stand for.
struct CommentNames {
  std::string_view connection;  // {connection}: the connection's name
  std::string_view host;        // {host}: the hub's name
};

/// `comment` with its placeholders filled in; what stands for one is not looked into.
/// INVALID_ARGUMENT, COMMENT_INVALID for a "{" that begins none.
hub::Result<std::string> filled_in(const std::string& comment, const CommentNames& names);

}  // namespace databricks_token
