// Model folders as bundles: what is missing or broken is said when it is needed.
#include <cstdlib>

#include "bundle/support.h"
#include "bundle/text_parts.h"

namespace mod::bundle::testing {
namespace {

class Folders : public ::testing::Test {
 protected:
  Folders() { copy_model(specialist("math"), path_); }

  TempFolder folder_;
  const fs::path path_ = folder_ / "model";
};

TEST_F(Folders, HoldEverything) {
  const Bundle bundle = open(path_);
  EXPECT_EQ(bundle.argument, path_.string());
  EXPECT_EQ(bundle.kind, Kind::kFolder);
  EXPECT_EQ(bundle.model().name(), path_.string());
  EXPECT_TRUE(bundle.model().tensors().front()->is_mapped());
  EXPECT_EQ(bundle.need_tokenizer().decode(bundle.need_tokenizer().encode("two", true), true),
            "two");
  EXPECT_FALSE(bundle.generation.do_sample);
  EXPECT_EQ(bundle.generation.end_tokens, (std::vector<std::int32_t>{0, 2}));
}

TEST_F(Folders, AWeightsFileStandsForItsFolder) {
  const Bundle bundle = open(path_ / "model.safetensors");
  EXPECT_TRUE(bundle.tokenizer);
  EXPECT_TRUE(bundle.chat_template);
  EXPECT_EQ(logits(bundle), logits(open(path_)));
}

TEST_F(Folders, WithoutATokenizerIdsStillRun) {
  fs::remove(path_ / "tokenizer.json");
  const Bundle bundle = open(path_);
  EXPECT_EQ(bundle.tokenizer, nullptr);
  EXPECT_FALSE(logits(bundle).empty());
  const Error error = error_of([&] { bundle.need_tokenizer(); });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
  EXPECT_TRUE(says(error, "tokenizer.json"));
  EXPECT_TRUE(says(error, path_.string()));
  EXPECT_TRUE(says(error, "--ids"));
}

TEST_F(Folders, ABrokenTokenizerIsAnErrorWhenNeeded) {
  write_text(path_ / "tokenizer.json", "{\"model\": {\n  \"type\": BPE}}");
  const Bundle bundle = open(path_);
  EXPECT_EQ(bundle.tokenizer, nullptr);
  EXPECT_TRUE(bundle.chat_template);
  const Error error = error_of([&] { bundle.need_tokenizer(); });
  EXPECT_EQ(error.code(), ErrorCode::kCorruptFile);
  EXPECT_TRUE(says(error, "tokenizer.json"));
}

TEST_F(Folders, ABrokenTemplateIsAnErrorWhenNeeded) {
  write_text(path_ / "chat_template.jinja", "{% for %}");
  const Bundle bundle = open(path_);
  EXPECT_TRUE(bundle.tokenizer);
  EXPECT_EQ(bundle.chat_template, nullptr);
  EXPECT_TRUE(says(error_of([&] { bundle.need_chat_template(); }),
                   "chat_template.jinja, line 1, column 8"));
}

TEST_F(Folders, NoTextOnRequest) {
  OpenOptions options;
  options.text = false;
  const Bundle bundle = open(path_, options);
  EXPECT_EQ(bundle.tokenizer, nullptr);
  EXPECT_EQ(bundle.chat_template, nullptr);
  EXPECT_TRUE(says(error_of([&] { bundle.need_tokenizer(); }), "--ids"));
  EXPECT_TRUE(says(error_of([&] { bundle.need_chat_template(); }), path_.string()));
  EXPECT_EQ(bundle.generation.end_tokens, (std::vector<std::int32_t>{0, 2}));
}

TEST_F(Folders, TheTokenizersEndTokenIsTheLastResort) {
  fs::remove(path_ / "generation_config.json");
  mod::testing::write_text(path_ / "config.json", [&] {
    auto config = nlohmann::ordered_json::parse(mod::testing::read_text(path_ / "config.json"));
    config.erase("eos_token_id");
    return config.dump();
  }());
  const Bundle bundle = open(path_);
  ASSERT_TRUE(bundle.need_tokenizer().eos_id().has_value());
  EXPECT_EQ(bundle.generation.end_tokens,
            std::vector<std::int32_t>{*bundle.need_tokenizer().eos_id()});
}

TEST_F(Folders, OverridesAreForRecipes) {
  const Error error = error_of([&] { open(path_, {}, {"parameters.lambda=1"}); });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
  EXPECT_TRUE(says(error, "--set"));
}

TEST_F(Folders, TheContextCanBeChosen) {
  OpenOptions options;
  options.context = 33;
  EXPECT_EQ(open(path_, options).model().context(), 33u);
}

TEST_F(Folders, MissingOnesAreNamed) {
  const Error error = error_of([&] { open(folder_ / "nothing"); });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
  EXPECT_TRUE(says(error, "nothing"));
  fs::remove(path_ / "config.json");
  EXPECT_TRUE(says(error_of([&] { open(path_); }), "config.json"));
}

TEST_F(Folders, HubNamesAreFoundInTheCache) {
  const fs::path snapshot = folder_ / "hub/models--org--math/snapshots/abc";
  copy_model(path_, snapshot);
  write_text(folder_ / "hub/models--org--math/refs/main", "abc");
  const char* old = std::getenv("HF_HUB_CACHE");
  const std::string before = old ? old : "";
  setenv("HF_HUB_CACHE", (folder_ / "hub").c_str(), 1);
  EXPECT_EQ(resolve_argument("org/math").folder(), snapshot);
  EXPECT_EQ(open("org/math").argument, "org/math");
  EXPECT_TRUE(open("org/math").tokenizer);
  old ? setenv("HF_HUB_CACHE", before.c_str(), 1) : unsetenv("HF_HUB_CACHE");
}

TEST_F(Folders, EqualContentsAreHeldOnce) {
  fs::remove(path_ / "model.safetensors");
  fs::copy_file(fs::path(specialist("math")) / "model.safetensors", path_ / "model.safetensors");
  Opener opener(test_context(), {});
  const Bundle a = opener.open(specialist("math")), b = opener.open(path_.string());
  EXPECT_EQ(a.model().tensors(), b.model().tensors());
  const Bundle c = opener.open(specialist("code"));
  EXPECT_NE(a.model().tensors(), c.model().tensors());
}

TEST_F(Folders, MemoryIsCountedOverAllModels) {
  OpenOptions options;
  options.memory = 6 << 20;
  Opener opener(test_context(), options);
  {
    const Bundle math = opener.open(specialist("math"));
    const Bundle again = opener.open(specialist("math"));  // shares all tensors
    const Error error = error_of([&] { opener.open(specialist("code")); });
    EXPECT_EQ(error.code(), ErrorCode::kOutOfMemory);
    EXPECT_TRUE(says(error, "beside the 4.89 MiB of other models"));
    EXPECT_TRUE(says(error, "6.00 MiB"));
  }
  EXPECT_GT(opener.open(specialist("code")).weight_bytes(), 0u);  // the others are gone
}

TEST_F(Folders, TextAloneNeedsNoWeights) {
  fs::remove(path_ / "model.safetensors");
  EXPECT_EQ(text_folder(resolve_argument(path_.string()), test_context()), path_);
  const fs::path recipe = kExamples / "recipes/ties.yml";
  EXPECT_TRUE(fs::equivalent(text_folder(resolve_argument(recipe.string()), test_context()),
                             specialist("base")));
}

}  // namespace
}  // namespace mod::bundle::testing
