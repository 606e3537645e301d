// The methods' tables, one for each registered name. Each is defined in the file of its method.
#pragma once

#include "merge/method.h"

namespace mod::merge {

extern const MethodInfo kMod;
extern const MethodInfo kLinear;
extern const MethodInfo kSlerp;
extern const MethodInfo kNuslerp;
extern const MethodInfo kTaskArithmetic;
extern const MethodInfo kTies;
extern const MethodInfo kDareLinear;
extern const MethodInfo kDareTies;
extern const MethodInfo kBreadcrumbs;
extern const MethodInfo kBreadcrumbsTies;
extern const MethodInfo kDella;
extern const MethodInfo kDellaLinear;
extern const MethodInfo kModelStock;
extern const MethodInfo kPassthrough;

}  // namespace mod::merge
