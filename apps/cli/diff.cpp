// `mod diff A B`: how two checkpoints differ.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "base/progress.h"
#include "base/text.h"
#include "commands.h"
#include "merge/compare.h"
#include "print.h"

namespace mod::cli {
namespace {

using merge::DiffStatus;
using merge::TensorDiff;

struct Options {
  std::string a, b;
};

struct Totals {
  std::size_t differing = 0, only_a = 0, only_b = 0, shape = 0, changed = 0;
  std::uint64_t elements = 0, different = 0;
  double max_abs = 0;
};

Totals sum_up(const std::vector<TensorDiff>& list) {
  Totals totals;
  for (const TensorDiff& diff : list) {
    totals.differing += diff.status != DiffStatus::kEqual;
    totals.changed += diff.status == DiffStatus::kDiffers;
    totals.only_a += diff.status == DiffStatus::kOnlyA;
    totals.only_b += diff.status == DiffStatus::kOnlyB;
    totals.shape += diff.status == DiffStatus::kShape;
    if (diff.status != DiffStatus::kEqual && diff.status != DiffStatus::kDiffers) continue;
    totals.elements += diff.a->elements;
    totals.different += diff.different;
    totals.max_abs = std::max(totals.max_abs, diff.max_abs);
  }
  return totals;
}

bool has_numbers(const TensorDiff& diff) {
  return diff.status == DiffStatus::kEqual || diff.status == DiffStatus::kDiffers;
}

Json diff_json(const TensorDiff& diff) {
  Json json;
  json["name"] = diff.name;
  json["status"] = merge::diff_status_name(diff.status);
  const bool numbers = has_numbers(diff);
  const auto number = [&](double x) { return numbers ? Json(x) : Json(nullptr); };
  json["max_abs"] = number(diff.max_abs);
  json["max_rel"] = number(diff.max_rel);
  json["cosine"] = number(diff.cosine);
  json["share"] = number(diff.share);
  if (diff.nonfinite > 0) json["nonfinite"] = diff.nonfinite;
  if (const std::string note = diff.note(); !note.empty()) json["note"] = note;
  if (diff.status == DiffStatus::kShape) {
    json["shape_a"] = diff.a->shape;
    json["shape_b"] = diff.b->shape;
  }
  return json;
}

void print_as_json(const std::vector<TensorDiff>& list, const Totals& totals) {
  Json json;
  json["tensors"] = list.size();
  json["differing_tensors"] = totals.differing;
  json["max_abs"] = totals.max_abs;
  json["per_tensor"] = Json::array();
  for (const TensorDiff& diff : list) json["per_tensor"].push_back(diff_json(diff));
  print_json(json);
}

std::string remark(const TensorDiff& diff) {
  if (diff.status == DiffStatus::kShape) {
    return shape_text(diff.a->shape) + " and " + shape_text(diff.b->shape);
  }
  std::string text = diff.note();
  if (diff.nonfinite > 0) {
    text += fmt::format("{}{} with NaN or infinity", text.empty() ? "" : ", ",
                        count_text(diff.nonfinite));
  }
  return text;
}

void print_table(const std::vector<TensorDiff>& list) {
  Table table({"tensor", "status", "max abs", "max rel", "cosine", "share", ""}, {2, 3, 4, 5});
  for (const TensorDiff& diff : list) {
    const bool numbers = has_numbers(diff);
    const auto number = [&](double x) { return numbers ? fmt::format("{:.5g}", x) : "-"; };
    table.add({diff.name, std::string(merge::diff_status_name(diff.status)), number(diff.max_abs),
               number(diff.max_rel), numbers ? fmt::format("{:.8f}", diff.cosine) : "-",
               numbers ? fmt::format("{:.2f} %", 100 * diff.share) : "-", remark(diff)});
  }
  table.print();
}

void print_totals(const std::vector<TensorDiff>& list, const Totals& totals) {
  if (totals.differing == 0) {
    fmt::print("\nequal: {} tensors, {} elements\n", list.size(), count_text(totals.elements));
    return;
  }
  fmt::print("\n{} of {} tensors differ", totals.differing, list.size());
  if (totals.only_a + totals.only_b + totals.shape > 0) {
    fmt::print(" ({} in values, {} in shape, {} only in A, {} only in B)", totals.changed,
               totals.shape, totals.only_a, totals.only_b);
  }
  const double share = totals.elements == 0 ? 0
                                            : static_cast<double>(totals.different) /
                                                  static_cast<double>(totals.elements);
  fmt::print("; {} of {} compared elements ({:.2f} %), largest difference {:.5g}\n",
             count_text(totals.different), count_text(totals.elements), 100 * share,
             totals.max_abs);
}

void diff(const Options& options, Invocation& run) {
  const auto a = open_model_argument(options.a, run.log());
  const auto b = open_model_argument(options.b, run.log());
  std::vector<TensorDiff> list;
  {
    Progress progress(run.log(), "comparing", merge::compared_bytes(*a.weights, *b.weights));
    list = merge::compare(*a.weights, *b.weights, run.context, &progress);
  }
  const Totals totals = sum_up(list);
  if (run.json) return print_as_json(list, totals);
  print_table(list);
  print_totals(list, totals);
}

}  // namespace

void add_diff(CommandTree& tree, CLI::App& parent) {
  auto options = std::make_shared<Options>();
  CLI::App& command = tree.add(
      parent, "diff", "Show how two models differ, tensor by tensor",
      "mod diff examples/specialists/base examples/specialists/math\n\n"
      "Elements are the same if value and sign are; every NaN equals every other. max rel is\n"
      "the largest |a-b| / max(|a|,|b|). Exit code 0 also where the models differ.",
      [options](Invocation& run) { diff(*options, run); });
  command.add_option("A", options->a, "A model folder, a weights file, or a hub name")->required();
  command.add_option("B", options->b, "The model to compare with")->required();
}

}  // namespace mod::cli
