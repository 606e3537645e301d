#include "nn/attention.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "cpu/parallel.h"
#include "mod/error.h"

namespace mod::nn {
namespace {

/// Positions [0, n) of one head, widened.
std::vector<float> widened(const void* head, DType dtype, std::size_t n, const Context& context) {
  std::vector<float> x(n);
  context.kernels->convert.widen[static_cast<int>(dtype)](head, x.data(), n);
  return x;
}

void one_head(const AttentionShape& shape, const float* q, std::size_t p, const float* k,
              const float* v, float* out) {
  const auto dim = static_cast<std::size_t>(shape.head_dim);
  const auto window = static_cast<std::size_t>(shape.window);
  const std::size_t first = window != 0 && p + 1 > window ? p + 1 - window : 0;
  std::vector<double> score(p + 1 - first);
  double most = -HUGE_VAL, sum = 0;
  for (std::size_t j = first; j <= p; ++j) {
    double s = 0;
    for (std::size_t d = 0; d < dim; ++d) s += static_cast<double>(q[d]) * k[j * dim + d];
    s *= shape.scale;
    if (shape.softcap != 0) s = shape.softcap * std::tanh(s / shape.softcap);
    score[j - first] = s;
    most = std::max(most, s);
  }
  for (double& s : score) sum += s = std::exp(s - most);
  for (std::size_t d = 0; d < dim; ++d) {
    double total = 0;
    for (std::size_t j = first; j <= p; ++j) total += score[j - first] * v[j * dim + d];
    out[d] = static_cast<float>(total / sum);
  }
}

}  // namespace

void attention(const AttentionShape& shape, const float* q, std::size_t ldq, std::size_t p0,
               std::size_t tokens, const KvView& kv, float* out, std::size_t ldo,
               const Context& context) {
  if (shape.heads < 1 || shape.kv_heads < 1 || shape.head_dim < 1 || shape.window < 0 ||
      shape.heads % shape.kv_heads != 0 || kv.length < p0 + tokens || kv.capacity < kv.length ||
      (kv.dtype != DType::F32 && kv.dtype != DType::BF16)) {
    throw Error(ErrorCode::kInternal, "attention: the shape or the cache does not fit");
  }
  const auto dim = static_cast<std::size_t>(shape.head_dim);
  const auto group = static_cast<std::size_t>(shape.heads / shape.kv_heads);
  const std::size_t stride = kv.capacity * dim * dtype_size(kv.dtype);
  cpu::parallel_for(context.threads, static_cast<std::size_t>(shape.kv_heads), 1,
                    [&](std::size_t first, std::size_t last) {
                      for (std::size_t h = first; h < last; ++h) {
                        const auto of = [&](const void* all) {
                          return widened(static_cast<const std::byte*>(all) + h * stride, kv.dtype,
                                         (p0 + tokens) * dim, context);
                        };
                        const std::vector<float> k = of(kv.k), v = of(kv.v);
                        for (std::size_t t = 0; t < tokens; ++t) {
                          for (std::size_t head = h * group; head < (h + 1) * group; ++head) {
                            one_head(shape, q + t * ldq + head * dim, p0 + t, k.data(), v.data(),
                                     out + t * ldo + head * dim);
                          }
                        }
                      }
                    });
}

}  // namespace mod::nn
