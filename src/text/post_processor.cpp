#include "text/post_processor.h"

#include <string>
#include <utility>

namespace mod::text {
namespace {

constexpr std::size_t kMaxAdded =
    4096;  // ids around a text; one or two in all models that are known

void add(const ConfigNode& node, std::int32_t most, PostProcessor& out);

void add_byte_level(const ConfigNode& node, std::int32_t, PostProcessor&) {
  // Concerns offsets only, which are not kept here.
  node.allow_only({"type", "add_prefix_space", "trim_offsets", "use_regex"});
}

void add_sequence(const ConfigNode& node, std::int32_t most, PostProcessor& out) {
  node.allow_only({"type", "processors"});
  for (const ConfigNode& item : node.at("processors").items()) add(item, most, out);
}

std::vector<std::int32_t> ids_of(const ConfigNode& token, const ConfigNode& template_node,
                                 std::int32_t most) {
  const ConfigNode special = template_node.at("special_tokens").at(token.at("id").string());
  std::vector<std::int32_t> ids;
  for (const ConfigNode& id : special.at("ids").items()) {
    ids.push_back(static_cast<std::int32_t>(id.integer(most)));
  }
  return ids;
}

void add_template(const ConfigNode& node, std::int32_t most, PostProcessor& out) {
  node.allow_only({"type", "single", "pair", "special_tokens"});
  PostProcessor wrap;
  bool seen = false;
  for (const ConfigNode& item : node.at("single").items()) {
    item.allow_only({"Sequence", "SpecialToken"});
    if (const auto sequence = item.find("Sequence")) {
      if (sequence->at("id").string() != "A" || seen) sequence->refuse();
      seen = true;
    } else {
      const auto ids = ids_of(item.at("SpecialToken"), node, most);
      std::vector<std::int32_t>& side = seen ? wrap.after : wrap.before;
      side.insert(side.end(), ids.begin(), ids.end());
    }
  }
  if (!seen) node.at("single").fail("has no place for the text");
  out.before.insert(out.before.begin(), wrap.before.begin(), wrap.before.end());
  out.after.insert(out.after.end(), wrap.after.begin(), wrap.after.end());
  if (out.before.size() + out.after.size() > kMaxAdded) {
    node.fail("adds more than 4096 tokens to a text", ErrorCode::kUnsupported);
  }
}

constexpr std::pair<std::string_view, void (*)(const ConfigNode&, std::int32_t, PostProcessor&)>
    kTypes[] = {
        {"ByteLevel", add_byte_level},
        {"Sequence", add_sequence},
        {"TemplateProcessing", add_template},
};

void add(const ConfigNode& node, std::int32_t most, PostProcessor& out) {
  const ConfigNode type = node.at("type");
  for (const auto& [name, add_kind] : kTypes) {
    if (type.string() == name) return add_kind(node, most, out);
  }
  type.refuse();
}

}  // namespace

PostProcessor read_post_processor(const ConfigNode& node, std::int32_t most) {
  PostProcessor out;
  if (!node.is_null()) add(node, most, out);
  return out;
}

}  // namespace mod::text
