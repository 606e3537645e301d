#include "text/decoder.h"

#include <utility>

#include "text/decoder_stages.h"
#include "text/utf8.h"

namespace mod::text {
namespace {

constexpr std::size_t kMaxStages = 64;

const std::string& one_character(const ConfigNode& node) {
  const std::string& text = node.string();
  if (text.empty() || decode_character(text, 0).size != text.size()) {
    node.fail("expected one character");
  }
  return text;
}

void add(const ConfigNode& node, DecoderChain& chain);

void add_byte_fallback(const ConfigNode& node, DecoderChain& chain) {
  node.allow_only({"type"});
  chain.push_back(byte_fallback_decoder());
}

void add_byte_level(const ConfigNode& node, DecoderChain& chain) {
  node.allow_only({"type", "add_prefix_space", "trim_offsets", "use_regex"});
  chain.push_back(byte_level_decoder());
}

void add_fuse(const ConfigNode& node, DecoderChain& chain) {
  node.allow_only({"type"});
  chain.push_back(fuse_decoder());
}

void add_metaspace(const ConfigNode& node, DecoderChain& chain) {
  node.allow_only(
      {"type", "replacement", "add_prefix_space", "prepend_scheme", "split", "str_rep"});
  const auto scheme = node.find("prepend_scheme");
  const bool never =
      scheme ? scheme->string() == "never" : !node.boolean_or("add_prefix_space", true);
  chain.push_back(metaspace_decoder(one_character(node.at("replacement")), !never));
}

void add_replace(const ConfigNode& node, DecoderChain& chain) {
  node.allow_only({"type", "pattern", "content"});
  const ConfigNode pattern = node.at("pattern");
  const std::string& content = content_of(node);
  if (const auto literal = pattern.find("String")) {
    pattern.allow_only({"String"});
    chain.push_back(replace_decoder(literal->string(), content));
  } else {
    chain.push_back(replace_decoder(pattern_of(pattern), content));
  }
}

void add_sequence(const ConfigNode& node, DecoderChain& chain) {
  node.allow_only({"type", "decoders"});
  for (const ConfigNode& item : node.at("decoders").items()) add(item, chain);
}

void add_strip(const ConfigNode& node, DecoderChain& chain) {
  node.allow_only({"type", "content", "start", "stop"});
  constexpr std::int64_t kMost = 0x7FFFFFFF;
  chain.push_back(strip_decoder(one_character(node.at("content")),
                                static_cast<std::size_t>(node.at("start").integer(kMost)),
                                static_cast<std::size_t>(node.at("stop").integer(kMost))));
}

constexpr std::pair<std::string_view, void (*)(const ConfigNode&, DecoderChain&)> kTypes[] = {
    {"ByteFallback", add_byte_fallback},
    {"ByteLevel", add_byte_level},
    {"Fuse", add_fuse},
    {"Metaspace", add_metaspace},
    {"Replace", add_replace},
    {"Sequence", add_sequence},
    {"Strip", add_strip},
};

void add(const ConfigNode& node, DecoderChain& chain) {
  if (chain.size() == kMaxStages) {
    node.fail("more than 64 stages are not supported", ErrorCode::kUnsupported);
  }
  const ConfigNode type = node.at("type");
  for (const auto& [name, add_kind] : kTypes) {
    if (type.string() == name) return add_kind(node, chain);
  }
  type.refuse();
}

}  // namespace

DecoderChain read_decoders(const ConfigNode& node) {
  DecoderChain chain;
  if (node.is_null()) {
    chain.push_back(join_decoder());
  } else {
    add(node, chain);
  }
  return chain;
}

void add_clean_up(DecoderChain& chain) {
  constexpr std::pair<const char*, const char*> kRules[] = {
      {" .", "."},     {" ?", "?"},   {" !", "!"},   {" ,", ","},     {" ' ", "'"},
      {" n't", "n't"}, {" 'm", "'m"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"},
  };
  chain.push_back(fuse_decoder());
  for (const auto& [from, to] : kRules) chain.push_back(replace_decoder(from, to));
}

}  // namespace mod::text
