#include "checkpoint/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/text.h"
#include "checkpoint/quantised.h"
#include "checkpoint/quote.h"
#include "checkpoint/safetensors.h"
#include "checkpoint/shard_index.h"
#include "checkpoint/torch_file.h"
#include "checkpoint/weight_files.h"
#include "mod/error.h"

namespace mod::checkpoint {
namespace {

namespace fs = std::filesystem;

std::string read_header(const io::File& file, std::uint64_t size) {
  std::string prefix(std::min<std::uint64_t>(size, 8), '\0');
  file.read_at(std::as_writable_bytes(std::span(prefix.data(), prefix.size())), 0);
  if (prefix.starts_with("GGUF")) {
    throw Error(ErrorCode::kUnsupported, file.path().string() + ": GGUF files are not supported");
  }
  if (prefix.starts_with("version ")) {
    throw Error(
        ErrorCode::kInvalidInput,
        file.path().string() + ": a git-lfs pointer instead of the weights; run `git lfs pull`");
  }
  const std::uint64_t length = safetensors_header_length(prefix, size, file.path().string());
  prefix.resize(8 + length);
  file.read_at(std::as_writable_bytes(std::span(prefix.data() + 8, length)), 8);
  return prefix;
}

/// Fills header_bytes and header_sha256 of `input`.
std::vector<TensorInfo> read_safetensors(const io::File& file, InputFile& input) {
  const std::string header = read_header(file, input.size);
  SafetensorsHeader parsed = parse_safetensors_header(header, input.size, input.path.string());
  input.header_bytes = header.size();
  input.header_sha256 = sha256_hex(header);
  std::vector<TensorInfo> tensors;
  tensors.reserve(parsed.tensors.size());
  for (HeaderTensor& tensor : parsed.tensors) {
    TensorInfo info;
    info.name = std::move(tensor.name);
    info.dtype = tensor.dtype;
    info.shape = std::move(tensor.shape);
    info.bytes = tensor.end - tensor.begin;
    info.elements = info.bytes / dtype_size(info.dtype);
    info.offset = parsed.data_offset + tensor.begin;
    tensors.push_back(std::move(info));
  }
  return tensors;
}

void note_ties(const std::vector<TensorInfo>& tensors, const InputFile& input, Problems& notes) {
  for (std::size_t i = 1; i < tensors.size(); ++i) {
    const TensorInfo& a = tensors[i - 1];
    const TensorInfo& b = tensors[i];
    if (a.offset != b.offset || a.bytes != b.bytes || a.bytes == 0) continue;
    notes.note({input.path.string()},
               quote_name(a.name) + " and " + quote_name(b.name) + " are two names of one tensor");
  }
}

std::vector<TensorInfo> read_torch(const io::File& file, InputFile& input, Problems& notes) {
  const ByteSource source{input.size, [&file](std::span<std::byte> out, std::uint64_t offset) {
                            file.read_at(out, offset);
                          }};
  TorchFile parsed = read_torch_file(source, input.path.string());
  input.header_bytes = parsed.pickle.size();
  input.header_sha256 = sha256_hex(parsed.pickle);
  note_ties(parsed.tensors, input, notes);
  if (!parsed.skipped.empty()) {
    notes.note({input.path.string()},
               fmt::format("{} entries that are no tensors are left out, the first is '{}'",
                           parsed.skipped.size(), parsed.skipped.front()));
  }
  return std::move(parsed.tensors);
}

/// Every tensor that the index promises must be in the file that it names.
void check_index(const ShardIndex& index, const std::string& where, const Checkpoint& checkpoint,
                 Problems& notes) {
  for (const auto& [name, file] : index.map) {
    const TensorInfo* tensor = checkpoint.find(name);
    if (tensor != nullptr && tensor->file == static_cast<int>(file)) continue;
    throw Error(ErrorCode::kCorruptFile, where + ": tensor " + quote_name(name) + " is not in " +
                                             quote_name(index.files[file]) +
                                             ", which should hold it");
  }
  if (checkpoint.tensors().size() > index.map.size()) {
    notes.note({where}, fmt::format("{} tensors of the files are not in the index; they are kept",
                                    checkpoint.tensors().size() - index.map.size()));
  }
}

}  // namespace

class CheckpointOpener {
 public:
  CheckpointOpener(Checkpoint& out, Problems& notes) : out_(out), notes_(notes) {}

  void open(const fs::path& path) {
    WeightFiles found = find_weight_files(path, notes_);
    out_.root_ = path;
    ShardIndex index;
    if (!found.index.empty()) {
      index = parse_shard_index(read_text_file(found.index.string(), kMaxIndexBytes),
                                found.index.string());
      for (const std::string& name : index.files) {
        found.files.push_back(found.index.parent_path() / name);
      }
    }
    for (const fs::path& file : found.files) add_file(file, found);
    if (!found.index.empty()) check_index(index, found.index.string(), out_, notes_);
    if (const auto format = quantised_format(out_.tensors_); !format.empty()) {
      throw Error(ErrorCode::kUnsupported,
                  fmt::format("{}: {} quantised weights are not supported; use the checkpoint that "
                              "they were made from",
                              path.string(), format));
    }
  }

 private:
  void add_file(const fs::path& path, const WeightFiles& found) {
    std::error_code ignored;
    if (!found.index.empty() && !fs::exists(path, ignored)) {
      throw Error(ErrorCode::kInvalidInput, path.string() + ": missing, although " +
                                                found.index.filename().string() + " names it");
    }
    io::File file = io::File::open_read(path);
    InputFile input{path, file.size(), 0, {}};
    std::vector<TensorInfo> tensors =
        found.pickled ? read_torch(file, input, notes_) : read_safetensors(file, input);
    const int number = static_cast<int>(out_.files_.size());
    out_.files_.push_back(std::move(input));
    out_.handles_.push_back(std::move(file));
    for (TensorInfo& tensor : tensors) {
      tensor.file = number;
      const auto [at, is_new] = out_.by_name_.emplace(tensor.name, out_.tensors_.size());
      if (!is_new) {
        throw Error(ErrorCode::kCorruptFile,
                    path.string() + ": tensor " + quote_name(tensor.name) + " is also in " +
                        out_.files_[static_cast<std::size_t>(out_.tensors_[at->second].file)]
                            .path.filename()
                            .string());
      }
      out_.tensors_.push_back(std::move(tensor));
    }
  }

  Checkpoint& out_;
  Problems& notes_;
};

std::shared_ptr<const Checkpoint> Checkpoint::open(const fs::path& path, Problems& notes) {
  auto checkpoint = std::make_shared<Checkpoint>();
  CheckpointOpener(*checkpoint, notes).open(path);
  return checkpoint;
}

const TensorInfo* Checkpoint::find(std::string_view name) const {
  const auto found = by_name_.find(std::string(name));
  return found == by_name_.end() ? nullptr : &tensors_[found->second];
}

std::uint64_t Checkpoint::total_bytes() const {
  std::uint64_t sum = 0;
  for (const TensorInfo& tensor : tensors_) sum += tensor.bytes;
  return sum;
}

void Checkpoint::read(const TensorInfo& tensor, std::uint64_t byte_offset,
                      std::span<std::byte> out) const {
  if (byte_offset > tensor.bytes || out.size() > tensor.bytes - byte_offset) {
    throw Error(ErrorCode::kInternal,
                fmt::format("read of {} bytes at {} of tensor {} of {} bytes", out.size(),
                            byte_offset, quote_name(tensor.name), tensor.bytes));
  }
  file(tensor.file).read_at(out, tensor.offset + byte_offset);
}

}  // namespace mod::checkpoint
