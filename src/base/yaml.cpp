#include "base/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <new>
#include <sstream>
#include <utility>

#include "base/text.h"
#include "base/yaml_builder.h"
#include "base/yaml_scalar.h"
#include "mod/error.h"

namespace mod::yaml {
namespace {

YAML::Mark mark_of(std::string_view text, std::size_t offset) {
  YAML::Mark mark;
  const std::string_view before = text.substr(0, offset);
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  mark.pos = static_cast<int>(offset);
  mark.line = static_cast<int>(std::count(before.begin(), before.end(), '\n'));
  mark.column = static_cast<int>(offset - line_start);
  return mark;
}

void check_text(std::string_view text, const std::string& file, const Limits& limits) {
  if (text.size() > limits.bytes) {
    fail_at(file, YAML::Mark::null_mark(),
            fmt::format("the text has {}, more than the {} allowed; is it the right file?",
                        size_text(text.size()), size_text(limits.bytes)));
  }
  if (!is_valid_utf8(text)) {
    fail_at(file, YAML::Mark::null_mark(), "the text is not valid UTF-8; save it as UTF-8");
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c0 = byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r';
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    const bool c1 = byte == 0xC2 && next < 0xA0 && next != 0x85;
    const bool line_start = i == 0 || text[i - 1] == '\n';
    const std::string_view rest = text.substr(i);
    if (line_start && byte == '%' && !rest.starts_with("%YAML ") && !rest.starts_with("%TAG ")) {
      // yaml-cpp would skip the whole line in silence.
      fail_at(file, mark_of(text, i), "a line starts with '%'; quote or indent it if it is text");
    }
    if (c0 || c1 || byte == 0x7F) {
      fail_at(file, mark_of(text, i), "a control character stands in the text; remove it");
    }
  }
}

void run_parser(const std::string& text, YAML::EventHandler& handler) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  while (parser.HandleNextDocument(handler)) {
  }
}

/// Where a tab is that PyYAML refuses (it allows tabs only in quotes, block texts and comments,
/// while yaml-cpp takes many for blanks). With a character in their place that is no blank, a
/// forbidden tab shows up inside a plain scalar (certain) or breaks the grammar (only if the text
/// itself is sound).
struct TabSearch {
  std::optional<std::size_t> certain;
  std::optional<std::size_t> suspect;
};

TabSearch search_tabs(const std::string& text, const std::string& file, const Limits& limits) {
  TabSearch found;
  const std::size_t first = text.find('\t');
  if (first == std::string::npos) return found;
  std::string marked = text;
  std::replace(marked.begin(), marked.end(), '\t', kTabSentinel);
  Builder builder(marked, file, limits, false);
  try {
    run_parser(marked, builder);
  } catch (const YAML::Exception& e) {
    const std::size_t before = e.mark.is_null() ? first : text.rfind('\t', e.mark.pos);
    found.suspect = before == std::string::npos ? first : before;
  } catch (const Error&) {
    if (builder.tab_mark()) {
      found.certain = text.find('\t', builder.tab_mark()->pos);
    } else {
      found.suspect = first;
    }
  }
  return found;
}

[[noreturn]] void fail_tab(const std::string& text, const std::string& file, std::size_t offset) {
  fail_at(file, mark_of(text, offset),
          "a tab stands where YAML allows only spaces; replace it by spaces");
}

/// Hears nothing: for a parse whose only purpose is the exception it may throw.
class DeafHandler : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

/// yaml-cpp 0.7 takes a quote that is still open at a last line break for closed. With a document
/// end behind it the same quote is an error.
void check_quotes(const std::string& text, const std::string& file) {
  if (text.find_first_of("'\"") == std::string::npos) return;
  DeafHandler handler;
  try {
    run_parser(text + "\n...\n", handler);
  } catch (const YAML::Exception& e) {
    if (e.msg != YAML::ErrorMsg::DOC_IN_SCALAR) return;
    fail_at(file, mark_of(text, text.size()), "the text ends inside quotes; close the quoted text");
  }
}

std::vector<Node> parse_checked(std::string_view view, const std::string& file,
                                const Limits& limits, bool one_document) {
  check_text(view, file, limits);
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (view.starts_with(kByteOrderMark)) view.remove_prefix(kByteOrderMark.size());
  const std::string text(view);
  const TabSearch tabs = search_tabs(text, file, limits);
  if (tabs.certain) fail_tab(text, file, *tabs.certain);
  Builder builder(text, file, limits, one_document);
  try {
    run_parser(text, builder);
  } catch (const YAML::Exception& e) {
    if (e.msg == YAML::ErrorMsg::TAB_IN_INDENTATION) fail_tab(text, file, e.mark.pos);
    fail_at(file, e.mark, "not valid YAML: " + e.msg);
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::kOutOfMemory, file + ": not enough memory to read this YAML text");
  }
  if (tabs.suspect) fail_tab(text, file, *tabs.suspect);
  check_quotes(text, file);
  return builder.take();
}

}  // namespace

Node::Node() = default;

const Node* Node::find(std::string_view key) const {
  for (const auto& [name, value] : entries) {
    if (name == key) return &value;
  }
  return nullptr;
}

std::optional<double> Node::as_number() const {
  switch (kind) {
    case Kind::kBool:
      return boolean ? 1.0 : 0.0;
    case Kind::kInt:
    case Kind::kFloat:
      return number;
    case Kind::kString:
      return lenient_number(text);
    default:
      return std::nullopt;
  }
}

std::string Node::describe() const {
  constexpr std::size_t kMost = 60;
  std::string shown = text.substr(0, kMost);
  while (!shown.empty() && shown.size() < text.size() && !is_valid_utf8(shown)) shown.pop_back();
  if (shown.size() < text.size()) shown += "...";
  switch (kind) {
    case Kind::kNull:
      return "nothing (null)";
    case Kind::kBool:
      return fmt::format("the boolean {}", boolean ? "true" : "false");
    case Kind::kInt:
    case Kind::kFloat:
      return shown.empty() ? fmt::format("the number {}", number) : "the number " + shown;
    case Kind::kString:
      return fmt::format("the string '{}'", shown);
    case Kind::kDate:
      return "the date " + shown;
    case Kind::kSequence:
      return "a list";
    case Kind::kMap:
      break;
  }
  return "a map";
}

std::vector<Node> parse(std::string_view text, const std::string& file, const Limits& limits) {
  return parse_checked(text, file, limits, false);
}

Node parse_one(std::string_view text, const std::string& file, const Limits& limits) {
  std::vector<Node> documents = parse_checked(text, file, limits, true);
  if (documents.empty()) {
    fail_at(file, YAML::Mark::null_mark(), "the text is empty; it must hold one YAML document");
  }
  return std::move(documents.front());
}

}  // namespace mod::yaml
