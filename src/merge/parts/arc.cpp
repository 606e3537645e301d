#include "merge/parts/arc.h"

#include <algorithm>
#include <cmath>

namespace mod::merge {
namespace {

/// Without an angle (NaN or infinity among the elements) only those elements should suffer: the
/// linear branch keeps the others.
void set_factors(Arc& arc, double t, bool linear) {
  arc.linear = linear || !std::isfinite(arc.angle);
  if (arc.linear) {
    arc.f0 = 1 - t;
    arc.f1 = t;
  } else {
    const double sine = std::sin(arc.angle);
    arc.f0 = std::sin((1 - t) * arc.angle) / sine;
    arc.f1 = std::sin(t * arc.angle) / sine;
  }
}

}  // namespace

Arc slerp_arc(double square0, double square1, double dot, double t) {
  const double norm0 = std::sqrt(square0), norm1 = std::sqrt(square1);
  Arc arc;
  arc.cosine = dot / (norm0 > 1e-8 ? norm0 : 1) / (norm1 > 1e-8 ? norm1 : 1);
  arc.angle = std::acos(std::clamp(arc.cosine, -1.0, 1.0));
  set_factors(arc, t, std::abs(arc.cosine) > 0.9995);
  return arc;
}

Arc nuslerp_arc(double square0, double square1, double dot, double t) {
  const double norm0 = std::max(std::sqrt(square0), 1e-7);
  const double norm1 = std::max(std::sqrt(square1), 1e-7);
  Arc arc;
  arc.cosine = std::clamp(dot / norm0 / norm1, -1.0, 1.0);
  arc.angle = std::acos(arc.cosine);
  set_factors(arc, t, std::abs(std::sin(arc.angle)) < 1e-8);
  return arc;
}

}  // namespace mod::merge
