#include "prompt_options.h"

#include <unistd.h>

#include "base/text.h"
#include "bundle/prompts.h"
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

namespace {

/// What an empty text stands for.
std::vector<mix::Token> empty_prompt(const bundle::Bundle& bundle, Log& log) {
  const text::Tokenizer& tokenizer = bundle.need_tokenizer();
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

}  // namespace

std::vector<mix::Token> prompt_ids(const PromptArguments& arguments, const bundle::Bundle& bundle,
                                   Log& log) {
  if (!arguments.ids.empty()) return parse_ids("--ids", arguments.ids);
  std::vector<mix::Token> ids =
      bundle.need_tokenizer().encode(prompt_text(arguments), !arguments.no_special);
  return ids.empty() ? empty_prompt(bundle, log) : ids;
}

mix::Prompt prompt_of(const PromptArguments& arguments, const bundle::Bundle& bundle, Log& log) {
  if (!arguments.ids.empty()) return mix::text_prompt(parse_ids("--ids", arguments.ids));
  mix::Prompt prompt = bundle::raw_prompt(bundle, prompt_text(arguments), !arguments.no_special);
  return bundle::prompt_length(prompt) == 0 ? mix::text_prompt(empty_prompt(bundle, log)) : prompt;
}

}  // namespace mod::cli
