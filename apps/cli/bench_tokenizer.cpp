// `mod bench tokenizer MODEL`: how long a tokenizer takes to load, and how fast it encodes and
// decodes, each beside the least work that any program must do for it, measured in the same run.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/random.h"
#include "base/text.h"
#include "commands.h"
#include "io/buffer.h"
#include "io/file.h"
#include "mod/error.h"
#include "print.h"
#include "timing.h"
#include "tokenizer_argument.h"

namespace mod::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxText = std::uint64_t{256} << 20;
constexpr std::size_t kBuiltInBytes = 1'000'000;

struct Arguments {
  std::string model, file;
  int runs = 9;
};

/// Sentences of several kinds in a random order that is always the same, so that neither caches nor
/// branch prediction know what comes next.
std::string built_in_text() {
  constexpr std::string_view kSentences[] = {
      "The committee will meet again on Thursday to decide whether the bridge can be repaired. ",
      "She didn't know that they'd already left, and nobody had told her why. ",
      "Photosynthesis converts carbon dioxide and water into glucose and oxygen. ",
      "Unbelievably, the internationally renowned cryptographer misremembered her passphrase. ",
      "Le garçon qui mangeait une crêpe près de la fenêtre n'a rien entendu. ",
      "Überraschenderweise funktionierte die Straßenbahn trotz des Schneefalls. ",
      "El niño preguntó si mañana habría clase de matemáticas. ",
      "Все счастливые семьи похожи друг на друга. ",
      "今天天气很好，我们一起去公园散步吧。",
      "東京の夏はとても暑いですが、夜は涼しくなります。",
      "한국어 문장도 조금 넣어 둡니다. ",
      "الكتاب على الطاولة بجانب النافذة. ",
      "for (std::size_t i = 0; i < values.size(); ++i) {\n    total += values[i] * "
      "weights[i];\n}\n",
      "def mean(xs):\n\treturn sum(xs) / len(xs) if xs else float(\"nan\")\n\n",
      "{\"name\": \"x-17\", \"tags\": [\"a_b\", \"HTTPServer\"], \"ratio\": 0.125}\n",
      "See https://example.org/a/b?c=1&d=%20 (v2.10.3), p. 1048576. ",
      "\n\n## Results\n\n| step | ms |\n|---|---:|\n",
      "😀 ok 👍🏽 … “quoted” – dash ½ × 3² = 4½ ≈ 4.5\n",
  };
  const auto count = static_cast<std::uint64_t>(std::size(kSentences));
  std::string text;
  for (std::uint64_t i = 0; text.size() < kBuiltInBytes; ++i) {
    const std::uint64_t word = splitmix64(i);
    text += kSentences[word % count];
    if (word >> 62 == 0) text += std::to_string(word >> 40) + " ";
  }
  return text;
}

/// Interleaved rounds of a step and its limit.
struct Step {
  std::vector<double> times, limits;

  template <class Work, class Limit>
  void measure(Work work, Limit limit) {
    times.push_back(seconds_of(work));
    limits.push_back(seconds_of(limit));
  }
  double seconds() const { return median(times); }
  double limit() const { return median(limits); }
};

struct Measured {
  fs::path file;
  std::uint64_t file_bytes = 0;
  std::int32_t vocabulary = 0;
  std::size_t text_bytes = 0, tokens = 0;
  double first_load = 0;
  Step load, encode, decode;
};

/// Keeps the compiler from leaving out what makes `value`.
void use(std::size_t value) {
  volatile std::size_t sink = value;
  (void)sink;
}

/// Reads the file and looks at every byte.
void scan_file(const fs::path& path) {
  const io::File file = io::File::open_read(path);
  io::Buffer bytes(static_cast<std::size_t>(file.size()));
  file.read_at(bytes.span(), 0);
  use(static_cast<std::size_t>(std::ranges::count(bytes.span(), std::byte{'"'})));
}

/// Opens it and encodes a word, so that nothing that is put off to the first text is left out.
text::Tokenizer load(const fs::path& path) {
  text::Tokenizer tokenizer = text::Tokenizer::load(path);
  use(tokenizer.encode("Hello", true).size());
  return tokenizer;
}

void measure_texts(const text::Tokenizer& tokenizer, std::string_view text, int runs,
                   Measured& out) {
  std::vector<std::int32_t> ids = tokenizer.encode(text, false);
  std::vector<std::string_view> tokens;
  std::vector<std::string> pieces;
  for (const std::int32_t id : ids) {
    tokens.push_back(tokenizer.id_to_token(id).value_or(std::string_view()));
    pieces.push_back(tokenizer.token_bytes(id));
  }
  out.text_bytes = text.size();
  out.tokens = ids.size();
  const auto look_up = [&] {
    std::int64_t sum = 0;
    for (const std::string_view token : tokens) sum += tokenizer.token_to_id(token).value_or(0);
    use(static_cast<std::size_t>(sum));
  };
  const auto join = [&] {
    std::string joined;
    for (const std::string& piece : pieces) joined += piece;
    use(joined.size());
  };
  for (int i = 0; i < runs; ++i) {
    out.encode.measure([&] { use(tokenizer.encode(text, false).size()); }, look_up);
    out.decode.measure([&] { use(tokenizer.decode(ids, false).size()); }, join);
  }
}

Measured measure(const Arguments& arguments, const std::string& text, const Context& context) {
  Measured out;
  const fs::path path = tokenizer_argument_path(arguments.model, context);
  std::optional<text::Tokenizer> tokenizer;
  out.first_load = seconds_of([&] { tokenizer = load(path); });
  out.file = fs::is_directory(path) ? path / "tokenizer.json" : path;
  out.file_bytes = fs::file_size(out.file);
  for (int i = 0; i < arguments.runs; ++i) {
    out.load.measure([&] { load(path); }, [&] { scan_file(out.file); });
  }
  out.vocabulary = tokenizer->vocab_size();
  measure_texts(*tokenizer, text, arguments.runs, out);
  return out;
}

Json step_json(const Step& step) {
  return {{"seconds", step.seconds()}, {"limit_seconds", step.limit()}};
}

Json text_json(const Step& step, const Measured& m) {
  Json out = step_json(step);
  out["mb_per_second"] = static_cast<double>(m.text_bytes) / step.seconds() / 1e6;
  out["tokens_per_second"] = static_cast<double>(m.tokens) / step.seconds();
  return out;
}

Json to_json(const Measured& m) {
  Json load = step_json(m.load);
  load["first_seconds"] = m.first_load;
  return {{"file", m.file.string()},
          {"file_bytes", m.file_bytes},
          {"vocabulary", m.vocabulary},
          {"text_bytes", m.text_bytes},
          {"tokens", m.tokens},
          {"load", load},
          {"encode", text_json(m.encode, m)},
          {"decode", text_json(m.decode, m)}};
}

void print(const Measured& m) {
  fmt::print("{}: {}, {} ids; text of {}, {} tokens\n", m.file.string(), size_text(m.file_bytes),
             m.vocabulary, size_text(m.text_bytes), m.tokens);
  Table table({"step", "ms", "MB/s", "limit ms", "what the limit does"}, {1, 2, 3});
  const auto row = [&](const char* name, const Step& step, std::size_t bytes, const char* limit) {
    table.add({name, fmt::format("{:.1f}", step.seconds() * 1e3),
               fmt::format("{:.1f}", static_cast<double>(bytes) / step.seconds() / 1e6),
               fmt::format("{:.1f}", step.limit() * 1e3), limit});
  };
  row("load", m.load, m.file_bytes, "reads the file and looks at every byte");
  row("encode", m.encode, m.text_bytes, "looks up the tokens, whose ends are known");
  row("decode", m.decode, m.text_bytes, "appends the bytes of the tokens");
  table.print();
  fmt::print("first load of this process: {:.1f} ms\n", m.first_load * 1e3);
}

void run(const Arguments& arguments, Invocation& invocation) {
  const std::string text =
      arguments.file.empty() ? built_in_text() : read_text_file(arguments.file, kMaxText);
  if (text.empty()) {
    throw Error(ErrorCode::kInvalidInput, arguments.file + " is empty; give a file with text");
  }
  const Measured measured = measure(arguments, text, invocation.context);
  if (invocation.json) {
    print_json(to_json(measured));
  } else {
    print(measured);
  }
}

}  // namespace

void add_bench_tokenizer(CommandTree& tree, CLI::App& parent) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App& command =
      tree.add(parent, "tokenizer", "Measure loading, encoding and decoding of a tokenizer",
               "mod bench tokenizer examples/specialists/base\n"
               "  mod bench tokenizer MODEL -f book.txt --json\n\n"
               "Medians of interleaved rounds in one thread. A load ends with one encoded word.",
               [arguments](Invocation& invocation) { run(*arguments, invocation); });
  command
      .add_option("MODEL", arguments->model,
                  "A folder with tokenizer.json, that file, a recipe, or a hub name")
      ->required();
  command.add_option("-f,--file", arguments->file, "The text (default: 1 MB that is built in)")
      ->type_name("FILE");
  command.add_option("--runs", arguments->runs, "Rounds")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
}

}  // namespace mod::cli
