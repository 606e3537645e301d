// YAML text from anywhere: parsing either throws mod::Error or yields documents that dump writes
// and parse reads back as the same values.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/yaml.h"
#include "mod/error.h"

namespace {

using mod::yaml::Node;

bool same(const Node& a, const Node& b) {
  if (a.kind != b.kind || a.items.size() != b.items.size() ||
      a.entries.size() != b.entries.size() || (!a.is_null() && a.text != b.text)) {
    return false;
  }
  for (std::size_t i = 0; i < a.items.size(); ++i) {
    if (!same(a.items[i], b.items[i])) return false;
  }
  for (std::size_t i = 0; i < a.entries.size(); ++i) {
    if (a.entries[i].first != b.entries[i].first) return false;
    if (!same(a.entries[i].second, b.entries[i].second)) return false;
  }
  return true;
}

void check_round_trip(const Node& node, const mod::yaml::Limits& limits) {
  const std::string text = mod::yaml::dump(node);
  if (!same(mod::yaml::parse_one(text, "dumped", limits), node)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const mod::yaml::Limits limits{.bytes = 1u << 20, .depth = 64, .nodes = 20000};
  // Aliases may make the dumped text much longer than the read one.
  const mod::yaml::Limits again{.bytes = 64u << 20, .depth = 64, .nodes = 40000};
  std::vector<Node> documents;
  try {
    documents = mod::yaml::parse(text, "fuzz.yml", limits);
  } catch (const mod::Error&) {
  }
  for (const Node& node : documents) check_round_trip(node, again);

  // The text as the path and the value of --set.
  const std::size_t cut = text.find('=');
  if (cut == std::string_view::npos) return 0;
  try {
    Node root = mod::yaml::parse_one("a: [1, {b: x}]\nc:\n", "base.yml");
    mod::yaml::set_path(root, text.substr(0, cut), text.substr(cut + 1));
    check_round_trip(root, {.bytes = 64u << 20, .depth = 130, .nodes = 4u << 20});
  } catch (const mod::Error&) {
  }
  return 0;
}
