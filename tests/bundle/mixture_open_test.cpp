// Mixtures that are opened: sharing, masks, prompt views, and what is refused before any weight is
// read.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "bundle/conversation.h"
#include "bundle/mixture_plan.h"
#include "bundle/prompts.h"
#include "bundle/support.h"
#include "mix/engine.h"

namespace mod::bundle::testing {
namespace {

using Json = nlohmann::ordered_json;
using mix::Part;

class Mixtures : public ::testing::Test {
 protected:
  /// A mixture file of these lines after "experts:".
  fs::path write(const std::string& head, const std::vector<std::string>& experts) {
    std::string text = "mixture: {" + head + "}\nexperts:\n";
    for (const std::string& expert : experts) text += "  - {" + expert + "}\n";
    write_text(folder_ / "m.yml", text);
    return folder_ / "m.yml";
  }
  static std::string expert(const std::string& name, const std::string& model,
                            const std::string& more = "") {
    return "name: " + name + ", model: " + model + (more.empty() ? "" : ", " + more);
  }
  static std::string own(const std::string& name, const std::string& more = "") {
    return expert(name, specialist(name), more);
  }

  /// `math` with `rows` more rows of the vocabulary, which no token belongs to and which its logits
  /// like best: copies of the row of the most probable tokens, doubled.
  fs::path padded(std::size_t rows) {
    const fs::path out = folder_ / "padded";
    copy_model(specialist("math"), out);
    fs::remove(out / "model.safetensors");
    Json config = Json::parse(mod::testing::read_text(out / "config.json"));
    config["vocab_size"] = 1024 + rows;
    write_text(out / "config.json", config.dump());
    Problems notes;
    const auto weights = checkpoint::Checkpoint::open(specialist("math"), notes);
    std::vector<mod::testing::TinyTensor> tensors;
    for (const checkpoint::TensorInfo& info : weights->tensors()) {
      std::vector<std::uint16_t> bits(info.elements);
      weights->read(info, 0, std::as_writable_bytes(std::span(bits)));
      mod::testing::TinyTensor tensor{info.name, info.dtype, info.shape, {}};
      for (const std::uint16_t b : bits) {
        const std::uint32_t wide = std::uint32_t{b} << 16;
        float value = 0;
        std::memcpy(&value, &wide, sizeof value);
        tensor.values.push_back(value);
      }
      if (info.name == "model.embed_tokens.weight") {
        tensor.shape[0] += static_cast<std::int64_t>(rows);
        const auto columns = static_cast<std::size_t>(info.shape[1]);
        for (std::size_t i = 0; i < rows * columns; ++i) {
          tensor.values.push_back(2 * tensor.values[(20 + i / columns) * columns + i % columns]);
        }
      }
      tensors.push_back(std::move(tensor));
    }
    mod::testing::write_safetensors(out / "model.safetensors", tensors);
    return out;
  }

  mod::testing::TempFolder folder_;
};

TEST_F(Mixtures, HoldWhatExpertsShareOnce) {
  const Bundle bundle = open(write("rule: log_linear, gate: fixed",
                                   {expert("with", specialist("math"), "weight: 2, system: Count."),
                                    expert("without", specialist("math"), "weight: -1"),
                                    expert("code", specialist("code"), "weight: 0.5")}));
  EXPECT_EQ(bundle.kind, Kind::kMixture);
  ASSERT_EQ(bundle.mixture.experts.size(), 3u);
  EXPECT_EQ(bundle.mixture.experts[0].model, bundle.mixture.experts[1].model);
  EXPECT_EQ(bundle.weight_bytes(),
            bundle.model().weight_bytes() + bundle.mixture.experts[2].model->weight_bytes());
}

TEST_F(Mixtures, PaddingIsNeverSampled) {
  const fs::path wide = padded(16);
  const Bundle alone = open(wide);
  mix::Engine padded_engine(alone.mixture, test_context());
  EXPECT_EQ(padded_engine.vocabulary(), 1040u);
  const Bundle bundle =
      open(write("rule: linear, gate: fixed",
                 {expert("wide", wide.string(), "weight: 1"), own("french", "weight: 1")}));
  EXPECT_EQ(bundle.mixture.masked, (std::vector<mix::TokenRange>{{1024, 1040}}));
  mix::Engine engine(bundle.mixture, test_context());
  EXPECT_EQ(engine.vocabulary(), 1040u);
  const auto ids = bundle.need_tokenizer().encode("Ben has 3 bags with 4 nuts each.", true);
  double padding = 0;
  mix::Stream stream = padded_engine.start();
  padded_engine.score(stream, ids, [&](std::size_t, const mix::Prediction& prediction) {
    for (mix::Token id = 1024; id < 1040; ++id) padding += std::exp(prediction.logprob(id));
  });
  EXPECT_GT(padding, 1e-3) << "or there is nothing to mask";
  stream = engine.start();
  engine.score(stream, ids, [&](std::size_t, const mix::Prediction& prediction) {
    double sum = 0;
    for (mix::Token id = 0; id < 1040; ++id) {
      const double p = std::exp(prediction.logprob(id));
      EXPECT_TRUE(id < 1024 || p == 0) << id;
      for (const mix::Opinion& opinion : prediction.experts) {
        EXPECT_TRUE(id < 1024 || std::exp(opinion.logprob(id)) == 0) << id;
      }
      sum += p;
    }
    EXPECT_NEAR(sum, 1, 1e-5);
  });
  const Error error = error_of([&] {
    mix::Stream other = engine.start();
    other.rewrite(mix::text_prompt({1, 1030}));
    const mix::Step step{&other, {}};
    engine.advance({&step, 1});
  });
  EXPECT_TRUE(says(error, "1030"));
}

TEST_F(Mixtures, OtherTokenizersAreRefusedBeforeAnythingIsLoaded) {
  const fs::path other = folder_ / "other";
  copy_model(specialist("code"), other);
  // Two tokens change places.
  Json tokenizer = Json::parse(mod::testing::read_text(other / "tokenizer.json"));
  Json& vocabulary = tokenizer["model"]["vocab"];
  std::string first, second;
  for (const auto& [token, id] : vocabulary.items()) {
    if (id == 40) first = token;
    if (id == 41) second = token;
  }
  vocabulary[first] = 41;
  vocabulary[second] = 40;
  write_text(other / "tokenizer.json", tokenizer.dump());
  OpenOptions little;
  little.memory = 1;  // loading anything would be refused with another error
  const Error error = error_of([&] {
    open(write("rule: linear, gate: turn", {own("math"), expert("other", other.string())}), little);
  });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
  EXPECT_TRUE(says(error, "40"));
}

TEST_F(Mixtures, GatesHearWhatAllExpertsReadAlike) {
  const Bundle bundle =
      open(write("rule: linear, gate: turn",
                 {own("math", "system: Count."), own("french"), own("code", "system: \"\"")}));
  const Json chat = {{{"role", "system"}, {"content", "Be brief."}},
                     {{"role", "user"}, {"content", "How many?"}}};
  const mix::Prompt prompt = chat_prompt(bundle, chat, {});
  ASSERT_EQ(prompt.size(), 2u);
  ASSERT_EQ(prompt[0].views.size(), 3u);
  const text::Tokenizer& tokenizer = bundle.need_tokenizer();
  EXPECT_EQ(tokenizer.decode(prompt[0].views[0], false), "<|im_start|>system\nCount.<|im_end|>\n");
  EXPECT_EQ(tokenizer.decode(prompt[0].views[1], false),
            "<|im_start|>system\nBe brief.<|im_end|>\n");
  EXPECT_TRUE(prompt[0].views[2].empty()) << "an empty system message is none";
  EXPECT_EQ(tokenizer.decode(prompt[1].tokens, false),
            "<|im_start|>user\nHow many?<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(prompt[1].part, Part::kTurn);
  EXPECT_TRUE(prompt[1].starts_turn);
}

/// ln p of the tokens that all share, under one expert alone, in its own view of the prompt.
double log_likelihood(const Bundle& bundle, const mix::Prompt& prompt, std::size_t expert) {
  std::vector<mix::Token> ids;
  std::vector<std::size_t> heard;  // places of shared tokens
  for (const mix::Piece& piece : prompt) {
    const std::vector<mix::Token>& read = piece.views.empty() ? piece.tokens : piece.views[expert];
    for (const mix::Token token : read) {
      if (piece.views.empty() && !ids.empty()) heard.push_back(ids.size());
      ids.push_back(token);
    }
  }
  mix::Engine alone(mix::single_model("alone", bundle.mixture.experts[expert].model),
                    test_context());
  mix::Stream stream = alone.start();
  double sum = 0;
  alone.score(stream, ids, [&](std::size_t position, const mix::Prediction& prediction) {
    const bool counts = std::find(heard.begin(), heard.end(), position + 1) != heard.end();
    if (counts) sum += prediction.logprob(ids[position + 1]);
  });
  return sum;
}

TEST_F(Mixtures, OtherTemplatesShareTheUsersText) {
  const Bundle bundle =
      open(write("rule: linear, gate: turn",
                 {own("math"), own("french",
                                   "chat_template: \"{% for m in messages %}[{{ m['role'] }}] {{ "
                                   "m['content'] }} {% endfor %}[reply] \"")}));
  const Json chat = {{{"role", "user"}, {"content", "How do you say \"a red house\" in French?"}}};
  const mix::Prompt prompt = chat_prompt(bundle, chat, {});
  std::size_t shared = 0;
  for (const mix::Piece& piece : prompt) shared += piece.tokens.size();
  const auto text =
      bundle.need_tokenizer().encode("How do you say \"a red house\" in French?", false);
  EXPECT_GE(shared + 4, text.size());
  EXPECT_LE(shared, text.size());
  mix::Engine engine(bundle.mixture, test_context());
  mix::Stream stream = engine.start();
  stream.rewrite(prompt);
  const mix::Step step{&stream, {}};
  engine.advance({&step, 1});
  // The posterior, by hand. In a template that it has never seen even `french` knows its question
  // less well than `math` does in the usual one.
  const double odds =
      std::exp(log_likelihood(bundle, prompt, 1) - log_likelihood(bundle, prompt, 0));
  EXPECT_NEAR(stream.prediction().experts[1].weight / (odds / (1 + odds)), 1, 1e-3);
  EXPECT_NEAR(stream.prediction().experts[0].weight, 1 / (1 + odds), 1e-6);
}

TEST_F(Mixtures, PrefixesStandBeforeRawPrompts) {
  const Bundle bundle =
      open(write("rule: log_linear, gate: fixed",
                 {expert("with", specialist("base"), "weight: 1.5, prefix: \"Ben has 3 bags.\\n\""),
                  expert("without", specialist("base"), "weight: -0.5")}));
  const mix::Prompt prompt = raw_prompt(bundle, "How many bags?", true);
  ASSERT_EQ(prompt.size(), 2u);
  EXPECT_EQ(bundle.need_tokenizer().decode(prompt[0].views[0], false), "Ben has 3 bags.\n");
  EXPECT_TRUE(prompt[0].views[1].empty());
}

/// The weights before the first token of the last answer of a chat.
std::vector<double> first_weights(const Bundle& bundle, mix::Engine& engine,
                                  const std::vector<std::string>& turns, bool fresh) {
  std::unique_ptr<Conversation> chat = std::make_unique<Conversation>(bundle, engine);
  mix::GenerationOptions options;
  options.max_tokens = 60;
  options.end_tokens = bundle.generation.end_tokens;
  options.credits = mix::CreditOptions{};
  std::vector<double> weights;
  Json messages = Json::array();
  for (const std::string& turn : turns) {
    std::optional<mix::Generation> answer;
    if (fresh) {
      messages.push_back({{"role", "user"}, {"content", turn}});
      answer.emplace(engine, engine.start(), chat_prompt(bundle, messages, {}), options,
                     bundle.tokenizer.get());
    } else {
      answer.emplace(chat->ask(turn, options));
    }
    run_to_end(engine, *answer, {});
    messages.push_back({{"role", "assistant"}, {"content", answer->text()}});
    weights.clear();
    for (const auto& e : answer->tokens().front().credits->experts) weights.push_back(e.weight);
    if (!fresh) chat->keep(std::move(*answer));
  }
  return weights;
}

TEST_F(Mixtures, ASecondTurnIsReadAsIfTheChatWereNew) {
  const std::vector<std::string> turns = {
      "Zoe fills 10 jars with 3 marbles each, then gives 21 marbles to Henry. How many marbles "
      "does "
      "Zoe keep?",
      "How do you say \"six small birds\" in French?"};
  for (const std::string gate : {"turn", "share", "prompt"}) {
    const Bundle bundle =
        open(write("rule: linear, gate: " + gate, {own("math"), own("code"), own("french")}));
    mix::Engine engine(bundle.mixture, test_context());
    const auto kept = first_weights(bundle, engine, turns, false);
    const auto fresh = first_weights(bundle, engine, turns, true);
    ASSERT_EQ(kept.size(), 3u);
    for (std::size_t k = 0; k < 3; ++k) EXPECT_NEAR(kept[k], fresh[k], 1e-6) << gate << k;
    if (gate == "prompt") continue;  // the first turn outvotes the second
    EXPECT_GT(kept[2], .8) << gate << " hands over to french";
  }
}

TEST_F(Mixtures, ThePlanIsWhatIsHeld) {
  const fs::path file = write(
      "rule: linear, gate: turn",
      {own("math"), expert("again", specialist("math")), expert("wide", padded(16).string())});
  Log log(LogLevel::kError);
  const MixturePlan plan = plan_mixture(load_mixture(file, {}, log), test_context());
  EXPECT_EQ(plan.masked, 16u);
  EXPECT_EQ(plan.vocabulary, 1040u);
  EXPECT_EQ(plan.experts[0].shared, 0u);
  EXPECT_EQ(plan.experts[1].shared, plan.experts[1].bytes);
  EXPECT_GT(plan.experts[2].shared, plan.experts[2].bytes / 2) << "all but the embedding";
  const Bundle bundle = open(file);
  // Vectors are held as fp32, so a little more than on disk.
  EXPECT_NEAR(static_cast<double>(bundle.weight_bytes()), static_cast<double>(plan.distinct()),
              .02 * static_cast<double>(plan.distinct()));
}

}  // namespace
}  // namespace mod::bundle::testing
