// What the operators of expressions do, with Python's types and rounding.
#pragma once

#include "text/template/arguments.h"
#include "text/template/ast.h"

namespace mod::text::jinja {

Value binary(Budget& budget, BinaryOp op, const Value& a, const Value& b);
Value unary(UnaryOp op, const Value& a);
bool compare(Budget& budget, CompareOp op, const Value& a, const Value& b);

/// a.name: a method or attribute, else the key of a dict; undefined if there is neither.
Value attribute_of(const Value& object, const Text& name);
/// a[index]: an element or key, else the attribute of that name; undefined if there is neither.
Value item_of(Budget& budget, const Value& object, const Value& index);
/// a[start:stop:step]; the bounds are integers, or none (undefined is refused).
Value slice_of(Budget& budget, const Value& object, const Value& start, const Value& stop,
               const Value& step);

/// text % values and its filter `format`: Python's printf.
std::string format_printf(Budget& budget, std::string_view format, const Value& values);
/// text.format(...): fields in braces.
std::string format_braces(Budget& budget, std::string_view format, const Arguments& arguments);

/// & < > ' " as HTML writes them.
std::string html_escaped(Budget& budget, std::string_view text);

}  // namespace mod::text::jinja
