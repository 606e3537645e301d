#include "merge/methods/registry.h"
#include "merge/parts/checks.h"

namespace mod::merge {
namespace {

constexpr ParamSpec kParams[] = {
    {.name = "scale",
     .per_model = true,
     .help = "factor; without it (or 1) the bytes are copied",
     .has_default = false},
};

std::string check(const TensorSpec& spec) {
  if (auto text = check_compute(spec); !text.empty()) return text;
  return check_finite(spec, {}, {"scale"});
}

}  // namespace

constinit const MethodInfo kPassthrough = {
    .name = "passthrough",
    .title = "one model's tensors, copied or scaled",
    .paper = "",
    .formula = "y = scale x",
    .params = kParams,
    .min_models = 1,
    .max_models = 1,
    .reads = "once",
    .check = check,
};

}  // namespace mod::merge
