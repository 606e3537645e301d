// Interpolation along the arc between two vectors, as factors of the two.
#pragma once

namespace mod::merge {

struct Arc {
  double f0 = 0, f1 = 0;  // y = f0 x0 + f1 x1
  double cosine = 0, angle = 0;
  bool linear = false;  // the arc is degenerate: plain interpolation
};

/// slerp: norms up to 1e-8 count as 1; linear where |cosine| > 0.9995 or is not a number.
Arc slerp_arc(double square0, double square1, double dot, double t);

/// nuslerp: norms are at least 1e-7, the cosine is clamped; linear where |sin(angle)| < 1e-8.
Arc nuslerp_arc(double square0, double square1, double dot, double t);

}  // namespace mod::merge
