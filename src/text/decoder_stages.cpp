#include "text/decoder_stages.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.h"
#include "text/byte_level.h"
#include "text/utf8.h"

namespace mod::text {
namespace {

/// Base of the stages that look at whole tokens.
class WholeTokens : public DecoderRun {
 public:
  explicit WholeTokens(DecoderRun& next) : next_(next) {}
  void text(std::string_view part) override { token_ += part; }
  void end_token() override {
    take(token_);
    token_.clear();
  }
  void finish() override { next_.finish(); }

 protected:
  virtual void take(std::string& token) = 0;
  void hand_on(std::string_view token) {
    next_.text(token);
    next_.end_token();
  }

  DecoderRun& next_;

 private:
  std::string token_;
};

/// A stage whose runs are `Run`s that are made of nothing but the next stage.
template <class Run>
class SimpleDecoder : public Decoder {
 public:
  std::unique_ptr<DecoderRun> start(DecoderRun& next, DecodeBudget&) const override {
    return std::make_unique<Run>(next);
  }
};

class ByteLevelRun : public WholeTokens {
 public:
  using WholeTokens::WholeTokens;

  void finish() override {
    put(bytes_);
    next_.end_token();
    next_.finish();
  }

 protected:
  void take(std::string& token) override {
    if (!append_character_bytes(bytes_, token)) bytes_ += token;
    const std::size_t ready = bytes_.size() - cut_off(bytes_);
    put(std::string_view(bytes_).substr(0, ready));
    bytes_.erase(0, ready);
  }

 private:
  /// Size of the character at the end whose other bytes may still come.
  static std::size_t cut_off(std::string_view bytes) {
    for (std::size_t size = 1; size <= 3 && size <= bytes.size(); ++size) {
      if (incomplete_size(bytes.substr(bytes.size() - size)) == size) return size;
    }
    return 0;
  }

  void put(std::string_view bytes) {
    std::string text;
    append_replacing_invalid(text, bytes);
    if (!text.empty()) next_.text(text);
  }

  std::string bytes_;  // not handed on yet
};

class ByteLevelDecoder : public SimpleDecoder<ByteLevelRun> {
 public:
  void to_bytes(std::string& token) const override {
    std::string bytes;
    if (append_character_bytes(bytes, token)) token = std::move(bytes);
  }
};

/// The byte of "<0x41>".
std::optional<char> byte_of(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return std::nullopt;
  unsigned value = 0;
  const auto [end, error] = std::from_chars(token.data() + 3, token.data() + 5, value, 16);
  if (error != std::errc() || end != token.data() + 5) return std::nullopt;
  return static_cast<char>(value);
}

class ByteFallbackRun : public WholeTokens {
 public:
  using WholeTokens::WholeTokens;

  void finish() override {
    end_run();
    next_.finish();
  }

 protected:
  void take(std::string& token) override {
    if (const auto byte = byte_of(token)) {
      bytes_ += *byte;
      return;
    }
    end_run();
    hand_on(token);
  }

 private:
  void end_run() {
    if (bytes_.empty()) return;
    if (is_valid_utf8(bytes_)) {
      hand_on(bytes_);
    } else {
      for (std::size_t i = 0; i < bytes_.size(); ++i) hand_on(kReplacement);
    }
    bytes_.clear();
  }

  std::string bytes_;
};

class ByteFallbackDecoder : public SimpleDecoder<ByteFallbackRun> {
 public:
  void to_bytes(std::string& token) const override {
    if (const auto byte = byte_of(token)) token.assign(1, *byte);
  }
};

class FuseRun : public DecoderRun {
 public:
  explicit FuseRun(DecoderRun& next) : next_(next) {}
  void text(std::string_view part) override { next_.text(part); }
  void end_token() override {}
  void finish() override {
    next_.end_token();
    next_.finish();
  }

 private:
  DecoderRun& next_;
};

class JoinRun : public DecoderRun {
 public:
  explicit JoinRun(DecoderRun& next) : next_(next) {}
  void text(std::string_view part) override {
    begin();
    next_.text(part);
  }
  void end_token() override {
    begin();
    open_ = first_ = false;
  }
  void finish() override {
    next_.end_token();
    next_.finish();
  }

 private:
  void begin() {
    if (!open_ && !first_) next_.text(" ");
    open_ = true;
  }

  DecoderRun& next_;
  bool open_ = false, first_ = true;
};

class MetaspaceDecoder : public Decoder {
 public:
  MetaspaceDecoder(std::string replacement, bool drop_first)
      : replacement_(std::move(replacement)), drop_first_(drop_first) {}

  std::unique_ptr<DecoderRun> start(DecoderRun& next, DecodeBudget&) const override;
  void to_bytes(std::string& token) const override { token = replaced(token, " "); }

  std::string replaced(std::string_view text, std::string_view by) const {
    std::string out;
    std::size_t begin = 0;
    for (std::size_t at; (at = text.find(replacement_, begin)) != std::string_view::npos;) {
      out += text.substr(begin, at - begin);
      out += by;
      begin = at + replacement_.size();
    }
    out += text.substr(begin);
    return out;
  }
  bool drops_first() const { return drop_first_; }

 private:
  std::string replacement_;
  bool drop_first_;
};

class MetaspaceRun : public DecoderRun {
 public:
  MetaspaceRun(DecoderRun& next, const MetaspaceDecoder& stage)
      : next_(next), stage_(stage), drop_(stage.drops_first()) {}
  void text(std::string_view part) override { next_.text(stage_.replaced(part, drop_ ? "" : " ")); }
  void end_token() override {
    drop_ = false;
    next_.end_token();
  }
  void finish() override { next_.finish(); }

 private:
  DecoderRun& next_;
  const MetaspaceDecoder& stage_;
  bool drop_;
};

std::unique_ptr<DecoderRun> MetaspaceDecoder::start(DecoderRun& next, DecodeBudget&) const {
  return std::make_unique<MetaspaceRun>(next, *this);
}

class StripDecoder : public Decoder {
 public:
  StripDecoder(std::string content, std::size_t start, std::size_t stop)
      : content_(std::move(content)), start_(start), stop_(stop) {}

  std::unique_ptr<DecoderRun> start(DecoderRun& next, DecodeBudget&) const override;

  const std::string& content() const { return content_; }
  std::size_t at_start() const { return start_; }
  std::size_t at_stop() const { return stop_; }

 private:
  std::string content_;
  std::size_t start_, stop_;
};

/// Where nothing is taken away at the end a part can be handed on at once.
class StripStartRun : public DecoderRun {
 public:
  StripStartRun(DecoderRun& next, const StripDecoder& stage)
      : next_(next), stage_(stage), left_(stage.at_start()) {}

  void text(std::string_view part) override {
    while (left_ > 0 && !part.empty()) {
      const bool strip = part.starts_with(stage_.content());
      left_ = strip ? left_ - 1 : 0;
      if (strip) part.remove_prefix(stage_.content().size());
    }
    if (!part.empty()) next_.text(part);
  }
  void end_token() override {
    left_ = stage_.at_start();
    next_.end_token();
  }
  void finish() override { next_.finish(); }

 private:
  DecoderRun& next_;
  const StripDecoder& stage_;
  std::size_t left_;  // how often may still be stripped
};

class StripRun : public WholeTokens {
 public:
  StripRun(DecoderRun& next, const StripDecoder& stage) : WholeTokens(next), stage_(stage) {}

 protected:
  void take(std::string& token) override {
    const std::string& content = stage_.content();
    std::string_view rest = token;
    for (std::size_t i = 0; i < stage_.at_start() && rest.starts_with(content); ++i) {
      rest.remove_prefix(content.size());
    }
    for (std::size_t i = 0; i < stage_.at_stop() && rest.ends_with(content); ++i) {
      rest.remove_suffix(content.size());
    }
    hand_on(rest);
  }

 private:
  const StripDecoder& stage_;
};

std::unique_ptr<DecoderRun> StripDecoder::start(DecoderRun& next, DecodeBudget&) const {
  if (stop_ == 0) return std::make_unique<StripStartRun>(next, *this);
  return std::make_unique<StripRun>(next, *this);
}

}  // namespace

std::unique_ptr<Decoder> byte_level_decoder() { return std::make_unique<ByteLevelDecoder>(); }
std::unique_ptr<Decoder> byte_fallback_decoder() { return std::make_unique<ByteFallbackDecoder>(); }
std::unique_ptr<Decoder> fuse_decoder() { return std::make_unique<SimpleDecoder<FuseRun>>(); }
std::unique_ptr<Decoder> join_decoder() { return std::make_unique<SimpleDecoder<JoinRun>>(); }

std::unique_ptr<Decoder> metaspace_decoder(std::string replacement, bool drop_first) {
  return std::make_unique<MetaspaceDecoder>(std::move(replacement), drop_first);
}

std::unique_ptr<Decoder> strip_decoder(std::string content, std::size_t start, std::size_t stop) {
  return std::make_unique<StripDecoder>(std::move(content), start, stop);
}

}  // namespace mod::text
