#include "merge/plain_copy.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "io/buffer.h"
#include "io/file.h"

namespace mod::merge {
namespace {

struct Piece {
  const PlannedTensor* tensor;
  std::uint64_t first, count;  // elements
};

std::vector<Piece> pieces(const Plan& plan, std::uint64_t tile_bytes) {
  std::vector<Piece> list;
  for (const PlannedTensor& tensor : plan.tensors) {
    const std::uint64_t step = std::max<std::uint64_t>(1, tile_bytes / dtype_size(tensor.dtype));
    for (std::uint64_t at = 0; at < tensor.spec.elements; at += step) {
      list.push_back({&tensor, at, std::min(step, tensor.spec.elements - at)});
    }
  }
  return list;
}

void copy_piece(const Plan& plan, const Piece& piece, const io::File& out, io::Buffer& buffer) {
  std::uint64_t offset = piece.tensor->offset;
  for (int s = 0; s < piece.tensor->shard; ++s) offset += plan.shards[s].size;
  for (const PlannedInput& input : piece.tensor->inputs) {
    const std::size_t size = dtype_size(input.tensor.dtype);
    plan.models[input.model].folder.weights->read(input.tensor, piece.first * size,
                                                  buffer.span().first(piece.count * size));
  }
  const std::size_t size = dtype_size(piece.tensor->dtype);
  out.write_at(buffer.span().first(piece.count * size), offset + piece.first * size);
}

}  // namespace

double plain_copy(const Plan& plan, const std::filesystem::path& folder,
                  const PlainCopyOptions& options) {
  const std::vector<Piece> work = pieces(plan, options.tile_bytes);
  std::filesystem::create_directories(folder);
  const auto path = folder / "plain.mod-tmp";
  const auto start = std::chrono::steady_clock::now();
  std::exception_ptr error;
  {
    const io::File out = io::File::create(path);
    std::atomic<std::size_t> next{0};
    std::mutex mutex;
    {
      std::vector<std::jthread> threads;
      for (int t = 0; t < options.threads; ++t) {
        threads.emplace_back([&] {
          try {
            io::Buffer buffer(options.tile_bytes * 8);  // the widest input may be F64
            for (std::size_t i = next++; i < work.size(); i = next++) {
              copy_piece(plan, work[i], out, buffer);
            }
          } catch (...) {
            std::lock_guard lock(mutex);
            error = std::current_exception();
          }
        });
      }
    }
    if (options.sync && !error) out.sync();
  }
  const auto elapsed = std::chrono::steady_clock::now() - start;
  std::filesystem::remove(path);
  if (error) std::rethrow_exception(error);
  return std::chrono::duration<double>(elapsed).count();
}

void drop_inputs_from_cache(const Plan& plan) {
  for (const PlanModel& model : plan.models) {
    for (std::size_t f = 0; f < model.folder.weights->files().size(); ++f) {
      model.folder.weights->file(static_cast<int>(f)).drop_cache(0, 0);
    }
  }
}

}  // namespace mod::merge
