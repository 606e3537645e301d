#include "text/pattern.h"

#include "text/char_table.h"
#include "text/known_patterns.h"
#include "text/utf8.h"

namespace mod::text {
namespace {

class KnownSplit : public Pattern {
 public:
  explicit KnownSplit(KnownPattern pattern) : pattern_(pattern) {}
  void find_all(std::string_view text, RegexWork&, MatchSink visit) const override {
    split_by(pattern_, text, visit);
  }

 private:
  KnownPattern pattern_;
};

class RegexPattern : public Pattern {
 public:
  RegexPattern(std::string_view pattern, const std::string& where) : regex_(pattern, where) {}
  void find_all(std::string_view text, RegexWork& work, MatchSink visit) const override {
    if (!text.empty()) regex_.find_all(text, work, visit);  // nothing is found in nothing
  }

 private:
  Regex regex_;
};

class Literal : public Pattern {
 public:
  explicit Literal(std::string literal) : literal_(std::move(literal)) {}
  void find_all(std::string_view text, RegexWork&, MatchSink visit) const override {
    for (std::size_t at = text.find(literal_); at != std::string_view::npos;) {
      visit(at, at + literal_.size());
      at = text.find(literal_, at + literal_.size());
    }
  }

 private:
  std::string literal_;
};

class ClassPattern : public Pattern {
 public:
  explicit ClassPattern(std::uint8_t classes) : classes_(classes) {}
  void find_all(std::string_view text, RegexWork&, MatchSink visit) const override {
    const CharTable& table = CharTable::get();
    for (std::size_t at = 0; at < text.size();) {
      const Character c = decode_character(text, at);
      if (table[c.code] & classes_) visit(at, at + c.size);
      at += c.size;
    }
  }

 private:
  std::uint8_t classes_;
};

class WordPattern : public Pattern {
 public:
  void find_all(std::string_view text, RegexWork&, MatchSink visit) const override {
    const CharTable& table = CharTable::get();
    enum Kind { kNothing, kWords, kOthers };
    Kind open = kNothing;
    std::size_t begin = 0;
    for (std::size_t at = 0; at < text.size();) {
      const Character c = decode_character(text, at);
      const std::uint8_t classes = table[c.code];
      const Kind kind = classes & kWord ? kWords : classes & kSpace ? kNothing : kOthers;
      if (kind != open) {
        if (open != kNothing) visit(begin, at);
        open = kind;
        begin = at;
      }
      at += c.size;
    }
    if (open != kNothing) visit(begin, text.size());
  }
};

}  // namespace

std::unique_ptr<Pattern> pattern_of(const ConfigNode& node) {
  node.allow_only({"String", "Regex"});
  const auto literal = node.find("String"), regex = node.find("Regex");
  if (literal.has_value() == regex.has_value()) node.fail("expected either 'String' or 'Regex'");
  if (literal) return make_literal_pattern(literal->string());
  return make_regex_pattern(regex->string(), regex->where());
}

const std::string& content_of(const ConfigNode& replace) {
  const ConfigNode content = replace.at("content");
  if (replace.at("pattern").find("Regex") && content.string().find('$') != std::string::npos) {
    content.refuse();
  }
  return content.string();
}

std::unique_ptr<Pattern> make_regex_pattern(std::string_view pattern, const std::string& where) {
  if (const auto known = find_known_pattern(pattern)) return std::make_unique<KnownSplit>(*known);
  return std::make_unique<RegexPattern>(pattern, where);
}

std::unique_ptr<Pattern> make_literal_pattern(std::string literal) {
  if (literal.empty()) return std::make_unique<RegexPattern>("", "empty pattern");
  return std::make_unique<Literal>(std::move(literal));
}

std::unique_ptr<Pattern> make_class_pattern(std::uint8_t classes) {
  return std::make_unique<ClassPattern>(classes);
}

std::unique_ptr<Pattern> make_word_pattern() { return std::make_unique<WordPattern>(); }

}  // namespace mod::text
