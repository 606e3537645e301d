// What is wrong is named with line, column and the nearest known name.
#include <memory>

#include "text/template_support.h"

namespace mod::text::test {
namespace {

void expect_error(std::string_view source, const std::vector<std::string>& parts,
                  const Json& variables = Json::object()) {
  const std::string text = error_of(source, variables);
  for (const std::string& part : parts) {
    EXPECT_NE(text.find(part), std::string::npos) << "missing: " << part << "\nin: " << text;
  }
}

TEST(TemplateErrors, NameLineAndColumnInCharacters) {
  expect_error("a\nüü {{ x.y }}", {"test, line 2, column 9", "near 'y }}'", "'x' is undefined"});
  expect_error("{{ 1 +\n   2 - }}", {"line 2, column 8", "expected an expression"});
  expect_error("a\r\nb\r{{ 'x' - 1 }}", {"line 3, column 8", "a string - an integer"});
}

TEST(TemplateErrors, NameTheNearest) {
  expect_error("{% fro x in y %}", {"line 1, column 4", "'fro' is unknown", "'for'"});
  expect_error("{% if x %}{% elsif %}{% endif %}", {"'elsif'", "'if' waits for 'endif'", "'elif'"});
  expect_error("{{ 1|lenght }}", {"line 1, column 6", "filter 'lenght'", "'length'"});
  expect_error("{% if 1 is defind %}{% endif %}", {"column 12", "test 'defind'", "'defined'"});
  expect_error("{{ 'x'.strp() }}", {"a string has no method 'strp'", "'strip'"});
  expect_error("{{ {}.itmes() }}", {"a dict has no method 'itmes'", "'items'"});
  expect_error("{{ raise_exeption('x') }}", {"function 'raise_exeption'", "'raise_exception'"});
  expect_error("{% macro render() %}{% endmacro %}{{ rendr() }}", {"'rendr'", "'render'"});
  expect_error("{{ 'x'|replace('a', nwe='b') }}", {"the filter 'replace'", "'nwe'", "'new'"});
  expect_error("{% macro m(depth) %}{% endmacro %}{{ m(dept=1) }}",
               {"the macro 'm'", "'dept'", "'depth'"});
}

TEST(TemplateErrors, SayWhatIsNotClosed) {
  expect_error("a\n{% if x %}\n{% for y in z %}b", {"line 3, column 4", "'for'", "'endfor'"});
  expect_error("{{ x", {"line 1", "'}}' is missing"});
  expect_error("a\n {# x", {"line 2, column 2", "comment"});
  expect_error("{% raw %} x", {"line 1, column 1", "endraw"});
  expect_error("{% endif %}", {"'endif' closes nothing"});
}

TEST(TemplateErrors, RefusedPartsOfJinjaAreNamed) {
  for (const char* statement : {"include 'x'", "import 'x' as y", "from 'x' import y",
                                "extends 'x'", "block x", "autoescape true", "do x"}) {
    const std::string source = "{% " + std::string(statement) + " %}";
    try {
      render(source);
      ADD_FAILURE() << source;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUnsupported) << error.what();
      const std::string name(statement, std::string_view(statement).find(' '));
      EXPECT_NE(std::string(error.what()).find("'" + name + "'"), std::string::npos);
    }
  }
  expect_error("{{ [1]|groupby('x') }}", {"'groupby' is not supported"});
  expect_error("{{ [1].append(2) }}", {"'append' would change a list", "`+`"});
  expect_error("{% for x in [] recursive %}{% endfor %}", {"recursive", "macro"});
  expect_error("{{ cycler(1) }}", {"'cycler' is not supported"});
}

TEST(TemplateErrors, TheTemplatesOwnRefusalIsShown) {
  expect_error("{% if true %}\n  {{ raise_exception('Roles must alternate!') }}\n{% endif %}",
               {"line 2, column 21", "Roles must alternate!"});
}

// A mistake behind `if` shows when it is reached, as in Jinja; any other when the template is
// loaded.
TEST(TemplateErrors, UnknownFiltersAreFoundWhileParsing) {
  EXPECT_THROW(jinja::Template("{% for x in [] %}{{ x|nosuch }}{% endfor %}", "test"), Error);
  EXPECT_THROW(jinja::Template("{% macro m() %}{{ 1 is nosuch }}{% endmacro %}", "test"), Error);
  EXPECT_EQ(render("{% if x is defined %}{{ x|nosuch }}{% endif %}ok"), "ok");
  expect_error("{% if x is defined %}{{ x|nosuch }}{% endif %}", {"column 27", "'nosuch'"},
               {{"x", 1}});
}

TEST(TemplateErrors, UnderscoresAreOutOfReach) {
  EXPECT_EQ(render("{{ ''.__class__ }}{{ {}._x is defined }}"), "False");
  EXPECT_EQ(render("{{ d._x }}{{ d['__y'] }}", {{"d", {{"_x", 1}, {"__y", 2}}}}), "12");
  expect_error("{{ ''.__class__.__mro__ }}", {"'__class__' cannot be reached"});
  expect_error("{{ ''.__class__() }}", {"'__class__' cannot be reached"});
  expect_error("{% set ns = namespace() %}{% set ns._x = 1 %}", {"'_x'", "underscore"});
}

TEST(TemplateErrors, InputsAreChecked) {
  EXPECT_THROW(jinja::Template("\xff", "test"), Error);
  EXPECT_THROW(render("{{ x }}", {{"x", "\xff"}}), Error);
  Json deep = 1;
  for (int i = 0; i < 200; ++i) deep = Json::array({std::move(deep)});
  EXPECT_THROW(render("{{ x }}", {{"x", std::move(deep)}}), Error);
}

}  // namespace
}  // namespace mod::text::test
