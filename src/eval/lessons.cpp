#include "eval/lessons.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "bundle/prompts.h"
#include "eval/batch.h"
#include "eval/json_file.h"
#include "io/memory.h"
#include "mod/error.h"

namespace mod::eval {
namespace {

using Json = nlohmann::ordered_json;
using mix::Token;

constexpr std::uint64_t kMemoryShare = 4;
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;

[[noreturn]] void refuse(const std::string& place, std::string_view text) {
  throw Error(ErrorCode::kInvalidInput, fmt::format("{}: {}", place, text));
}

bool is_end(const bundle::Bundle& bundle, Token token) {
  const auto& ends = bundle.generation.end_tokens;
  return std::find(ends.begin(), ends.end(), token) != ends.end();
}

/// What ends an answer: the end token that the chat template writes after one, else the
/// tokenizer's, else the first that the models stop at.
std::optional<Token> answer_end(const bundle::Bundle& bundle) {
  const text::Tokenizer& tokenizer = bundle.need_tokenizer();
  Json chat = Json::array({{{"role", "user"}, {"content", "a"}}});
  const std::string asked = bundle.need_chat_template().render(chat);
  chat.push_back({{"role", "assistant"}, {"content", "a"}});
  text::ChatTemplate::Options options;
  options.add_generation_prompt = false;
  const auto before = tokenizer.encode(asked, false);
  const auto whole = tokenizer.encode(bundle.need_chat_template().render(chat, options), false);
  const auto differ = std::mismatch(whole.begin(), whole.end(), before.begin(), before.end()).first;
  const auto end = std::find_if(differ, whole.end(), [&](Token id) { return is_end(bundle, id); });
  if (end != whole.end()) return *end;
  if (const auto eos = tokenizer.eos_id(); eos && is_end(bundle, *eos)) return eos;
  if (bundle.generation.end_tokens.empty()) return std::nullopt;
  return bundle.generation.end_tokens.front();
}

class Reader {
 public:
  Reader(const bundle::Bundle& bundle, std::size_t longest) : bundle_(bundle), longest_(longest) {}

  void add_line(const Json& line, const std::string& place) {
    if (!line.is_object()) refuse(place, "a line must be a JSON object");
    if (line.contains("text")) {
      add_text(text_of(line, "text", place), false, place);
    } else if (line.contains("solution") &&
               (line.contains("question") || line.contains("messages"))) {
      add_question(line, place);
    } else {
      refuse(place, "a line needs \"text\", or \"question\" and \"solution\"");
    }
    ++unit_;
  }

  /// In windows; each a unit of its own if `apart`.
  void add_text(const std::string& text, bool apart, const std::string& place) {
    const mix::Prompt whole = bundle::raw_prompt(bundle_, text, true);
    std::vector<Token> tokens;
    mix::Prompt begin;  // what experts read for themselves, before every window
    for (const mix::Piece& piece : whole) {
      if (!piece.views.empty()) begin.push_back(piece);
      tokens.insert(tokens.end(), piece.tokens.begin(), piece.tokens.end());
    }
    const std::size_t own = bundle::prompt_length(begin);
    if (own + 2 > longest_) refuse(place, "the prefix leaves no room in the context");
    const std::size_t window = longest_ - own;
    for (std::size_t first = 0; first < tokens.size(); first += window) {
      const std::size_t last = std::min(tokens.size(), first + window);
      mix::Piece piece;
      piece.tokens.assign(tokens.begin() + static_cast<std::ptrdiff_t>(first),
                          tokens.begin() + static_cast<std::ptrdiff_t>(last));
      piece.starts_turn = true;
      mix::Lesson lesson{begin, 0, unit_};
      if (apart) ++unit_;
      const bool tells = piece.tokens.size() > 1;
      lesson.prompt.push_back(std::move(piece));
      tells ? lessons_.push_back(std::move(lesson)) : void(++empty_);
    }
    if (tokens.empty()) ++empty_;
  }

  std::vector<mix::Lesson> finish(const std::string& file, Log& log) {
    if (too_long_ > 0) {
      log.warn(
          fmt::format("{}: {} questions are longer than the context of {} tokens with their "
                      "solutions and are left out, the first in {}",
                      file, too_long_, longest_, first_long_));
    }
    if (empty_ > 0) {
      log.warn(
          fmt::format("{}: {} texts have less than two tokens and are left out", file, empty_));
    }
    if (lessons_.empty()) refuse(file, "there is nothing to learn from in it");
    return std::move(lessons_);
  }

 private:
  static std::string text_of(const Json& line, const char* key, const std::string& place) {
    const Json& value = line.at(key);
    if (!value.is_string()) refuse(place, fmt::format("\"{}\" must be a text", key));
    return value.get<std::string>();
  }

  mix::Prompt prompt_of(const Json& line, const std::string& place) const {
    Json chat = Json::array();
    if (line.contains("messages")) {
      chat = line.at("messages");
      if (!chat.is_array() || chat.empty()) {
        refuse(place, "\"messages\" must be a list of messages");
      }
    } else {
      chat.push_back({{"role", "user"}, {"content", text_of(line, "question", place)}});
    }
    try {
      return bundle::chat_prompt(bundle_, chat, {});
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("{}: {}", place, error.what()));
    }
  }

  void add_question(const Json& line, const std::string& place) {
    mix::Lesson lesson{prompt_of(line, place), 0, unit_};
    const std::string solution = text_of(line, "solution", place);
    if (solution.empty()) refuse(place, "\"solution\" is empty");
    mix::Piece answer;
    answer.part = mix::Part::kAnswer;
    answer.tokens = bundle_.need_tokenizer().encode(solution, false);
    if (!end_known_) end_ = answer_end(bundle_);
    end_known_ = true;
    if (end_) answer.tokens.push_back(*end_);
    for (const mix::Piece& piece : lesson.prompt) lesson.from += piece.tokens.size();
    lesson.prompt.push_back(std::move(answer));
    if (bundle::prompt_length(lesson.prompt) > longest_) {
      if (too_long_++ == 0) first_long_ = place;
      return;
    }
    lessons_.push_back(std::move(lesson));
  }

  const bundle::Bundle& bundle_;
  std::size_t longest_;
  std::vector<mix::Lesson> lessons_;
  std::size_t unit_ = 0, too_long_ = 0, empty_ = 0;
  std::string first_long_;
  std::optional<Token> end_;
  bool end_known_ = false;
};

}  // namespace

std::vector<mix::Lesson> read_lessons(const std::filesystem::path& file,
                                      const bundle::Bundle& bundle, std::size_t longest, Log& log) {
  Reader reader(bundle, longest);
  if (file.extension() == ".jsonl") {
    for_each_line(
        file, [&](const Json& line, const std::string& place) { reader.add_line(line, place); });
  } else {
    reader.add_text(read_text_file(file.string(), kMostBytes), true, file.string());
  }
  return reader.finish(file.string(), log);
}

mix::TeacherOptions teacher_options(const mix::Mixture& mixture, const nn::SessionOptions& session,
                                    std::span<const mix::Lesson> lessons) {
  const std::uint64_t share =
      io::available_memory().value_or(std::uint64_t{1} << 30) / kMemoryShare;
  std::uint64_t longest = 1, token_bytes = 1;
  for (const mix::Lesson& lesson : lessons) {
    longest = std::max<std::uint64_t>(longest, bundle::prompt_length(lesson.prompt));
  }
  for (const mix::Expert& expert : mixture.experts) {
    token_bytes += nn::Session(expert.model, session).cache_bytes_per_token();
  }
  return {std::clamp<std::size_t>(share / (longest * token_bytes), 1, kLargestBatch), share};
}

}  // namespace mod::eval
