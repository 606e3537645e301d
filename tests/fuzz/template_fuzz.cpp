// Any bytes as a chat template: it is parsed and rendered with a chat, or an Error says why not,
// within the limits of steps and text.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "mod/error.h"
#include "text/template/template.h"

namespace {

using namespace mod::text::jinja;

// Small, so that a template that uses up its steps is no slow input.
constexpr Limits kLimits{200'000, std::size_t{1} << 20};

const Json& chat() {
  static const Json json = Json::parse(R"({
    "messages": [
      {"role": "system", "content": "Be brief."},
      {"role": "user", "content": [{"type": "text", "text": "Tschüß 你好 😀"}, {"type": "image"}]},
      {"role": "assistant", "content": "<think>\nhm\n</think>\n\nyes",
       "tool_calls": [{"function": {"name": "f", "arguments": {"x": [1, 2.5, null, true]}}}]}],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object",
      "properties": {"x": {"type": ["array", "null"]}}, "required": ["x"]}}}],
    "bos_token": "<s>", "eos_token": "</s>", "add_generation_prompt": true, "none_value": null,
    "x": 7, "s": "Hello, World", "d": {"b": 2, "a": 1, "C": 3}, "l": [3, 1, 2]})");
  return json;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  Template::Variables variables;
  for (const auto& [name, value] : chat().items()) variables.emplace_back(name, &value);
  try {
    const Template parsed(source, "input");
    const std::string text = parsed.render(variables, TimePoint(), kLimits);
    if (text.size() > 2 * kLimits.text_bytes) std::abort();
  } catch (const mod::Error&) {
  }
  return 0;
}
