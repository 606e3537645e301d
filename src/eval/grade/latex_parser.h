// Recursive descent over LaTeX tokens; see reading.h. Bounded: 60 levels, 4,000 nodes.
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "eval/grade/reading.h"
#include "eval/grade/tokens.h"

namespace mod::eval {

class LatexParser {
 public:
  LatexParser(std::string_view text, GradeMode mode, std::vector<Node>& nodes);

  /// The statement that starts here; nothing if there is none.
  std::optional<Statement> statement();
  /// Whether the text goes on with something that no expression has.
  bool at_alien() const;
  bool at_end() const { return peek().kind == TokenKind::kEnd; }
  bool take_sign(char sign);
  const Token& peek(std::size_t ahead = 0) const;

 private:
  static constexpr int kMaxDepth = 60;

  /// One level of nesting for as long as it lives.
  class Level {
   public:
    explicit Level(int& depth) : depth_(depth) { ++depth_; }
    ~Level() { --depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    int& depth_;
  };

  // Each returns the index of a node, or -1 after fail().
  int additive();
  int product(bool in_argument);
  int unary(bool in_argument);
  int factors(bool in_argument);
  int postfix(bool in_argument);
  int power(int base);
  int atom();
  int group(char open);
  int letter();
  int command();
  int fraction(Op op);
  int root();
  int overline();
  int ceiling(bool up);
  int known_function(std::string_view name);
  int function_argument();
  int logarithm();
  int call(std::uint64_t name);
  int braced();
  int braced_or_atom();

  std::uint64_t subscripted(std::string_view name);
  bool starts_factor(bool in_argument) const;
  bool is_sign(char sign, std::size_t ahead = 0) const;
  bool is_command(std::string_view name, std::size_t ahead = 0) const;
  std::optional<Op> product_sign() const;
  std::optional<Relation> relation() const;
  int add(Node node);
  int function(std::string_view name, int argument);
  int number(double value);
  int fail();
  bool rewind(std::size_t position, std::size_t nodes);

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  GradeMode mode_;
  std::vector<Node>& nodes_;
  int depth_ = 0;
  int bars_ = 0;
  bool failed_ = false;
};

}  // namespace mod::eval
