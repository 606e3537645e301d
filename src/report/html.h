// Text from models and files made fit for a page: nothing that it holds can end a tag, a script or
// the direction of the text around it. Pure; thread-safe.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace mod::report {

using Json = nlohmann::ordered_json;

/// Well-formed UTF-8 without characters that act instead of being seen: what cannot be decoded is
/// U+FFFD, control characters are their symbols (U+2400...), marks that turn the direction of text
/// or have no width are ⟨U+202E⟩. Newlines and tabs stay. Not escaped for HTML.
std::string clean(std::string_view text);

/// clean() on one line: a newline is ↵, a tab ⇥.
std::string one_line(std::string_view text);

/// one_line() with spaces at either end shown as ␣: a token alone.
std::string token_label(std::string_view text);

/// clean() with & < > " ' as references: fit for content and for a quoted attribute.
std::string escape(std::string_view text);

/// JSON fit for the inside of a script element: no "<", ">", "&" and no line separator of
/// JavaScript in it, invalid UTF-8 as U+FFFD, no line break. NaN and infinities are null.
std::string script_json(const Json& value);

/// A number for JSON or SVG that may not be there: null where it is no finite number.
Json finite_or_null(double value);

}  // namespace mod::report
