#include "bundle/compatibility.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "checkpoint/quote.h"
#include "mod/error.h"

namespace mod::bundle {
namespace {

constexpr std::size_t kShown = 8;

std::string shown(std::string_view bytes) {
  return fmt::format("\"{}\"", checkpoint::printable(bytes, 48));
}

/// Some of the ids that were found, as text, and how many there are.
class Findings {
 public:
  template <class Text>
  void add(const Text& text) {
    if (++count_ > kShown) return;
    if (!list_.empty()) list_ += ", ";
    list_ += text();
  }
  std::size_t count() const { return count_; }
  std::string list() const {
    return count_ > kShown ? fmt::format("{} and {} more", list_, count_ - kShown) : list_;
  }

 private:
  std::size_t count_ = 0;
  std::string list_;
};

class Comparison {
 public:
  explicit Comparison(std::span<const NamedTokenizer> experts) : experts_(experts) {
    for (const NamedTokenizer& expert : experts) {
      const auto same = [&](const NamedTokenizer* other) {
        return other->tokenizer == expert.tokenizer;
      };
      if (std::none_of(distinct_.begin(), distinct_.end(), same)) distinct_.push_back(&expert);
      rows_ = std::max(rows_, expert.rows);
      fewest_rows_ = std::min(fewest_rows_, expert.rows);
      tokens_ = std::max(tokens_, expert.tokenizer->vocab_size());
    }
  }

  void run() {
    for (std::int32_t id = 0; id < tokens_; ++id) look_at(id);
    if (static_cast<std::size_t>(tokens_) < rows_) mask(tokens_, static_cast<std::int32_t>(rows_));
  }

  void throw_if_different() const {
    if (!first_difference_) return;
    std::string text = *first_difference_;
    if (differences_ > 1) text += fmt::format(" ({} ids differ)", differences_);
    if (special_.count() > 0) text += "; special tokens that differ: " + special_.list();
    throw Error(ErrorCode::kInvalidInput,
                text + "; only models that share a tokenizer can write one text together");
  }

  void note(Problems& notes) const {
    if (some_special_.count() > 0) {
      notes.note({}, "special tokens of some experts only: " + some_special_.list());
    }
    if (some_only_.count() > 0) {
      notes.note({}, fmt::format("{} tokens that not every expert has are never sampled: {}",
                                 some_only_.count(), some_only_.list()));
    }
  }

  std::vector<IdRange> take_masks() { return std::move(masks_); }

 private:
  void mask(std::int32_t first, std::int32_t last) {
    if (!masks_.empty() && masks_.back().last == first) {
      masks_.back().last = last;
    } else {
      masks_.push_back({first, last});
    }
  }

  void look_at(std::int32_t id) {
    const NamedTokenizer *first = nullptr, *without = nullptr;
    bool special = false;
    for (const NamedTokenizer* expert : distinct_) {
      if (!expert->tokenizer->id_to_token(id)) {
        without = expert;
      } else if (first == nullptr) {
        first = expert;
        if (distinct_.size() > 1) bytes_ = expert->tokenizer->token_bytes(id);
        special = expert->tokenizer->is_special(id);
      } else {
        compare(id, *first, *expert, special);
      }
    }
    const auto row = static_cast<std::size_t>(id);
    if (row < rows_ && (first == nullptr || without != nullptr || row >= fewest_rows_)) {
      mask(id, id + 1);
    }
    if (first == nullptr || row >= rows_) return;
    if (without == nullptr && row >= fewest_rows_) without = &narrowest(row);
    if (without == nullptr) return;
    some_only_.add([&] {
      return fmt::format("{} ({}, not in {})", shown(first->tokenizer->token_bytes(id)), id,
                         without->name);
    });
  }

  /// An expert without this row.
  const NamedTokenizer& narrowest(std::size_t row) const {
    return *std::find_if(experts_.begin(), experts_.end(),
                         [&](const NamedTokenizer& expert) { return expert.rows <= row; });
  }

  /// `bytes_` are those of `a`.
  void compare(std::int32_t id, const NamedTokenizer& a, const NamedTokenizer& b, bool special) {
    const bool b_special = b.tokenizer->is_special(id);
    const std::string other = b.tokenizer->token_bytes(id);
    if (other != bytes_) {
      if (std::exchange(last_difference_, id) != id) ++differences_;
      const auto both = [&] {
        return fmt::format("{} is {} in {} and {} in {}", id, shown(bytes_), a.name, shown(other),
                           b.name);
      };
      if (!first_difference_) first_difference_ = "the experts' tokens differ: id " + both();
      if (special || b_special) special_.add(both);
    } else if (special != b_special) {
      some_special_.add([&] {
        return fmt::format("{} ({}: special in {}, not in {})", shown(bytes_), id,
                           special ? a.name : b.name, special ? b.name : a.name);
      });
    }
  }

  std::span<const NamedTokenizer> experts_;
  std::vector<const NamedTokenizer*> distinct_;  // one for each tokenizer
  std::size_t rows_ = 0, fewest_rows_ = SIZE_MAX;
  std::int32_t tokens_ = 0;
  std::string bytes_;
  std::optional<std::string> first_difference_;
  std::int32_t last_difference_ = -1;
  std::size_t differences_ = 0;  // ids
  Findings special_, some_special_, some_only_;
  std::vector<IdRange> masks_;
};

}  // namespace

std::vector<IdRange> check_tokenizers(std::span<const NamedTokenizer> experts, Problems& notes) {
  Comparison comparison(experts);
  comparison.run();
  comparison.throw_if_different();
  comparison.note(notes);
  return comparison.take_masks();
}

}  // namespace mod::bundle
