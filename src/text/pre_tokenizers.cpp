#include "text/pre_tokenizers.h"

#include <algorithm>
#include <utility>

#include "text/byte_level.h"
#include "text/char_table.h"
#include "text/known_patterns.h"
#include "text/pattern.h"
#include "text/utf8.h"

namespace mod::text {
namespace {

/// What becomes of a match (the delimiter) when a text is split.
enum class Behavior { kIsolated, kRemoved, kMergedWithPrevious, kMergedWithNext, kContiguous };

struct Segment {
  std::size_t begin, end;
  bool match;
};

class SplitStage : public PreTokenizer {
 public:
  SplitStage(std::unique_ptr<Pattern> pattern, Behavior behavior, bool invert = false)
      : pattern_(std::move(pattern)), behavior_(behavior), invert_(invert) {}

  void split(Piece piece, Workspace& work, PieceSink next) const override {
    if (behavior_ != Behavior::kIsolated && behavior_ != Behavior::kRemoved) {
      return merge(segments(piece.text, work), piece, next);
    }
    for_each_segment(piece.text, work, [&](Segment s) {
      if (behavior_ == Behavior::kIsolated || !s.match) hand_on(piece, s.begin, s.end, next);
    });
  }

 private:
  static void hand_on(Piece piece, std::size_t begin, std::size_t end, PieceSink next) {
    next({piece.text.substr(begin, end - begin), piece.at_start && begin == 0});
  }

  /// Matches and what lies between them, without a gap.
  template <class Visit>
  void for_each_segment(std::string_view text, Workspace& work, Visit visit) const {
    std::size_t last = 0;
    pattern_->find_all(text, work.regex, [&](std::size_t begin, std::size_t end) {
      if (begin > last) visit(Segment{last, begin, invert_});
      visit(Segment{begin, end, !invert_});
      last = end;
    });
    if (last < text.size()) visit(Segment{last, text.size(), invert_});
  }

  std::vector<Segment> segments(std::string_view text, Workspace& work) const {
    std::vector<Segment> all;
    for_each_segment(text, work, [&](Segment s) { all.push_back(s); });
    return all;
  }

  /// Joins neighbours: runs of equal kind, or a match with the segment before or after it. Of
  /// several matches in a row only the one next to that segment is joined to it.
  void merge(std::vector<Segment> all, Piece piece, PieceSink next) const {
    const bool backwards = behavior_ == Behavior::kMergedWithNext;
    if (backwards) std::reverse(all.begin(), all.end());
    std::vector<Segment> merged;
    bool last_match = false;
    for (const Segment& s : all) {
      const bool join =
          behavior_ == Behavior::kContiguous ? s.match == last_match : s.match && !last_match;
      last_match = s.match;
      if (!join || merged.empty()) {
        merged.push_back(s);
      } else if (backwards) {
        merged.back().begin = s.begin;
      } else {
        merged.back().end = s.end;
      }
    }
    if (backwards) std::reverse(merged.begin(), merged.end());
    for (const Segment& s : merged) hand_on(piece, s.begin, s.end, next);
  }

  std::unique_ptr<Pattern> pattern_;
  Behavior behavior_;
  bool invert_;
};

class ByteLevelStage : public PreTokenizer {
 public:
  ByteLevelStage(bool add_prefix_space, bool use_regex, std::size_t buffer)
      : add_prefix_space_(add_prefix_space), use_regex_(use_regex), buffer_(buffer) {}

  void split(Piece piece, Workspace& work, PieceSink next) const override {
    std::string prefixed;
    if (add_prefix_space_ && !piece.text.starts_with(' ')) {
      prefixed = ' ';
      prefixed += piece.text;
      piece.text = prefixed;
    }
    std::string& mapped = work.buffers[buffer_];
    const auto hand_on = [&](std::size_t begin, std::size_t end) {
      mapped.clear();
      append_byte_characters(mapped, piece.text.substr(begin, end - begin));
      next({mapped, piece.at_start && begin == 0});
    };
    if (use_regex_) {
      split_by(KnownPattern::kGpt2, piece.text, hand_on);
    } else {
      hand_on(0, piece.text.size());
    }
  }

 private:
  bool add_prefix_space_, use_regex_;
  std::size_t buffer_;
};

enum class PrependScheme { kAlways, kFirst, kNever };

class MetaspaceStage : public PreTokenizer {
 public:
  MetaspaceStage(std::string replacement, PrependScheme scheme, bool split, std::size_t buffer)
      : replacement_(std::move(replacement)), scheme_(scheme), split_(split), buffer_(buffer) {}

  void split(Piece piece, Workspace& work, PieceSink next) const override {
    std::string& text = work.buffers[buffer_];
    text.clear();
    const bool starts = piece.text.starts_with(' ') || piece.text.starts_with(replacement_);
    const bool wanted =
        scheme_ == PrependScheme::kAlways || (scheme_ == PrependScheme::kFirst && piece.at_start);
    if (wanted && !starts) text += replacement_;
    for (const char c : piece.text) {
      if (c == ' ') {
        text += replacement_;
      } else {
        text += c;
      }
    }
    if (!split_) return next({text, piece.at_start});
    std::size_t begin = 0;
    while (begin < text.size()) {
      const std::size_t end = std::min(text.find(replacement_, begin + 1), text.size());
      next({std::string_view(text).substr(begin, end - begin), piece.at_start && begin == 0});
      begin = end;
    }
  }

 private:
  std::string replacement_;
  PrependScheme scheme_;
  bool split_;
  std::size_t buffer_;
};

constexpr std::pair<std::string_view, Behavior> kBehaviors[] = {
    {"Removed", Behavior::kRemoved},
    {"Isolated", Behavior::kIsolated},
    {"MergedWithPrevious", Behavior::kMergedWithPrevious},
    {"MergedWithNext", Behavior::kMergedWithNext},
    {"Contiguous", Behavior::kContiguous},
};

// Stages nest their calls, and a stage that changes the text may double it: both are bounded.
constexpr std::size_t kMaxStages = 64, kMaxChanging = 3;

std::size_t add_buffer(const ConfigNode& node, PreTokenizerChain& chain) {
  if (chain.buffers() == kMaxChanging) {
    node.fail("more than 3 stages that change the text are not supported", ErrorCode::kUnsupported);
  }
  return chain.add_buffer();
}

Behavior behavior_of(const ConfigNode& node) {
  for (const auto& [name, behavior] : kBehaviors) {
    if (node.string() == name) return behavior;
  }
  node.refuse();
}

void add_byte_level(const ConfigNode& node, PreTokenizerChain& chain) {
  node.allow_only({"type", "add_prefix_space", "trim_offsets", "use_regex"});
  chain.add(std::make_unique<ByteLevelStage>(node.at("add_prefix_space").boolean(),
                                             node.boolean_or("use_regex", true),
                                             add_buffer(node, chain)));
  chain.set_keeps_bytes();
}

void add_digits(const ConfigNode& node, PreTokenizerChain& chain) {
  node.allow_only({"type", "individual_digits"});
  const bool single = node.at("individual_digits").boolean();
  chain.add(std::make_unique<SplitStage>(make_class_pattern(kNumber),
                                         single ? Behavior::kIsolated : Behavior::kContiguous));
}

/// prepend_scheme, or what older files say with add_prefix_space.
PrependScheme prepend_scheme(const ConfigNode& node) {
  const bool no_prefix = !node.boolean_or("add_prefix_space", true);
  const auto scheme = node.find("prepend_scheme");
  if (!scheme) return no_prefix ? PrependScheme::kNever : PrependScheme::kAlways;
  if (scheme->string() == "never") return PrependScheme::kNever;
  if (no_prefix) scheme->fail("contradicts add_prefix_space: false");
  if (scheme->string() == "always") return PrependScheme::kAlways;
  if (scheme->string() == "first") return PrependScheme::kFirst;
  scheme->refuse();
}

void add_metaspace(const ConfigNode& node, PreTokenizerChain& chain) {
  node.allow_only(
      {"type", "replacement", "add_prefix_space", "prepend_scheme", "split", "str_rep"});
  const std::string& replacement = node.at("replacement").string();
  if (replacement.empty() || decode_character(replacement, 0).size != replacement.size()) {
    node.at("replacement").fail("expected one character");
  }
  chain.add(std::make_unique<MetaspaceStage>(
      replacement, prepend_scheme(node), node.boolean_or("split", true), add_buffer(node, chain)));
}

void add_punctuation(const ConfigNode& node, PreTokenizerChain& chain) {
  node.allow_only({"type", "behavior"});
  const auto behavior = node.find("behavior");
  chain.add(std::make_unique<SplitStage>(make_class_pattern(kPunctuation),
                                         behavior ? behavior_of(*behavior) : Behavior::kIsolated));
}

void add_sequence(const ConfigNode& node, PreTokenizerChain& chain) {
  node.allow_only({"type", "pretokenizers"});
  for (const ConfigNode& item : node.at("pretokenizers").items()) add_pre_tokenizers(item, chain);
}

void add_split(const ConfigNode& node, PreTokenizerChain& chain) {
  node.allow_only({"type", "pattern", "behavior", "invert"});
  chain.add(std::make_unique<SplitStage>(pattern_of(node.at("pattern")),
                                         behavior_of(node.at("behavior")),
                                         node.at("invert").boolean()));
}

void add_whitespace(const ConfigNode& node, PreTokenizerChain& chain) {
  node.allow_only({"type"});
  chain.add(std::make_unique<SplitStage>(make_word_pattern(), Behavior::kRemoved, true));
}

void add_whitespace_split(const ConfigNode& node, PreTokenizerChain& chain) {
  node.allow_only({"type"});
  chain.add(std::make_unique<SplitStage>(make_class_pattern(kSpace), Behavior::kRemoved));
}

constexpr std::pair<std::string_view, void (*)(const ConfigNode&, PreTokenizerChain&)> kTypes[] = {
    {"ByteLevel", add_byte_level},  {"Digits", add_digits},
    {"Metaspace", add_metaspace},   {"Punctuation", add_punctuation},
    {"Sequence", add_sequence},     {"Split", add_split},
    {"Whitespace", add_whitespace}, {"WhitespaceSplit", add_whitespace_split},
};

}  // namespace

void add_pre_tokenizers(const ConfigNode& node, PreTokenizerChain& chain) {
  if (node.is_null()) return;
  if (chain.size() == kMaxStages) {
    node.fail("more than 64 stages are not supported", ErrorCode::kUnsupported);
  }
  const ConfigNode type = node.at("type");
  for (const auto& [name, add] : kTypes) {
    if (type.string() == name) return add(node, chain);
  }
  type.refuse();
}

void PreTokenizerChain::run_from(std::size_t stage, Piece piece, Workspace& work,
                                 PieceSink sink) const {
  if (piece.text.empty()) return;
  if (stage == stages_.size()) return sink(piece);
  stages_[stage]->split(piece, work, [&](Piece part) { run_from(stage + 1, part, work, sink); });
}

}  // namespace mod::text
