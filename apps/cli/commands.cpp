#include "commands.h"

namespace mod::cli {
namespace {

constexpr AddCommand kCommands[] = {
    add_merge,      add_plan,     add_verify, add_inspect, add_diff,       add_methods,
    add_run,        add_chat,     add_fit,    add_eval,    add_perplexity, add_tokenize,
    add_detokenize, add_template, add_logits, add_bench,
};

void add_common_options(CLI::App& command, CommonOptions& common) {
  const CLI::Range threads(1, 1024);
  command.add_option("-j,--threads", common.threads, "Threads to use (default: all usable cores)")
      ->check(threads)
      ->type_name("N");
  command.add_flag("--json", common.json, "Print one JSON value on stdout");
  command.add_flag("-v", common.verbose, "Say more; can be repeated");
  command.add_flag("-q,--quiet", common.quiet, "Say errors only");
  // mergekit's spellings: understood, not advertised.
  command.add_option("--num-threads", common.threads)->check(threads)->group("");
  command.add_flag("!--no-quiet", common.quiet)->group("");
}

}  // namespace

std::span<const AddCommand> commands() { return kCommands; }

CLI::App& CommandTree::add_group(CLI::App& parent, const std::string& name,
                                 const std::string& summary, const std::string& example) {
  CLI::App* group = parent.add_subcommand(name, summary);
  group->set_help_flag("-h,--help", "Show this help");
  group->require_subcommand(1);
  group->footer("Example:\n  " + example);
  return *group;
}

CLI::App& CommandTree::add(CLI::App& parent, const std::string& name, const std::string& summary,
                           const std::string& example, Action action) {
  CLI::App* command = parent.add_subcommand(name, summary);
  command->set_help_flag("-h,--help", "Show this help");
  command->footer("Example:\n  " + example);
  add_common_options(*command, common_);
  command->callback([this, command, action = std::move(action)] {
    if (command->get_subcommands().empty()) chosen_ = action;
  });
  return *command;
}

}  // namespace mod::cli
