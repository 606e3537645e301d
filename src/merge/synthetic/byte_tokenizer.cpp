#include "merge/synthetic/byte_tokenizer.h"

#include <array>

namespace mod::merge {
namespace {

using checkpoint::Json;

constexpr const char* kSpecials[] = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"};

constexpr const char* kPattern =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| "
    "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
    "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

constexpr const char* kChatMl =
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] "
    "+ "
    "'<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|im_start|>assistant\\n' }}{% endif %}";

bool stands_for_itself(int byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

Json byte_level() {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", false},
          {"trim_offsets", false},
          {"use_regex", false}};
}

Json special_token(std::int64_t id, const char* content) {
  return {{"id", id},        {"content", content},  {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false}, {"special", true}};
}

Json pre_tokenizer() {
  Json split = {{"type", "Split"},
                {"pattern", {{"Regex", kPattern}}},
                {"behavior", "Isolated"},
                {"invert", false}};
  Json json;
  json["type"] = "Sequence";
  json["pretokenizers"] = Json::array({split, byte_level()});
  return json;
}

}  // namespace

std::string byte_character(unsigned char byte) {
  // Bytes that print stand for themselves; the others take the code points from 256 on, in order.
  int code = byte;
  if (!stands_for_itself(byte)) {
    code = 256;
    for (int b = 0; b < byte; ++b) code += !stands_for_itself(b);
  }
  if (code < 0x80) return {static_cast<char>(code)};
  return {static_cast<char>(0xC0 | (code >> 6)), static_cast<char>(0x80 | (code & 0x3F))};
}

Json byte_tokenizer() {
  Json model = {{"type", "BPE"},
                {"dropout", nullptr},
                {"unk_token", nullptr},
                {"continuing_subword_prefix", ""},
                {"end_of_word_suffix", ""},
                {"fuse_unk", false},
                {"byte_fallback", false},
                {"ignore_merges", false}};
  model["vocab"] = Json::object();
  for (int byte = 0; byte < 256; ++byte) {
    model["vocab"][byte_character(static_cast<unsigned char>(byte))] = byte;
  }
  model["merges"] = Json::array();
  Json json;
  json["version"] = "1.0";
  json["truncation"] = nullptr;
  json["padding"] = nullptr;
  json["added_tokens"] = Json::array();
  for (std::int64_t i = 0; i < 3; ++i) {
    json["added_tokens"].push_back(special_token(256 + i, kSpecials[i]));
  }
  json["normalizer"] = {{"type", "NFC"}};
  json["pre_tokenizer"] = pre_tokenizer();
  json["post_processor"] = byte_level();
  json["decoder"] = byte_level();
  json["model"] = std::move(model);
  return json;
}

Json byte_tokenizer_config(std::int64_t max_length) {
  Json json;
  json["add_prefix_space"] = false;
  json["added_tokens_decoder"] = Json::object();
  for (std::int64_t i = 0; i < 3; ++i) {
    Json token = special_token(256 + i, kSpecials[i]);
    token.erase("id");
    json["added_tokens_decoder"][std::to_string(256 + i)] = std::move(token);
  }
  json["bos_token"] = nullptr;
  json["chat_template"] = kChatMl;
  json["clean_up_tokenization_spaces"] = false;
  json["eos_token"] = "<|im_end|>";
  json["model_max_length"] = max_length;
  json["pad_token"] = "<|endoftext|>";
  json["tokenizer_class"] = "Qwen2Tokenizer";
  json["unk_token"] = nullptr;
  return json;
}

}  // namespace mod::merge
