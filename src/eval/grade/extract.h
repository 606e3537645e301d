// The answer in a reply: the rules of the Qwen2.5-Math protocol, and the `exact` grader's box.
// Pure, linear time in the reply.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mod::eval {

/// mmlu_stem, sat_math, aqua: the answer is a letter.
bool is_multiple_choice_set(std::string_view dataset) noexcept;
/// carp_en, minerva_math: units stay.
bool keeps_units(std::string_view dataset) noexcept;

/// The letter (or, without one, the text) of a whole reply to a multiple-choice question.
std::string clean_choice(std::string_view reply);
/// The last stand-alone letter A-E of a short answer, or the answer itself.
std::string clean_short_choice(std::string_view answer);

/// "A" .. "E".
bool is_choice_letter(std::string_view text) noexcept;

/// The answer after extraction, normalised once; empty if there is none.
std::string extract_answer(std::string_view reply, std::string_view dataset);

/// What the reference compares: extracted, then normalised again. Nothing for an empty reply and
/// for the reply "error".
std::optional<std::string> prediction(std::string_view reply, std::string_view dataset);
/// The same where the gold is known: letters are looked for where the gold is made of letters.
std::optional<std::string> prediction(std::string_view reply, std::string_view dataset,
                                      std::string_view gold);

/// The text of the first \boxed{..} up to its matching brace, trimmed; nothing without one or where
/// it is not closed.
std::optional<std::string> boxed_text(std::string_view reply);
/// Grader `exact`: boxed_text equals the trimmed gold byte by byte.
bool exact_match(std::string_view reply, std::string_view gold);

}  // namespace mod::eval
