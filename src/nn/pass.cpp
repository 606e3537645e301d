#include "nn/pass.h"

#include <algorithm>
#include <climits>
#include <cstring>

#include "mod/error.h"
#include "nn/attention.h"

namespace mod::nn {
namespace {

/// Floats of element-wise work that are worth a thread: some ten microseconds.
constexpr std::size_t kWorkOfThread = 32 << 10;
/// Buffers begin at multiples of this many floats.
constexpr std::size_t kAlignment = 16;

}  // namespace

float* Floats::reserve(std::size_t count) {
  if (count > size_) {
    memory_.reset();  // first, so that old and new never exist together
    size_ = 0;
    memory_ = std::make_unique<cpu::Scratch>(count);
    size_ = count;
  }
  return memory_->data();
}

bool Pass::fit_together(const Model& a, const Model& b) {
  const arch::RunSpec &x = a.spec(), &y = b.spec();
  const auto same_kind = [](const arch::LayerSpec& p, const arch::LayerSpec& q) {
    return p.sparse == q.sparse;
  };
  return x.hidden == y.hidden && x.width == y.width && x.heads == y.heads &&
         x.kv_heads == y.kv_heads && x.head_dim == y.head_dim &&
         std::equal(x.layers.begin(), x.layers.end(), y.layers.begin(), y.layers.end(), same_kind);
}

Pass::Pass(std::span<const Lane> lanes, Workspace& workspace, const Context& context,
           bool deterministic)
    : lanes_(lanes),
      workspace_(workspace),
      context_(context),
      kernels_(cpu::nn_kernels(context.kernels->isa)),
      deterministic_(deterministic) {
  for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
    const Model* model = &lanes[lane].session->model();
    if (segments_.empty() || segments_.back().model != model) {
      segments_.push_back({model, rows_, 0, segments_.size()});
    }
    segments_.back().rows += lanes[lane].tokens.size();
    rows_ += lanes[lane].tokens.size();
    lane_of_row_.resize(rows_, lane);
    for (std::size_t t = 0; t < lanes[lane].tokens.size(); ++t) {
      positions_.push_back(lanes[lane].position + t);
    }
  }
  const arch::RunSpec& spec = segments_.front().spec();
  hidden_ = static_cast<std::size_t>(spec.hidden);
  query_width_ = static_cast<std::size_t>(spec.heads * spec.head_dim);
  key_width_ = static_cast<std::size_t>(spec.kv_heads * spec.head_dim);
  width_ = static_cast<std::size_t>(spec.width);
  struct Part {
    float** at;
    std::size_t width;
  };
  const Part parts[] = {{&x_, hidden_},      {&normed_, hidden_},   {&query_, query_width_},
                        {&key_, key_width_}, {&value_, key_width_}, {&attended_, query_width_},
                        {&block_, hidden_},  {&gate_, width_},      {&up_, width_}};
  std::size_t total = 0;
  const auto room = [this](std::size_t width) {
    return (rows_ * width + kAlignment - 1) / kAlignment * kAlignment;
  };
  for (const Part& part : parts) total += room(part.width);
  float* next = workspace.rows.reserve(total);
  for (const Part& part : parts) {
    *part.at = next;
    next += room(part.width);
  }
}

int Pass::threads_for(std::size_t cost) const {
  const std::size_t most = cost / kWorkOfThread + 1;
  return static_cast<int>(std::min<std::size_t>(most, static_cast<std::size_t>(context_.threads)));
}

void Pass::multiply(const Targets& targets, const float* x, std::size_t row, std::size_t rows) {
  std::array<Product, 3> products;
  std::size_t count = 0;
  for (const Target& target : targets) {
    if (!target.linear) continue;
    const std::size_t width = target.linear->w.rows;
    products[count++] = {target.linear->w, target.linear->bias, target.out + row * width, width};
  }
  const std::size_t columns = products[0].w.columns;
  matmul(std::span(products.data(), count), x + row * columns, columns, rows, context_,
         deterministic_);
}

template <class MakeTargets>
void Pass::multiply(std::size_t layer, const float* x, const MakeTargets& make) {
  const auto same = [](const Target& a, const Target& b) {
    return (!a.linear && !b.linear) || (a.linear && b.linear && *a.linear == *b.linear);
  };
  for (std::size_t i = 0; i < segments_.size();) {
    const Targets targets = make(segments_[i].model->layers()[layer]);
    std::size_t rows = segments_[i].rows, next = i + 1;
    for (; next < segments_.size(); ++next) {
      const Targets other = make(segments_[next].model->layers()[layer]);
      if (!std::equal(targets.begin(), targets.end(), other.begin(), same)) break;
      rows += segments_[next].rows;
    }
    multiply(targets, x, segments_[i].row, rows);
    i = next;
  }
}

void Pass::norm(const arch::RunSpec& spec, const float* x, const float* weight, float* out,
                std::size_t n) const {
  kernels_.vector.rms_norm(x, weight, spec.norm_offset, spec.norm_epsilon, out, n);
}

void Pass::run() {
  embed();
  workspace_.angles.resize(std::max(workspace_.angles.size(), segments_.size()));
  for (const Segment& segment : segments_) {
    workspace_.angles[segment.number].set(
        segment.model->ropes(), std::span(positions_).subspan(segment.row, segment.rows), context_);
  }
  const std::size_t layers = segments_.front().model->layers().size();
  for (std::size_t layer = 0; layer < layers; ++layer) {
    if (context_.stop_requested()) throw Error(ErrorCode::kCancelled, "stopped");
    attention(layer);
    feed_forward(layer);
  }
}

void Pass::embed() {
  for (const Segment& segment : segments_) {
    const Matrix& table = segment.model->embedding();
    const std::size_t row_bytes = hidden_ * dtype_size(table.dtype);
    const auto widen = context_.kernels->convert.widen[static_cast<int>(table.dtype)];
    const float scale = segment.spec().embedding_scale;
    std::size_t row = segment.row;
    const std::size_t end = segment.row + segment.rows;
    while (row < end) {
      for (const Token token : lanes_[lane_of_row_[row]].tokens) {
        float* x = x_ + row++ * hidden_;
        widen(table.data + static_cast<std::size_t>(token) * row_bytes, x, hidden_);
        if (scale != 1) kernels_.vector.scale(scale, x, x, hidden_);
      }
    }
  }
}

const float* Pass::normed(std::size_t layer, const float* Layer::* norm_of) {
  const auto weight = [&](const Segment& s) { return s.model->layers()[layer].*norm_of; };
  if (std::none_of(segments_.begin(), segments_.end(), weight)) return x_;
  for (const Segment& segment : segments_) {
    const float* w = weight(segment);
    over_rows(segment.rows, hidden_, [&](std::size_t first, std::size_t last) {
      for (std::size_t row = segment.row + first; row < segment.row + last; ++row) {
        const float* x = x_ + row * hidden_;
        float* out = normed_ + row * hidden_;
        w ? norm(segment.spec(), x, w, out, hidden_)
          : static_cast<void>(std::memcpy(out, x, hidden_ * sizeof(float)));
      }
    });
  }
  return normed_;
}

void Pass::add_block(std::size_t layer, const float* Layer::* post_norm) {
  for (const Segment& segment : segments_) {
    const float* w = segment.model->layers()[layer].*post_norm;
    const float scale = segment.spec().residual_scale;
    over_rows(segment.rows, 2 * hidden_, [&](std::size_t first, std::size_t last) {
      for (std::size_t row = segment.row + first; row < segment.row + last; ++row) {
        float* block = block_ + row * hidden_;
        float* x = x_ + row * hidden_;
        if (w) norm(segment.spec(), block, w, block, hidden_);
        scale == 1 ? kernels_.vector.add(block, x, hidden_)
                   : kernels_.vector.axpy(scale, block, x, hidden_);
      }
    });
  }
}

void Pass::attention(std::size_t layer) {
  const float* x = normed(layer, &Layer::attention_norm);
  multiply(layer, x, [this](const Layer& l) {
    return Targets{{{&l.query, query_}, {&l.key, key_}, {&l.value, value_}}};
  });
  for (const Segment& segment : segments_) {
    over_rows(segment.rows, 2 * (query_width_ + key_width_),
              [&](std::size_t first, std::size_t last) {
                for (std::size_t row = segment.row + first; row < segment.row + last; ++row) {
                  rotate_and_store(layer, segment, row);
                }
              });
  }
  attend(layer);
  multiply(layer, attended_, [this](const Layer& l) { return Targets{{{&l.output, block_}}}; });
  add_block(layer, &Layer::attention_post_norm);
}

void Pass::rotate_and_store(std::size_t layer, const Segment& segment, std::size_t row) {
  const Layer& l = segment.model->layers()[layer];
  const arch::RunSpec& spec = segment.spec();
  const auto dim = static_cast<std::size_t>(spec.head_dim);
  const RopeAngles& angles = workspace_.angles[segment.number];
  const auto rope = static_cast<std::size_t>(l.spec.rope);
  const float* cos = angles.cos(rope, row - segment.row);
  const float* sin = angles.sin(rope, row - segment.row);
  const bool whole = spec.query_key_norm == arch::QueryKeyNorm::kWhole;
  const auto turn = [&](float* heads, std::size_t width, const float* weight) {
    if (weight && whole) norm(spec, heads, weight, heads, width);
    for (float* head = heads; head < heads + width; head += dim) {
      if (weight && !whole) norm(spec, head, weight, head, dim);
      kernels_.vector.rope(head, cos, sin, angles.half(rope));
    }
  };
  float* key = key_ + row * key_width_;
  turn(query_ + row * query_width_, query_width_, l.query_norm);
  turn(key, key_width_, l.key_norm);
  lanes_[lane_of_row_[row]].session->cache_.write(layer, positions_[row], key,
                                                  value_ + row * key_width_, *context_.kernels);
}

void Pass::attend(std::size_t layer) {
  std::vector<std::size_t> rows(lanes_.size(), 0);
  for (std::size_t i = 1; i < lanes_.size(); ++i)
    rows[i] = rows[i - 1] + lanes_[i - 1].tokens.size();
  const auto one = [&](std::size_t i, const Context& context) {
    const Lane& lane = lanes_[i];
    const Model& model = lane.session->model();
    const arch::RunSpec& spec = model.spec();
    const std::int64_t window = model.layers()[layer].spec.window;
    const AttentionShape shape{.heads = static_cast<int>(spec.heads),
                               .kv_heads = static_cast<int>(spec.kv_heads),
                               .head_dim = static_cast<int>(spec.head_dim),
                               .scale = spec.attention_scale,
                               .window = static_cast<int>(std::min<std::int64_t>(window, INT_MAX)),
                               .softcap = spec.attention_cap};
    const std::size_t tokens = lane.tokens.size();
    nn::attention(shape, query_ + rows[i] * query_width_, query_width_, lane.position, tokens,
                  lane.session->cache_.view(layer, lane.position + tokens),
                  attended_ + rows[i] * query_width_, query_width_, context);
  };
  const std::size_t tokens = lanes_.front().tokens.size();
  const bool alike = std::all_of(lanes_.begin(), lanes_.end(),
                                 [&](const Lane& l) { return l.tokens.size() == tokens; });
  if (!alike || lanes_.size() < 2 || lanes_.size() < static_cast<std::size_t>(context_.threads)) {
    for (std::size_t i = 0; i < lanes_.size(); ++i) one(i, context_);
    return;
  }
  // Many texts of a token each: a fork for each of them would cost more than its attention.
  Context single = context_;
  single.threads = 1;
  cpu::parallel_for(context_.threads, lanes_.size(), 1, [&](std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) one(i, single);
  });
}

void Pass::activate(arch::Activation activation, const float* gate, const float* up, float* out,
                    std::size_t n) const {
  const cpu::VectorKernels& v = kernels_.vector;
  switch (activation) {
    case arch::Activation::kSilu:
      return v.silu_mul(gate, up, out, n);
    case arch::Activation::kGelu:
      return v.gelu_mul(gate, up, out, n);
    case arch::Activation::kGeluTanh:
      return v.gelu_tanh_mul(gate, up, out, n);
  }
}

void Pass::feed_forward(std::size_t layer) {
  const float* x = normed(layer, &Layer::mlp_norm);
  if (segments_.front().model->layers()[layer].spec.sparse) {
    for (const Segment& segment : segments_) {
      experts(segment.model->layers()[layer], segment, x + segment.row * hidden_,
              block_ + segment.row * hidden_);
    }
  } else {
    multiply(layer, x,
             [this](const Layer& l) { return Targets{{{&l.mlp.gate, gate_}, {&l.mlp.up, up_}}}; });
    for (const Segment& segment : segments_) {
      over_rows(segment.rows, 4 * width_, [&](std::size_t first, std::size_t last) {
        const std::size_t at = (segment.row + first) * width_;
        activate(segment.spec().activation, gate_ + at, up_ + at, gate_ + at,
                 (last - first) * width_);
      });
    }
    multiply(layer, gate_, [this](const Layer& l) { return Targets{{{&l.mlp.down, block_}}}; });
  }
  add_block(layer, &Layer::mlp_post_norm);
}

void Pass::logits(std::span<const std::size_t> rows, float* out) {
  const std::size_t first = rows.front();
  const auto segment = std::find_if(segments_.begin(), segments_.end(),
                                    [&](const Segment& s) { return first < s.row + s.rows; });
  const Model& model = *segment->model;
  const arch::RunSpec& spec = model.spec();
  over_rows(rows.size(), hidden_, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      norm(spec, x_ + rows[i] * hidden_, model.final_norm(), normed_ + i * hidden_, hidden_);
    }
  });
  multiply(Targets{{{&model.head(), out}}}, normed_, 0, rows.size());
  if (spec.logit_scale == 1 && spec.logit_cap == 0) return;
  const std::size_t vocabulary = model.vocabulary();
  over_rows(rows.size(), vocabulary, [&](std::size_t begin, std::size_t end) {
    float* at = out + begin * vocabulary;
    const std::size_t n = (end - begin) * vocabulary;
    if (spec.logit_scale != 1) kernels_.vector.scale(spec.logit_scale, at, at, n);
    if (spec.logit_cap != 0) kernels_.vector.soft_cap(at, spec.logit_cap, at, n);
  });
}

}  // namespace mod::nn
