// References made by Hugging Face's software, and small tokenizers to test with.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "mod/error.h"
#include "text/stream_decoder.h"
#include "text/tokenizer.h"

namespace mod::text::test {

using Json = nlohmann::ordered_json;

inline const std::filesystem::path kSource = MOD_SOURCE_DIR;
inline const std::filesystem::path kData = kSource / "tests" / "data" / "tokenizers";
/// Large files that are no part of the repository.
inline const std::filesystem::path kShared = kSource.parent_path() / "shared";

inline Json read_json(const std::filesystem::path& path) {
  std::ifstream stream(path);
  if (!stream) throw std::runtime_error("cannot open " + path.string());
  return Json::parse(stream);
}

inline std::vector<Json> read_json_lines(const std::filesystem::path& path) {
  std::ifstream stream(path);
  if (!stream) throw std::runtime_error("cannot open " + path.string());
  std::vector<Json> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(Json::parse(line));
  return lines;
}

inline std::string decode_as_stream(const Tokenizer& tokenizer,
                                    const std::vector<std::int32_t>& ids, bool skip_special) {
  StreamDecoder decoder(tokenizer, skip_special);
  std::string text;
  for (const std::int32_t id : ids) {
    const std::string piece = decoder.put(id);
    EXPECT_TRUE(Json(piece).dump(-1, ' ', true).size() > 1);  // throws where a character is split
    text += piece;
  }
  return text + decoder.finish();
}

/// The text of the Error that reading these files gives; fails the test where there is none.
inline std::string refusal(const std::string& json, ErrorCode code,
                           const std::string& config = "") {
  try {
    Tokenizer::parse(json, config, "t.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "accepted: " << json.substr(0, 200);
  return {};
}

/// A BPE of the letters a to c with two merges, as a starting point for edits.
inline Json small_file() {
  return Json::parse(R"({
    "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
    "normalizer": null, "pre_tokenizer": null, "post_processor": null, "decoder": {"type": "Fuse"},
    "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
              "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false,
              "vocab": {"a": 0, "b": 1, "c": 2, "ab": 3, "abc": 4},
              "merges": [["a", "b"], ["ab", "c"]]}})");
}

inline Tokenizer parse(const Json& file, const Json& config = Json()) {
  return Tokenizer::parse(file.dump(), config.is_null() ? "" : config.dump(), "t.json");
}

}  // namespace mod::text::test
