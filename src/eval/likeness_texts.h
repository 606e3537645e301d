// Where distributions are compared: positions inside replies, the same token ids for every model.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "eval/evaluate.h"

namespace mod::eval {

/// A prompt, with the chat template of the row that answered it, and its reply as far as needed.
struct LikenessText {
  std::string task, item;
  std::vector<mix::Token> ids;
  /// Ascending: the prediction after ids[place] is compared. It is that of a token of the reply.
  std::vector<std::size_t> places;
};

struct LikenessTexts {
  std::string source;  // ModelInfo::argument of the row whose replies they are
  std::vector<LikenessText> texts;
  std::size_t positions = 0;  // of all texts
  std::string fingerprint;    // of ids and places
};

inline constexpr std::size_t kMostLikenessTexts = 64, kMostLikenessPositions = 512;
/// Of fp32 log-probabilities that are kept of a row: fewer positions for large vocabularies.
inline constexpr std::size_t kMostLikenessBytes = std::size_t{64} << 20;

/// The replies of `row`, which `model` gave: evenly spread over the tasks that generate text, their
/// items and the tokens of a reply. Depends on the replies alone. No texts where there are none.
/// Throws as make_item_prompt.
LikenessTexts choose_likeness_texts(const EvalSettings& settings, std::span<const TaskData> data,
                                    const ModelInfo& info, const EvalModel& model, const Row& row);

/// Writes them as JSON: {source, positions, fingerprint, texts: [{task, item, ids, places}]}.
void write_likeness_texts(const LikenessTexts& texts, const std::filesystem::path& file);

/// At most `count` of the numbers below `n`, evenly spread, ascending.
std::vector<std::size_t> evenly_spread(std::size_t n, std::size_t count);

}  // namespace mod::eval
