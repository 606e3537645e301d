#include "eval/grade/functions.h"

#include <cmath>
#include <limits>
#include <numbers>

#include "base/random.h"

namespace mod::eval {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

bool is_integer(Complex z) {
  return std::abs(z.imag()) < 1e-12 && std::abs(z.real() - std::round(z.real())) < 1e-12;
}

Complex integer_power(Complex base, int exponent) {
  if (exponent < 0) return divide(1, integer_power(base, -exponent));
  Complex result = 1;
  for (; exponent > 0; exponent >>= 1) {
    if ((exponent & 1) != 0) result *= base;
    base *= base;
    if (!std::isfinite(std::abs(base)) && exponent > 1) return kNone;
  }
  return result;
}

Complex gamma(Complex z) {
  constexpr double kG = 7;
  constexpr double kTerms[] = {0.99999999999980993,  676.5203681218851,     -1259.1392167224028,
                               771.32342877765313,   -176.61502916214059,   12.507343278686905,
                               -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7};
  if (z.real() < 0.5) {
    return divide(std::numbers::pi, std::sin(std::numbers::pi * z) * gamma(1.0 - z));
  }
  z -= 1;
  Complex sum = kTerms[0];
  for (int i = 1; i < 9; ++i) sum += kTerms[i] / (z + static_cast<double>(i));
  const Complex t = z + kG + 0.5;
  return std::sqrt(2 * std::numbers::pi) * std::pow(t, z + 0.5) * std::exp(-t) * sum;
}

struct Function {
  std::string_view name;
  Complex (*value)(Complex);
};

constexpr Function kFunctions[] = {
    {"sin", [](Complex z) { return std::sin(z); }},
    {"cos", [](Complex z) { return std::cos(z); }},
    {"tan", [](Complex z) { return std::tan(z); }},
    {"csc", [](Complex z) { return divide(1, std::sin(z)); }},
    {"sec", [](Complex z) { return divide(1, std::cos(z)); }},
    {"cot", [](Complex z) { return divide(1, std::tan(z)); }},
    {"arcsin", [](Complex z) { return std::asin(z); }},
    {"arccos", [](Complex z) { return std::acos(z); }},
    {"arctan", [](Complex z) { return std::atan(z); }},
    {"arccsc", [](Complex z) { return std::asin(divide(1, z)); }},
    {"arcsec", [](Complex z) { return std::acos(divide(1, z)); }},
    {"arccot", [](Complex z) { return std::atan(divide(1, z)); }},
    {"sinh", [](Complex z) { return std::sinh(z); }},
    {"cosh", [](Complex z) { return std::cosh(z); }},
    {"tanh", [](Complex z) { return std::tanh(z); }},
    {"arsinh", [](Complex z) { return std::asinh(z); }},
    {"arcosh", [](Complex z) { return std::acosh(z); }},
    {"artanh", [](Complex z) { return std::atanh(z); }},
    {"arcsinh", [](Complex z) { return std::asinh(z); }},
    {"arccosh", [](Complex z) { return std::acosh(z); }},
    {"arctanh", [](Complex z) { return std::atanh(z); }},
    {"exp", [](Complex z) { return std::exp(z); }},
    {"ln", [](Complex z) { return std::log(z); }},
    {"sqrt", [](Complex z) { return std::sqrt(z); }},
    {"abs", [](Complex z) { return Complex(std::abs(z)); }},
    {"conjugate", [](Complex z) { return std::conj(z); }},
    {"floor", [](Complex z) { return Complex(std::floor(z.real()), std::floor(z.imag())); }},
    {"ceil", [](Complex z) { return Complex(std::ceil(z.real()), std::ceil(z.imag())); }},
};

}  // namespace

Complex divide(Complex a, Complex b) {
  if (std::abs(b) < 1e-300) return kNone;
  return a / b;
}

Complex power(Complex base, Complex exponent) {
  if (is_integer(exponent) && std::abs(exponent.real()) <= 1024) {
    return integer_power(base, static_cast<int>(std::lround(exponent.real())));
  }
  if (base == Complex(0)) return exponent.real() > 0 ? Complex(0) : Complex(kNone);
  return std::pow(base, exponent);
}

Complex factorial(Complex z) {
  if (is_integer(z) && z.real() >= -0.5 && z.real() <= 170) {
    double product = 1;
    for (int i = 2; i <= std::lround(z.real()); ++i) product *= i;
    return product;
  }
  if (std::abs(z) > 170) return kNone;
  return gamma(z + 1.0);
}

Complex apply_function(std::uint64_t name, Complex z) {
  for (const Function& function : kFunctions) {
    if (fnv1a64(function.name) == name) return function.value(z);
  }
  return kNone;
}

}  // namespace mod::eval
