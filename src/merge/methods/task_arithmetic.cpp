#include "merge/methods/registry.h"
#include "merge/parts/checks.h"
#include "merge/parts/task_params.h"
#include "merge/parts/task_vectors.h"

namespace mod::merge {
namespace {

constexpr ParamSpec kUnusedDensity = {
    .name = "density", .per_model = true, .number = 1, .help = "no effect; accepted"};
constexpr ParamSpec kParams[] = {kWeightParam, kUnusedDensity, kNormalizeOff,
                                 kLambdaParam, kInt8MaskParam, kRescaleOff};

std::unique_ptr<Kernel> make(const TensorSpec& spec, const cpu::Kernels&) {
  return make_task_vectors(spec, false, nullptr);
}

}  // namespace

constinit const MethodInfo kTaskArithmetic = {
    .name = "task_arithmetic",
    .title = "the base plus the weighted differences of the models from it",
    .paper = "arXiv 2212.04089",
    .formula = "y = b + lambda sum(w_i (x_i - b))",
    .params = kParams,
    .base = BaseRole::kRequired,
    .shapes = ShapeRule::kCropToBase,
    .reads = "once",
    .make = make,
    .check = check_task_vectors,
};

}  // namespace mod::merge
