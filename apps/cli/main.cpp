#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <new>
#include <system_error>

#include "base/text.h"
#include "command.h"
#include "interrupt.h"
#include "mod/error.h"
#include "mod/version.h"

namespace mod::cli {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongInput = 2;

std::string version_text() {
  return fmt::format("mod {}\ncommit: {}\ncompiler: {}\ninstruction set: {}\n", kVersion, kCommit,
                     kCompiler, cpu::isa_name(cpu::choose_isa()));
}

const CLI::App& typed_command(const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return *at;
}

std::string full_name(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return parent ? full_name(*parent) + " " + command.get_name() : command.get_name();
}

/// Whether a word may also be something else than the name of a command.
bool takes_words(const CLI::App& command) {
  const auto options = command.get_options();
  return std::any_of(options.begin(), options.end(),
                     [](const CLI::Option* option) { return option->get_positional(); });
}

/// The first word that should name a subcommand and does not; empty if there is none.
std::string unknown_command(const CLI::App& app, int argc, char** argv) {
  const CLI::App* at = &app;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto children = at->get_subcommands([](const CLI::App*) { return true; });
    if (children.empty() || takes_words(*at) || word.empty() || word[0] == '-') return {};
    std::vector<std::string_view> names;
    const CLI::App* next = nullptr;
    for (const CLI::App* child : children) {
      names.push_back(child->get_name());
      if (child->get_name() == word) next = child;
    }
    if (!next) {
      return fmt::format("unknown command '{} {}'{}; `{} --help` lists the commands",
                         full_name(*at), word, did_you_mean(word, names), full_name(*at));
    }
    at = next;
  }
  return {};
}

std::string unknown_option(const CLI::App& command, const std::string& word) {
  const std::string name = word.substr(0, word.find('='));
  std::vector<std::string> known;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_group().empty()) continue;
    for (const std::string& l : option->get_lnames()) known.push_back("--" + l);
  }
  const std::vector<std::string_view> candidates(known.begin(), known.end());
  return fmt::format("unknown option '{}'{}", name, did_you_mean(name, candidates));
}

std::string parse_error_text(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& command = typed_command(app);
  const std::vector<std::string> extra = app.remaining(true);
  std::string text = error.what();
  if (!extra.empty() && extra[0].size() > 1 && extra[0][0] == '-') {
    text = unknown_option(command, extra[0]);
  } else if (!extra.empty()) {
    text = fmt::format("unexpected argument '{}'", extra[0]);
  }
  return fmt::format("{}; see `{} --help`", text, full_name(command));
}

LogLevel log_level(const CommonOptions& common) {
  if (common.quiet) return LogLevel::kError;
  return common.verbose > 0 ? LogLevel::kDebug : LogLevel::kInfo;
}

void add_commands(CLI::App& app, CommandTree& tree) {
  app.name("mod");
  app.set_help_flag("-h,--help", "Show this help");
  app.add_flag_callback(
      "--version",
      [] {
        fmt::print("{}", version_text());
        throw CLI::Success();
      },
      "Show version, commit, compiler and the instruction set in use");
  app.require_subcommand(1);
  app.footer(
      "Example:\n  mod inspect examples/specialists/base\n\n"
      "`mod COMMAND --help` shows the options of a command.\n"
      "Exit codes: 0 done, 1 failed, 2 the input is wrong (nothing was touched).");
  for (const AddCommand add : commands()) add(tree, app);
}

int run(const CommandTree& tree, Log& log) {
  log.set_level(log_level(tree.common()));
  Invocation invocation;
  invocation.context.log = &log;
  invocation.context.cancelled = &catch_interrupts();
  if (tree.common().threads > 0) invocation.context.threads = tree.common().threads;
  invocation.json = tree.common().json;
  tree.chosen()(invocation);
  if (std::fflush(stdout) != 0 || std::ferror(stdout)) {
    throw Error(ErrorCode::kIo, "cannot write to standard output; is the disk full?");
  }
  return 0;
}

int parse_and_run(int argc, char** argv, Log& log) {
  CLI::App app("Merges language models and mixes their output distributions.");
  CommandTree tree;
  add_commands(app, tree);
  if (argc < 2) {
    fmt::print(stderr, "{}", app.help());
    return kWrongInput;
  }
  if (const std::string problem = unknown_command(app, argc, argv); !problem.empty()) {
    log.error(problem);
    return kWrongInput;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    log.error(parse_error_text(app, error));
    return kWrongInput;
  }
  return run(tree, log);
}

}  // namespace
}  // namespace mod::cli

int main(int argc, char** argv) {
  mod::Log log;
  try {
    return mod::cli::parse_and_run(argc, argv, log);
  } catch (const mod::Error& error) {
    log.error(error.what());
    return error.exit_code();
  } catch (const std::bad_alloc&) {
    log.error("out of memory");
  } catch (const std::system_error& error) {
    // fmt reports a failed print this way.
    const char* where = std::ferror(stdout) ? "cannot write to standard output: " : "";
    log.error(where + error.code().message());
  } catch (const std::exception& error) {
    log.error(std::string("unexpected failure: ") + error.what());
  }
  return mod::cli::kFailed;
}
