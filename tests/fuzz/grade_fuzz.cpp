// Any bytes as a reply and a gold answer: graders end, whatever they are given, with the same
// verdict each time, and an answer equals itself.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "eval/grade/equal.h"
#include "eval/grade/extract.h"
#include "eval/grade/normalize.h"

using namespace mod::eval;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t cut = text.find('\n');
  const std::string_view first = text.substr(0, cut);
  const std::string_view gold = cut == std::string_view::npos ? text : text.substr(cut + 1);
  for (std::string_view dataset : {"math", "carp_en", "mmlu_stem"}) {
    const auto answer = prediction(text, dataset, gold);
    if (answer) answers_equal(answer, normalize_answer(gold), GradeMode::kQwen);
  }
  exact_match(text, gold);
  const std::string raw(first);
  for (GradeMode mode : {GradeMode::kStrict, GradeMode::kQwen}) {
    if (!answers_equal(raw, raw, mode)) std::abort();
    if (answers_equal(raw, gold, mode) != answers_equal(raw, gold, mode)) std::abort();
  }
  return 0;
}
