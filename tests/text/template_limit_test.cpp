// Templates come from strangers: each of these would take for ever, fill the memory or overflow the
// stack. All must end in an Error, and soon.
#include "text/template_support.h"

namespace mod::text::test {
namespace {

std::string repeated(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

TEST(TemplateLimits, LoopsEnd) {
  const std::string source =
      "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}";
  EXPECT_NE(error_of(source).find("too many steps"), std::string::npos);
  EXPECT_NE(error_of("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}").find("too deeply"),
            std::string::npos);
  error_of("{% macro m(n) %}{{ m(n + 1) }}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}");
}

TEST(TemplateLimits, TextsStaySmall) {
  for (const char* source :
       {"{{ 'x' * 10000000000 }}", "{{ 'xy' * 100000000 }}",
        "{% set ns = namespace(s='x') %}{% for i in range(100) %}{% set ns.s = ns.s ~ ns.s %}{% "
        "endfor %}",
        "{% set s = 'x' * 1000000 %}{{ s.replace('', s) }}",
        "{{ ('x' * 100000)|center(10 ** 12) }}", "{{ 'x'.ljust(10 ** 12) }}",
        "{{ '%1000000000000d' % 1 }}", "{{ '{:1000000000000}'.format(1) }}",
        "{{ '%.1000000000f' % 1 }}", "{{ 'x'|indent(10 ** 10) }}",
        "{{ [1]|tojson(indent=10 ** 9) }}", "{{ '1'.zfill(10 ** 15) }}",
        "{{ ('a' * 10000000)|map('upper')|join('b' * 1000) }}",
        "{{ strftime_now('%Y' * 1000000) }}", "{{ strftime_now('%2000000000Y') }}"}) {
    error_of(source);
  }
}

TEST(TemplateLimits, ContainersStaySmall) {
  for (const char* source :
       {"{{ [1] * 10000000000 }}", "{{ ([1] * 100000) * 100000 }}", "{{ range(100001) }}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(100) %}{% set ns.l = ns.l + ns.l %}{% "
        "endfor %}",
        "{{ [1]|batch(10 ** 9, 0)|list }}", "{{ [1]|slice(10 ** 9)|list }}",
        // Small in memory, exponential in print, comparison or as a key.
        "{% set ns = namespace(l=[1]) %}{% for i in range(90) %}{% set ns.l = [ns.l, ns.l] %}{% "
        "endfor %}"
        "{{ ns.l }}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(90) %}{% set ns.l = [ns.l, ns.l] %}{% "
        "endfor %}"
        "{{ ns.l|tojson }}",
        "{% set ns = namespace(a=[1], b=[1]) %}{% for i in range(90) %}{% set ns.a = [ns.a, ns.a] "
        "%}"
        "{% set ns.b = [ns.b, ns.b] %}{% endfor %}{{ ns.a == ns.b }}",
        "{% set ns = namespace(t=(1,)) %}{% for i in range(90) %}{% set ns.t = (ns.t, ns.t) %}{% "
        "endfor %}"
        "{{ {ns.t: 1} }}"}) {
    error_of(source);
  }
}

TEST(TemplateLimits, NestingIsBounded) {
  error_of("{{ " + repeated("(", 100000) + "1" + repeated(")", 100000) + " }}");
  error_of("{{ " + repeated("[", 100000) + " }}");
  error_of("{{ " + repeated("not ", 100000) + "1 }}");
  error_of("{{ " + repeated("-", 100000) + "1 }}");
  error_of("{{ 1" + repeated(" + 1", 100000) + " }}");
  error_of("{{ x" + repeated(".x", 100000) + " }}");
  error_of("{{ 1" + repeated("|abs", 100000) + " }}");
  error_of("{{ 1" + repeated(" if 1 else 1", 30000) + " }}");
  error_of(repeated("{% if 1 %}", 30000));
  error_of("{% set " + repeated("(", 100000) + "x = 1 %}");
  error_of(
      "{% set ns = namespace(l=[]) %}{% for i in range(100000) %}{% set ns.l = [ns.l] %}{% endfor "
      "%}");
  error_of(
      "{% set ns = namespace(l=[]) %}{% for i in range(100000) %}{% set ns.l = [ns.l.index] %}{% "
      "endfor %}");
  error_of(
      "{% set ns = namespace(l=[]) %}{% for i in range(100000) %}{% set ns.l = [ns.l]|map('list') "
      "%}"
      "{% endfor %}");
  EXPECT_EQ(render("{{ 'x'" + repeated(" ~ 'x'", 5000) + " }}").size(), 5001u);
}

TEST(TemplateLimits, CyclesThroughNamespacesAreNoLeaks) {
  EXPECT_EQ(
      render("{% set ns = namespace() %}{% set ns.self = ns %}{{ ns.self.self is sameas ns }}"),
      "True");
  error_of("{% set ns = namespace() %}{% set ns.self = [ns] %}{{ ns }}");
  // A chain of loops that hold the loops before them.
  EXPECT_EQ(render("{% set ns = namespace(l=0) %}{% for i in range(50000) %}{% for x in [ns.l] %}"
                   "{% set ns.l = loop %}{% endfor %}{% endfor %}{{ ns.l.length }}"),
            "1");
}

TEST(TemplateLimits, SearchesAreLinear) {
  const Json variables = {{"text", repeated("a", 1000000)}, {"part", repeated("a", 500000) + "b"}};
  EXPECT_EQ(
      render("{{ part in text }}{{ text.find(part) }}{{ text.rfind(part) }}{{ text.count(part) }}"
             "{{ text.split(part)|length }}{{ text.replace(part, '')|length }}"
             "{{ text.strip(part)|length }}",
             variables),
      "False-1-10110000000");
}

TEST(TemplateLimits, AreHighEnoughForLongChats) {
  Json messages = Json::array();
  for (int i = 0; i < 4000; ++i) {
    messages.push_back(
        {{"role", i % 2 ? "assistant" : "user"}, {"content", repeated("word ", 200)}});
  }
  const auto chat = ChatTemplate::from_source(
      read_file(kSource / "tests/data/chat_templates/qwen3.jinja"), "qwen3.jinja");
  EXPECT_GT(chat.render(messages).size(), 4'000'000u);
}

TEST(TemplateLimits, IntegersEndInAnErrorNotInNonsense) {
  EXPECT_EQ(render("{{ 2 ** 126 }}"), "85070591730234615865843651857942052864");
  error_of("{{ 2 ** 127 }}");
  error_of("{{ 10 ** 38 * 10 }}");
  error_of("{{ 1000000000000000000000000000000000000000000 }}");
  error_of("{{ -(2 ** 126) * 2 - 1 }}");
  error_of("{{ (-(2 ** 126) * 2) // -1 }}");
}

}  // namespace
}  // namespace mod::text::test
