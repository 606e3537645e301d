// Values as text: str() and repr() as Python writes them.
#pragma once

#include <string>

#include "text/template/value.h"

namespace mod::text::jinja {

/// str(): what {{ }} prints.
std::string to_text(Budget& budget, const Value& value);
void append_text(std::string& out, Budget& budget, const Value& value);
/// repr(): what is shown inside of containers.
std::string to_repr(Budget& budget, const Value& value);

}  // namespace mod::text::jinja
