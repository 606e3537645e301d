// Named steps on a text made of an item's fields: what its templates cannot express. A new step is
// a function and a line in text_edits.cpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mod::eval {

/// For messages and --help, in the order of the table.
std::vector<std::string_view> edit_names();

/// `name` is one of edit_names(); Error(kInternal) otherwise. Pure, linear time.
std::string apply_edit(std::string_view name, const std::string& text);

}  // namespace mod::eval
