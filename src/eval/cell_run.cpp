#include "eval/cell_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <unordered_map>

#include "base/progress.h"
#include "base/text.h"
#include "eval/batch.h"
#include "eval/choices.h"
#include "eval/grade/text.h"
#include "eval/graders.h"
#include "mod/error.h"

namespace mod::eval {
namespace {

using Clock = std::chrono::steady_clock;

class CellRun {
 public:
  CellRun(const CellJob& job, EvalModel& model, RunFolder& folder, const Context& context,
          std::vector<ItemResult> answered)
      : job_(job),
        model_(model),
        folder_(folder),
        context_(context),
        results_(std::move(answered)),
        rules_{job.task.begin_token, job.settings.apply_chat_template} {
    for (const ItemResult& result : results_) {
      known_.insert(result.id);
      right_ += result.correct ? 1 : 0;
    }
    for (const Item& item : job.data.items) {
      if (!known_.contains(item.id)) open_.push_back(&item);
    }
  }

  bool run() {
    if (open_.empty()) return true;
    const std::size_t before = results_.size();
    const auto numbers = [this](std::uint64_t done, std::uint64_t total, double seconds) {
      return progress(done, total, seconds);
    };
    Progress bar(*context_.log, job_.title, open_.size(), Progress::default_style(), numbers);
    last_ = Clock::now();
    const auto after_pass = [&, shown = before]() mutable {
      if (results_.size() == shown) return;
      folder_.sync();
      bar.add(results_.size() - shown);
      shown = results_.size();
    };
    return job_.task.is_multiple_choice() ? score_all(after_pass) : ask_all(after_pass);
  }

  std::vector<ItemResult> take() { return std::move(results_); }

 private:
  std::string progress(std::uint64_t done, std::uint64_t total, double seconds) const {
    const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
    std::string text = fmt::format("{} of {} items", done, total);
    if (rate > 0) {
      text += fmt::format(", {:.1f} items/s, {} left", rate,
                          duration_text(static_cast<double>(total - std::min(done, total)) / rate));
    }
    if (results_.empty()) return text;
    const double share = static_cast<double>(right_) / static_cast<double>(results_.size());
    return text + fmt::format(", {:.1f} % right", 100 * share);
  }

  PromptText prompt_of(const Item& item) const { return ask_item(job_.task, job_.data, item); }

  // ---- replies

  BatchOptions batch_options() const {
    BatchOptions options;
    options.batch = job_.settings.batch;
    options.samples = job_.settings.samples;
    mix::GenerationOptions& generation = options.generation;
    generation.max_tokens = job_.task.decoding.max_new_tokens;
    generation.sampling = job_.task.decoding.sampling;
    generation.sampling.seed = job_.settings.selection.seed;
    generation.end_tokens = model_.bundle.generation.end_tokens;
    generation.stops = job_.task.decoding.stops;
    if (const auto stop = prompt_stop(job_.task.prompt); !stop.empty()) {
      generation.stops.emplace_back(stop);
    }
    // The text of a special token is never seen.
    const text::Tokenizer& tokenizer = model_.bundle.need_tokenizer();
    for (const std::string& stop : generation.stops) {
      const auto id = tokenizer.token_to_id(stop);
      if (id && tokenizer.is_special(*id)) generation.end_tokens.push_back(*id);
    }
    return options;
  }

  bool ask_all(const std::function<void()>& after_pass) {
    std::vector<Question> questions;
    for (const Item* item : open_) {
      questions.push_back({make_item_prompt(model_.bundle, prompt_of(*item), rules_),
                           job_.task.name + "/" + item->id});
    }
    const auto done = [&](std::size_t i, std::vector<Answer> answers) {
      ItemResult result = result_of(*open_[i]);
      result.prompt_tokens = questions[i].prompt.size();
      for (std::size_t s = 0; s < answers.size(); ++s) {
        add_passes(answers[s].passes, result);
        Reply reply = graded(answers[s], *open_[i], s == 0 ? &result : nullptr);
        if (s == 0) {
          static_cast<Reply&>(result) = std::move(reply);
        } else {
          result.more_samples.push_back(std::move(reply));
        }
      }
      keep(std::move(result));
    };
    return answer_all(model_, questions, batch_options(), done, after_pass);
  }

  Reply graded(const Answer& answer, const Item& item, ItemResult* result) const {
    Verdict verdict = grade_reply(job_.task.grader, job_.task.dataset, answer.text, item.gold);
    if (result) result->more_metrics = std::move(verdict.more_metrics);
    const bool has_no_room = answer.finish == mix::Finish::kContext && answer.new_tokens == 0;
    return {answer.text,
            std::move(verdict.graded),
            verdict.correct,
            verdict.correct_qwen,
            answer.new_tokens,
            has_no_room ? "context" : std::string(mix::finish_reason(answer.finish))};
  }

  // ---- choices

  bool score_all(const std::function<void()>& after_pass) {
    mix::Stream stream = model_.engine->start();
    for (const Item* item : open_) {
      if (context_.stop_requested()) return false;
      try {
        score(*item, stream);
      } catch (const Error& error) {
        if (error.code() != ErrorCode::kCancelled) throw;
        return false;
      }
      after_pass();
    }
    return true;
  }

  void score(const Item& item, mix::Stream& stream) {
    std::vector<ChoicePrompt> prompts;
    for (const std::string& choice : item.choices) {
      prompts.push_back(make_choice_prompt(model_.bundle, prompt_of(item), " " + choice, rules_,
                                           model_.engine->longest_text()));
    }
    const ChoiceScores scores = score_choices(*model_.engine, stream, prompts);
    std::vector<double> by_length, by_bytes;
    for (std::size_t i = 0; i < item.choices.size(); ++i) {
      const auto characters = static_cast<double>(length(item.choices[i]));
      by_length.push_back(scores.logprobs[i] / std::max(1.0, characters));
      by_bytes.push_back(scores.logprobs[i] /
                         std::max(1.0, static_cast<double>(item.choices[i].size())));
    }
    ItemResult result = result_of(item);
    result.prompt_tokens = prompts.front().context;
    const std::size_t best = best_choice(scores.logprobs);
    result.graded = result.response = item.choices[best];
    result.correct = best == item.gold_choice;
    result.more_metrics["acc_norm"] = best_choice(by_length) == item.gold_choice;
    result.more_metrics["acc_bytes"] = best_choice(by_bytes) == item.gold_choice;
    for (std::size_t i = 0; i < item.choices.size(); ++i) {
      result.choices.push_back({item.choices[i], scores.logprobs[i], i == best});
    }
    // Each choice is read at once, with what it shares with others left out.
    add_passes(std::vector<std::uint64_t>(model_.experts.size(), item.choices.size()), result);
    keep(std::move(result));
  }

  // ---- both

  static ItemResult result_of(const Item& item) {
    ItemResult result;
    result.id = item.id;
    result.question = item.question;
    result.gold = item.gold;
    return result;
  }

  void add_passes(const std::vector<std::uint64_t>& passes, ItemResult& result) const {
    for (std::size_t k = 0; k < passes.size(); ++k) {
      result.forward_passes[model_.experts[k]] += passes[k];
    }
  }

  void keep(ItemResult result) {
    const Clock::time_point now = Clock::now();
    result.seconds = std::chrono::duration<double>(now - last_).count();
    last_ = now;
    right_ += result.correct ? 1 : 0;
    folder_.append(job_.info.label, job_.task.name, result);
    results_.push_back(std::move(result));
  }

  const CellJob& job_;
  EvalModel& model_;
  RunFolder& folder_;
  const Context& context_;
  std::vector<ItemResult> results_;  // as they finish
  PromptRules rules_;
  std::set<std::string> known_;
  std::vector<const Item*> open_;
  std::size_t right_ = 0;
  Clock::time_point last_;
};

/// In the order of the data; what belongs to no item of it is left out.
std::vector<ItemResult> in_order(std::vector<ItemResult> results, const TaskData& data) {
  std::unordered_map<std::string, ItemResult*> by_id;
  for (ItemResult& result : results) by_id[result.id] = &result;
  std::vector<ItemResult> ordered;
  for (const Item& item : data.items) {
    if (const auto found = by_id.find(item.id); found != by_id.end()) {
      ordered.push_back(std::move(*found->second));
    }
  }
  return ordered;
}

}  // namespace

bool run_cell(const CellJob& job, EvalModel& model, RunFolder& folder, const Context& context,
              Cell& cell) {
  CellRun run(job, model, folder, context, folder.answered(job.info.label, job.task.name));
  const bool is_complete = run.run();
  cell.task = job.task.name;
  cell.items = in_order(run.take(), job.data);
  finish_cell(cell);
  return is_complete;
}

}  // namespace mod::eval
