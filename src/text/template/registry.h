// The tables of what the language offers: filters, tests, methods and global functions, with their
// parameters. A new one is one function and one line in the table of its file.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/template/arguments.h"
#include "text/template/value.h"

namespace mod::text::jinja {

class Interpreter;

struct FilterInfo {
  std::string_view name;
  Signature signature;
  Value (*call)(Interpreter& run, const Value& input, const Args& args);
};

struct TestInfo {
  std::string_view name;
  Signature signature;
  bool (*call)(Interpreter& run, const Value& input, const Args& args);
};

struct MethodInfo {
  std::string_view name;
  Signature signature;
  Value (*call)(Interpreter& run, const Value& self, const Args& args);
};

struct GlobalInfo {
  std::string_view name;
  Signature signature;
  Value (*call)(Interpreter& run, const Args& args);
};

/// Null where there is none of that name.
const FilterInfo* find_filter(std::string_view name);
const TestInfo* find_test(std::string_view name);
const GlobalInfo* find_global(std::string_view name);
/// Of values like this one.
const MethodInfo* find_method(const Value& value, std::string_view name);
/// Why Jinja's or Python's method of that name is refused; empty if there is no such method.
std::string refused_method(const Value& value, std::string_view name);

std::vector<std::string_view> method_names(const Value& value);
std::vector<std::string_view> global_names();

/// Messages with the nearest known name; kUnsupported for what Jinja has and this does not.
[[noreturn]] void fail_unknown_filter(std::string_view name, std::optional<Offset> at = {});
[[noreturn]] void fail_unknown_test(std::string_view name, std::optional<Offset> at = {});

/// The tables, one for each file.
std::span<const FilterInfo> text_filters();
std::span<const FilterInfo> number_filters();
std::span<const FilterInfo> sequence_filters();
std::span<const FilterInfo> order_filters();
std::span<const FilterInfo> select_filters();
std::span<const TestInfo> all_tests();
std::span<const MethodInfo> text_methods();
std::span<const MethodInfo> text_check_methods();
std::span<const MethodInfo> text_split_methods();
std::span<const MethodInfo> dict_methods();
std::span<const MethodInfo> list_methods();
std::span<const MethodInfo> loop_methods();
std::span<const GlobalInfo> all_globals();

}  // namespace mod::text::jinja
