// The data of `mod fit`: texts and solved questions as lessons for the experts of a mixture.
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "base/log.h"
#include "bundle/bundle.h"
#include "mix/fit/teacher.h"

namespace mod::eval {

/// `file`: *.jsonl, or a plain text.
///   plain text: windows of `longest` tokens, each a unit; every token but the first counts.
///   {"text": ...}: such a text, which is one unit.
///   {"question": ..., "solution": ...} (or "messages" in place of "question"): the chat template
///   makes the prompt; the solution's tokens count, and the end token after it.
/// Other keys of a line mean nothing. Texts without a token that counts, and questions that are
/// longer than `longest` tokens with their solution, are left out; `log` is told how many. Throws
/// Error: kInvalidInput and kCorruptFile with file and line, kIo; as bundle::raw_prompt and
/// chat_prompt; kInvalidInput where no lesson is left.
std::vector<mix::Lesson> read_lessons(const std::filesystem::path& file,
                                      const bundle::Bundle& bundle, std::size_t longest, Log& log);

/// Texts at a time and rows that may be kept, each for a quarter of the available memory.
mix::TeacherOptions teacher_options(const mix::Mixture& mixture, const nn::SessionOptions& session,
                                    std::span<const mix::Lesson> lessons);

}  // namespace mod::eval
