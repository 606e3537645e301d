// The functions that an answer may name, on complex numbers. What has no value is not finite.
#pragma once

#include <complex>
#include <cstdint>

namespace mod::eval {

using Complex = std::complex<double>;

Complex divide(Complex a, Complex b);
/// Small integer exponents by repeated multiplication, so that squares stay exact.
Complex power(Complex base, Complex exponent);
/// Gamma(z + 1), by Lanczos' approximation (g = 7, 9 terms; about 15 digits).
Complex factorial(Complex z);
/// `name` is the FNV-1a hash of the function's name; an unknown one has no value.
Complex apply_function(std::uint64_t name, Complex z);

}  // namespace mod::eval
