#include "eval/likeness_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <system_error>

#include "base/hash.h"
#include "base/progress.h"
#include "base/text.h"
#include "bundle/compatibility.h"
#include "mod/error.h"

namespace mod::eval {
namespace {

namespace fs = std::filesystem;

/// Adds the seconds of its life.
class Timer {
 public:
  explicit Timer(double& seconds) : seconds_(seconds) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() {
    seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  double& seconds_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

std::string progress_of_texts(std::uint64_t done, std::uint64_t total, double /*seconds*/) {
  return fmt::format("{} of {} texts", done, total);
}

[[noreturn]] void leave_out(const std::string& why) { throw Error(ErrorCode::kInvalidInput, why); }

void check_tokens(const text::Tokenizer& first, const text::Tokenizer& other) {
  const bundle::NamedTokenizer both[] = {{"the first model", &first, 0}, {"this", &other, 0}};
  Problems ignored;
  try {
    bundle::check_tokenizers(both, ignored);
  } catch (const Error&) {
    leave_out("its token ids mean other things");
  }
}

/// Visits the predictions after the places of a text, in order.
void read_text(mix::Engine& engine, const LikenessText& text, LogprobWriter& file) {
  mix::Stream stream = engine.start();
  auto next = text.places.begin();
  engine.score(stream, text.ids, [&](std::size_t position, const mix::Prediction& prediction) {
    if (next == text.places.end() || *next != position) return;
    file.append(prediction.scores, prediction.log_total);
    ++next;
  });
}

}  // namespace

LikenessRun::LikenessRun(const EvalSettings& settings, std::span<const TaskData> data,
                         const fs::path& folder, const Context& context)
    : settings_(settings), data_(data), folder_(folder / "likeness"), context_(context) {}

void LikenessRun::add(const ModelInfo& info, EvalModel& model, const Row& row) {
  const Timer timer(seconds_);
  try {
    if (!texts_) choose_texts(info, model, row);
    if (texts_->positions == 0) return;
    check_row(model);
    files_.push_back(measure(info, model));
    likeness_.rows.push_back(info.argument);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    context_.log->warn(
        fmt::format("{} is left out of the likeness of the models: {}", info.label, error.what()));
    likeness_.left_out.emplace_back(info.argument, error.what());
  }
}

void LikenessRun::choose_texts(const ModelInfo& info, const EvalModel& model, const Row& row) {
  texts_.emplace();
  std::error_code error;
  fs::create_directories(folder_, error);  // what is wrong is said when a file is written
  tokenizer_ = model.bundle.tokenizer;
  texts_ = choose_likeness_texts(settings_, data_, info, model, row);
  likeness_.source = texts_->source;
  likeness_.positions = texts_->positions;
  likeness_.texts = texts_->texts.size();
  write_likeness_texts(*texts_, folder_ / "texts.json");
}

void LikenessRun::check_row(const EvalModel& model) const {
  const text::Tokenizer& tokenizer = model.bundle.need_tokenizer();
  if (&tokenizer != tokenizer_.get()) check_tokens(*tokenizer_, tokenizer);
  const std::size_t longest = model.engine->longest_text();
  for (const LikenessText& text : texts_->texts) {
    if (text.ids.size() > longest) {
      leave_out(fmt::format("a text has {} tokens, and its context {}", text.ids.size(), longest));
    }
  }
  // Those of one tokenizer differ by some padding.
  const std::size_t bytes = texts_->positions * model.engine->vocabulary() * sizeof(float);
  if (bytes > 2 * kMostLikenessBytes) leave_out("its vocabulary is too large");
}

LogprobFile LikenessRun::measure(const ModelInfo& info, EvalModel& model) {
  const fs::path path = folder_ / (file_name(info.label) + ".safetensors");
  const std::string fingerprint = sha256_hex(info.fingerprint + texts_->fingerprint);
  if (auto file = LogprobFile::open(path, fingerprint, texts_->positions)) return std::move(*file);
  LogprobWriter writer(path, fingerprint, texts_->positions, model.engine->vocabulary());
  Progress bar(*context_.log, info.label + ", likeness", texts_->texts.size(),
               Progress::default_style(), progress_of_texts);
  for (const LikenessText& text : texts_->texts) {
    read_text(*model.engine, text, writer);
    bar.add(1);
  }
  writer.finish();
  auto file = LogprobFile::open(path, fingerprint, texts_->positions);
  if (!file) throw Error(ErrorCode::kIo, path.string() + " was changed while it was written");
  return std::move(*file);
}

std::optional<Likeness> LikenessRun::finish() {
  if (files_.size() < 2) {
    if (texts_ && texts_->positions == 0) {
      context_.log->info("no likeness of the models: there are no replies to compare them in");
    }
    return std::nullopt;
  }
  Likeness out = likeness_;
  {
    const Timer timer(seconds_);
    LikenessMatrices matrices = compare();
    out.top1 = std::move(matrices.top1);
    out.jensen_shannon = std::move(matrices.jensen_shannon);
  }
  context_.log->info(fmt::format("likeness of {} models at {} positions: {} in all",
                                 out.rows.size(), out.positions, duration_text(seconds_)));
  return out;
}

LikenessMatrices LikenessRun::compare() const {
  LikenessInput input{files_.size(), texts_->positions, 0, {}};
  for (const LogprobFile& file : files_) {
    input.vocabulary = std::max(input.vocabulary, file.vocabulary());
  }
  input.read = [this](std::size_t row, std::size_t position, std::size_t first,
                      std::span<float> out) { files_[row].read(position, first, out); };
  return likeness_matrices(input, context_);
}

}  // namespace mod::eval
