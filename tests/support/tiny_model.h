// Tiny checkpoints and files written by the tests themselves. Header only; throws on any failure.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checkpoint/safetensors.h"
#include "mod/dtype.h"

namespace mod::testing {

/// A folder under the system's temporary folder that is removed with everything in it.
class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "mod-test-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("mkdtemp failed for " + name);
    path_ = name;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline void write_text(const std::filesystem::path& path, std::string_view text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  if (!out) throw std::runtime_error("cannot write " + path.string());
}

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// One tensor: `values` are repeated or cut to the number of elements, so {0} or {1, 2} is enough.
struct TinyTensor {
  std::string name;
  DType dtype = DType::F32;
  std::vector<std::int64_t> shape;
  std::vector<float> values = {0};

  std::uint64_t elements() const {
    std::uint64_t n = 1;
    for (std::int64_t d : shape) n *= static_cast<std::uint64_t>(d);
    return n;
  }
};

inline std::uint16_t bf16_bits(float x) {
  std::uint32_t u;
  std::memcpy(&u, &x, 4);
  if ((u & 0x7fffffffu) > 0x7f800000u) return static_cast<std::uint16_t>((u >> 16) | 0x40u);
  return static_cast<std::uint16_t>((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
}

/// Little-endian bytes of the tensor. F16 takes values that are exact there; F8 and BOOL take the
/// value as the byte itself.
inline std::string tensor_bytes(const TinyTensor& tensor) {
  std::string out;
  auto put = [&out](auto v) { out.append(reinterpret_cast<const char*>(&v), sizeof v); };
  for (std::uint64_t i = 0; i < tensor.elements(); ++i) {
    const float x = tensor.values[i % tensor.values.size()];
    switch (tensor.dtype) {
      case DType::F64:
        put(static_cast<double>(x));
        break;
      case DType::F32:
        put(x);
        break;
      case DType::F16:
        put(static_cast<_Float16>(x));
        break;
      case DType::BF16:
        put(bf16_bits(x));
        break;
      case DType::I64:
      case DType::U64:
        put(static_cast<std::int64_t>(x));
        break;
      case DType::I32:
      case DType::U32:
        put(static_cast<std::int32_t>(x));
        break;
      case DType::I16:
      case DType::U16:
        put(static_cast<std::int16_t>(x));
        break;
      default:
        put(static_cast<std::int8_t>(x));
        break;
    }
  }
  return out;
}

/// Writes one safetensors file with these tensors.
inline void write_safetensors(const std::filesystem::path& path,
                              const std::vector<TinyTensor>& tensors) {
  std::vector<checkpoint::HeaderTensor> entries;
  std::map<std::string, const TinyTensor*> by_name;
  for (const TinyTensor& t : tensors) {
    entries.push_back({t.name, t.dtype, t.shape, 0, 0});
    by_name[t.name] = &t;
  }
  const std::pair<std::string, std::string> format[] = {{"format", "pt"}};
  std::string bytes = checkpoint::emit_safetensors_header(entries, format);
  for (const checkpoint::HeaderTensor& e : entries) bytes += tensor_bytes(*by_name.at(e.name));
  write_text(path, bytes);
}

/// FOLDER/config.json (skipped if empty) and FOLDER/model.safetensors.
inline void write_checkpoint(const std::filesystem::path& folder, std::string_view config_json,
                             const std::vector<TinyTensor>& tensors) {
  std::filesystem::create_directories(folder);
  if (!config_json.empty()) write_text(folder / "config.json", config_json);
  write_safetensors(folder / "model.safetensors", tensors);
}

/// Sizes of a tiny Llama-like model.
struct TinyLlama {
  std::string type = "llama";  // model_type
  std::string arch = "LlamaForCausalLM";
  int layers = 2;
  std::int64_t hidden = 4, ffn = 6, vocab = 8, kv = 2;
  bool tied = false;
  bool qkv_bias = false;
  DType dtype = DType::BF16;
  float value = 1;           // every tensor holds value, value + 1, value + 2, ... (mod 7)
  std::string extra_config;  // further members, `"rope_theta": 10000.0`

  std::string config() const {
    return "{\n  \"architectures\": [\"" + arch + "\"],\n  \"model_type\": \"" + type +
           "\",\n  \"hidden_size\": " + std::to_string(hidden) +
           ",\n  \"intermediate_size\": " + std::to_string(ffn) +
           ",\n  \"num_attention_heads\": 2,\n  \"num_key_value_heads\": 1" +
           ",\n  \"num_hidden_layers\": " + std::to_string(layers) +
           ",\n  \"vocab_size\": " + std::to_string(vocab) +
           ",\n  \"tie_word_embeddings\": " + (tied ? "true" : "false") +
           ",\n  \"torch_dtype\": \"" + std::string(dtype_torch_name(dtype)) + "\"" +
           (extra_config.empty() ? "" : ",\n  " + extra_config) + "\n}\n";
  }

  std::vector<TinyTensor> tensors() const {
    std::vector<TinyTensor> out;
    int seed = 0;
    auto add = [&](const std::string& name, std::vector<std::int64_t> shape) {
      std::vector<float> values;
      for (int i = 0; i < 7; ++i) values.push_back(value + static_cast<float>((i + seed) % 7));
      ++seed;
      out.push_back({name, dtype, std::move(shape), std::move(values)});
    };
    add("model.embed_tokens.weight", {vocab, hidden});
    for (int i = 0; i < layers; ++i) {
      const std::string p = "model.layers." + std::to_string(i) + ".";
      add(p + "input_layernorm.weight", {hidden});
      for (const char* x : {"q", "k", "v"}) {
        const std::int64_t rows = *x == 'q' ? hidden : kv;
        add(p + "self_attn." + x + "_proj.weight", {rows, hidden});
        if (qkv_bias) add(p + "self_attn." + x + "_proj.bias", {rows});
      }
      add(p + "self_attn.o_proj.weight", {hidden, hidden});
      add(p + "post_attention_layernorm.weight", {hidden});
      add(p + "mlp.gate_proj.weight", {ffn, hidden});
      add(p + "mlp.up_proj.weight", {ffn, hidden});
      add(p + "mlp.down_proj.weight", {hidden, ffn});
    }
    add("model.norm.weight", {hidden});
    if (!tied) add("lm_head.weight", {vocab, hidden});
    return out;
  }

  void write(const std::filesystem::path& folder) const {
    write_checkpoint(folder, config(), tensors());
  }
};

}  // namespace mod::testing
