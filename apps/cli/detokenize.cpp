// `mod detokenize MODEL --ids 1,2`: the text of token ids.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "checkpoint/quote.h"
#include "commands.h"
#include "ids.h"
#include "mod/error.h"
#include "print.h"
#include "tokenizer_argument.h"

namespace mod::cli {
namespace {

using Ids = std::vector<std::int32_t>;

struct Options {
  std::string model, file;
  std::optional<std::string> ids;
  bool skip_special = false;
};

void check_ids(const text::Tokenizer& tokenizer, const Ids& ids, const std::string& place) {
  for (const std::int32_t id : ids) {
    if (tokenizer.id_to_token(id)) continue;
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("{}: {} is not the id of a token; the vocabulary has ids from 0 to {}",
                            place, id, tokenizer.vocab_size() - 1));
  }
}

Ids ids_of(const Json& line, const std::string& place) {
  const Json& list = json_line_value(line, "ids", place);
  Ids ids;
  const auto is_id = [](const Json& id) { return id.is_number_unsigned() && id <= 0x7FFFFFFF; };
  if (!list.is_array() || !std::all_of(list.begin(), list.end(), is_id)) {
    throw Error(ErrorCode::kCorruptFile, place + ": 'ids' must be a list of token ids");
  }
  for (const Json& id : list) ids.push_back(id.get<std::int32_t>());
  return ids;
}

void detokenize(const Options& options, Invocation& run) {
  if (options.ids.has_value() == !options.file.empty()) {
    throw Error(ErrorCode::kInvalidInput,
                "give one of the two: ids with --ids, or a file of lines with --jsonl");
  }
  const text::Tokenizer tokenizer = open_tokenizer_argument(options.model, run.context);
  const auto decode = [&](const Ids& ids, const std::string& place) {
    check_ids(tokenizer, ids, place);
    return tokenizer.decode(ids, options.skip_special);
  };
  if (!options.ids) {
    for_each_json_line(options.file, [&](const Json& line, const std::string& place) {
      print_json_line({{"text", decode(ids_of(line, place), place)}});
    });
  } else if (run.json) {
    print_json_line({{"text", decode(parse_ids("--ids", *options.ids), "--ids")}});
  } else {
    fmt::print("{}", decode(parse_ids("--ids", *options.ids), "--ids"));
  }
}

}  // namespace

void add_detokenize(CommandTree& tree, CLI::App& parent) {
  auto options = std::make_shared<Options>();
  CLI::App& command =
      tree.add(parent, "detokenize", "Show the text of token ids",
               "mod detokenize examples/specialists/base --ids 1,2\n"
               "  mod detokenize examples/specialists/base --jsonl ids.jsonl\n\n"
               "--ids gives the exact text, with no newline added; --jsonl one line {\"text\": "
               "...} for each\n"
               "line. What is not UTF-8 is shown as U+FFFD.",
               [options](Invocation& run) { detokenize(*options, run); });
  command
      .add_option("MODEL", options->model, "A folder with tokenizer.json, a recipe, or a hub name")
      ->required();
  command.add_option("--ids", options->ids, "Token ids, joined by commas")->type_name("ID,ID,...");
  command.add_option("--jsonl", options->file, "A file with {\"ids\": [...]} on every line")
      ->type_name("FILE");
  command.add_flag("--skip-special", options->skip_special, "Leave special tokens out");
}

}  // namespace mod::cli
