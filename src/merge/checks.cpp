#include "merge/plan_builder.h"

namespace mod::merge::planning {

void check_models(Builder&) {}

}  // namespace mod::merge::planning
