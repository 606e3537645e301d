#include "text/normalizer.h"

#include <utf8proc.h>

#include "text/char_table.h"
#include "text/growth.h"
#include "text/pattern.h"
#include "text/unicode_form.h"
#include "text/utf8.h"

namespace mod::text {
namespace {

class UnicodeStage : public Normalizer {
 public:
  explicit UnicodeStage(UnicodeForm form) : form_(form) {}
  bool apply(std::string& text, RegexWork&) const override {
    to_unicode_form(form_, text);
    return true;
  }

 private:
  UnicodeForm form_;
};

class Prepend : public Normalizer {
 public:
  explicit Prepend(std::string prefix) : prefix_(std::move(prefix)) {}
  bool apply(std::string& text, RegexWork&) const override {
    if (!text.empty()) text.insert(0, prefix_);
    return true;
  }

 private:
  std::string prefix_;
};

class Replace : public Normalizer {
 public:
  Replace(std::unique_ptr<Pattern> pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}

  bool apply(std::string& text, RegexWork& work) const override {
    std::string out;
    std::size_t copied = 0;
    bool keeps_start = true;
    const std::size_t limit = growth_limit(text.size());
    pattern_->find_all(text, work, [&](std::size_t begin, std::size_t end) {
      if (begin == 0 && end > 0 && content_.empty()) keeps_start = false;
      out.append(text, copied, begin - copied);
      out += content_;
      copied = end;
      if (out.size() > limit) throw_growth();
    });
    if (out.empty() && copied == 0) return true;
    out.append(text, copied, text.size() - copied);
    text = std::move(out);
    return keeps_start;
  }

 private:
  std::unique_ptr<Pattern> pattern_;
  std::string content_;
};

class Lowercase : public Normalizer {
 public:
  bool apply(std::string& text, RegexWork&) const override {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
      const Character c = decode_character(text, at);
      if (c.code == kInvalidCode) {
        out.push_back(text[at]);
      } else if (c.code == 0x130) {
        out += "i\xCC\x87";  // the one character whose lower case is two
      } else {
        const utf8proc_int32_t lower = utf8proc_tolower(static_cast<utf8proc_int32_t>(c.code));
        append_utf8(out, static_cast<char32_t>(lower));
      }
      at += c.size;
    }
    text = std::move(out);
    return true;
  }
};

class Strip : public Normalizer {
 public:
  Strip(bool left, bool right) : left_(left), right_(right) {}

  bool apply(std::string& text, RegexWork&) const override {
    const CharTable& table = CharTable::get();
    std::size_t begin = 0, end = 0;  // end: after the last character that is no space
    bool seen = false;
    for (std::size_t at = 0; at < text.size();) {
      const Character c = decode_character(text, at);
      if (!(table[c.code] & kSpace)) {
        if (!seen) begin = at;
        seen = true;
        end = at + c.size;
      }
      at += c.size;
    }
    if (!seen) begin = text.size();
    if (!left_) begin = 0;
    if (!right_) end = text.size();
    if (end < begin) end = begin;
    text = text.substr(begin, end - begin);
    return begin == 0;
  }

 private:
  bool left_, right_;
};

class StripAccents : public Normalizer {
 public:
  bool apply(std::string& text, RegexWork&) const override {
    const CharTable& table = CharTable::get();
    std::string out;
    bool keeps_start = true;
    for (std::size_t at = 0; at < text.size();) {
      const Character c = decode_character(text, at);
      if (table[c.code] & kMark) {
        keeps_start = keeps_start && at > 0;
      } else {
        out.append(text, at, c.size);
      }
      at += c.size;
    }
    text = std::move(out);
    return keeps_start;
  }
};

template <UnicodeForm kForm>
void add_form(const ConfigNode& node, NormalizerChain& chain) {
  node.allow_only({"type"});
  chain.add(std::make_unique<UnicodeStage>(kForm));
}

template <class Stage>
void add_plain(const ConfigNode& node, NormalizerChain& chain) {
  node.allow_only({"type"});
  chain.add(std::make_unique<Stage>());
}

void add_prepend(const ConfigNode& node, NormalizerChain& chain) {
  node.allow_only({"type", "prepend"});
  chain.add(std::make_unique<Prepend>(node.at("prepend").string()));
}

void add_replace(const ConfigNode& node, NormalizerChain& chain) {
  node.allow_only({"type", "pattern", "content"});
  chain.add(std::make_unique<Replace>(pattern_of(node.at("pattern")), content_of(node)));
}

void add_sequence(const ConfigNode& node, NormalizerChain& chain) {
  node.allow_only({"type", "normalizers"});
  for (const ConfigNode& item : node.at("normalizers").items()) add_normalizers(item, chain);
}

void add_strip(const ConfigNode& node, NormalizerChain& chain) {
  node.allow_only({"type", "strip_left", "strip_right"});
  chain.add(
      std::make_unique<Strip>(node.at("strip_left").boolean(), node.at("strip_right").boolean()));
}

constexpr std::pair<std::string_view, void (*)(const ConfigNode&, NormalizerChain&)> kTypes[] = {
    {"Lowercase", add_plain<Lowercase>},
    {"NFC", add_form<UnicodeForm::kNfc>},
    {"NFD", add_form<UnicodeForm::kNfd>},
    {"NFKC", add_form<UnicodeForm::kNfkc>},
    {"NFKD", add_form<UnicodeForm::kNfkd>},
    {"Prepend", add_prepend},
    {"Replace", add_replace},
    {"Sequence", add_sequence},
    {"Strip", add_strip},
    {"StripAccents", add_plain<StripAccents>},
};

constexpr std::size_t kMaxStages = 64;

}  // namespace

void add_normalizers(const ConfigNode& node, NormalizerChain& chain) {
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

bool NormalizerChain::apply(std::string& text, RegexWork& work) const {
  const std::size_t limit = growth_limit(text.size());
  bool keeps_start = true;
  for (const auto& stage : stages_) {
    keeps_start = stage->apply(text, work) && keeps_start;
    if (text.size() > limit) throw_growth();
  }
  return keeps_start;
}

}  // namespace mod::text
