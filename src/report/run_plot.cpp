#include "report/run_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numbers>

#include "report/html.h"
#include "report/hues.h"

namespace mod::report {
namespace {

constexpr int kHeight = 1000;   // units of the plot of weights
constexpr int kStrip = 100;     // units of the strip of disagreement
constexpr double kApart = 9.5;  // least distance of two labels, per cent of the height

struct Range {
  double low = 0, high = 1;
  double share(double value) const { return (high - value) / (high - low); }
};

double weight_of(const RunPage::Token& token, std::size_t expert) {
  return expert < token.experts.size() ? token.experts[expert].weight : RunPage::kUnknown;
}

/// [0, 1], wider where exponents of log-linear mixtures are.
Range range_of(const RunPage& page) {
  Range range;
  for (const RunPage::Token& token : page.tokens) {
    for (const RunPage::TokenExpert& expert : token.experts) {
      if (!std::isfinite(expert.weight)) continue;
      range.low = std::min(range.low, expert.weight);
      range.high = std::max(range.high, expert.weight);
    }
  }
  return range;
}

/// A step a token; a gap where the weight is not known.
std::string weight_path(const RunPage& page, std::size_t expert, const Range& range) {
  std::string path;
  bool drawing = false;
  int last = 0;
  for (std::size_t t = 0; t < page.tokens.size(); ++t) {
    const double weight = weight_of(page.tokens[t], expert);
    const bool known = std::isfinite(weight);
    const int y = known ? static_cast<int>(std::lround(range.share(weight) * kHeight)) : 0;
    if (drawing && (!known || y != last)) fmt::format_to(std::back_inserter(path), "H{}", t);
    if (known && !drawing) fmt::format_to(std::back_inserter(path), "M{} {}", t, y);
    if (known && drawing && y != last) fmt::format_to(std::back_inserter(path), "V{}", y);
    drawing = known;
    last = y;
  }
  if (drawing) fmt::format_to(std::back_inserter(path), "H{}", page.tokens.size());
  return path;
}

struct Label {
  std::size_t expert;
  double top;  // per cent
};

/// One beside the end of every line, moved apart where lines end together.
std::vector<Label> labels_of(const RunPage& page, const Range& range) {
  std::vector<Label> labels;
  for (std::size_t e = 0; e < page.experts.size(); ++e) {
    for (std::size_t t = page.tokens.size(); t-- > 0;) {
      const double weight = weight_of(page.tokens[t], e);
      if (!std::isfinite(weight)) continue;
      labels.push_back({e, 100 * range.share(weight)});
      break;
    }
  }
  std::stable_sort(labels.begin(), labels.end(),
                   [](const Label& a, const Label& b) { return a.top < b.top; });
  for (std::size_t i = 1; i < labels.size(); ++i)
    labels[i].top = std::max(labels[i].top, labels[i - 1].top + kApart);
  double limit = 97;
  for (std::size_t i = labels.size(); i-- > 0; limit -= kApart)
    labels[i].top = std::min(labels[i].top, limit);
  return labels;
}

/// Bars of the tokens that one expert leads; `hue` -1: of those that none does.
std::string strip_path(const RunPage& page, int leader) {
  std::string path;
  for (std::size_t t = 0; t < page.tokens.size(); ++t) {
    const RunPage::Token& token = page.tokens[t];
    const long height = std::lround(strength(token.disagreement) * kStrip);
    if (token.leader == leader && height > 0)
      fmt::format_to(std::back_inserter(path), "M{} {}V{}h1V{}z", t, kStrip, kStrip - height,
                     kStrip);
  }
  return path;
}

std::string weights_figure(const RunPage& page) {
  const Range range = range_of(page);
  std::string lines, labels;
  for (std::size_t e = 0; e < page.experts.size(); ++e) {
    fmt::format_to(std::back_inserter(lines), "<path class=\"line {}\" d=\"{}\"/>", hue_class(e),
                   weight_path(page, e, range));
  }
  for (const Label& label : labels_of(page, range)) {
    fmt::format_to(std::back_inserter(labels), "<span class=\"{}\" style=\"top:{:.1f}%\">{}</span>",
                   hue_class(label.expert), label.top,
                   escape(one_line(page.experts[label.expert].name)));
  }
  return fmt::format(
      "<div class=\"scale\" aria-hidden=\"true\"><span>{:.3g}</span><span>{:.3g}</span></div>\n"
      "<div class=\"canvas weights\" data-plot><svg viewBox=\"0 0 {} {}\" "
      "preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Weights of the experts, token by "
      "token\"><path class=\"grid\" d=\"M0 {}H{}M0 {}H{}\"/>{}</svg></div>\n"
      "<div class=\"ends\" aria-hidden=\"true\">{}</div>\n",
      range.high, range.low, page.tokens.size(), kHeight, kHeight / 4, page.tokens.size(),
      kHeight * 3 / 4, page.tokens.size(), lines, labels);
}

std::string strip_figure(const RunPage& page) {
  std::string bars;
  for (int leader = -1; leader < static_cast<int>(page.experts.size()); ++leader) {
    const std::string path = strip_path(page, leader);
    if (path.empty()) continue;
    fmt::format_to(std::back_inserter(bars), "<path class=\"bar {}\" d=\"{}\"/>",
                   leader < 0 ? "plain" : hue_class(static_cast<std::size_t>(leader)), path);
  }
  return fmt::format(
      "<div class=\"canvas strip\" data-plot><svg viewBox=\"0 0 {} {}\" "
      "preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Disagreement of the experts, token "
      "by token\">{}</svg></div><div class=\"ends note\">disagree&shy;ment</div>\n"
      "<div class=\"ticks\" aria-hidden=\"true\"><span>first token</span><span>token {}</span>"
      "</div>\n",
      page.tokens.size(), kStrip, bars, page.tokens.size());
}

}  // namespace

double strength(double disagreement) {
  if (!std::isfinite(disagreement) || disagreement <= 0) return 0;
  return std::min(1.0, std::sqrt(disagreement / std::numbers::ln2));
}

std::string run_plot_html(const RunPage& page) {
  if (page.experts.size() < 2 || page.tokens.empty()) return {};
  return "<section><h2>Weights of the gate</h2>\n<figure class=\"plot\">\n" + weights_figure(page) +
         strip_figure(page) + "</figure></section>\n";
}

}  // namespace mod::report
