#include "checkpoint/checkpoint.h"

#include <string>

#include "base/hash.h"
#include "checkpoint/model_folder.h"
#include "checkpoint/torch_support.h"

namespace mod::checkpoint::test {
namespace {

namespace fs = std::filesystem;

const TinyTensor kA = {"a", DType::F32, {2, 2}, {1, 2, 3, 4}};
const TinyTensor kB = {"b", DType::BF16, {3}, {5, 6, 7}};
const std::string kIndex = R"({"weight_map":{"a":"model-00001-of-00002.safetensors",)"
                           R"("b":"model-00002-of-00002.safetensors"}})";

std::shared_ptr<const Checkpoint> open(const fs::path& path) {
  Problems notes;
  return Checkpoint::open(path, notes);
}

void expect_bad(const fs::path& path, ErrorCode code, std::string_view part) {
  expect_error([&] { open(path); }, code, part);
}

std::string bytes_of(const Checkpoint& checkpoint, const std::string& name) {
  const TensorInfo* tensor = checkpoint.find(name);
  if (tensor == nullptr) return "(missing)";
  std::string bytes(tensor->bytes, '?');
  checkpoint.read(*tensor, 0, std::as_writable_bytes(std::span(bytes.data(), bytes.size())));
  return bytes;
}

void write_shards(const fs::path& folder) {
  write_safetensors(folder / "model-00001-of-00002.safetensors", {kA});
  write_safetensors(folder / "model-00002-of-00002.safetensors", {kB});
}

TEST(Checkpoint, OpensASingleFileAndReadsParts) {
  const TempFolder folder;
  write_safetensors(folder / "model.safetensors", {kB, kA});
  const auto checkpoint = open(folder.path());
  ASSERT_EQ(checkpoint->tensors().size(), 2u);
  EXPECT_EQ(checkpoint->tensors()[0].name, "a");
  EXPECT_EQ(checkpoint->total_bytes(), 22u);
  EXPECT_EQ(bytes_of(*checkpoint, "a"), mod::testing::tensor_bytes(kA));
  EXPECT_EQ(bytes_of(*checkpoint, "b"), mod::testing::tensor_bytes(kB));
  EXPECT_EQ(checkpoint->find("c"), nullptr);
  std::string part(4, '?');
  const auto span = std::as_writable_bytes(std::span(part.data(), part.size()));
  checkpoint->read(*checkpoint->find("b"), 2, span);
  EXPECT_EQ(part, mod::testing::tensor_bytes(kB).substr(2));
  expect_error([&] { checkpoint->read(*checkpoint->find("b"), 3, span); }, ErrorCode::kInternal,
               "'b'");
  const InputFile& input = checkpoint->files().at(0);
  const std::string file = read_text(input.path);
  EXPECT_EQ(input.size, file.size());
  EXPECT_EQ(input.header_bytes, file.size() - 22);
  EXPECT_EQ(input.header_sha256, sha256_hex(file.substr(0, file.size() - 22)));
  EXPECT_EQ(open(folder / "model.safetensors")->tensors().size(), 2u);
}

TEST(Checkpoint, IndexWinsOverASingleFileAndSafetensorsOverBin) {
  const TempFolder folder;
  write_text(folder / "pytorch_model.bin", torch_bytes(pickle("}"), {}));
  EXPECT_TRUE(open(folder.path())->tensors().empty());
  write_safetensors(folder / "model.safetensors", {{"single", DType::U8, {1}}});
  EXPECT_NE(open(folder.path())->find("single"), nullptr);
  write_shards(folder.path());
  write_text(folder / "model.safetensors.index.json", kIndex);
  const auto checkpoint = open(folder.path());
  EXPECT_EQ(checkpoint->find("single"), nullptr);
  EXPECT_EQ(bytes_of(*checkpoint, "b"), mod::testing::tensor_bytes(kB));
  EXPECT_EQ(checkpoint->find("b")->file, 1);
  EXPECT_EQ(open(folder / "model.safetensors.index.json")->tensors().size(), 2u);
}

TEST(Checkpoint, ShardsWithoutIndexMustBeCompleteAndDisjoint) {
  const TempFolder folder;
  write_shards(folder.path());
  Problems notes;
  EXPECT_EQ(Checkpoint::open(folder.path(), notes)->tensors().size(), 2u);
  ASSERT_EQ(notes.count(Severity::kNote), 1u);
  EXPECT_EQ(notes.all()[0].text, "2 shards without an index");
  write_safetensors(folder / "model-00002-of-00002.safetensors", {kB, kA});
  expect_bad(folder.path(), ErrorCode::kCorruptFile, "tensor 'a' is also in model-00001-of-00002");
  fs::remove(folder / "model-00001-of-00002.safetensors");
  expect_bad(folder.path(), ErrorCode::kInvalidInput,
             "model-00001-of-00002.safetensors is missing");
  write_safetensors(folder / "model-00001-of-00003.safetensors", {kA});
  expect_bad(folder.path(), ErrorCode::kInvalidInput, "shards of two checkpoints");
}

TEST(Checkpoint, AbsurdShardNumbersAreNoShards) {
  const TempFolder folder;
  write_safetensors(folder / "model-00001-of-99999999999999999999.safetensors", {kA});
  write_safetensors(folder / "model-1-of-1.safetensors", {kA});
  expect_bad(folder.path(), ErrorCode::kInvalidInput, "no weights found");
  write_safetensors(folder / "model-00000-of-00001.safetensors", {kA});
  expect_bad(folder.path(), ErrorCode::kInvalidInput, "is missing");
}

TEST(Checkpoint, OpensALoneNumberedFileWithoutANote) {
  const TempFolder folder;
  write_safetensors(folder / "model-00001-of-00001.safetensors", {kA});
  Problems notes;
  EXPECT_EQ(Checkpoint::open(folder.path(), notes)->tensors().size(), 1u);
  EXPECT_TRUE(notes.all().empty());
}

TEST(Checkpoint, IndexAndFilesMustAgree) {
  const TempFolder folder;
  write_shards(folder.path());
  const auto index = folder / "model.safetensors.index.json";
  write_text(index, R"({"weight_map":{"a":"model-00002-of-00002.safetensors"}})");
  expect_bad(folder.path(), ErrorCode::kCorruptFile,
             "'a' is not in 'model-00002-of-00002.safetensors'");
  write_text(index, R"({"weight_map":{"ghost":"model-00001-of-00002.safetensors"}})");
  expect_bad(folder.path(), ErrorCode::kCorruptFile, "'ghost' is not in");
  write_text(index, R"({"weight_map":{"a":"nowhere.safetensors"}})");
  expect_bad(folder.path(), ErrorCode::kInvalidInput, "nowhere.safetensors: missing");
  write_text(index, R"({"weight_map":{"a":"../model.safetensors"}})");
  expect_bad(folder.path(), ErrorCode::kCorruptFile, "not the name of a file in this folder");

  write_safetensors(folder / "model-00002-of-00002.safetensors", {kB, {"extra", DType::U8, {1}}});
  write_text(index, kIndex);
  Problems notes;
  EXPECT_NE(Checkpoint::open(folder.path(), notes)->find("extra"), nullptr);
  EXPECT_EQ(notes.count(Severity::kNote), 1u);
  write_safetensors(folder / "model-00002-of-00002.safetensors", {kB, kA});
  expect_bad(folder.path(), ErrorCode::kCorruptFile, "'a' is also in");
}

TEST(Checkpoint, BrokenFilesAreNamed) {
  const TempFolder folder;
  const auto file = folder / "model.safetensors";
  write_safetensors(file, {kA});
  const std::string whole = read_text(file);
  for (std::size_t n = 0; n < whole.size(); ++n) {
    write_text(file, whole.substr(0, n));
    expect_bad(folder.path(), ErrorCode::kCorruptFile, "model.safetensors");
  }
}

TEST(Checkpoint, LinksAsInTheHubCacheWork) {
  const TempFolder folder;
  write_safetensors(folder / "blobs/0123abcd", {kA});
  fs::create_directories(folder / "snapshots/x");
  fs::create_symlink("../../blobs/0123abcd", folder / "snapshots/x/model.safetensors");
  EXPECT_EQ(bytes_of(*open(folder / "snapshots/x"), "a"), mod::testing::tensor_bytes(kA));
  fs::create_directory_symlink(folder / "snapshots/x", folder / "link");
  EXPECT_EQ(open(folder / "link")->tensors().size(), 1u);
}

TEST(Checkpoint, MissingAndForeignWeightsAreNamed) {
  const TempFolder folder;
  expect_bad(folder / "none", ErrorCode::kInvalidInput, "none: does not exist");
  expect_bad(folder.path(), ErrorCode::kInvalidInput, "no weights found");
  write_text(folder / "consolidated.00.pth", "x");
  expect_bad(folder.path(), ErrorCode::kInvalidInput, "there are consolidated.00.pth");
  write_text(folder / "adapter_model.safetensors", "x");
  expect_bad(folder.path(), ErrorCode::kInvalidInput, "LoRA adapter");
  fs::remove(folder / "adapter_model.safetensors");
  write_text(folder / "m.gguf", "GGUF....");
  expect_bad(folder.path(), ErrorCode::kUnsupported, "GGUF");
  expect_bad(folder / "m.gguf", ErrorCode::kUnsupported, "GGUF");
  write_text(folder / "model.safetensors", "GGUF\3\0\0\0\0\0\0\0\0\0");
  expect_bad(folder.path(), ErrorCode::kUnsupported, "GGUF");
  write_text(folder / "model.safetensors",
             "version https://git-lfs.github.com/spec/v1\noid sha256:1\n");
  expect_bad(folder.path(), ErrorCode::kInvalidInput, "git-lfs pointer");
  write_text(folder / "notes.txt", "x");
  expect_bad(folder / "notes.txt", ErrorCode::kInvalidInput, "neither a folder nor");
}

TEST(Checkpoint, QuantisedFormatsAreRefusedByName) {
  const auto refused = [](const std::vector<std::string>& names, std::string_view format) {
    const TempFolder folder;
    std::vector<TinyTensor> tensors;
    for (const std::string& name : names) tensors.push_back({name, DType::I32, {1}});
    write_safetensors(folder / "model.safetensors", tensors);
    expect_bad(folder.path(), ErrorCode::kUnsupported, format);
  };
  refused({"l.q.qweight", "l.q.qzeros", "l.q.scales", "l.q.g_idx"}, "GPTQ quantised");
  refused({"l.q.qweight", "l.q.qzeros", "l.q.scales"}, "AWQ quantised");
  refused({"l.q.weight", "l.q.weight.absmax"}, "bitsandbytes quantised");
  refused({"l.q.weight", "l.q.weight.quant_state.bitsandbytes__nf4"}, "bitsandbytes quantised");
  const TempFolder folder;
  write_safetensors(folder / "model.safetensors", {{"position_ids", DType::I64, {4}}});
  EXPECT_EQ(open(folder.path())->tensors().size(), 1u);
}

TEST(CheckpointBin, ARealFileHoldsTheExpectedBytes) {
  const fs::path data = fs::path(MOD_SOURCE_DIR) / "tests/data/llama-bin";
  Problems notes;
  const auto bin = Checkpoint::open(data, notes);
  const auto expected = open(data / "expected.safetensors");
  ASSERT_EQ(bin->tensors().size(), expected->tensors().size());
  std::uint64_t last = 0;
  for (const TensorInfo& tensor : bin->tensors()) {
    const TensorInfo* twin = expected->find(tensor.name);
    ASSERT_NE(twin, nullptr) << tensor.name;
    EXPECT_EQ(tensor.dtype, twin->dtype);
    EXPECT_EQ(tensor.shape, twin->shape);
    EXPECT_EQ(bytes_of(*bin, tensor.name), bytes_of(*expected, tensor.name)) << tensor.name;
    EXPECT_GE(tensor.offset, last);
    last = tensor.offset;
  }
  EXPECT_EQ(bin->files()[0].header_bytes, 5124u);
  EXPECT_EQ(bin->files()[0].header_sha256.size(), 64u);
}

TEST(CheckpointBin, TiedNamesAreTwoNamesOfOneTensor) {
  const TempFolder folder;
  const TorchTensor embed = {"embed", {2}, {1}, "0", "FloatStorage", 2, 0};
  TorchTensor head = embed;
  head.name = "lm_head";
  write_text(folder / "pytorch_model.bin",
             torch_bytes(pickle(p_dict({embed, head})), {"12345678"}));
  Problems notes;
  const auto checkpoint = Checkpoint::open(folder.path(), notes);
  EXPECT_EQ(bytes_of(*checkpoint, "embed"), "12345678");
  EXPECT_EQ(checkpoint->find("embed")->offset, checkpoint->find("lm_head")->offset);
  ASSERT_EQ(notes.all().size(), 1u);
  EXPECT_EQ(notes.all()[0].text, "'embed' and 'lm_head' are two names of one tensor");
}

TEST(CheckpointBin, OpensShardsByTheirIndex) {
  const TempFolder folder;
  const TorchTensor one = {"a", {2}, {1}, "0", "FloatStorage", 2, 0};
  TorchTensor two = one;
  two.name = "b";
  write_text(folder / "x-1.bin", torch_bytes(pickle(p_dict({one})), {"AAAAaaaa"}));
  write_text(folder / "x-2.bin", torch_bytes(pickle(p_dict({two})), {"BBBBbbbb"}));
  write_text(folder / "pytorch_model.bin.index.json",
             R"({"weight_map":{"b":"x-2.bin","a":"x-1.bin"}})");
  const auto checkpoint = open(folder.path());
  EXPECT_EQ(bytes_of(*checkpoint, "a"), "AAAAaaaa");
  EXPECT_EQ(bytes_of(*checkpoint, "b"), "BBBBbbbb");
}

TEST(OpenModel, ReadsConfigBesideTheWeights) {
  const TempFolder folder;
  write_safetensors(folder / "model.safetensors", {kA});
  Problems notes;
  EXPECT_FALSE(open_model(folder.path(), notes).has_config);
  write_text(folder / "config.json", R"({"model_type":"llama","a":1})");
  for (const fs::path& path : {folder.path(), folder / "model.safetensors"}) {
    const ModelFolder model = open_model(path, notes);
    EXPECT_TRUE(model.has_config);
    EXPECT_EQ(model.config.begin().key(), "model_type");
    EXPECT_EQ(model.weights->tensors().size(), 1u);
  }
  write_text(folder / "config.json", "{\n\"a\": }");
  expect_error([&] { open_model(folder.path(), notes); }, ErrorCode::kCorruptFile,
               "line 2, column 6");
  write_text(folder / "config.json", "[]");
  expect_error([&] { open_model(folder.path(), notes); }, ErrorCode::kCorruptFile,
               "not a JSON object");
  write_text(folder / "config.json", R"({"quantization_config":{"quant_method":"gptq"}})");
  expect_error([&] { open_model(folder.path(), notes); }, ErrorCode::kUnsupported, "gptq");
  write_text(folder / "config.json", R"({"quantization_config":{"quant_method":"fp8"}})");
  EXPECT_NO_THROW(open_model(folder.path(), notes));
}

}  // namespace
}  // namespace mod::checkpoint::test
