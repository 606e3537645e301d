#include "eval/batch.h"

#include <algorithm>
#include <map>

#include "base/random.h"
#include "io/memory.h"
#include "mod/error.h"

namespace mod::eval {
namespace {

/// Shares of the available memory: weights may take 80 %.
constexpr std::uint64_t kCacheShare = 4;

std::uint64_t seed_of(std::uint64_t seed, const std::string& key, int sample) {
  return splitmix64(splitmix64(seed ^ fnv1a64(key)) + static_cast<std::uint64_t>(sample));
}

class Batch {
 public:
  Batch(EvalModel& model, std::span<const Question> questions, const BatchOptions& options,
        const QuestionDone& done)
      : engine_(*model.engine),
        tokenizer_(model.bundle.need_tokenizer()),
        questions_(questions),
        options_(options),
        done_(done) {
    const auto samples = static_cast<std::size_t>(options.samples);
    jobs_ = questions.size() * samples;
    std::size_t longest = 0;
    for (const Question& question : questions) longest = std::max(longest, question.prompt.size());
    width_ = options.batch > 0 ? options.batch
                               : automatic_batch(model, longest + options.generation.max_tokens);
  }

  bool run(const std::function<void()>& after_pass) {
    while (fill()) {
      if (!advance()) return false;
      for (Running& one : running_) one.generation.choose();
      for (std::size_t i = running_.size(); i-- > 0;) {
        if (running_[i].generation.done()) finish(i);
      }
      if (after_pass) after_pass();
    }
    return true;
  }

 private:
  struct Running {
    std::size_t question;
    int sample;
    mix::Generation generation;
  };

  /// Starts answers until the batch is full; false if there is nothing left to do.
  bool fill() {
    while (running_.size() < width_ && next_ < jobs_) {
      const auto samples = static_cast<std::size_t>(options_.samples);
      start(next_ / samples, static_cast<int>(next_ % samples));
      ++next_;
    }
    return !running_.empty();
  }

  void start(std::size_t question, int sample) {
    const ItemPrompt& prompt = questions_[question].prompt;
    if (prompt.size() >= engine_.longest_text()) {
      return hand_in(question, sample, {{}, 0, {}, mix::Finish::kContext});
    }
    mix::GenerationOptions generation = options_.generation;
    generation.sampling.seed = seed_of(generation.sampling.seed, questions_[question].key, sample);
    mix::Generation started =
        start_answer(engine_, take_stream(prompt), prompt, generation, tokenizer_);
    if (started.done()) return hand_in(question, sample, {{}, 0, {}, started.finish()});
    running_.push_back({question, sample, std::move(started)});
  }

  /// The idle stream that shares most with the prompt; a new one while there are none.
  mix::Stream take_stream(const ItemPrompt& prompt) {
    if (idle_.empty()) return engine_.start();
    const auto best = std::max_element(idle_.begin(), idle_.end(),
                                       [&](const mix::Stream& a, const mix::Stream& b) {
                                         return shared_tokens(a, prompt) < shared_tokens(b, prompt);
                                       });
    mix::Stream stream = std::move(*best);
    idle_.erase(best);
    return stream;
  }

  bool advance() {
    steps_.clear();
    for (Running& one : running_) steps_.push_back(one.generation.next());
    if (engine_.context().stop_requested()) return false;
    try {
      engine_.advance(steps_);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kCancelled) throw;
      return false;
    }
    return true;
  }

  void finish(std::size_t index) {
    Running& one = running_[index];
    const std::size_t tokens = one.generation.tokens().size();
    Answer answer{one.generation.text(), tokens, one.generation.forward_passes(),
                  one.generation.finish()};
    idle_.push_back(std::move(one.generation.stream()));
    const std::size_t question = one.question;
    const int sample = one.sample;
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(index));
    hand_in(question, sample, std::move(answer));
  }

  void hand_in(std::size_t question, int sample, Answer answer) {
    Samples& all = unfinished_[question];
    all.answers.resize(static_cast<std::size_t>(options_.samples));
    all.answers[static_cast<std::size_t>(sample)] = std::move(answer);
    if (++all.finished < options_.samples) return;
    std::vector<Answer> answers = std::move(all.answers);
    unfinished_.erase(question);
    done_(question, std::move(answers));
  }

  struct Samples {
    std::vector<Answer> answers;
    int finished = 0;
  };

  mix::Engine& engine_;
  const text::Tokenizer& tokenizer_;
  std::span<const Question> questions_;
  const BatchOptions& options_;
  const QuestionDone& done_;
  std::size_t width_ = 1, jobs_ = 0, next_ = 0;
  std::vector<Running> running_;
  std::vector<mix::Stream> idle_;
  std::vector<mix::Step> steps_;
  std::map<std::size_t, Samples> unfinished_;
};

}  // namespace

std::size_t automatic_batch(const EvalModel& model, std::size_t tokens) {
  const std::uint64_t free = io::available_memory().value_or(std::uint64_t{1} << 30) / kCacheShare;
  const std::uint64_t each =
      std::max<std::uint64_t>(1, model.cache_bytes_per_token) *
      std::max<std::uint64_t>(1, std::min(tokens, model.engine->longest_text()));
  return std::clamp<std::size_t>(free / each, 1, kLargestBatch);
}

bool answer_all(EvalModel& model, std::span<const Question> questions, const BatchOptions& options,
                const QuestionDone& done, const std::function<void()>& after_pass) {
  mix::check_generation(*model.engine, options.generation);
  return Batch(model, questions, options, done).run(after_pass);
}

}  // namespace mod::eval
