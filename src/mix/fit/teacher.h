// Shows texts to all experts of a mixture and keeps what they say of every token, or goes over
// their whole rows of logits: from memory where these fit, by running the models again where they
// do not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "mix/engine.h"
#include "mix/fit/transcript.h"

namespace mod::mix {

/// A text to learn from.
struct Lesson {
  Prompt prompt;         // the whole of it, an answer included
  std::size_t from = 0;  // tokens from this place (of those that all experts share) on count
  std::size_t unit = 0;  // lessons of one unit are drawn together by the bootstrap
};

struct TeacherOptions {
  std::size_t batch = 8;         // texts at a time
  std::uint64_t keep_bytes = 0;  // most memory for rows of logits that stay
};

/// A token that counts.
struct CountedRows {
  std::size_t index = 0;  // among all that count, in order of the lessons
  Token token = 0;
  std::span<const std::span<const float>> logits;  // one an expert: before temperature and masks
};

/// Not thread-safe. Keeps references to engine and lessons.
class Teacher {
 public:
  /// Throws Error(kInvalidInput) where no token counts.
  Teacher(Engine& engine, std::span<const Lesson> lessons, const TeacherOptions& options);

  const Context& context() const { return engine_.context(); }
  std::size_t counted() const { return offsets_.back(); }
  /// How often the models have gone through all texts.
  int passes() const { return passes_; }

  /// One pass under these temperatures; of the tokens before the counted ones only if the mixture's
  /// gate hears them. Throws as Engine::examine.
  std::vector<Transcript> listen(std::span<const double> temperatures);

  /// Some tokens at a time, those of a text in order. Costs a pass where the rows are not kept;
  /// they are from the first visit on. Throws as Engine::examine.
  using Visit = std::function<void(std::span<const CountedRows> rows)>;
  void visit(const Visit& visit);

 private:
  void pass(bool counted_only,
            const std::function<void(std::size_t text, std::span<const PlaceLogits>)>& show);
  void visit_kept(const Visit& visit) const;

  Engine& engine_;
  std::span<const Lesson> lessons_;
  TeacherOptions options_;
  std::vector<Transcript> blank_;  // marks of the tokens
  std::vector<std::vector<Token>> tokens_;
  std::vector<std::size_t> firsts_;   // the first place that counts, of each lesson
  std::vector<std::size_t> offsets_;  // its index among all that count; one more at the end
  bool may_keep_ = false;
  std::vector<std::vector<float>> kept_;  // of each token that counts: the experts' rows
  int passes_ = 0;
};

/// out = ln p of every token under the temperature and the masks; its length is the vocabulary, and
/// what the expert does not have is masked.
void log_row(std::span<const float> logits, double temperature, std::span<const TokenRange> masked,
             std::span<float> out, const Context& context);

}  // namespace mod::mix
