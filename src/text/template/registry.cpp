#include "text/template/registry.h"

#include <array>

#include "base/text.h"
#include "checkpoint/quote.h"

namespace mod::text::jinja {
namespace {

using FilterTable = std::span<const FilterInfo> (*)();
using MethodTable = std::span<const MethodInfo> (*)();

constexpr FilterTable kFilterTables[] = {
    text_filters, number_filters, sequence_filters, order_filters, select_filters,
};

constexpr MethodTable kTextTables[] = {text_methods, text_split_methods, text_check_methods};
constexpr MethodTable kDictTables[] = {dict_methods};
constexpr MethodTable kListTables[] = {list_methods};
constexpr MethodTable kLoopTables[] = {loop_methods};

// Of Jinja, but not here.
constexpr std::string_view kRefusedFilters[] = {"groupby", "pprint",   "random", "striptags",
                                                "urlize",  "wordwrap", "xmlattr"};

// Of Python: those that change their object are refused by Jinja's sandbox, too.
constexpr std::string_view kChangesDict[] = {"clear", "pop", "popitem", "setdefault", "update"};
constexpr std::string_view kChangesList[] = {"append", "clear",  "extend",  "insert",
                                             "pop",    "remove", "reverse", "sort"};
constexpr std::string_view kRefusedText[] = {"encode", "expandtabs", "format_map", "maketrans",
                                             "translate"};

template <typename Info>
const Info* find_in(std::span<const Info> table, std::string_view name) {
  for (const Info& info : table) {
    if (info.name == name) return &info;
  }
  return nullptr;
}

std::span<const MethodTable> method_tables(const Value& value) {
  switch (value.kind()) {
    case Kind::kString:
      return kTextTables;
    case Kind::kDict:
      return kDictTables;
    case Kind::kLoop:
      return kLoopTables;
    case Kind::kSequence:
      if (value.sequence().is_indexable()) return kListTables;
      return {};
    default:
      return {};
  }
}

bool is_among(std::span<const std::string_view> names, std::string_view name) {
  for (const std::string_view candidate : names) {
    if (candidate == name) return true;
  }
  return false;
}

}  // namespace

const FilterInfo* find_filter(std::string_view name) {
  for (const FilterTable table : kFilterTables) {
    if (const FilterInfo* filter = find_in(table(), name)) return filter;
  }
  return nullptr;
}

const TestInfo* find_test(std::string_view name) { return find_in(all_tests(), name); }

const GlobalInfo* find_global(std::string_view name) { return find_in(all_globals(), name); }

const MethodInfo* find_method(const Value& value, std::string_view name) {
  for (const MethodTable table : method_tables(value)) {
    if (const MethodInfo* method = find_in(table(), name)) {
      const bool only_of_lists =
          name == "copy" && value.is_sequence() && value.sequence().kind != SequenceKind::kList;
      return only_of_lists ? nullptr : method;
    }
  }
  return nullptr;
}

std::string refused_method(const Value& value, std::string_view name) {
  const std::string quoted = checkpoint::quote_name(name);
  const bool is_list = value.is_sequence() && value.sequence().kind == SequenceKind::kList;
  if (value.is_dict() && is_among(kChangesDict, name)) {
    return "the method " + quoted +
           " would change a dict, which templates must not; make a new one";
  }
  if (is_list && is_among(kChangesList, name)) {
    return "the method " + quoted +
           " would change a list, which templates must not; add lists with `+`";
  }
  if (value.is_string() && is_among(kRefusedText, name)) {
    return "the method " + quoted + " of strings is not supported";
  }
  return {};
}

std::vector<std::string_view> method_names(const Value& value) {
  std::vector<std::string_view> names;
  for (const MethodTable table : method_tables(value)) {
    for (const MethodInfo& method : table()) names.push_back(method.name);
  }
  return names;
}

std::vector<std::string_view> global_names() {
  std::vector<std::string_view> names;
  for (const GlobalInfo& global : all_globals()) names.push_back(global.name);
  return names;
}

void fail_unknown_filter(std::string_view name, std::optional<Offset> at) {
  const std::string quoted = checkpoint::quote_name(name);
  if (is_among(kRefusedFilters, name)) {
    fail_unsupported("the filter " + quoted + " is not supported", at);
  }
  std::vector<std::string_view> names;
  for (const FilterTable table : kFilterTables) {
    for (const FilterInfo& filter : table()) names.push_back(filter.name);
  }
  throw Failure{"the filter " + quoted + " is unknown" + did_you_mean(name, names), at};
}

void fail_unknown_test(std::string_view name, std::optional<Offset> at) {
  std::vector<std::string_view> names;
  for (const TestInfo& test : all_tests()) names.push_back(test.name);
  throw Failure{
      "the test " + checkpoint::quote_name(name) + " is unknown" + did_you_mean(name, names), at};
}

}  // namespace mod::text::jinja
