// Any bytes as a mixture: reading must end in a mixture or in problems, and a mixture without
// errors must read back from what is written of it.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "bundle/mixture_file.h"

namespace {

using namespace mod::bundle;

/// The first line as an argument of the command line.
void read_arguments(std::string_view text) {
  const std::string line(text.substr(0, text.find('\n')));
  mod::Problems problems;
  MixtureOptions options{{}, "", false};
  options.choices = {line, line, line};
  (void)mixture_of_experts({line, "b=m@1"}, options, problems);
}

bool same(const MixtureFile& a, const MixtureFile& b) {
  return a.rule == b.rule && a.gate == b.gate && a.mode == b.mode &&
         a.rule_parameters == b.rule_parameters && a.gate_parameters == b.gate_parameters &&
         a.weights() == b.weights() && a.rule_order() == b.rule_order() &&
         mixture_yaml(a, "") == mixture_yaml(b, "");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  MixtureOptions options{{}, "", false};
  if (size % 3 == 0) options.set = {{"mixture.gate.rate", "0.5"}, {"experts.a.weight", "2"}};
  if (size % 5 == 0) options.weights = text.substr(0, 64);
  (void)is_mixture(text);
  read_arguments(text);
  mod::Problems problems;
  const MixtureFile mixture = parse_mixture(text, "nowhere/m.yml", options, problems);
  if (problems.has_errors()) return 0;

  mod::Problems again;
  const MixtureFile back =
      parse_mixture(mixture_yaml(mixture, ""), "nowhere/m.yml", {{}, "", false}, again);
  if (again.has_errors() || !same(mixture, back)) std::abort();
  return 0;
}
