#include "perplexity_against.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>
#include <vector>

namespace mod::cli {
namespace {

using eval::Divergence;
using eval::Estimate;
using eval::Spread;

struct Quantile {
  std::string_view label, key;
  double Spread::* value;
  bool of_kl;  // the quartiles are shown for changes of probability only
};

constexpr Quantile kQuantiles[] = {
    {"Maximum", "max", &Spread::maximum, true},  {"99.9%", "p99.9", &Spread::p999, true},
    {"99.0%", "p99", &Spread::p99, true},        {"95.0%", "p95", &Spread::p95, true},
    {"90.0%", "p90", &Spread::p90, true},        {"75.0%", "p75", &Spread::p75, false},
    {"Median", "median", &Spread::median, true}, {"25.0%", "p25", &Spread::p25, false},
    {"10.0%", "p10", &Spread::p10, true},        {"5.0%", "p5", &Spread::p5, true},
    {"1.0%", "p1", &Spread::p1, true},           {"0.1%", "p0.1", &Spread::p01, true},
    {"Minimum", "min", &Spread::minimum, true}};

Json estimate_json(const Estimate& estimate) {
  return {{"value", estimate.value}, {"stderr", estimate.error}};
}

Json spread_json(const Estimate& mean, const Spread& spread, bool of_kl) {
  Json json = {{"mean", mean.value}, {"stderr", mean.error}};
  for (const Quantile& q : kQuantiles) {
    if (!of_kl || q.of_kl) json[std::string(q.key)] = spread.*q.value;
  }
  return json;
}

/// Lines "label: value" with the colons below one another.
class Block {
 public:
  void title(std::string_view text) { text_ += fmt::format("\n====== {} ======\n", text); }
  void line(std::string_view label, std::string_view value) {
    text_ += fmt::format("{:<30}: {}\n", label, value);
  }
  void estimate(std::string_view label, const Estimate& e, std::string_view unit = "") {
    line(label, fmt::format("{:11.6f} +/- {:10.6f}{}", e.value, e.error, unit));
  }
  void percent(std::string_view label, const Estimate& e) {
    line(label, fmt::format("{:7.3f} +/- {:.3f} %", 100 * e.value, 100 * e.error));
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void add_perplexities(const Divergence& d, Block& block) {
  block.title("Perplexity statistics");
  block.estimate("Mean PPL(model)", d.ppl);
  block.estimate("Mean PPL(base)", d.base_ppl);
  block.line("Cor(ln(PPL(model)), ln(PPL(base)))", fmt::format("{:6.2f}%", 100 * d.correlation));
  block.estimate("Mean ln(PPL(model)/PPL(base))", d.log_ratio);
  block.estimate("Mean PPL(model)/PPL(base)", d.ratio);
  block.estimate("Mean PPL(model)-PPL(base)", d.difference);
}

void add_kl(const Divergence& d, Block& block) {
  block.title("KL divergence statistics");
  block.estimate("Mean    KLD", d.kl);
  for (const Quantile& q : kQuantiles) {
    if (!q.of_kl) continue;
    block.line(fmt::format("{:<7} KLD", q.label), fmt::format("{:11.6f}", d.kl_spread.*q.value));
  }
}

void add_changes(const Divergence& d, Block& block) {
  block.title("Token probability statistics");
  block.percent("Mean    Δp", d.change);
  for (const Quantile& q : kQuantiles) {
    block.line(fmt::format("{:<7} Δp", q.label),
               fmt::format("{:7.3f} %", 100 * (d.change_spread.*q.value)));
  }
  block.percent("RMS Δp", d.rms_change);
  block.percent("Same top p", d.same_top);
}

}  // namespace

Json divergence_json(const std::string& base, const Divergence& d) {
  return {{"model", base},
          {"tokens", d.tokens},
          {"ppl", estimate_json(d.ppl)},
          {"base_ppl", estimate_json(d.base_ppl)},
          {"correlation", d.correlation},
          {"log_ratio", estimate_json(d.log_ratio)},
          {"ratio", estimate_json(d.ratio)},
          {"difference", estimate_json(d.difference)},
          {"kl", spread_json(d.kl, d.kl_spread, true)},
          {"change", spread_json(d.change, d.change_spread, false)},
          {"rms_change", estimate_json(d.rms_change)},
          {"same_top", estimate_json(d.same_top)}};
}

std::string divergence_text(const std::string& base, const Divergence& d) {
  Block block;
  add_perplexities(d, block);
  add_kl(d, block);
  add_changes(d, block);
  return fmt::format(
             "\nagainst {}, {} tokens (KLD in nats; Δp: probability of the token that came, "
             "model - base)\n",
             base, d.tokens) +
         block.take();
}

}  // namespace mod::cli
