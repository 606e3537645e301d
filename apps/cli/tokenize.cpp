// `mod tokenize MODEL -p TEXT`: the ids of a text.
#include <fmt/format.h>

#include <memory>
#include <optional>

#include "base/text.h"
#include "checkpoint/quote.h"
#include "commands.h"
#include "mod/error.h"
#include "print.h"
#include "tokenizer_argument.h"

namespace mod::cli {
namespace {

using Ids = std::vector<std::int32_t>;

struct Options {
  std::string model, file;
  std::optional<std::string> text;
  bool no_special = false;
};

void print_table(const text::Tokenizer& tokenizer, const Ids& ids) {
  Table table({"id", "token", "stands for"}, {0});
  for (const std::int32_t id : ids) {
    const std::string bytes = tokenizer.token_bytes(id);
    table.add({std::to_string(id), checkpoint::printable(tokenizer.id_to_token(id).value_or("")),
               checkpoint::quote_name(bytes)});
  }
  table.print();
}

const std::string& text_of(const Json& line, const std::string& place) {
  const Json& text = json_line_value(line, "text", place);
  if (!text.is_string()) {
    throw Error(ErrorCode::kCorruptFile, place + ": 'text' must be a string");
  }
  return text.get_ref<const std::string&>();
}

void tokenize(const Options& options, Invocation& run) {
  if (options.text.has_value() == !options.file.empty()) {
    throw Error(ErrorCode::kInvalidInput,
                "give one of the two: a text with -p, or a file of lines with --jsonl");
  }
  const text::Tokenizer tokenizer = open_tokenizer_argument(options.model, run.context);
  const auto encode = [&](std::string_view text) {
    return tokenizer.encode(text, !options.no_special);
  };
  const auto print_line = [&](const Ids& ids) {
    if (run.json) return print_json_line({{"ids", ids}});
    fmt::print("{}\n", fmt::join(ids, " "));
  };
  if (!options.text) {
    for_each_json_line(options.file, [&](const Json& line, const std::string& place) {
      print_line(encode(text_of(line, place)));
    });
  } else if (run.json) {
    print_line(encode(*options.text));
  } else {
    print_table(tokenizer, encode(*options.text));
  }
}

}  // namespace

void add_tokenize(CommandTree& tree, CLI::App& parent) {
  auto options = std::make_shared<Options>();
  CLI::App& command =
      tree.add(parent, "tokenize", "Show the token ids of a text",
               "mod tokenize examples/specialists/base -p \"Hello world\"\n"
               "  mod tokenize examples/specialists/base --jsonl texts.jsonl --json\n\n"
               "Special tokens in the text are recognised. With --json every text gives one line\n"
               "{\"ids\": [...]}; without it --jsonl gives one line of ids for each line.",
               [options](Invocation& run) { tokenize(*options, run); });
  command
      .add_option("MODEL", options->model, "A folder with tokenizer.json, a recipe, or a hub name")
      ->required();
  command.add_option("-p,--prompt", options->text, "The text")->type_name("TEXT");
  command.add_option("--jsonl", options->file, "A file with {\"text\": ...} on every line")
      ->type_name("FILE");
  command.add_flag("--no-special", options->no_special,
                   "Leave out what the tokenizer puts around every text (a begin token)");
}

}  // namespace mod::cli
