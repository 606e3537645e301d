#include "text/template/parser.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "checkpoint/quote.h"
#include "text/template/expression_parser.h"
#include "text/template/lexer.h"

namespace mod::text::jinja {
namespace {

// Statements in statements.
constexpr int kMaxStatementDepth = 100;

using Words = std::vector<std::string_view>;

class Parser {
 public:
  explicit Parser(std::string_view source)
      : program_(std::make_shared<Program>()),
        tokens_((program_->source = normalized_source(source), tokenize(program_->source))),
        expressions_(tokens_, symbols_) {}

  std::shared_ptr<const Program> run() {
    program_->known = {symbols_.add("loop"), symbols_.add("caller"), symbols_.add("varargs"),
                       symbols_.add("kwargs")};
    program_->body = block({});
    program_->names = symbols_.take();
    return program_;
  }

 private:
  using Rule = Statement (Parser::*)(Offset at);
  struct Tag {
    std::string_view name;
    Rule rule;
  };

  static const std::array<Tag, 13>& tags() {
    static constexpr std::array<Tag, 13> kTags = {{
        {"if", &Parser::if_statement},
        {"for", &Parser::for_statement},
        {"set", &Parser::set_statement},
        {"macro", &Parser::macro_statement},
        {"call", &Parser::call_statement},
        {"filter", &Parser::filter_statement},
        {"with", &Parser::with_statement},
        {"print", &Parser::print_statement},
        {"generation", &Parser::generation_statement},
        {"break", &Parser::break_statement},
        {"continue", &Parser::continue_statement},
        {"raw", nullptr},  // the lexer's
        {"endraw", nullptr},
    }};
    return kTags;
  }

  /// Statements up to one of `ends`, which becomes the current token; to the end of the template if
  /// there are none.
  Block block(const Words& ends) {
    if (++depth_ > kMaxStatementDepth) {
      fail_at(tokens_.current().at, "the statements are nested too deeply");
    }
    Block body;
    while (!tokens_.is(TokenKind::kEnd)) {
      if (tokens_.is(TokenKind::kData)) {
        const Token& token = tokens_.next();
        body.push_back({token.at, DataStmt{token.text}});
      } else if (tokens_.is(TokenKind::kPrintBegin)) {
        const Offset at = tokens_.next().at;
        body.push_back({at, PrintStmt{expressions_.tuple(true)}});
        tokens_.expect(TokenKind::kPrintEnd, "the end of the expression");
      } else {
        tokens_.next();
        if (is_one_of(ends)) {
          --depth_;
          return body;
        }
        add_statement(body, ends);
        tokens_.expect(TokenKind::kBlockEnd, "the end of the statement");
      }
    }
    if (!ends.empty()) {
      fail_at(opened_.back().at, "the statement '" + std::string(opened_.back().name) +
                                     "' is not closed: '" + std::string(ends.back()) +
                                     "' is missing");
    }
    --depth_;
    return body;
  }

  bool is_one_of(const Words& words) const {
    return tokens_.is(TokenKind::kName) &&
           std::find(words.begin(), words.end(), tokens_.current().text) != words.end();
  }

  void add_statement(Block& body, const Words& ends) {
    const Token& token = tokens_.current();
    if (token.kind != TokenKind::kName) tokens_.unexpected("the name of a statement");
    for (const Tag& tag : tags()) {
      if (tag.name != token.text || !tag.rule) continue;
      opened_.push_back({tag.name, token.at});
      tokens_.next();
      body.push_back((this->*tag.rule)(token.at));
      opened_.pop_back();
      return;
    }
    fail_unknown_statement(token, ends);
  }

  [[noreturn]] void fail_unknown_statement(const Token& token, const Words& ends) const {
    const std::string name = checkpoint::quote_name(token.text);
    for (const std::string_view other : {"include", "import", "from", "extends", "block"}) {
      if (token.text == other) {
        fail_unsupported("the statement " + name + " is not supported: a chat template is one file",
                         token.at);
      }
    }
    for (const std::string_view other : {"autoescape", "do", "trans", "pluralize", "debug"}) {
      if (token.text == other) {
        fail_unsupported("the statement " + name + " is not supported", token.at);
      }
    }
    std::string text = token.text.starts_with("end") || token.text.starts_with("el")
                           ? "the statement " + name + " closes nothing here"
                           : "the statement " + name + " is unknown";
    if (!ends.empty()) {
      text += "; '" + std::string(opened_.back().name) + "' waits for '" +
              std::string(ends.back()) + "'";
    }
    Words known = ends;
    for (const Tag& tag : tags()) known.push_back(tag.name);
    fail_at(token.at, text + did_you_mean(token.text, known));
  }

  /// The body of a statement: everything between its tag and one of `ends`.
  Block body(const Words& ends) {
    tokens_.skip_operator(":");  // allowed for those who come from Python
    tokens_.expect(TokenKind::kBlockEnd, "the end of the statement");
    return block(ends);
  }

  /// Also past the end tag.
  Block closed_body(std::string_view end) {
    Block result = body({end});
    tokens_.next();
    return result;
  }

  /// A value of `variable` for the time of a body.
  template <typename T>
  class With {
   public:
    With(T& variable, T value) : variable_(variable), old_(std::exchange(variable, value)) {}
    ~With() { variable_ = old_; }
    With(const With&) = delete;
    With& operator=(const With&) = delete;

   private:
    T& variable_;
    T old_;
  };

  Statement if_statement(Offset at) {
    const With<bool> in_branch(expressions_.in_branch, true);
    IfStmt result;
    std::string_view end;
    do {
      IfStmt::Branch branch;
      branch.condition = expressions_.tuple(false);
      branch.body = body({"elif", "else", "endif"});
      result.branches.push_back(std::move(branch));
      end = tokens_.next().text;
    } while (end == "elif");
    if (end == "else") result.otherwise = closed_body("endif");
    return {at, std::move(result)};
  }

  Statement for_statement(Offset at) {
    ForStmt result;
    result.target = expressions_.target(false, "in");
    if (sets_loop(result.target)) fail_at(at, "'loop' cannot be the variable of a loop");
    if (!tokens_.skip_name("in")) tokens_.unexpected("'in'");
    result.items = expressions_.tuple(false, "recursive");
    if (tokens_.skip_name("if")) result.filter = expressions_.expression();
    if (tokens_.is_name("recursive")) {
      fail_unsupported("recursive loops are not supported; use a macro that calls itself",
                       tokens_.current().at);
    }
    const With<bool> in_branch(expressions_.in_branch, false);
    {
      const With<int> loops(loops_, loops_ + 1);
      const With<int> around(all_loops_, all_loops_ + 1);
      result.body = body({"else", "endfor"});
    }
    if (tokens_.next().text == "else") result.otherwise = closed_body("endfor");
    return {at, std::move(result)};
  }

  bool sets_loop(const Target& target) const {
    if (const auto* name = std::get_if<Symbol>(&target.node)) return *name == program_->known.loop;
    const auto* items = std::get_if<std::vector<Target>>(&target.node);
    return items && std::any_of(items->begin(), items->end(),
                                [&](const Target& item) { return sets_loop(item); });
  }

  Statement set_statement(Offset at) {
    Target target = expressions_.target(true);
    if (all_loops_ > 0 && sets_loop(target)) fail_at(target.at, "'loop' cannot be set in a loop");
    if (tokens_.skip_operator("=")) {
      return {at, SetStmt{std::move(target), expressions_.tuple(true)}};
    }
    ExprPtr value = expressions_.filters(expressions_.captured(at), false);
    const With<bool> in_branch(expressions_.in_branch, false);
    Block block = closed_body("endset");
    return {at, SetBlockStmt{std::move(target), std::move(value), std::move(block)}};
  }

  void signature(MacroInfo& macro) {
    tokens_.expect_operator("(");
    bool has_default = false;
    while (!tokens_.is_operator(")")) {
      if (!macro.parameters.empty()) tokens_.expect_operator(",");
      const Token& token = tokens_.expect(TokenKind::kName, "the name of a parameter");
      MacroInfo::Parameter parameter{symbols_.add(token.text), nullptr};
      if (tokens_.skip_operator("=")) {
        parameter.value = expressions_.expression();
        has_default = true;
      } else if (has_default) {
        fail_at(token.at,
                "the parameter " + checkpoint::quote_name(token.text) + " needs a default value");
      }
      macro.parameters.push_back(std::move(parameter));
    }
    tokens_.next();
  }

  /// A body that is a function of its own: loops around it are out of reach of `break`.
  void function_body(Offset at, MacroInfo& macro, std::string_view end) {
    const With<bool> in_branch(expressions_.in_branch, false);
    const With<int> loops(loops_, 0);
    expressions_.macros.push_back(&macro);
    macro.body = closed_body(end);
    expressions_.macros.pop_back();
    for (const MacroInfo::Parameter& parameter : macro.parameters) {
      if (parameter.name != program_->known.caller || !macro.uses_caller) continue;
      if (!parameter.value) fail_at(at, "the parameter 'caller' needs a default value");
      macro.uses_caller = false;  // it is an ordinary one
    }
  }

  Statement macro_statement(Offset at) {
    const Token& token = tokens_.expect(TokenKind::kName, "the name of the macro");
    MacroStmt result{symbols_.add(token.text), {}};
    result.macro.name = symbols_.text(result.name);
    signature(result.macro);
    function_body(at, result.macro, "endmacro");
    return {at, std::move(result)};
  }

  Statement call_statement(Offset at) {
    CallStmt result;
    result.caller.name = symbols_.text(symbols_.add("caller"));
    if (tokens_.is_operator("(")) signature(result.caller);
    result.call = expressions_.expression();
    if (!std::holds_alternative<CallExpr>(result.call->node)) {
      fail_at(result.call->at, "expected the call of a macro");
    }
    function_body(at, result.caller, "endcall");
    return {at, std::move(result)};
  }

  Statement filter_statement(Offset at) {
    FilterStmt result;
    result.value = expressions_.filters(expressions_.captured(at), true);
    const With<bool> in_branch(expressions_.in_branch, false);
    result.body = closed_body("endfilter");
    return {at, std::move(result)};
  }

  Statement with_statement(Offset at) {
    WithStmt result;
    while (!tokens_.is(TokenKind::kBlockEnd)) {
      if (!result.values.empty()) tokens_.expect_operator(",");
      Target target = expressions_.target(false);
      tokens_.expect_operator("=");
      result.values.emplace_back(std::move(target), expressions_.expression());
    }
    const With<bool> in_branch(expressions_.in_branch, false);
    result.body = closed_body("endwith");
    return {at, std::move(result)};
  }

  Statement print_statement(Offset at) { return {at, PrintStmt{expressions_.concatenation(at)}}; }

  Statement generation_statement(Offset at) {
    MacroInfo scope;
    function_body(at, scope, "endgeneration");
    return {at, GenerationStmt{std::move(scope.body)}};
  }

  Statement break_statement(Offset at) {
    if (loops_ == 0) fail_at(at, "'break' stands outside of a loop");
    return {at, BreakStmt{}};
  }

  Statement continue_statement(Offset at) {
    if (loops_ == 0) fail_at(at, "'continue' stands outside of a loop");
    return {at, ContinueStmt{}};
  }

  struct Opened {
    std::string_view name;
    Offset at;
  };

  std::shared_ptr<Program> program_;
  TokenStream tokens_;
  SymbolTable symbols_;
  ExpressionParser expressions_;
  std::vector<Opened> opened_;  // the statements that wait for their end
  int depth_ = 0;
  int loops_ = 0;      // that `break` can leave
  int all_loops_ = 0;  // around the current place
};

}  // namespace

std::shared_ptr<const Program> parse(std::string_view source) {
  if (source.size() > kMaxSourceBytes) {
    fail("a template of " + size_text(source.size()) + " is too large; the most is " +
         size_text(kMaxSourceBytes));
  }
  if (!is_valid_utf8(source)) fail("the template is not UTF-8");
  return Parser(source).run();
}

}  // namespace mod::text::jinja
