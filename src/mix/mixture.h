// What predicts tokens together: one model, or several whose predictions are combined.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "nn/model.h"

namespace mod::mix {

struct Expert {
  std::string name;  // for people
  std::shared_ptr<const nn::Model> model;
};

struct Mixture {
  std::vector<Expert> experts;  // at least one
};

}  // namespace mod::mix
