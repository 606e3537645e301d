// What the files beside the weights say about text: enough for `mod inspect`, without loading a
// tokenizer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace mod::cli {

struct TokenizerSummary {
  std::string file;  // "tokenizer.json", "tokenizer.model", "vocab.json"; empty: none
  std::string type;  // "BPE", "Unigram", "SentencePiece", ...; empty if unknown
  std::optional<std::uint64_t> vocabulary;  // tokens including added ones
  std::string template_file;                // where the chat template stands; empty: none
};

/// Throws Error(kCorruptFile) for broken JSON, kIo.
TokenizerSummary summarize_tokenizer(const std::filesystem::path& folder);

}  // namespace mod::cli
