// Every error and warning that a recipe can show without a model: text, line and key path.
#include <gtest/gtest.h>

#include "recipe_support.h"

namespace mod::merge {
namespace {

struct Case {
  const char* name;
  const char* text;
  int line;
  const char* key_path;
  const char* part;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

std::string case_name(const testing::TestParamInfo<Case>& info) { return info.param.name; }

class RecipeError : public testing::TestWithParam<Case> {};
class RecipeWarning : public testing::TestWithParam<Case> {};

TEST_P(RecipeError, IsReported) {
  const Case& c = GetParam();
  EXPECT_TRUE(has_error(read(c.text), c.line, c.key_path, c.part));
}

TEST_P(RecipeWarning, IsReportedAndRefusedWhenStrict) {
  const Case& c = GetParam();
  Read r = read(c.text);
  EXPECT_TRUE(has_warning(r, c.line, c.key_path, c.part));
  EXPECT_EQ(r.errors(), 0U) << r.all();
  r.problems.make_strict();
  EXPECT_TRUE(has_error(r, c.line, c.key_path, c.part));
}

// A complete recipe ends the text of most cases; what is wrong comes first.
#define MOD_OK "merge_method: linear\nmodels: [{model: a, parameters: {weight: 1}}]\n"
#define MOD_SLICE(sources) "merge_method: passthrough\nbase_model: a\nslices:\n- sources:\n" sources
#define MOD_PARAMETERS(method, lines) \
  "merge_method: " method "\nmodels: [{model: a}]\nparameters:\n" lines

const Case kKinds[] = {
    {"Empty", "", 1, "", "the file is empty"},
    {"OnlyComments", "# nothing\n", 1, "", "the file is empty"},
    {"AList", "- a\n- b\n", 1, "", "must be a map, not a list"},
    {"AScalar", "merge_method linear\n", 1, "", "must be a map, not the string"},
    {"Pipeline", MOD_OK "---\n" MOD_OK, 4, "", "pipelines of recipes are not supported yet"},
    {"DenseToMoe", "base_model: a\ngate_mode: hidden\nexperts: [{source_model: a}]\n", 3, "experts",
     "dense-to-MoE configuration, which is not supported yet"},
    {"MoeOrMod", "experts: [{source_model: a}]\nweights: [1]\ngate_mode: hidden\n", 3, "gate_mode",
     "ambiguous"},
    {"Genome", "genome: {models: [a]}\ntasks: [{name: x}]\n", 1, "genome", "search genome"},
    {"Mixture", "mixture: {experts: [a]}\n", 1, "mixture", "no weights to write"},
    {"NoKind", "dtype: bfloat16\n", 1, "", "for the MoD form: 'experts' and 'weights'"},
    {"NoKindRecipe", "dtype: bfloat16\n", 1, "", "'merge_method' and one of 'models'"},
    {"NoKindWeights", "weights: [1]\n", 1, "", "for the MoD form: 'experts';"},
};

const Case kTop[] = {
    {"NoMethod", "models: [{model: a}]\n", 1, "", "'merge_method' is missing"},
    {"NullMethod", "models: [{model: a}]\nmerge_method:\n", 2, "merge_method", "is missing"},
    {"BoolMethod", "models: [{model: a}]\nmerge_method: on\n", 2, "merge_method",
     "'merge_method' must be a string, not the boolean true"},
    {"NearMethod", "merge_method: dare-ties\nmodels: [{model: a}]\n", 1, "merge_method",
     "unknown merge_method 'dare-ties' (did you mean 'dare_ties'?)"},
    {"UpperMethod", "merge_method: SLERP\nmodels: [{model: a}]\n", 1, "merge_method",
     "did you mean 'slerp'?"},
    {"MisspeltMethod", "merge_method: liner\nmodels: [{model: a}]\n", 1, "merge_method",
     "did you mean 'linear'?"},
    {"FarMethod", "merge_method: quux_zot\nmodels: [{model: a}]\n", 1, "merge_method",
     "unknown merge_method 'quux_zot'; known: "},
    {"Consensus", "merge_method: consensus_ta\nmodels: [{model: a}]\n", 1, "merge_method",
     "only in mergekit 0.0.6"},
    {"NotBuilt", "merge_method: karcher\nmodels: [{model: a}]\n", 1, "merge_method",
     "'karcher' is not supported yet"},
    {"NoModels", "merge_method: linear\nmodels: []\n", 1, "", "none of 'models'"},
    {"TwoOfThem", "slices: [{sources: [{model: a, layer_range: [0, 1]}]}]\n" MOD_OK, 1, "",
     "only one of 'models', 'slices' and 'modules' is allowed: models, slices are there"},
    {"ModelsNoList", "merge_method: linear\nmodels: {model: a}\n", 2, "models", "must be a list"},
    {"Dtype", "dtype: bf16\n" MOD_OK, 1, "dtype",
     "unknown dtype 'bf16' (did you mean 'bfloat16'?)"},
    {"Dtype64", "out_dtype: float64\n" MOD_OK, 1, "out_dtype",
     "allowed: bfloat16, float16, float32, int64"},
    {"DtypeNumber", "dtype: 16\n" MOD_OK, 1, "dtype", "quote it"},
    {"BaseBool", "base_model: on\n" MOD_OK, 1, "base_model", "quote it: \"on\""},
    {"BaseSyntax", "base_model: a+b+c\n" MOD_OK, 1, "base_model", "more than one '+'"},
    {"SeedNegative", "seed: -1\n" MOD_OK, 1, "seed", "integer from 0"},
    {"SeedFraction", "seed: 1.5\n" MOD_OK, 1, "seed", "integer from 0"},
    {"SeedHuge", "seed: 99999999999999999999999\n" MOD_OK, 1, "seed", "integer from 0"},
    {"Compute", "compute: fp16\n" MOD_OK, 1, "compute", "allowed: fp32, bf16"},
    {"ComputeBf16", "compute: bf16\n" MOD_OK, 1, "compute",
     "'compute: bf16' is not supported yet for method 'linear'"},
    {"MoeFused", "moe_layout: fused\n" MOD_OK, 1, "moe_layout", "not supported yet"},
    {"MoeOther", "moe_layout: both\n" MOD_OK, 1, "moe_layout", "allowed: per_expert, fused"},
    {"Post", "post: [{lines: 1}]\n" MOD_OK, 1, "post", "not supported yet"},
    {"ParametersList", "parameters: [1]\n" MOD_OK, 1, "parameters", "must be a map, not a list"},
};

const Case kTokenizer[] = {
    {"Source", "tokenizer_source: union\n" MOD_OK, 1, "tokenizer_source",
     "not supported yet; remove the key: the tokenizer files of the donor"},
    {"SourceOldForm", "tokenizer_source: model:some/path\n" MOD_OK, 1, "tokenizer_source",
     "write the path alone: some/path"},
    {"SourceNumber", "tokenizer_source: 5\n" MOD_OK, 1, "tokenizer_source", "must be a string"},
    {"Both", "tokenizer: {source: base}\ntokenizer_source: base\n" MOD_OK, 2, "tokenizer_source",
     "exclude each other"},
    {"Object", "tokenizer: {pad_to_multiple_of: 64}\n" MOD_OK, 1, "tokenizer", "not supported yet"},
    {"Padding", "tokenizer: {pad_to_multiple_of: 0}\n" MOD_OK, 1, "tokenizer.pad_to_multiple_of",
     "positive integer"},
    {"TokenBoth",
     "tokenizer: {tokens: {x: {source: {kind: model_token, model: a, token: y, token_id: "
     "1}}}}\n" MOD_OK,
     1, "tokenizer.tokens.x.source", "exactly one of 'token' and 'token_id'"},
    {"TokenNeither", "tokenizer: {tokens: {x: {source: {kind: model_token, model: a}}}}\n" MOD_OK,
     1, "tokenizer.tokens.x.source", "exactly one of 'token' and 'token_id'"},
    {"TokenKind", "tokenizer: {tokens: {x: {source: {kind: one}}}}\n" MOD_OK, 1,
     "tokenizer.tokens.x.source.kind", "allowed: model_token, zero"},
    {"TokenScalar", "tokenizer: {tokens: {x: base}}\n" MOD_OK, 1, "tokenizer.tokens.x",
     "must be a map"},
    {"ChatShort", "chat_template: chatml2\n" MOD_OK, 1, "chat_template",
     "neither a known chat template nor Jinja text"},
    {"ChatNoBrace", "chat_template: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n" MOD_OK, 1, "chat_template",
     "neither a known chat template nor Jinja text"},
    {"ChatKnown", "chat_template: chatml\n" MOD_OK, 1, "chat_template", "not supported yet"},
    {"ChatJinja", "chat_template: '{% for m in messages %}{{ m }}{% endfor %}'\n" MOD_OK, 1,
     "chat_template", "not supported yet"},
};

const Case kBody[] = {
    {"ModelScalar", "merge_method: linear\nmodels:\n  - a\n", 3, "models[0]",
     "must be a map with 'model', not the string 'a'"},
    {"ModelMissing", "merge_method: linear\nmodels:\n  - parameters: {weight: 1}\n", 3, "models[0]",
     "'model' is missing"},
    {"ModelNull", "merge_method: linear\nmodels:\n  - model:\n", 3, "models[0].model",
     "'model' is missing"},
    {"ModelBool", "merge_method: linear\nmodels:\n  - model: on\n", 3, "models[0].model",
     "quote it: \"on\""},
    {"ModelNumber", "merge_method: linear\nmodels:\n  - model: 123\n", 3, "models[0].model",
     "not the number 123"},
    {"ModelDate", "merge_method: linear\nmodels:\n  - model: 2026-01-01\n", 3, "models[0].model",
     "not the date 2026-01-01"},
    {"ModelSyntax", "merge_method: linear\nmodels:\n  - model: '@@@@@'\n", 3, "models[0].model",
     "more than one '@'"},
    {"Lora", "merge_method: linear\nmodels:\n  - model: a+b@c\n    parameters: {weight: 1}\n", 3,
     "models[0].model", "LoRA inputs are not supported yet: 'a+b@c'"},
    {"SliceScalar", "merge_method: passthrough\nslices:\n  - a\n", 3, "slices[0]",
     "with 'sources'"},
    {"SourcesMissing", "merge_method: passthrough\nslices:\n  - base_model: a\n", 3, "slices[0]",
     "'sources' is missing"},
    {"SourcesEmpty", "merge_method: passthrough\nslices:\n  - sources: []\n", 3,
     "slices[0].sources", "empty list"},
    {"RangeMissing", MOD_SLICE("  - model: a\n"), 5, "slices[0].sources[0]",
     "'layer_range' is missing"},
    {"RangeScalar", MOD_SLICE("  - model: a\n    layer_range: 4\n"), 6,
     "slices[0].sources[0].layer_range", "two integers, not the number 4"},
    {"RangeThree", MOD_SLICE("  - model: a\n    layer_range: [0, 1, 2]\n"), 6,
     "slices[0].sources[0].layer_range", "a list of 3 entries"},
    {"RangeFraction", MOD_SLICE("  - model: a\n    layer_range: [0, 1.5]\n"), 6,
     "slices[0].sources[0].layer_range[1]", "two integers, not the number 1.5"},
    {"RangeText", MOD_SLICE("  - model: a\n    layer_range: [a, 2]\n"), 6,
     "slices[0].sources[0].layer_range[0]", "not the string 'a'"},
    {"RangeNegative", MOD_SLICE("  - model: a\n    layer_range: [-1, 2]\n"), 6,
     "slices[0].sources[0].layer_range", "[-1, 2] holds no layers"},
    {"RangeEmpty", MOD_SLICE("  - model: a\n    layer_range: [2, 2]\n"), 6,
     "slices[0].sources[0].layer_range", "[2, 2] holds no layers"},
    {"RangeHuge", MOD_SLICE("  - model: a\n    layer_range: [0, 9223372036854775807]\n"), 6,
     "slices[0].sources[0].layer_range[1]", "two integers"},
    {"RangeUnequal",
     "merge_method: linear\nparameters: {weight: 1}\nslices:\n  - sources:\n"
     "      - {model: a, layer_range: [0, 4]}\n      - {model: b, layer_range: [0, 5]}\n",
     6, "slices[0].sources[1]", "'b' has 5, the first source 4"},
    {"ModuleUnknown", "merge_method: linear\nmodules:\n  text: {models: [{model: a}]}\n", 3,
     "modules.text", "unknown module 'text'"},
    {"ModuleNeither", "merge_method: linear\nmodules:\n  default: {parameters: {weight: 1}}\n", 3,
     "modules.default", "neither of 'models' and 'slices'"},
    {"ModuleBoth",
     "merge_method: linear\nmodules:\n  default: {models: [{model: a}], slices: [{sources: []}]}\n",
     3, "modules.default", "both of 'models' and 'slices'"},
    {"ModulesList", "merge_method: linear\nmodules: [default]\n", 2, "modules", "must be a map"},
};

const Case kSettings[] = {
    {"Null", MOD_PARAMETERS("linear", "  weight:\n"), 4, "parameters.weight", "has no value"},
    {"EmptyList", MOD_PARAMETERS("linear", "  weight: []\n"), 4, "parameters.weight",
     "is an empty list"},
    {"Mixed", MOD_PARAMETERS("linear", "  weight: [{value: 1}, 0.5]\n"), 4, "parameters.weight[1]",
     "mixes plain values and {value, filter}"},
    {"ListOfLists", MOD_PARAMETERS("linear", "  weight: [[1], 0.5]\n"), 4, "parameters.weight[0]",
     "holds a list between plain values"},
    {"Text", MOD_PARAMETERS("linear", "  weight: much\n"), 4, "parameters.weight",
     "must be a number, not the string 'much'"},
    {"TextInList", MOD_PARAMETERS("linear", "  weight: [0, much]\n"), 4, "parameters.weight[1]",
     "must be a number, not the string 'much'"},
    {"NullInList", MOD_PARAMETERS("linear", "  weight: [0, ~]\n"), 4, "parameters.weight[1]",
     "must be a number"},
    {"Date", MOD_PARAMETERS("linear", "  weight: 2026-01-01\n"), 4, "parameters.weight",
     "must be a number, not the date"},
    {"Infinite", MOD_PARAMETERS("linear", "  weight: .inf\n"), 4, "parameters.weight",
     "must be finite"},
    {"NotANumber", MOD_PARAMETERS("linear", "  weight: .nan\n"), 4, "parameters.weight",
     "must be finite"},
    {"NoValue", MOD_PARAMETERS("linear", "  weight: {filter: mlp}\n"), 4, "parameters.weight",
     "a map without 'value'"},
    {"NullValue", MOD_PARAMETERS("linear", "  weight: [{filter: mlp, value: }]\n"), 4,
     "parameters.weight[0].value", "has no value"},
    {"MapValue", MOD_PARAMETERS("linear", "  weight: [{value: {a: 1}}]\n"), 4,
     "parameters.weight[0].value", "cannot be a map"},
    {"EmptyGradient", MOD_PARAMETERS("linear", "  weight: [{value: []}]\n"), 4,
     "parameters.weight[0].value", "is an empty list"},
    {"FilterNumber", MOD_PARAMETERS("linear", "  weight: [{value: 1, filter: 12}]\n"), 4,
     "parameters.weight[0].filter", "'filter' must be a string"},
    {"SwitchNumber", MOD_PARAMETERS("linear", "  normalize: 0.5\n"), 4, "parameters.normalize",
     "is a switch: true or false"},
    {"SwitchGradient", MOD_PARAMETERS("linear", "  normalize: [0, 1]\n"), 4, "parameters.normalize",
     "cannot be a gradient"},
    {"StringNumber", MOD_PARAMETERS("mod", "  match: 3\n"), 4, "parameters.match",
     "must be a string, not the number 3"},
    {"StringList", MOD_PARAMETERS("mod", "  select: [rank]\n"), 4, "parameters.select",
     "takes one string"},
    {"SelectUnknown", MOD_PARAMETERS("mod", "  select: best\n"), 4, "parameters.select",
     "allowed: reference, random, rank"},
};

#define MOD_TWO "parameters: {weight: 1, t: 0.5}\nmodels: [{model: a}, {model: b}]\n"

const Case kUse[] = {
    {"SlerpThree",
     "merge_method: slerp\nbase_model: a\nparameters: {t: 1}\n"
     "models: [{model: a}, {model: b}, {model: c}]\n",
     1, "merge_method", "'slerp' takes exactly 1 model besides the base model, here are 2"},
    {"NuslerpOne", "merge_method: nuslerp\nmodels: [{model: a, parameters: {weight: 1}}]\n", 1,
     "merge_method", "'nuslerp' takes exactly 2 models besides the base model, here are 1"},
    {"StockOne", "merge_method: model_stock\nbase_model: b\n" MOD_TWO, 1, "merge_method",
     "'model_stock' takes at least 2 models besides the base model, here are 1"},
    {"PassthroughTwo", "merge_method: passthrough\n" MOD_TWO, 1, "merge_method",
     "'passthrough' takes exactly 1 model, here are 2"},
    {"PassthroughBase", "merge_method: passthrough\nbase_model: b\nmodels: [{model: a}]\n", 1,
     "merge_method", "remove base_model"},
    {"TiesNoModel", "merge_method: ties\nbase_model: a\nmodels: [{model: a}]\n", 1, "merge_method",
     "'ties' takes at least 1 model besides the base model, here are 0"},
    {"NoBase", "merge_method: ties\n" MOD_TWO, 1, "merge_method", "'ties' needs a base model"},
    {"BaseNotListed",
     "merge_method: ties\nbase_model: b\nparameters: {weight: 1}\nslices:\n"
     "  - sources: [{model: a, layer_range: [3, 5]}]\n",
     5, "slices[0]", "add to its sources: '- {model: b, layer_range: [3, 5]}'"},
    {"NoWeight", "merge_method: linear\nmodels:\n  - model: a\n", 3, "models[0]",
     "'linear' needs the parameter 'weight' for model 'a'"},
    {"NoT", "merge_method: slerp\nbase_model: a\nmodels: [{model: a}, {model: b}]\n", 1,
     "merge_method", "'slerp' needs the parameter 't'; write it under the top-level 'parameters:'"},
    {"RescaleTwice",
     "merge_method: dare_ties\nbase_model: b\nmodels: [{model: a}, {model: c}]\n"
     "parameters: {weight: 1, rescale_inverse_p: true, rescale: true}\n",
     4, "parameters.rescale_inverse_p", "exclude each other"},
    {"OneExpert", "merge_method: mod\nmodels: [{model: a, parameters: {weight: 1}}]\n", 1,
     "merge_method", "'mod' takes at least 2 models, here are 1"},
};

INSTANTIATE_TEST_SUITE_P(Kinds, RecipeError, testing::ValuesIn(kKinds), case_name);
INSTANTIATE_TEST_SUITE_P(Top, RecipeError, testing::ValuesIn(kTop), case_name);
INSTANTIATE_TEST_SUITE_P(Tokenizer, RecipeError, testing::ValuesIn(kTokenizer), case_name);
INSTANTIATE_TEST_SUITE_P(Body, RecipeError, testing::ValuesIn(kBody), case_name);
INSTANTIATE_TEST_SUITE_P(Settings, RecipeError, testing::ValuesIn(kSettings), case_name);
INSTANTIATE_TEST_SUITE_P(Use, RecipeError, testing::ValuesIn(kUse), case_name);

const Case kUnknown[] = {
    {"Top", "dtyp: bfloat16\n" MOD_OK, 1, "dtyp", "unknown key 'dtyp' (did you mean 'dtype'?)"},
    {"TopFar", "zzz: 1\n" MOD_OK, 1, "zzz", "known here: merge_method, models"},
    {"TopParameter", "weight: 1\n" MOD_OK, 1, "weight", "move it under 'parameters:'"},
    {"TopEmbedSlerp", "embed_slerp: true\n" MOD_OK, 1, "embed_slerp", "dropped it in January 2024"},
    {"TopInputParameters", "input_model_parameters: {}\n" MOD_OK, 1, "input_model_parameters",
     "has no effect"},
    {"TopTwice", "dtype: float16\ndtype: float32\n" MOD_OK, 2, "dtype", "written twice"},
    {"TopName", "name: x\n" MOD_OK, 1, "name", "belongs to a pipeline"},
    {"ModelWeight",
     "merge_method: linear\nparameters: {weight: 1}\nmodels:\n  - model: a\n    weight: 2\n", 5,
     "models[0].weight", "has no effect here: it is a parameter; move it under 'parameters:'"},
    {"ModelRange",
     "merge_method: linear\nparameters: {weight: 1}\nmodels:\n  - model: a\n    layer_range: [0, "
     "2]\n",
     5, "models[0].layer_range", "belongs to an entry of 'sources' of a slice"},
    {"ModelMisspelt",
     "merge_method: linear\nparameters: {weight: 1}\nmodels:\n  - model: a\n    parameter: {}\n", 5,
     "models[0].parameter", "did you mean 'parameters'?"},
    {"SliceKey", MOD_SLICE("  - {model: a, layer_range: [0, 1]}\n") "  dtype: float16\n", 6,
     "slices[0].dtype", "belongs to the top level of the recipe"},
    {"SliceDensity", MOD_SLICE("  - {model: a, layer_range: [0, 1]}\n") "  density: 0.5\n", 6,
     "slices[0].density", "it is a parameter"},
    {"SliceResidual", MOD_SLICE("  - {model: a, layer_range: [0, 1]}\n") "  residual_weight: 1\n",
     6, "slices[0].residual_weight", "has never had an effect"},
    {"SourceKey", MOD_SLICE("  - {model: a, layer_range: [0, 1], scale: 2}\n"), 5,
     "slices[0].sources[0].scale", "it is a parameter"},
    {"ModuleKey",
     "merge_method: linear\nmodules:\n  default:\n    models: [{model: a, parameters: {weight: "
     "1}}]\n"
     "    model: b\n",
     5, "modules.default.model", "belongs to an entry of 'models'"},
    {"ConditionKey",
     MOD_PARAMETERS("linear", "  weight: [{value: 1, filtr: mlp}]\n  normalize: false\n"), 4,
     "parameters.weight[0].filtr", "did you mean 'filter'?"},
    {"ParameterUnknown", MOD_PARAMETERS("linear", "  weight: 1\n  density: 0.5\n"), 5,
     "parameters.density", "method 'linear' has no parameter 'density'"},
    {"ParameterMisspelt", MOD_PARAMETERS("linear", "  weight: 1\n  normalise: true\n"), 5,
     "parameters.normalise", "did you mean 'normalize'?"},
    {"ParameterText", MOD_PARAMETERS("linear", "  weight: 1\n  select: rank\n"), 5,
     "parameters.select", "it has: weight, normalize"},
    {"ParameterDtype", MOD_PARAMETERS("linear", "  weight: 1\n  dtype: float16\n"), 5,
     "parameters.dtype", "belongs to the top level of the recipe"},
    {"ParameterEmbedSlerp", MOD_PARAMETERS("linear", "  weight: 1\n  embed_slerp: true\n"), 5,
     "parameters.embed_slerp", "dropped it in January 2024"},
    {"ParameterTwice", MOD_PARAMETERS("linear", "  weight: 1\n  weight: 2\n"), 5,
     "parameters.weight", "written twice"},
    {"GlobalBesideModel",
     "merge_method: slerp\nbase_model: a\nparameters: {t: 0.5}\nmodels:\n  - model: a\n"
     "  - model: b\n    parameters: {t: 0.3}\n",
     7, "models[1].parameters.t", "move it to the top-level 'parameters:'"},
    {"LambdaBesideModel",
     "merge_method: ties\nbase_model: a\nparameters: {normalize: false}\nmodels:\n"
     "  - model: b\n    parameters: {weight: 1, lambda: 0.3}\n",
     6, "models[0].parameters.lambda", "has no effect here"},
    {"LoneWeight",
     "merge_method: ties\nbase_model: a\nmodels:\n  - model: a\n"
     "  - model: b\n    parameters: {weight: 0.1}\n",
     1, "merge_method", "'normalize: true' makes its weight 1"},
    {"SameModel",
     "merge_method: linear\nparameters: {weight: 1}\nmodels:\n  - model: a\n  - model: a\n", 5,
     "models[1]", "'a' is listed twice"},
};

INSTANTIATE_TEST_SUITE_P(Keys, RecipeWarning, testing::ValuesIn(kUnknown), case_name);

TEST(RecipeProblems, AreReportedAllAtOnce) {
  const Read r = read(R"(merge_method: lineer
dtype: bf16
base_model: 12
tokenizer_source: union
chat_template: x
compute: bf17
slices:
  - sources:
      - model: a+b+c
        layer_range: [3, 1]
        parameters: {weight: [], wieght: 2}
  - sources: {}
models: [{model: on}]
)");
  EXPECT_GE(r.errors(), 11U) << r.all();
}

TEST(RecipeProblems, BrokenYamlIsOneErrorWithItsPlace) {
  for (const char* text :
       {"merge_method: [\n", "a: !!python/object:x 1\n", "a: b: c\n", "\xff\xfe"}) {
    const Read r = read(text);
    ASSERT_EQ(r.errors(), 1U) << text;
    EXPECT_NE(r.all().find("r.yml"), std::string::npos) << r.all();
  }
}

TEST(RecipeProblems, TheBaseNeedsNoWeight) {
  const Read r = read(
      "merge_method: task_arithmetic\nbase_model: a\nmodels:\n  - model: a\n"
      "  - {model: b, parameters: {weight: 0.1}}\n");
  EXPECT_TRUE(r.problems.all().empty()) << r.all();
}

TEST(RecipeProblems, TokenizerGrammarIsAccepted) {
  const Read r = read(
      "tokenizer:\n  source: {model: m}\n  keep_vocab_padding: true\n  tokens:\n"
      "    a: {source: m, force: true}\n    b: {source: {kind: zero}}\n    c: {source: }\n"
      "    d: {source: {kind: model_token, model: m, token_id: 3}}\n" MOD_OK);
  EXPECT_EQ(r.errors(), 1U) << r.all();
  EXPECT_EQ(r.warnings(), 0U) << r.all();
}

TEST(RecipeProblems, LongTextsAreShortened) {
  const std::string key(100000, 'k');
  const Read r = read(key + ": 1\nmerge_method: " + key + "\nmodels: [{model: a}]\n");
  EXPECT_LT(r.all().size(), 4000U);
}

}  // namespace
}  // namespace mod::merge
