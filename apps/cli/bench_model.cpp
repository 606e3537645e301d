#include "bench_model.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>

#include "bundle/bundle.h"
#include "mod/error.h"
#include "nn/limits.h"

namespace mod::cli {

std::shared_ptr<const nn::Model> open_bench_model(const std::string& name, Invocation& run) {
  bundle::OpenOptions options;
  options.text = false;
  return bundle::Opener(run.context, options).open(name).mixture.experts.front().model;
}

DType parse_kv(const std::string& word) {
  if (word == "fp32") return DType::F32;
  if (word == "bf16") return DType::BF16;
  throw Error(ErrorCode::kInvalidInput, "--kv: '" + word + "' is neither fp32 nor bf16");
}

std::vector<nn::Token> random_tokens(const nn::Model& model, std::size_t n, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<nn::Token> tokens(n);
  for (nn::Token& token : tokens) token = static_cast<nn::Token>(random() % model.vocabulary());
  return tokens;
}

double seconds_since_process_start() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  // Fields after the name in brackets, which may hold blanks; the start is the 22nd of all.
  std::istringstream fields(line.substr(std::min(line.size(), line.rfind(')') + 1)));
  std::string skipped;
  for (int i = 3; i < 22; ++i) fields >> skipped;
  double ticks = 0;
  fields >> ticks;
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9 -
         ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

Limits::Limits(const nn::Model& model, const Context& context, std::uint64_t most_bytes)
    : context_(context) {
  std::vector<std::span<const std::byte>> all;
  for (const auto& tensor : model.tensors()) all.push_back(tensor->bytes());
  std::sort(all.begin(), all.end(), [](auto a, auto b) { return a.size() > b.size(); });
  std::uint64_t taken = 0;
  for (const auto& span : all) {
    if (taken >= most_bytes) break;
    spans_.push_back(span);
    taken += span.size();
  }
  std::sort(spans_.begin(), spans_.end(),
            [](auto a, auto b) { return std::less<>()(a.data(), b.data()); });
  std::vector<std::span<const std::byte>> joined;
  for (const auto& span : spans_) {
    bytes_ += static_cast<double>(span.size());
    if (!joined.empty() && joined.back().data() + joined.back().size() == span.data()) {
      joined.back() = {joined.back().data(), joined.back().size() + span.size()};
    } else {
      joined.push_back(span);
    }
  }
  spans_ = std::move(joined);
}

void Limits::measure_reading() {
  const auto read = [this](int streams) {
    for (const auto& span : spans_) nn::read_all(span, streams, context_);
  };
  for (std::size_t i = 0; i < kStreams.size(); ++i) {
    reading_[i].push_back(seconds_of([&] { read(kStreams[i]); }));
  }
}

void Limits::measure_arithmetic() {
  constexpr std::size_t kSteps = 2'000'000;  // some milliseconds
  arithmetic_.push_back(
      seconds_of([this] { operations_ = nn::multiply_in_registers(kSteps, context_); }));
}

double Limits::read_rate() const {
  double best = median(reading_.front());
  for (const auto& seconds : reading_) best = std::min(best, median(seconds));
  return bytes_ / best;
}

double Limits::flop_rate() const { return operations_ / median(arithmetic_); }

}  // namespace mod::cli
