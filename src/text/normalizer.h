// The stages that change a text before it is cut into pieces. Immutable; thread-safe with a
// RegexWork for each thread.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "text/config_node.h"
#include "text/regex.h"

namespace mod::text {

class Normalizer {
 public:
  virtual ~Normalizer() = default;
  /// Changes `text` in place; bytes that are not UTF-8 stay. False: the first character was taken
  /// away, so that the text does not begin where it began before.
  virtual bool apply(std::string& text, RegexWork& work) const = 0;
};

/// A chain of stages.
class NormalizerChain {
 public:
  void add(std::unique_ptr<Normalizer> stage) { stages_.push_back(std::move(stage)); }
  std::size_t size() const { return stages_.size(); }

  /// As Normalizer::apply. Throws Error(kInvalidInput) where a text grows out of all proportion.
  bool apply(std::string& text, RegexWork& work) const;

 private:
  std::vector<std::unique_ptr<Normalizer>> stages_;
};

/// Adds the stages that `node`, the `normalizer` of a tokenizer.json, describes; none for null.
/// Understood: Lowercase, NFC, NFD, NFKC, NFKD, Prepend, Replace, Sequence, Strip, StripAccents.
/// Throws Error(kUnsupported) for others, kCorruptFile for wrong values.
void add_normalizers(const ConfigNode& node, NormalizerChain& chain);

}  // namespace mod::text
