// The decoder stages that replace: as a stream where the text to look for is short, else by whole
// tokens.
#include <algorithm>

#include "text/decoder_stages.h"

namespace mod::text {
namespace {

// Longer literals are looked for in whole tokens: holding text back costs the square of this.
constexpr std::size_t kMaxStreamed = 64;

class LiteralReplace : public Decoder {
 public:
  LiteralReplace(std::string literal, std::string content)
      : literal_(std::move(literal)), content_(std::move(content)) {}

  std::unique_ptr<DecoderRun> start(DecoderRun& next, DecodeBudget& budget) const override;
  void to_bytes(std::string& token) const override {
    std::string out;
    std::string_view rest = token;
    while (replace_first(rest, out)) {
    }
    out += rest;
    token = std::move(out);
  }

  /// Moves `text` behind the first literal in it; what stands for it and what was before go to
  /// `out`.
  bool replace_first(std::string_view& text, std::string& out) const {
    const std::size_t at = text.find(literal_);
    if (at == std::string_view::npos) return false;
    out += text.substr(0, at);
    out += content_;
    text.remove_prefix(at + literal_.size());
    return true;
  }

  /// Size of the longest end of `text` with which the literal may begin.
  std::size_t held_back(std::string_view text) const {
    for (std::size_t size = std::min(literal_.size() - 1, text.size()); size > 0; --size) {
      if (literal_.starts_with(text.substr(text.size() - size))) return size;
    }
    return 0;
  }

 private:
  std::string literal_, content_;
};

class LiteralReplaceRun : public DecoderRun {
 public:
  LiteralReplaceRun(DecoderRun& next, DecodeBudget& budget, const LiteralReplace& stage)
      : next_(next), budget_(budget), stage_(stage) {}

  void text(std::string_view part) override {
    held_ += part;
    std::string out;
    std::string_view rest = held_;
    while (stage_.replace_first(rest, out)) budget_.write(out.size());
    const std::size_t held = stage_.held_back(rest);
    out += rest.substr(0, rest.size() - held);
    put(out);
    held_ = std::string(rest.substr(rest.size() - held));
  }
  void end_token() override {
    put(held_);
    held_.clear();
    next_.end_token();
  }
  void finish() override { next_.finish(); }

 private:
  void put(std::string_view out) {
    budget_.write(out.size());
    if (!out.empty()) next_.text(out);
  }

  DecoderRun& next_;
  DecodeBudget& budget_;
  const LiteralReplace& stage_;
  std::string held_;
};

std::unique_ptr<DecoderRun> LiteralReplace::start(DecoderRun& next, DecodeBudget& budget) const {
  return std::make_unique<LiteralReplaceRun>(next, budget, *this);
}

class PatternReplace : public Decoder {
 public:
  PatternReplace(std::unique_ptr<Pattern> pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}

  std::unique_ptr<DecoderRun> start(DecoderRun& next, DecodeBudget& budget) const override;
  void to_bytes(std::string& token) const override {
    RegexWork work;
    DecodeBudget budget{.read = token.size()};
    token = replaced(token, work, budget);
  }

  std::string replaced(std::string_view token, RegexWork& work, DecodeBudget& budget) const {
    std::string out;
    std::size_t copied = 0;
    pattern_->find_all(token, work, [&](std::size_t begin, std::size_t end) {
      out += token.substr(copied, begin - copied);
      out += content_;
      budget.write(begin - copied + content_.size());
      copied = end;
    });
    out += token.substr(copied);
    return out;
  }

 private:
  std::unique_ptr<Pattern> pattern_;
  std::string content_;
};

class PatternReplaceRun : public DecoderRun {
 public:
  PatternReplaceRun(DecoderRun& next, DecodeBudget& budget, const PatternReplace& stage)
      : next_(next), budget_(budget), stage_(stage) {}

  void text(std::string_view part) override { token_ += part; }
  void end_token() override {
    next_.text(stage_.replaced(token_, work_, budget_));
    token_.clear();
    next_.end_token();
  }
  void finish() override { next_.finish(); }

 private:
  DecoderRun& next_;
  DecodeBudget& budget_;
  const PatternReplace& stage_;
  RegexWork work_;
  std::string token_;
};

std::unique_ptr<DecoderRun> PatternReplace::start(DecoderRun& next, DecodeBudget& budget) const {
  return std::make_unique<PatternReplaceRun>(next, budget, *this);
}

}  // namespace

std::unique_ptr<Decoder> replace_decoder(std::string literal, std::string content) {
  if (literal.empty() || literal.size() > kMaxStreamed) {
    return replace_decoder(make_literal_pattern(std::move(literal)), std::move(content));
  }
  return std::make_unique<LiteralReplace>(std::move(literal), std::move(content));
}

std::unique_ptr<Decoder> replace_decoder(std::unique_ptr<Pattern> pattern, std::string content) {
  return std::make_unique<PatternReplace>(std::move(pattern), std::move(content));
}

}  // namespace mod::text
