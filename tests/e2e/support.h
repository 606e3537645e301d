// What the end-to-end tests share: the real program, the specialists, and a plain reader of
// results.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/process.h"

namespace mod::testing {

namespace fs = std::filesystem;

inline const fs::path kSource = MOD_SOURCE_DIR;
inline const std::string kProgram = MOD_PROGRAM;

inline std::string specialist(const std::string& name) {
  return (kSource / "examples/specialists" / name).string();
}

inline ProcessResult mod_program(std::vector<std::string> arguments,
                                 const ProcessOptions& options = {}) {
  arguments.insert(arguments.begin(), kProgram);
  return run_process(arguments, options);
}

inline nlohmann::json read_json(const fs::path& path) {
  return nlohmann::json::parse(read_text(path));
}

/// One tensor of a safetensors file, read by nothing but the rules of the format.
struct RawTensor {
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::string bytes;
};

inline std::map<std::string, RawTensor> read_safetensors(const fs::path& file) {
  const std::string all = read_text(file);
  std::uint64_t length = 0;
  std::memcpy(&length, all.data(), 8);
  const auto header = nlohmann::json::parse(all.substr(8, length));
  std::map<std::string, RawTensor> tensors;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    const std::uint64_t begin = entry["data_offsets"][0], end = entry["data_offsets"][1];
    tensors[name] = {entry["dtype"], entry["shape"], all.substr(8 + length + begin, end - begin)};
  }
  return tensors;
}

/// All tensors of a model folder, single or sharded.
inline std::map<std::string, RawTensor> read_model(const fs::path& folder) {
  std::map<std::string, RawTensor> tensors;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".safetensors") tensors.merge(read_safetensors(entry.path()));
  }
  return tensors;
}

inline float bf16_value(const std::string& bytes, std::size_t i) {
  std::uint16_t bits;
  std::memcpy(&bits, bytes.data() + 2 * i, 2);
  const std::uint32_t wide = static_cast<std::uint32_t>(bits) << 16;
  float x;
  std::memcpy(&x, &wide, 4);
  return x;
}

/// Names of the files in a folder, sorted.
inline std::vector<std::string> file_names(const fs::path& folder) {
  std::vector<std::string> names;
  if (!fs::exists(folder)) return names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// A reader takes a folder for a model when config.json and weights under their final names are
/// there.
inline bool looks_finished(const fs::path& folder) {
  const bool config = fs::exists(folder / "config.json");
  return config && (fs::exists(folder / "model.safetensors") ||
                    fs::exists(folder / "model.safetensors.index.json"));
}

/// base + two task vectors of the specialists under `method`, with parameters that suit every
/// method.
inline std::string delta_recipe(const std::string& method, const std::string& extra = {}) {
  std::string text = "merge_method: " + method + "\nbase_model: " + specialist("base") +
                     "\ndtype: bfloat16\nseed: 7\n" + extra + "models:\n";
  for (const char* name : {"math", "code"}) {
    text += "- model: " + specialist(name) + "\n";
    if (method == "model_stock") continue;
    text += "  parameters: {weight: 0.5";
    if (method != "task_arithmetic") text += ", density: 0.5";
    if (method.starts_with("breadcrumbs")) text += ", gamma: 0.01";
    if (method.starts_with("della")) text += ", epsilon: 0.15";
    text += "}\n";
  }
  return text;
}

inline std::string pair_recipe(const std::string& method, const std::string& a,
                               const std::string& b, double weight_a,
                               const std::string& extra = {}) {
  return "merge_method: " + method + "\ndtype: bfloat16\nseed: 7\n" + extra +
         "models:\n- model: " + a + "\n  parameters: {weight: " + std::to_string(weight_a) +
         "}\n- model: " + b + "\n  parameters: {weight: " + std::to_string(1 - weight_a) + "}\n";
}

/// Every method once, by a name for messages.
inline std::map<std::string, std::string> all_recipes() {
  const std::string math = specialist("math"), code = specialist("code");
  std::map<std::string, std::string> recipes;
  for (const char* m : {"task_arithmetic", "ties", "dare_linear", "dare_ties", "breadcrumbs",
                        "breadcrumbs_ties", "della", "della_linear", "model_stock"}) {
    recipes[m] = delta_recipe(m);
  }
  recipes["linear"] = pair_recipe("linear", math, code, 0.5);
  recipes["nuslerp"] = pair_recipe("nuslerp", math, code, 0.5);
  recipes["nuslerp rows"] =
      pair_recipe("nuslerp", math, code, 0.5, "parameters: {nuslerp_flatten: false}\n");
  recipes["nuslerp columns"] = pair_recipe(
      "nuslerp", math, code, 0.5, "parameters: {nuslerp_flatten: false, nuslerp_row_wise: true}\n");
  recipes["slerp"] = "merge_method: slerp\nbase_model: " + math +
                     "\ndtype: bfloat16\nmodels:\n- model: " + math + "\n- model: " + code +
                     "\nparameters: {t: 0.35}\n";
  for (const char* select : {"reference", "random", "rank"}) {
    recipes[std::string("mod ") + select] =
        pair_recipe("mod", math, code, 0.9, std::string("parameters: {select: ") + select + "}\n");
  }
  recipes["passthrough"] =
      "merge_method: passthrough\ndtype: bfloat16\nslices:\n- sources: [{model: " + math +
      ", layer_range: [0, 4]}]\n- sources: [{model: " + code + ", layer_range: [2, 6]}]\n";
  return recipes;
}

}  // namespace mod::testing
