#include "bundle/prompts.h"

#include <fmt/format.h>

#include <algorithm>

#include "mod/error.h"

namespace mod::bundle {
namespace {

using Json = text::ChatTemplate::Json;
using mix::Part;
using mix::Token;
using Tokens = std::vector<Token>;

/// What one expert reads, and where its last turn begins.
struct Reading {
  Tokens tokens;
  std::size_t turn = 0;

  friend bool operator==(const Reading&, const Reading&) = default;
};

mix::Piece shared_piece(Tokens tokens, Part part, bool starts_turn) {
  mix::Piece piece;
  piece.tokens = std::move(tokens);
  piece.part = part;
  piece.starts_turn = starts_turn;
  return piece;
}

Tokens slice(const Tokens& tokens, std::size_t first, std::size_t last) {
  return {tokens.begin() + static_cast<std::ptrdiff_t>(first),
          tokens.begin() + static_cast<std::ptrdiff_t>(last)};
}

/// Leaves out pieces without tokens.
void add(mix::Prompt& prompt, mix::Piece piece) {
  const bool own = std::any_of(piece.views.begin(), piece.views.end(),
                               [](const Tokens& view) { return !view.empty(); });
  if (own || !piece.tokens.empty()) prompt.push_back(std::move(piece));
}

/// Tokens first[k] to last[k] of each expert, for itself.
mix::Piece own_piece(const std::vector<Reading>& readings, const std::vector<std::size_t>& first,
                     const std::vector<std::size_t>& last) {
  mix::Piece piece;
  piece.part = Part::kContext;
  for (std::size_t k = 0; k < readings.size(); ++k) {
    piece.views.push_back(slice(readings[k].tokens, first[k], last[k]));
  }
  return piece;
}

/// How many tokens at the end of [0, until[k]) are the same for all.
std::size_t common_suffix(const std::vector<Reading>& readings,
                          const std::vector<std::size_t>& until) {
  for (std::size_t same = 0;; ++same) {
    for (std::size_t k = 0; k < readings.size(); ++k) {
      if (same == until[k] ||
          readings[k].tokens[until[k] - 1 - same] != readings[0].tokens[until[0] - 1 - same]) {
        return same;
      }
    }
  }
}

/// Context of own beginnings and a common rest, then the common turn.
mix::Prompt split_at_turn(const std::vector<Reading>& readings) {
  std::vector<std::size_t> none(readings.size(), 0), turns, leads;
  for (const Reading& reading : readings) turns.push_back(reading.turn);
  const std::size_t same = common_suffix(readings, turns);
  for (const std::size_t turn : turns) leads.push_back(turn - same);
  mix::Prompt prompt;
  add(prompt, own_piece(readings, none, leads));
  const Reading& one = readings.front();
  add(prompt, shared_piece(slice(one.tokens, leads[0], one.turn), Part::kContext, false));
  add(prompt, shared_piece(slice(one.tokens, one.turn, one.tokens.size()), Part::kTurn, true));
  return prompt;
}

/// The last place of `what` in the turn; the length of the text where it is not there.
std::size_t find_last(const Reading& reading, const Tokens& what) {
  const auto begin = reading.tokens.begin() + static_cast<std::ptrdiff_t>(reading.turn);
  const auto at = std::find_end(begin, reading.tokens.end(), what.begin(), what.end());
  return static_cast<std::size_t>(at - reading.tokens.begin());
}

/// Experts whose templates differ: gates hear the user's text only. Its tokens at both ends may
/// have melted into the template's.
mix::Prompt split_at_text(const std::vector<Reading>& readings, Tokens text) {
  constexpr std::size_t kMostMelted = 4;
  for (std::size_t cut = 0; cut < kMostMelted && !text.empty(); ++cut) {
    std::vector<std::size_t> none(readings.size(), 0), first, last, ends;
    bool found = true;
    for (const Reading& reading : readings) {
      first.push_back(find_last(reading, text));
      last.push_back(first.back() + text.size());
      ends.push_back(reading.tokens.size());
      found = found && first.back() < reading.tokens.size();
    }
    if (found) {
      mix::Prompt prompt;
      add(prompt, own_piece(readings, none, first));
      add(prompt, shared_piece(text, Part::kTurn, true));
      add(prompt, own_piece(readings, last, ends));
      return prompt;
    }
    cut % 2 == 0 ? void(text.erase(text.begin())) : text.pop_back();
  }
  std::vector<std::size_t> none(readings.size(), 0), ends;
  for (const Reading& reading : readings) ends.push_back(reading.tokens.size());
  return {own_piece(readings, none, ends)};
}

mix::Prompt make_prompt(const std::vector<Reading>& readings, const Tokens& user_text) {
  const auto same = [&](auto&& equal) {
    return std::all_of(readings.begin(), readings.end(), equal);
  };
  if (same([&](const Reading& r) { return r == readings.front(); })) {
    return split_at_turn({readings.front()});
  }
  const Reading& one = readings.front();
  const bool same_turn = same([&](const Reading& r) {
    return std::equal(r.tokens.begin() + static_cast<std::ptrdiff_t>(r.turn), r.tokens.end(),
                      one.tokens.begin() + static_cast<std::ptrdiff_t>(one.turn), one.tokens.end());
  });
  return same_turn ? split_at_turn(readings) : split_at_text(readings, user_text);
}

Json with_system(const Json& messages, const std::optional<std::string>& system) {
  if (!system) return messages;
  Json out = Json::array();
  if (!system->empty()) out.push_back({{"role", "system"}, {"content", *system}});
  for (const Json& message : messages) {
    if (!message.is_object() || message.value("role", "") != "system") out.push_back(message);
  }
  return out;
}

std::size_t common_prefix(const Tokens& a, const Tokens& b) {
  const std::size_t most = std::min(a.size(), b.size());
  const auto end = a.begin() + static_cast<std::ptrdiff_t>(most);
  return static_cast<std::size_t>(std::mismatch(a.begin(), end, b.begin()).first - a.begin());
}

/// Tokens before the last message: what the chat without it has in common with `tokens`. A template
/// that refuses a chat without a last question is shown another question.
std::size_t turn_begin(const text::ChatTemplate& chat_template, const text::Tokenizer& tokenizer,
                       Json messages, text::ChatTemplate::Options options, const Tokens& tokens) {
  messages.erase(messages.size() - 1);
  if (messages.empty()) return 0;
  options.add_generation_prompt = false;
  std::string before;
  try {
    before = chat_template.render(messages, options);
  } catch (const Error&) {
    messages.push_back({{"role", "user"}, {"content", "\x01"}});
    before = chat_template.render(messages, options);
  }
  return common_prefix(tokenizer.encode(before, false), tokens);
}

Reading read_chat(const text::ChatTemplate& chat_template, const text::Tokenizer& tokenizer,
                  const Json& messages, const text::ChatTemplate::Options& options) {
  Reading reading;
  reading.tokens = tokenizer.encode(chat_template.render(messages, options), false);
  if (!messages.empty()) {
    reading.turn = turn_begin(chat_template, tokenizer, messages, options, reading.tokens);
  }
  return reading;
}

}  // namespace

mix::Prompt raw_prompt(const Bundle& bundle, const std::string& text, bool add_special) {
  const text::Tokenizer& tokenizer = bundle.need_tokenizer();
  const bool views = std::any_of(bundle.views.begin(), bundle.views.end(),
                                 [](const ExpertView& view) { return !view.prefix.empty(); });
  std::vector<Reading> readings;
  if (!views) readings.push_back({tokenizer.encode(text, add_special), 0});
  for (std::size_t k = 0; views && k < bundle.views.size(); ++k) {
    readings.push_back({tokenizer.encode(bundle.views[k].prefix + text, add_special), 0});
  }
  if (!views) return split_at_turn(readings);
  std::vector<std::size_t> ends;
  for (const Reading& reading : readings) ends.push_back(reading.tokens.size());
  const std::size_t same = common_suffix(readings, ends);
  for (Reading& reading : readings) reading.turn = reading.tokens.size() - same;
  return split_at_turn(readings);
}

mix::Prompt chat_prompt(const Bundle& bundle, const Json& messages,
                        const text::ChatTemplate::Options& options) {
  const text::Tokenizer& tokenizer = bundle.need_tokenizer();
  if (bundle.views.empty()) {
    return make_prompt({read_chat(bundle.need_chat_template(), tokenizer, messages, options)}, {});
  }
  std::vector<Reading> readings;
  for (std::size_t k = 0; k < bundle.views.size(); ++k) {
    const ExpertView& view = bundle.views[k];
    std::size_t same = 0;
    while (same < k && (bundle.views[same].chat_template != view.chat_template ||
                        bundle.views[same].system != view.system)) {
      ++same;
    }
    if (same < k) {
      readings.push_back(readings[same]);
      continue;
    }
    if (!view.chat_template) {
      throw Error(ErrorCode::kInvalidInput,
                  fmt::format("{}: expert {} has no chat template; give it one with chat_template",
                              bundle.argument, bundle.mixture.experts[k].name));
    }
    readings.push_back(
        read_chat(*view.chat_template, tokenizer, with_system(messages, view.system), options));
  }
  const Json& last = messages.empty() ? messages : messages.back();
  const bool is_text = last.is_object() && last.contains("content") && last["content"].is_string();
  const std::string user = is_text ? last["content"].get<std::string>() : std::string();
  return make_prompt(readings, tokenizer.encode(user, false));
}

std::size_t prompt_length(const mix::Prompt& prompt) {
  std::vector<std::size_t> views;
  std::size_t shared = 0;
  for (const mix::Piece& piece : prompt) {
    shared += piece.tokens.size();
    views.resize(std::max(views.size(), piece.views.size()));
    for (std::size_t k = 0; k < piece.views.size(); ++k) views[k] += piece.views[k].size();
  }
  return shared + (views.empty() ? 0 : *std::max_element(views.begin(), views.end()));
}

}  // namespace mod::bundle
