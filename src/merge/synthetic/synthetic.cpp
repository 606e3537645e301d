#include "merge/synthetic/synthetic.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "base/progress.h"
#include "base/text.h"
#include "checkpoint/output_folder.h"
#include "io/buffer.h"
#include "io/file.h"
#include "merge/parallel_blocks.h"
#include "merge/synthetic/gaussian.h"
#include "merge/synthetic/model_shapes.h"
#include "merge/synthetic/shard_plan.h"
#include "merge/synthetic/side_files.h"
#include "mod/error.h"

namespace mod::merge {
namespace {

namespace fs = std::filesystem;
using checkpoint::OutputFolder;

constexpr float kWeightDeviation = 0.02f;
constexpr float kVariantDeviation = 0.002f;  // of a fine-tune from its base

struct Worker {
  io::Buffer base{2 * kReadElements}, variant{2 * kReadElements};  // bf16
  std::uint32_t words[kCacheElements];
  float wide[kCacheElements];
};

GaussianSource base_source(const ShapedTensor& tensor, std::uint64_t seed) {
  const float mean = tensor.role == TensorRole::kNorm ? 1.0f : 0.0f;
  return {random_key(seed, tensor.name), 0, mean, kWeightDeviation};
}

void make_base(const ElementBlock& block, const GaussianSource& source, const cpu::Kernels& kernels,
               Worker& w) {
  const auto narrow = kernels.convert.narrow[static_cast<int>(DType::BF16)];
  for (std::size_t at = 0; at < block.count; at += kCacheElements) {
    const std::size_t n = std::min(kCacheElements, block.count - at);
    fill_gaussian(source, block.first + at, kernels, w.words, w.wide, n, false);
    narrow(w.wide, w.base.data() + 2 * at, n);
  }
}

void make_variant(const ElementBlock& block, const GaussianSource& source,
                  const cpu::Kernels& kernels, Worker& w) {
  const auto narrow = kernels.convert.narrow[static_cast<int>(DType::BF16)];
  const auto widen = kernels.convert.widen[static_cast<int>(DType::BF16)];
  for (std::size_t at = 0; at < block.count; at += kCacheElements) {
    const std::size_t n = std::min(kCacheElements, block.count - at);
    widen(w.base.data() + 2 * at, w.wide, n);
    fill_gaussian(source, block.first + at, kernels, w.words, w.wide, n, true);
    narrow(w.wide, w.variant.data() + 2 * at, n);
  }
}

/// The models of one call: the base and its variants, with the same layout.
class Maker {
 public:
  Maker(const SyntheticOptions& options, const ShardPlan& plan, const Context& context)
      : options_(options), plan_(plan), context_(context) {}

  void open(const fs::path& folder, const OutputFolder::Options& folder_options) {
    folders_.push_back(std::make_unique<OutputFolder>(folder, folder_options, *context_.log));
    folders_.back()->create_shards(plan_.shards, std::vector<bool>(plan_.shards.size(), false));
  }

  void write_weights(Progress& progress) {
    std::vector<std::uint64_t> elements;
    for (const PlacedTensor& tensor : plan_.tensors) elements.push_back(tensor.elements);
    const std::vector<ElementBlock> blocks = cut_into_blocks(elements);
    std::vector<std::unique_ptr<Worker>> workers(
        static_cast<std::size_t>(std::max(1, context_.threads)));
    run_parallel(context_, static_cast<int>(workers.size()), blocks.size(),
                 [&](int w, std::size_t item) {
                   if (!workers[w]) workers[w] = std::make_unique<Worker>();
                   write_block(blocks[item], *workers[w]);
                   progress.add(2 * blocks[item].count * folders_.size());
                 });
  }

  void commit(const SideFiles& files) {
    for (const auto& folder : folders_) {
      for (std::size_t s = 0; s < plan_.shards.size(); ++s)
        folder->finish_shard(static_cast<int>(s));
      stage(files, *folder);
      if (!plan_.index_name.empty()) folder->add_file(plan_.index_name, plan_.index_json);
    }
    for (const auto& folder : folders_) folder->commit(plan_.index_name);
  }

 private:
  void write_block(const ElementBlock& block, Worker& w) {
    const PlacedTensor& placed = plan_.tensors[block.tensor];
    const std::uint64_t offset = placed.offset + 2 * block.first;
    GaussianSource source = base_source(placed.tensor, options_.seed);
    make_base(block, source, *context_.kernels, w);
    const bool shared = options_.share_embeddings && placed.tensor.role == TensorRole::kEmbedding;
    for (std::size_t m = 0; m < folders_.size(); ++m) {
      const bool from_base = m == 0 || shared;
      if (!from_base) {
        source.stream = static_cast<std::uint32_t>(m);
        source.mean = 0;
        source.deviation = kVariantDeviation;
        make_variant(block, source, *context_.kernels, w);
      }
      io::Buffer& bytes = from_base ? w.base : w.variant;
      folders_[m]->write(placed.shard, offset, bytes.span().first(2 * block.count));
    }
  }

  const SyntheticOptions& options_;
  const ShardPlan& plan_;
  const Context& context_;
  std::vector<std::unique_ptr<OutputFolder>> folders_;
};

/// As many heads as before, each narrower; the rotary embedding needs pairs in each.
void set_hidden(ModelShape& shape, std::int64_t hidden) {
  if (hidden % (2 * shape.heads) != 0) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("--hidden {}: with the {} heads of {} it must be a multiple of {}",
                            hidden, shape.heads, shape.name, 2 * shape.heads));
  }
  shape.ffn = std::max<std::int64_t>(8, shape.ffn * hidden / shape.hidden / 8 * 8);
  shape.hidden = hidden;
}

ModelShape effective_shape(const SyntheticOptions& options) {
  ModelShape shape = find_model_shape(options.like);
  if (options.hidden > 0) set_hidden(shape, options.hidden);
  if (options.layers > 0) shape.layers = options.layers;
  if (options.vocabulary > 0) shape.vocabulary = options.vocabulary;
  return shape;
}

std::vector<fs::path> model_folders(const fs::path& out, int variants) {
  if (variants <= 0) return {out};
  std::vector<fs::path> folders = {out / "base"};
  for (int v = 1; v <= variants; ++v) folders.push_back(out / fmt::format("ft{}", v));
  return folders;
}

void check_space(const fs::path& out, std::uint64_t bytes) {
  const std::uint64_t free = io::free_space(out);
  if (free >= bytes) return;
  throw Error(ErrorCode::kInvalidInput,
              fmt::format("{}: needs {} of disk space, {} are free; make room or choose another "
                          "place",
                          out.string(), size_text(bytes), size_text(free)));
}

}  // namespace

SyntheticResult make_synthetic(const fs::path& out, const SyntheticOptions& options,
                               const Context& context) {
  const auto start = std::chrono::steady_clock::now();
  const ModelShape shape = effective_shape(options);
  const SideFiles files = make_side_files(shape, options.tokenizer);
  const ShardPlan plan = plan_shards(model_tensors(shape), options.shard_bytes);
  SyntheticResult result;
  result.folders = model_folders(out, options.variants);
  result.bytes = plan.bytes * result.folders.size();
  for (const PlacedTensor& tensor : plan.tensors) result.parameters += tensor.elements;

  OutputFolder::Options folder_options;
  folder_options.overwrite = options.overwrite;
  if (!options.tokenizer.empty()) folder_options.inputs = {options.tokenizer};
  for (const fs::path& folder : result.folders) OutputFolder::check(folder, folder_options);
  check_space(out, result.bytes);

  Maker maker(options, plan, context);
  for (const fs::path& folder : result.folders) maker.open(folder, folder_options);
  {
    Progress progress(*context.log, "writing", result.bytes);
    maker.write_weights(progress);
  }
  maker.commit(files);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace mod::merge
