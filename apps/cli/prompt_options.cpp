#include "prompt_options.h"

#include <unistd.h>

#include "base/text.h"
#include "ids.h"
#include "mod/error.h"

namespace mod::cli {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;

std::string prompt_text(const PromptArguments& arguments) {
  if (arguments.text) return *arguments.text;
  if (!arguments.file.empty()) return read_text_file(arguments.file, kMostBytes);
  return read_text_file("/dev/stdin", kMostBytes);
}

}  // namespace

void add_prompt_options(CLI::App& command, PromptArguments& arguments) {
  command.add_option("-p,--prompt", arguments.text, "The text")->type_name("TEXT");
  command.add_option("-f,--prompt-file", arguments.file, "A file with the text")->type_name("FILE");
  command.add_option("--ids", arguments.ids, "Token ids in place of a text; needs no tokenizer")
      ->type_name("1,2,3");
  command.add_flag("--no-special", arguments.no_special,
                   "Leave out what the tokenizer puts around every text (a begin token)");
}

void check_prompt_options(const PromptArguments& arguments) {
  const int ways =
      (arguments.text ? 1 : 0) + (arguments.file.empty() ? 0 : 1) + (arguments.ids.empty() ? 0 : 1);
  if (ways > 1) {
    throw Error(ErrorCode::kInvalidInput, "give one prompt: -p TEXT, -f FILE or --ids 1,2,3");
  }
  if (ways == 0 && isatty(STDIN_FILENO)) {
    throw Error(ErrorCode::kInvalidInput,
                "no prompt: give -p TEXT, -f FILE, --ids 1,2,3, or a text on standard input");
  }
}

std::vector<mix::Token> prompt_ids(const PromptArguments& arguments, const bundle::Bundle& bundle,
                                   Log& log) {
  if (!arguments.ids.empty()) return parse_ids("--ids", arguments.ids);
  const text::Tokenizer& tokenizer = bundle.need_tokenizer();
  std::vector<mix::Token> ids = tokenizer.encode(prompt_text(arguments), !arguments.no_special);
  if (!ids.empty()) return ids;
  const auto begin = tokenizer.bos_id() ? tokenizer.bos_id() : bundle.generation.begin_token;
  if (begin) {
    log.info("note: the prompt is empty; starting from the begin token " + std::to_string(*begin));
    return {*begin};
  }
  throw Error(ErrorCode::kInvalidInput,
              bundle.argument +
                  ": the prompt is empty, and its tokenizer has no begin token to start from; "
                  "give a text with -p");
}

}  // namespace mod::cli
