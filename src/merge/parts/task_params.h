// Parameters that the task-arithmetic family shares, so that the methods' tables only list them.
#pragma once

#include "merge/method.h"

namespace mod::merge {

inline constexpr ParamSpec kWeightParam = {
    .name = "weight", .per_model = true, .required = true, .help = "factor of this model's delta"};
inline constexpr ParamSpec kDensityParam = {
    .name = "density", .per_model = true, .number = 1, .help = "share of the delta that is kept"};
inline constexpr ParamSpec kLambdaParam = {
    .name = "lambda", .number = 1, .help = "factor of the merged delta"};
inline constexpr ParamSpec kInt8MaskParam = {
    .name = "int8_mask", .type = ParamType::kBool, .number = 0, .help = "no effect; accepted"};
inline constexpr ParamSpec kNormalizeOn = {
    .name = "normalize",
    .type = ParamType::kBool,
    .number = 1,
    .help = "divide by the sum of the weights that take part"};
inline constexpr ParamSpec kNormalizeOff = {
    .name = "normalize",
    .type = ParamType::kBool,
    .number = 0,
    .help = "divide by the sum of the weights that take part"};
inline constexpr ParamSpec kRescaleOff = {.name = "rescale",
                                          .type = ParamType::kBool,
                                          .number = 0,
                                          .help = "scale each sparse delta back to its L1 norm"};
/// Absent unless written, so that an explicit `true` beside rescale_inverse_p can be refused.
inline constexpr ParamSpec kRescaleOn = {
    .name = "rescale",
    .type = ParamType::kBool,
    .number = 1,
    .help = "scale each sparse delta back to its L1 norm (true unless rescale_inverse_p)",
    .has_default = false};
inline constexpr ParamSpec kInversePParam = {
    .name = "rescale_inverse_p",
    .type = ParamType::kBool,
    .number = 0,
    .help = "divide each survivor by its keep probability instead of rescale"};
inline constexpr ParamSpec kGammaParam = {.name = "gamma",
                                          .per_model = true,
                                          .number = 0.01,
                                          .help = "share of the largest that is dropped"};
inline constexpr ParamSpec kEpsilonParam = {
    .name = "epsilon",
    .per_model = true,
    .number = 0.15,
    .help = "keep probabilities run from density - epsilon to density + epsilon by rank"};

}  // namespace mod::merge
