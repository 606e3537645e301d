// Writing: set_path for --set, and dump.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "base/yaml.h"
#include "base/yaml_scalar.h"
#include "mod/error.h"

namespace mod::yaml {
namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// True where `text` without quotes is one plain scalar with this very text, whatever it resolves
/// to. Narrower than YAML: what is not obviously safe is quoted.
bool is_plain_safe(std::string_view text) {
  if (text.empty() || text == "..." || text.back() == ' ' || text.back() == ':') return false;
  constexpr std::string_view kFirst = "/._+-~";
  constexpr std::string_view kInner = "/._+-~@,;=()^*$ ";
  const bool marker = text[0] == '-' && (text.size() == 1 || text[1] == ' ' || text[1] == '-');
  if (marker || !(is_letter_or_digit(text[0]) || kFirst.find(text[0]) != kFirst.npos)) return false;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const char c = text[i];
    const bool colon = c == ':' && text[i + 1] != ' ';
    if (!is_letter_or_digit(c) && kInner.find(c) == kInner.npos && !colon) return false;
  }
  return true;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    const std::string_view three = text.substr(i, 3);
    if (byte == '"' || byte == '\\') {
      out.append(1, '\\').append(1, text[i]);
    } else if (byte == '\n') {
      out += "\\n";
    } else if (byte == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      out += fmt::format("\\x{:02x}", byte);
    } else if (byte == 0xC2 && next < 0xA0) {
      out += fmt::format("\\x{:02x}", next);
      ++i;
    } else if (three == "\xE2\x80\xA8" || three == "\xE2\x80\xA9" || three == "\xEF\xBB\xBF") {
      out += three == "\xE2\x80\xA8" ? "\\u2028" : three == "\xE2\x80\xA9" ? "\\u2029" : "\\ufeff";
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out + '"';
}

/// The text of a scalar that was made by a program and has none.
std::string made_text(const Node& node) {
  if (node.kind == Kind::kBool) return node.boolean ? "true" : "false";
  if (node.kind == Kind::kInt) return std::to_string(node.integer);
  if (std::isnan(node.number)) return ".nan";
  if (std::isinf(node.number)) return node.number < 0 ? "-.inf" : ".inf";
  const std::string text = fmt::format("{}", node.number);
  // YAML 1.1 floats need a dot.
  if (text.find('.') != std::string::npos) return text;
  const std::size_t exponent = std::min(text.find('e'), text.size());
  return fmt::format("{}.0{}", text.substr(0, exponent), text.substr(exponent));
}

std::string scalar_text(const Node& node) {
  if (node.kind == Kind::kNull) return "null";
  if (node.kind == Kind::kString) {
    const bool plain =
        !node.quoted && is_plain_safe(node.text) && resolve_plain(node.text).kind == Kind::kString;
    return plain ? node.text : quoted(node.text);
  }
  const std::string text = node.text.empty() ? made_text(node) : node.text;
  if (resolve_plain(text).kind == node.kind) return text;
  return "!!float " + (is_plain_safe(text) ? text : quoted(text));
}

std::string key_text(const std::string& key) {
  const bool plain = is_plain_safe(key) && resolve_plain(key).kind == Kind::kString;
  return plain ? key : quoted(key);
}

void write_block(const Node& node, std::size_t indent, bool inline_start, std::string& out);

/// What follows "key:" or "-": a scalar on the same line, or a collection.
void write_value(const Node& node, std::size_t indent, bool after_dash, std::string& out) {
  if (node.kind == Kind::kMap && !node.entries.empty()) {
    out += after_dash ? " " : "\n";
    write_block(node, indent, after_dash, out);
  } else if (node.kind == Kind::kSequence && !node.items.empty()) {
    out += after_dash ? " " : "\n";
    write_block(node, indent, after_dash, out);
  } else {
    out += ' ';
    write_block(node, indent, true, out);
  }
}

/// `inline_start`: the cursor already stands where the first entry goes.
void write_block(const Node& node, std::size_t indent, bool inline_start, std::string& out) {
  constexpr std::size_t kLongestSimpleKey = 1000;  // parsers look ahead 1024 characters for the ':'
  const auto start_line = [&](bool first) {
    if (!first || !inline_start) out.append(indent, ' ');
  };
  if (node.is_scalar()) {
    out += scalar_text(node) + '\n';
  } else if (node.kind == Kind::kSequence) {
    if (node.items.empty()) out += "[]\n";
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      start_line(i == 0);
      out += '-';
      write_value(node.items[i], indent + 2, true, out);
    }
  } else {
    if (node.entries.empty()) out += "{}\n";
    for (std::size_t i = 0; i < node.entries.size(); ++i) {
      start_line(i == 0);
      const std::string key = key_text(node.entries[i].first);
      if (key.size() > kLongestSimpleKey) {
        out += "? " + key + '\n';
        out.append(indent, ' ');
      } else {
        out += key;
      }
      out += ':';
      write_value(node.entries[i].second, indent + 2, false, out);
    }
  }
}

[[noreturn]] void fail_path(std::string_view path, const std::string& text) {
  throw Error(ErrorCode::kInvalidInput, fmt::format("--set {}: {}", path, text));
}

struct Step {
  std::string key;        // a map key, or
  std::size_t index = 0;  // a place in a list, where key is empty
};

std::vector<Step> split_path(std::string_view path) {
  const char* form = "a key path looks like 'parameters.lambda' or 'models[0].parameters.weight'";
  std::vector<Step> steps;
  std::size_t at = 0;
  while (at < path.size() || steps.empty()) {
    if (at < path.size() && path[at] == '[') {
      std::size_t index = 0;
      const char* end = path.data() + path.size();
      const auto result = std::from_chars(path.data() + at + 1, end, index);
      if (result.ec != std::errc() || result.ptr == end || *result.ptr != ']')
        fail_path(path, form);
      at = static_cast<std::size_t>(result.ptr - path.data()) + 1;
      steps.push_back({"", index});
    } else {
      if (!steps.empty() && path[at++] != '.') fail_path(path, form);
      const std::size_t end = std::min(path.find_first_of(".[", at), path.size());
      if (end == at) fail_path(path, form);
      steps.push_back({std::string(path.substr(at, end - at)), 0});
      at = end;
    }
  }
  if (steps.size() > static_cast<std::size_t>(Limits().depth)) fail_path(path, "too many levels");
  return steps;
}

Node& child(Node& node, const Step& step, std::string_view path) {
  if (step.key.empty()) {
    if (node.kind != Kind::kSequence) {
      fail_path(path,
                fmt::format("'[{}]' needs a list, but there is {}", step.index, node.describe()));
    }
    if (step.index >= node.items.size()) {
      fail_path(path, fmt::format("'[{}]' is past the end: the list has {} entries, counted from 0",
                                  step.index, node.items.size()));
    }
    return node.items[step.index];
  }
  if (node.kind == Kind::kNull) {
    node.kind = Kind::kMap;
    node.text.clear();
  }
  if (node.kind != Kind::kMap) {
    fail_path(path, fmt::format("'{}' needs a map, but there is {}", step.key, node.describe()));
  }
  for (auto& [key, value] : node.entries) {
    if (key == step.key) return value;
  }
  return node.entries.emplace_back(step.key, Node{}).second;
}

void move_places(Node& node, const std::string& path) {
  node.place = {"--set", 0, 0, path};
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    move_places(node.items[i], fmt::format("{}[{}]", path, i));
  }
  for (auto& [key, value] : node.entries) move_places(value, path + '.' + key);
}

}  // namespace

void set_path(Node& root, std::string_view path, std::string_view value) {
  const std::vector<Step> steps = split_path(path);
  std::vector<Node> documents = parse(value, fmt::format("--set {}", path));
  if (documents.size() > 1) fail_path(path, "the value holds more than one document");
  Node fresh = documents.empty() ? Node{} : std::move(documents.front());
  move_places(fresh, std::string(path));
  Node changed = root;  // a path that does not fit must leave the document as it was
  Node* node = &changed;
  for (const Step& step : steps) node = &child(*node, step, path);
  *node = std::move(fresh);
  root = std::move(changed);
}

std::string dump(const Node& node) {
  std::string out;
  write_block(node, 0, true, out);
  return out;
}

}  // namespace mod::yaml
