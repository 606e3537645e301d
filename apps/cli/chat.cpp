// `mod chat MODEL`: talk to a model through its chat template.
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <memory>

#include "answer.h"
#include "base/text.h"
#include "bundle/conversation.h"
#include "commands.h"
#include "interrupt.h"
#include "json_lines.h"
#include "line_editor.h"
#include "mod/error.h"
#include "model_options.h"
#include "print.h"
#include "sampling_options.h"
#include "speed.h"

namespace mod::cli {
namespace {

struct Options {
  ModelArguments model;
  SamplingArguments sampling;
  AnswerArguments answer;
  std::optional<std::string> prompt;
  std::string system;
  std::vector<std::string> variables;
};

constexpr const char* kHelp =
    "/reset         start a new chat (the system message stays)\n"
    "/system TEXT   set the system message; without TEXT: show it\n"
    "/save FILE     write the messages as JSON\n"
    "/help          this list\n"
    "/quit          leave (as Ctrl-D does); Ctrl-C stops an answer";

/// KEY=VALUE, where VALUE is JSON or else a text.
Json template_variables(const std::vector<std::string>& arguments) {
  Json variables = Json::object();
  for (const std::string& argument : arguments) {
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw Error(ErrorCode::kInvalidInput,
                  fmt::format("--var {}: write KEY=VALUE, for example --var enable_thinking=false",
                              argument));
    }
    const std::string text = argument.substr(equals + 1);
    Json value = Json::parse(text, nullptr, false);
    variables[argument.substr(0, equals)] = value.is_discarded() ? Json(text) : std::move(value);
  }
  return variables;
}

class Chat {
 public:
  Chat(const Options& options, Invocation& run)
      : run_(run),
        runnable_(open_runnable(options.model, run)),
        answer_(options.answer),
        chat_(runnable_.bundle, *runnable_.engine, template_variables(options.variables)) {
    mix::GenerationOptions defaults;
    defaults.max_tokens = runnable_.engine->longest_text();
    defaults.sampling = models_own_sampling(runnable_.bundle.generation);
    generation_ = generation_options(options.sampling, defaults, runnable_.bundle.generation);
    generation_.credits = wanted_credits(answer_, runnable_.bundle);
    chat_.set_system(options.system);
    run.log().debug("sampling: " + mix::sampling_text(generation_.sampling));
  }

  /// One turn. Throws what bundle::Conversation::ask throws.
  void answer(const std::string& user) {
    mix::Generation generation = chat_.ask(user, generation_);
    const SpeedOfAnswer speed = write_answer(runnable_, generation, answer_, run_.json);
    if (run_.json) {
      print_json_line(answer_json(generation, runnable_.bundle));
    } else {
      fmt::print("\n");
    }
    std::fflush(stdout);
    tell_about(generation, speed);
    finish_ = generation.finish();
    chat_.keep(std::move(generation));
  }

  /// A line of the dialogue; false where it ends.
  bool take(const std::string& line) {
    if (line.empty()) return true;
    if (line[0] == '/') return command(line);
    try {
      answer(line);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kInvalidInput) throw;
      run_.log().error(error.what());
    }
    return true;
  }

  mix::Finish finish() const { return finish_; }

 private:
  void tell_about(const mix::Generation& generation, const SpeedOfAnswer& speed) {
    if (generation.finish() == mix::Finish::kContext) {
      run_.log().warn(fmt::format(
          "the answer ends because the context of {} tokens is full; /reset starts a new chat",
          runnable_.engine->longest_text()));
    }
    if (generation.finish() == mix::Finish::kCancelled) return;
    run_.log().info(speed_text(speed, runnable_.bundle, run_.context));
    const std::string text = mixture_summary(generation, runnable_.bundle);
    if (!text.empty()) run_.log().info(text);
  }

  bool command(const std::string& line) {
    const std::size_t space = line.find(' ');
    const std::string name = line.substr(0, space);
    const std::string rest = space == std::string::npos ? "" : line.substr(space + 1);
    if (name == "/quit" || name == "/exit") return false;
    if (name == "/reset") {
      chat_.reset();
      run_.log().info("a new chat");
    } else if (name == "/system" && rest.empty()) {
      run_.log().info(chat_.system().empty() ? "no system message" : chat_.system());
    } else if (name == "/system") {
      chat_.set_system(rest);
      run_.log().info("the system message is set");
    } else if (name == "/save") {
      save(rest);
    } else {
      if (name != "/help") run_.log().error("unknown command " + name);
      run_.log().info(kHelp);
    }
    return true;
  }

  void save(const std::string& file) {
    if (file.empty()) return run_.log().error("/save FILE: name a file");
    std::ofstream out(file, std::ios::binary);
    out << chat_.messages().dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
    out.close();
    if (!out) return run_.log().error(file + ": cannot be written");
    run_.log().info("messages written to " + file);
  }

  Invocation& run_;
  Runnable runnable_;
  AnswerArguments answer_;
  bundle::Conversation chat_;
  mix::GenerationOptions generation_;
  mix::Finish finish_ = mix::Finish::kNone;
};

void talk(Chat& chat, Log& log) {
  LineEditor editor("> ");
  if (editor.interactive()) {
    log.info("Type a message; /help lists the commands, Ctrl-D leaves.");
    keep_catching_interrupts();
  }
  std::string line;
  for (;;) {
    const LineEditor::Result result = editor.read(line);
    if (result == LineEditor::Result::kEnd) return;
    take_interrupt();
    if (result == LineEditor::Result::kLine && !chat.take(line)) return;
  }
}

void start_chat(const Options& options, Invocation& run) {
  Chat chat(options, run);
  if (!options.prompt) return talk(chat, run.log());
  chat.answer(*options.prompt);
  if (chat.finish() == mix::Finish::kCancelled) {
    throw Error(ErrorCode::kCancelled, "stopped by the user");
  }
}

}  // namespace

void add_chat(CommandTree& tree, CLI::App& parent) {
  auto options = std::make_shared<Options>();
  CLI::App& command = tree.add(
      parent, "chat", "Talk to a model",
      "mod chat examples/specialists/math\n"
      "  mod chat recipe.yml -p \"How do you say 'a red house' in French?\"\n"
      "  mod chat examples/mixtures/share.yml --color\n"
      "  mod chat models/qwen3 --system \"Answer briefly.\" --var enable_thinking=false\n\n"
      "The model's chat template makes the prompt. Where its generation_config says do_sample, "
      "its\n"
      "sampling values are used, else the answer is greedy; -v shows the values in force. An\n"
      "answer ends with an end token or where the context is full. In the dialogue:\n"
      "/reset, /system TEXT, /save FILE, /help, /quit; Ctrl-C stops an answer.\n"
      "Lines on standard input are turns as well; --json prints one JSON value a turn, as `mod "
      "run`.",
      [options](Invocation& run) { start_chat(*options, run); });
  add_model_options(command, options->model);
  command
      .add_option("-p,--prompt", options->prompt, "One message; the program ends after its answer")
      ->type_name("TEXT");
  command.add_option("--system", options->system, "The system message")->type_name("TEXT");
  command
      .add_option("--var", options->variables,
                  "A variable of the chat template; VALUE is JSON or else a text (repeatable)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  add_sampling_options(command, options->sampling);
  add_answer_options(command, options->answer, false);
}

}  // namespace mod::cli
