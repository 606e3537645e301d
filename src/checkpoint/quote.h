// Names from untrusted files, made fit for messages: cut to a readable length, control characters
// escaped, so that a file can neither flood nor steer a terminal.
#pragma once

#include <string>
#include <string_view>

namespace mod::checkpoint {

/// Without quotes around it; at most about `limit` bytes.
std::string printable(std::string_view text, std::size_t limit = 160);

/// 'name'
std::string quote_name(std::string_view text);

/// True for a name that stays inside its folder: not empty, ".", "..", no slash, no NUL.
bool is_plain_name(std::string_view name);

}  // namespace mod::checkpoint
