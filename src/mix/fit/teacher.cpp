#include "mix/fit/teacher.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "cpu/parallel.h"
#include "mix/rows.h"
#include "mod/error.h"

namespace mod::mix {
namespace {

constexpr float kMasked = -std::numeric_limits<float>::infinity();

/// Rows are handled one a thread; the work inside of one stays on that thread.
Context alone(const Context& context) {
  Context one = context;
  one.threads = 1;
  return one;
}

void mask(std::span<const TokenRange> masked, std::span<float> row) {
  for (const TokenRange& range : masked) {
    const std::size_t last = std::min(static_cast<std::size_t>(range.last), row.size());
    for (auto id = static_cast<std::size_t>(range.first); id < last; ++id) row[id] = kMasked;
  }
}

/// The shared tokens of a text, and what a stream marks them with.
void lay_out(const Lesson& lesson, std::size_t experts, Transcript& text,
             std::vector<Token>& tokens) {
  std::vector<bool> has_some(experts, false);
  for (const Piece& piece : lesson.prompt) {
    for (std::size_t k = 0; k < piece.views.size() && k < experts; ++k) {
      if (!piece.views[k].empty()) has_some[k] = true;
    }
    for (std::size_t i = 0; i < piece.tokens.size(); ++i) {
      const bool predicted =
          std::all_of(has_some.begin(), has_some.end(), [](bool b) { return b; });
      const bool counts = predicted && tokens.size() >= lesson.from;
      text.tokens.push_back({piece.part, piece.starts_turn && i == 0, predicted, counts});
      tokens.push_back(piece.tokens[i]);
      has_some.assign(experts, true);
    }
  }
  text.experts = experts;
  text.unit = lesson.unit;
  text.resize(tokens.size());
}

/// What one expert says of one token.
void note(std::span<const float> logits, double temperature, std::span<const TokenRange> masked,
          Token token, const Context& context, double* heard, double* score, double* entropy) {
  const RowSummary sums = summarise(logits, temperature, context);
  const auto id = static_cast<std::size_t>(token);
  *heard = id < logits.size() ? logits[id] / temperature - sums.log_sum_exp()
                              : static_cast<double>(kMasked);
  *entropy = sums.entropy;
  *score = *heard;
  if (masked.empty() || id >= logits.size()) return;
  std::vector<float> row(logits.begin(), logits.end());
  mask(masked, row);
  *score = row[id] / temperature - summarise(row, temperature, context).log_sum_exp();
}

}  // namespace

void log_row(std::span<const float> logits, double temperature, std::span<const TokenRange> masked,
             std::span<float> out, const Context& context) {
  const std::span<float> row = out.first(std::min(out.size(), logits.size()));
  std::copy_n(logits.begin(), row.size(), row.begin());
  std::fill(out.begin() + static_cast<std::ptrdiff_t>(row.size()), out.end(), kMasked);
  mask(masked, row);
  log_softmax(row, temperature, row, context);
}

Teacher::Teacher(Engine& engine, std::span<const Lesson> lessons, const TeacherOptions& options)
    : engine_(engine), lessons_(lessons), options_(options) {
  std::uint64_t row_bytes = 0;
  for (const Expert& expert : engine.mixture().experts) {
    row_bytes += expert.model->vocabulary() * sizeof(float);
  }
  offsets_.push_back(0);
  for (const Lesson& lesson : lessons) {
    Transcript& text = blank_.emplace_back();
    lay_out(lesson, engine.mixture().experts.size(), text, tokens_.emplace_back());
    std::size_t first = std::min(lesson.from, text.tokens.size());
    while (first < text.tokens.size() && !text.tokens[first].counts) ++first;
    firsts_.push_back(first);
    offsets_.push_back(offsets_.back() + text.tokens.size() - first);
  }
  if (counted() == 0) {
    throw Error(ErrorCode::kInvalidInput, "the data has no token that something comes before");
  }
  may_keep_ = counted() <= options.keep_bytes / std::max<std::uint64_t>(1, row_bytes);
}

void Teacher::pass(
    bool counted_only,
    const std::function<void(std::size_t text, std::span<const PlaceLogits>)>& show) {
  const std::size_t batch = std::max<std::size_t>(1, options_.batch);
  std::vector<Stream> streams;
  for (std::size_t i = 0; i < std::min(batch, lessons_.size()); ++i) {
    streams.push_back(engine_.start());
  }
  for (std::size_t first = 0; first < lessons_.size(); first += batch) {
    std::vector<Examinee> texts;
    for (std::size_t i = first; i < std::min(first + batch, lessons_.size()); ++i) {
      Stream& stream = streams[i - first];
      stream.rewrite(lessons_[i].prompt);
      texts.push_back({&stream, counted_only ? firsts_[i] : 0});
    }
    engine_.examine(texts, [&](std::span<const PlaceLogits> places) { show(first, places); });
  }
  ++passes_;
}

std::vector<Transcript> Teacher::listen(std::span<const double> temperatures) {
  std::vector<Transcript> texts = blank_;
  const Mixture& mixture = engine_.mixture();
  const Context one = alone(context());
  const bool counted_only = !mixture.gate->hears.context && !mixture.gate->hears.turn;
  const auto note_places = [&](std::size_t first, std::span<const PlaceLogits> places) {
    cpu::parallel_for(context().threads, places.size(), 1, [&](std::size_t i, std::size_t last) {
      for (; i < last; ++i) {
        Transcript& text = texts[first + places[i].text];
        const std::size_t at = places[i].place * text.experts;
        for (std::size_t k = 0; k < text.experts; ++k) {
          note(places[i].logits[k], temperatures[k], mixture.masked,
               tokens_[first + places[i].text][places[i].place], one, &text.heard[at + k],
               &text.scores[at + k], &text.entropies[at + k]);
        }
      }
    });
  };
  pass(counted_only, note_places);
  return texts;
}

void Teacher::visit(const Visit& visit) {
  if (!kept_.empty()) return visit_kept(visit);
  std::vector<std::vector<float>> kept(may_keep_ ? counted() : 0);
  pass(true, [&](std::size_t first, std::span<const PlaceLogits> places) {
    std::vector<CountedRows> rows;
    for (const PlaceLogits& place : places) {
      const std::size_t text = first + place.text;
      rows.push_back(
          {offsets_[text] + place.place - firsts_[text], tokens_[text][place.place], place.logits});
      for (std::size_t k = 0; may_keep_ && k < place.logits.size(); ++k) {
        std::vector<float>& keep = kept[rows.back().index];
        keep.insert(keep.end(), place.logits[k].begin(), place.logits[k].end());
      }
    }
    visit(rows);
  });
  kept_ = std::move(kept);
}

void Teacher::visit_kept(const Visit& visit) const {
  constexpr std::size_t kBlock = 1024;
  const auto& experts = engine_.mixture().experts;
  std::vector<std::span<const float>> logits;
  for (std::size_t text = 0; text < lessons_.size(); ++text) {
    for (std::size_t first = offsets_[text]; first < offsets_[text + 1]; first += kBlock) {
      const std::size_t last = std::min(first + kBlock, offsets_[text + 1]);
      logits.clear();
      for (std::size_t i = first; i < last; ++i) {
        std::size_t at = 0;
        for (const Expert& expert : experts) {
          logits.push_back(std::span(kept_[i]).subspan(at, expert.model->vocabulary()));
          at += expert.model->vocabulary();
        }
      }
      std::vector<CountedRows> rows;
      for (std::size_t i = first; i < last; ++i) {
        rows.push_back({i, tokens_[text][firsts_[text] + i - offsets_[text]],
                        std::span(logits).subspan((i - first) * experts.size(), experts.size())});
      }
      visit(rows);
    }
  }
}

}  // namespace mod::mix
