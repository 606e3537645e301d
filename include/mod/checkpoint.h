// Looking into a checkpoint from a program: headers only, no weight is read. Link mod::mod.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "mod/dtype.h"

namespace mod {

struct TensorEntry {
  std::string name;
  DType dtype = DType::F32;
  std::vector<std::int64_t> shape;
  std::uint64_t bytes = 0;
  std::filesystem::path file;
};

/// The tensors of a model folder or weights file (safetensors or PyTorch .bin, sharded too), in the
/// order of their bytes. Throws mod::Error: no weights, or a header that breaks the rules of its
/// format.
std::vector<TensorEntry> list_tensors(const std::filesystem::path& model);

}  // namespace mod
