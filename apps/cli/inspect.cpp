// `mod inspect MODEL`: what is in a checkpoint.
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "base/progress.h"
#include "base/text.h"
#include "commands.h"
#include "merge/statistics.h"
#include "print.h"
#include "tokenizer_summary.h"

namespace mod::cli {
namespace {

using checkpoint::ModelFolder;
using checkpoint::TensorInfo;
using merge::TensorStatistics;

struct Options {
  std::string model;
  bool statistics = false;
};

struct DTypeTotal {
  std::uint64_t tensors = 0, elements = 0, bytes = 0;
};

struct Summary {
  std::string architecture, model_type;  // empty: config.json does not say
  std::optional<std::int64_t> layers;
  std::uint64_t parameters = 0, bytes = 0;  // storage that two names share counts once
  std::map<std::string, DTypeTotal> dtypes;
  TokenizerSummary tokenizer;
};

/// The key of the config, or of its language part where the model has several.
const Json* config_value(const Json& config, const char* key) {
  if (const auto it = config.find(key); it != config.end()) return &*it;
  const auto text = config.find("text_config");
  if (text == config.end() || !text->is_object()) return nullptr;
  const auto it = text->find(key);
  return it == text->end() ? nullptr : &*it;
}

Summary summarize(const ModelFolder& model) {
  Summary summary;
  const Json& config = model.config;
  if (const Json* names = config_value(config, "architectures");
      names && names->is_array() && !names->empty() && names->front().is_string()) {
    summary.architecture = names->front().get<std::string>();
  }
  if (const Json* type = config_value(config, "model_type"); type && type->is_string()) {
    summary.model_type = type->get<std::string>();
  }
  if (const Json* layers = config_value(config, "num_hidden_layers");
      layers && layers->is_number_integer()) {
    summary.layers = layers->get<std::int64_t>();
  }
  std::set<std::pair<int, std::uint64_t>> seen;
  for (const TensorInfo& tensor : model.weights->tensors()) {
    if (tensor.bytes > 0 && !seen.emplace(tensor.file, tensor.offset).second) continue;
    DTypeTotal& total = summary.dtypes[std::string(dtype_name(tensor.dtype))];
    total.tensors += 1;
    total.elements += tensor.elements;
    total.bytes += tensor.bytes;
    summary.parameters += tensor.elements;
    summary.bytes += tensor.bytes;
  }
  if (std::filesystem::is_directory(model.path)) {
    summary.tokenizer = summarize_tokenizer(model.path);
  }
  return summary;
}

std::string file_name(const ModelFolder& model, int file) {
  return model.weights->files()[static_cast<std::size_t>(file)].path.filename().string();
}

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json statistics_json(const TensorStatistics& s) {
  Json json;
  json["min"] = s.min;
  json["max"] = s.max;
  json["mean"] = s.mean;
  json["std"] = s.deviation;
  json["norm"] = s.norm;
  json["zeros"] = s.zeros;
  json["nan"] = s.nans;
  json["inf"] = s.infinities;
  return json;
}

Json summary_json(const ModelFolder& model, const Summary& summary) {
  Json json;
  json["path"] = model.path.string();
  json["architecture"] = text_or_null(summary.architecture);
  json["model_type"] = text_or_null(summary.model_type);
  json["layers"] = summary.layers ? Json(*summary.layers) : Json(nullptr);
  json["parameters"] = summary.parameters;
  json["bytes"] = summary.bytes;
  json["dtypes"] = Json::object();
  for (const auto& [name, total] : summary.dtypes) {
    json["dtypes"][name] = {
        {"tensors", total.tensors}, {"parameters", total.elements}, {"bytes", total.bytes}};
  }
  json["files"] = Json::array();
  for (const auto& file : model.weights->files()) {
    json["files"].push_back({{"name", file.path.filename().string()}, {"bytes", file.size}});
  }
  json["tokenizer"] = nullptr;
  if (const TokenizerSummary& t = summary.tokenizer; !t.file.empty()) {
    json["tokenizer"] = {{"file", t.file}, {"type", text_or_null(t.type)}};
    json["tokenizer"]["vocabulary"] = t.vocabulary ? Json(*t.vocabulary) : Json(nullptr);
  }
  json["chat_template"] = text_or_null(summary.tokenizer.template_file);
  return json;
}

void print_as_json(const ModelFolder& model, const Summary& summary,
                   const std::vector<TensorStatistics>& statistics) {
  Json json = summary_json(model, summary);
  json["tensors"] = Json::array();
  const auto& tensors = model.weights->tensors();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    Json entry;
    entry["name"] = tensors[i].name;
    entry["dtype"] = dtype_name(tensors[i].dtype);
    entry["shape"] = tensors[i].shape;
    entry["elements"] = tensors[i].elements;
    entry["bytes"] = tensors[i].bytes;
    entry["file"] = file_name(model, tensors[i].file);
    if (!statistics.empty()) entry["statistics"] = statistics_json(statistics[i]);
    json["tensors"].push_back(std::move(entry));
  }
  print_json(json);
}

std::string number_text(double x) { return std::isnan(x) ? "-" : fmt::format("{:.5g}", x); }

Table tensor_table(const ModelFolder& model) {
  Table table({"tensor", "dtype", "shape", "bytes", "file"}, {3});
  for (const TensorInfo& tensor : model.weights->tensors()) {
    table.add({tensor.name, std::string(dtype_name(tensor.dtype)), shape_text(tensor.shape),
               count_text(tensor.bytes), file_name(model, tensor.file)});
  }
  return table;
}

Table statistics_table(const ModelFolder& model, const std::vector<TensorStatistics>& statistics) {
  Table table(
      {"tensor", "dtype", "shape", "min", "max", "mean", "std", "norm", "zeros", "nan", "inf"},
      {3, 4, 5, 6, 7, 8, 9, 10});
  const auto& tensors = model.weights->tensors();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const TensorStatistics& s = statistics[i];
    table.add({tensors[i].name, std::string(dtype_name(tensors[i].dtype)),
               shape_text(tensors[i].shape), number_text(s.min), number_text(s.max),
               number_text(s.mean), number_text(s.deviation), number_text(s.norm),
               count_text(s.zeros), count_text(s.nans), count_text(s.infinities)});
  }
  return table;
}

void print_summary(const ModelFolder& model, const Summary& summary) {
  const auto line = [](std::string_view name, const std::string& value) {
    fmt::print("{:<15}{}\n", name, value);
  };
  line("model", model.path.string());
  std::string architecture = summary.architecture.empty() ? "unknown" : summary.architecture;
  if (!summary.model_type.empty()) architecture += " (" + summary.model_type + ")";
  line("architecture", architecture);
  line("layers", summary.layers ? std::to_string(*summary.layers) : "unknown");
  line("parameters", count_text(summary.parameters));
  line("size",
       fmt::format("{} in {} file(s)", size_text(summary.bytes), model.weights->files().size()));
  std::string dtypes;
  for (const auto& [name, total] : summary.dtypes) {
    dtypes += fmt::format("{}{} ({} tensors)", dtypes.empty() ? "" : ", ", name, total.tensors);
  }
  line("dtypes", dtypes);
  const TokenizerSummary& t = summary.tokenizer;
  std::string tokenizer = t.file.empty() ? "none" : t.file;
  if (!t.type.empty()) tokenizer += ", " + t.type;
  if (t.vocabulary) tokenizer += ", " + count_text(*t.vocabulary) + " tokens";
  line("tokenizer", tokenizer);
  line("chat template", t.template_file.empty() ? "none" : "in " + t.template_file);
}

void inspect(const Options& options, Invocation& run) {
  const ModelFolder model = open_model_argument(options.model, run.log());
  const Summary summary = summarize(model);
  std::vector<TensorStatistics> statistics;
  if (options.statistics) {
    Progress progress(run.log(), "reading", model.weights->total_bytes());
    statistics = merge::compute_statistics(*model.weights, run.context, &progress);
  }
  if (run.json) return print_as_json(model, summary, statistics);
  (options.statistics ? statistics_table(model, statistics) : tensor_table(model)).print();
  fmt::print("\n");
  print_summary(model, summary);
}

}  // namespace

void add_inspect(CommandTree& tree, CLI::App& parent) {
  auto options = std::make_shared<Options>();
  CLI::App& command =
      tree.add(parent, "inspect", "Show a model's tensors, architecture, tokenizer and statistics",
               "mod inspect examples/specialists/base --stats",
               [options](Invocation& run) { inspect(*options, run); });
  command.add_option("MODEL", options->model, "A model folder, a weights file, or a hub name")
      ->required();
  command.add_flag("--stats", options->statistics,
                   "Read the weights: min, max, mean, std, L2 norm, zeros, NaN and infinities; "
                   "over the finite elements");
}

}  // namespace mod::cli
