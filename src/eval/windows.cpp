#include "eval/windows.h"

#include <fmt/format.h>

#include <algorithm>

#include "mod/error.h"

namespace mod::eval {
namespace {

using mix::Token;

constexpr std::size_t kLlamaCppWindow = 512;

std::vector<Window> rolling_windows(std::span<const Token> ids, std::size_t length,
                                    const std::optional<Token>& begin) {
  std::vector<Token> text(ids.begin(), ids.end());
  if (begin) text.insert(text.begin(), *begin);
  if (text.size() < 2) {
    throw Error(ErrorCode::kInvalidInput, "the text is too short: there is no token to predict");
  }
  // text[0] is only a condition; every window predicts up to `length` of the tokens after it.
  std::vector<Window> windows;
  const auto at = [&](std::size_t i) { return text.begin() + static_cast<std::ptrdiff_t>(i); };
  for (std::size_t next = 1; next < text.size();) {
    const std::size_t end = std::min(next + length, text.size());
    const std::size_t start = end > length ? std::max<std::size_t>(end - length, 1) : 1;
    windows.push_back({{at(start - 1), at(end - 1)}, {at(start), at(end)}, next - start});
    next = end;
  }
  return windows;
}

std::vector<Window> llama_cpp_windows(std::span<const Token> ids, std::size_t length,
                                      const std::optional<Token>& begin) {
  if (ids.size() < 2 * length) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("the text has {} tokens, and llama.cpp's convention wants two windows "
                            "of {} at least; give a longer text, a smaller --window, or "
                            "--convention lm-eval",
                            ids.size(), length));
  }
  std::vector<Window> windows;
  for (std::size_t start = 0; start + length <= ids.size(); start += length) {
    const auto chunk = ids.subspan(start, length);
    Window window{{chunk.begin(), chunk.end()}, {chunk.begin() + 1, chunk.end()}, length / 2};
    if (begin) window.input.front() = *begin;
    windows.push_back(std::move(window));
  }
  return windows;
}

}  // namespace

std::string_view convention_name(PerplexityConvention convention) {
  return convention == PerplexityConvention::kLmEval ? "lm-eval" : "llama.cpp";
}

Windows cut_text(std::span<const Token> ids, const PerplexityOptions& options,
                 std::size_t context) {
  const bool rolling = options.convention == PerplexityConvention::kLmEval;
  const std::size_t length = options.window > 0 ? options.window
                             : rolling          ? context
                                                : std::min(context, kLlamaCppWindow);
  if (length > context || length < 2) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("a window of {} tokens: it must be from 2 to the model's context of {}",
                            length, context));
  }
  return {rolling ? rolling_windows(ids, length, options.begin)
                  : llama_cpp_windows(ids, length, options.begin),
          length};
}

}  // namespace mod::eval
