// The command line's frame: what a subcommand registers and what its action is handed. A new
// subcommand is one file that defines add_NAME and one line in commands.cpp.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <span>
#include <string>

#include "base/log.h"
#include "cpu/context.h"

namespace mod::cli {

/// Handed to the action of the command that was typed. Results go to stdout, everything else to the
/// log.
struct Invocation {
  Context context;
  bool json = false;  // print one JSON value instead of text

  Log& log() const { return *context.log; }
};

using Action = std::function<void(Invocation&)>;

/// The options that every command takes.
struct CommonOptions {
  int threads = 0;  // 0 = the cores that this process may use
  bool json = false;
  bool quiet = false;
  int verbose = 0;
};

/// Builds the tree of subcommands and remembers which action was chosen. Lives as long as the
/// parser.
class CommandTree {
 public:
  /// Adds a command with the common options below `parent`. `example` is shown under --help, one or
  /// more lines. The action runs after the whole command line was understood; it throws mod::Error.
  /// Commands may be added below it: the action is for a command line that names none of them.
  CLI::App& add(CLI::App& parent, const std::string& name, const std::string& summary,
                const std::string& example, Action action);

  /// Adds a command that only groups others ("bench").
  CLI::App& add_group(CLI::App& parent, const std::string& name, const std::string& summary,
                      const std::string& example);

  const CommonOptions& common() const { return common_; }
  const Action& chosen() const { return chosen_; }

 private:
  CommonOptions common_;
  Action chosen_;
};

using AddCommand = void (*)(CommandTree& tree, CLI::App& parent);

/// All subcommands in the order of `mod --help`.
std::span<const AddCommand> commands();

}  // namespace mod::cli
