#include "checkpoint/unpickler.h"

#include <string>

#include "checkpoint/torch_support.h"

namespace mod::checkpoint::test {
namespace {

const TorchTensor kTensor = {"w", {2, 3}, {3, 1}, "0", "FloatStorage", 6, 0};

PickledState read(const std::string& bytes) { return unpickle_state_dict(bytes, "f.bin"); }

void expect_refused(const std::string& body, std::string_view part) {
  expect_error([&] { read(pickle(body)); }, ErrorCode::kUnsupported, part);
}
void expect_corrupt(const std::string& body, std::string_view part) {
  expect_error([&] { read(pickle(body)); }, ErrorCode::kCorruptFile, part);
}

TEST(Unpickler, ReadsTensorsInTheirOrder) {
  const TorchTensor second = {"a.b", {}, {}, "17", "BFloat16Storage", 40, 7};
  const PickledState state = read(pickle(p_dict({kTensor, second})));
  ASSERT_EQ(state.tensors.size(), 2u);
  EXPECT_EQ(state.tensors[0].name, "w");
  EXPECT_EQ(state.tensors[0].dtype, DType::F32);
  EXPECT_EQ(state.tensors[0].shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(state.tensors[0].stride, (std::vector<std::int64_t>{3, 1}));
  EXPECT_EQ(state.tensors[1].storage, "17");
  EXPECT_EQ(state.tensors[1].dtype, DType::BF16);
  EXPECT_EQ(state.tensors[1].storage_elements, 40u);
  EXPECT_EQ(state.tensors[1].offset, 7u);
  EXPECT_TRUE(state.skipped.empty());
}

TEST(Unpickler, KnowsTheStoragesOfTorch) {
  const std::pair<const char*, DType> types[] = {
      {"DoubleStorage", DType::F64},    {"FloatStorage", DType::F32}, {"HalfStorage", DType::F16},
      {"BFloat16Storage", DType::BF16}, {"LongStorage", DType::I64},  {"IntStorage", DType::I32},
      {"ShortStorage", DType::I16},     {"CharStorage", DType::I8},   {"ByteStorage", DType::U8},
      {"BoolStorage", DType::BOOL}};
  for (const auto& [name, dtype] : types) {
    TorchTensor tensor = kTensor;
    tensor.type = name;
    EXPECT_EQ(read(pickle(p_dict({tensor}))).tensors.at(0).dtype, dtype) << name;
  }
  TorchTensor complex = kTensor;
  complex.type = "ComplexFloatStorage";
  expect_refused(p_dict({complex}), "refused: global torch.ComplexFloatStorage");
}

TEST(Unpickler, UnwrapsStateDictAndParametersAndSkipsTheRest) {
  const std::string parameter = p_global("torch._utils", "_rebuild_parameter") + "(" +
                                p_tensor(kTensor) + "\x88" +
                                p_global("collections", "OrderedDict") + ")RtR";
  const std::string inner = "}(" + p_text("p") + parameter + p_text("n") + "K\x07" + "u";
  const PickledState state =
      read(pickle("}(" + p_text("epoch") + "K\x01" + p_text("state_dict") + inner + "u"));
  ASSERT_EQ(state.tensors.size(), 1u);
  EXPECT_EQ(state.tensors[0].name, "p");
  EXPECT_EQ(state.skipped, (std::vector<std::string>{"n"}));
  // A tensor of that name is only a tensor.
  TorchTensor odd = kTensor;
  odd.name = "state_dict";
  EXPECT_EQ(read(pickle(p_dict({odd}))).tensors.at(0).name, "state_dict");
}

TEST(Unpickler, MemoMetadataAndProtocol4) {
  // OrderedDict, its _metadata attribute set by BUILD, and values taken from the memo.
  const std::string memo = p_global("collections", "OrderedDict") + ")Rq\x01" + p_text("w") +
                           p_tensor(kTensor) + "r" + little(300, 4) + "s" + p_text("v") + "j" +
                           little(300, 4) + "s" + "}" + p_text("_metadata") + "h\x01" + "sb";
  const PickledState state = read(pickle(memo));
  ASSERT_EQ(state.tensors.size(), 2u);
  EXPECT_EQ(state.tensors[1].name, "v");
  EXPECT_EQ(state.tensors[1].storage, "0");
  const std::string four = "\x80\x04\x95" + little(10, 8) +
                           "\x8c\x0b"
                           "collections"
                           "\x94\x8c\x0b"
                           "OrderedDict"
                           "\x94\x93\x94)R\x94.";
  EXPECT_TRUE(read(four).tensors.empty());
}

TEST(Unpickler, AttacksAreRefusedByName) {
  // What `pickle.dumps` makes of os.system, eval, builtins and their disguises.
  expect_refused(p_global("posix", "system") + p_text("touch /tmp/owned") + "\x85R",
                 "refused: global posix.system");
  expect_refused(p_global("os", "system") + p_text("id") + "\x85R", "refused: global os.system");
  expect_refused(p_global("builtins", "eval"), "refused: global builtins.eval");
  expect_refused(p_global("__builtin__", "getattr"), "refused: global __builtin__.getattr");
  expect_refused(p_global("torch", "load"), "refused: global torch.load");
  expect_refused(p_global("torch.serialization", "load"),
                 "refused: global torch.serialization.load");
  expect_refused(p_global("torch._utils", "_rebuild_tensor_v2.__globals__"), "refused: global");
  expect_refused(p_global("collections", "OrderedDict.__init__"), "refused: global");
  expect_refused(p_text("os") + p_text("system") + "\x93", "refused: global os.system");
  expect_refused(
      "(i"
      "os\nsystem\n",
      "refused: instruction 0x69");
  expect_refused("(" + p_text("id") + "o", "refused: instruction 0x6f");
  expect_refused(p_global("collections", "OrderedDict") + ")\x81", "refused: instruction 0x81");
  expect_refused("\x82\x01", "refused: instruction 0x82");  // a global by number
  expect_refused("P1\n", "refused: instruction 0x50");      // a persistent id as text
  expect_refused(p_global("a\x1b[2J", "b"), "a\\x1b[2J.b");
  // Names that are hidden behind a good dict come too late to run, and are refused all the same.
  expect_refused(p_dict({kTensor}) + p_global("posix", "system"), "refused: global posix.system");
}

TEST(Unpickler, RefusesResultsThatAreNoStateDict) {
  expect_refused("N", "no dict of tensors");
  expect_refused("]", "no dict of tensors");
  expect_refused(p_tensor(kTensor), "no dict of tensors");
  expect_refused(p_global("torch", "FloatStorage") + "}b", "state of something that is no dict");
  EXPECT_TRUE(read(pickle("}")).tensors.empty());
}

TEST(Unpickler, RefusesBrokenPrograms) {
  expect_corrupt("0", "the stack is empty");
  expect_corrupt("", "the stack is empty");
  expect_corrupt("}(0", "the stack is empty");  // an item below the mark is out of reach
  expect_corrupt("t", "no mark");
  expect_corrupt("u", "no mark");
  expect_corrupt("h\x05", "does not exist");
  expect_corrupt("q\x05", "the stack is empty");
  expect_corrupt("}(K\x01u", "a key without a value");
  expect_corrupt("NK\x01K\x02s", "no dict");
  expect_corrupt(
      "}K\x01"
      "a",
      "no list");
  expect_corrupt("N)R", "no function");
  expect_corrupt(p_global("collections", "OrderedDict") + "NR", "without a tuple");
  expect_corrupt(p_global("collections", "OrderedDict") + "]\x85R", "OrderedDict with arguments");
  expect_corrupt("K\x01K\x02\x93", "no string");
  expect_corrupt("\x8a\x09" + std::string(9, '\1'), "more than 64 bits");
  expect_corrupt("X" + little(2, 4) + "\xff\xff", "not UTF-8");
  expect_corrupt("\x80\x09", "unknown protocol");
  expect_corrupt(p_text("x") + "Q", "does not describe a storage");
  expect_corrupt("(" + p_text("storage") + "NNNNtQ", "does not describe a storage");
  expect_corrupt(p_global("torch._utils", "_rebuild_parameter") + "N\x85R", "without a tensor");
}

TEST(Unpickler, RefusesTensorsWithoutSense) {
  const auto call = [](const std::string& arguments) {
    return "}" + p_text("w") + p_global("torch._utils", "_rebuild_tensor_v2") + "(" + arguments +
           "tRs";
  };
  const std::string storage = p_storage(kTensor), one = p_tuple({1});
  expect_corrupt(call(""), "tensor 'w': has no storage");
  expect_corrupt(call("NNNN"), "tensor 'w': has no storage");
  expect_corrupt(call(storage + p_int(-1) + one + one), "no number from 0 on");
  expect_corrupt(call(storage + "N" + one + one), "no number from 0 on");
  expect_corrupt(call(storage + p_int(0) + p_tuple({-5}) + one), "no number from 0 on");
  expect_corrupt(call(storage + p_int(0) + "N" + one), "no tuple of at most 16");
  expect_corrupt(call(storage + p_int(0) + p_tuple(std::vector<std::int64_t>(17, 1)) + one),
                 "at most 16");
  expect_corrupt(call(storage + p_int(0) + p_tuple({1, 1}) + one), "as many strides");
  expect_corrupt(call(storage + std::string(16, 'N')), "more than 16 arguments");
}

TEST(Unpickler, WorkAndMemoryAreBounded) {
  expect_corrupt(std::string(2'100'000, '}'), "more than 2,000,000 values");
  expect_corrupt(
      "}q\1" +
          [] {
            std::string loop;
            for (int i = 0; i < 4'100'000; ++i)
              loop +=
                  "h\1"
                  "0";
            return loop;
          }(),
      "more than 8,000,000 steps");
  // A list that holds itself, nested a million times, must not exhaust the stack when it goes.
  std::string nested = "}" + p_text("w");
  for (int i = 0; i < 500'000; ++i) nested += "]";
  for (int i = 0; i < 499'999; ++i) nested += "a";
  EXPECT_EQ(read(pickle("]q\1h\1a" + nested + "s")).skipped.size(), 1u);
  expect_error([] { read(std::string((32u << 20) + 1, '}')); }, ErrorCode::kUnsupported, "32 MiB");
}

TEST(Unpickler, EveryTruncationIsAnErrorAndFlippedBitsNeverCrash) {
  const std::string whole = pickle(p_dict({kTensor}));
  for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_THROW(read(whole.substr(0, n)), Error) << n;
  for (std::size_t n = 0; n < 8 * whole.size(); ++n) {
    std::string flipped = whole;
    flipped[n / 8] = static_cast<char>(flipped[n / 8] ^ (1 << n % 8));
    try {
      read(flipped);
    } catch (const Error&) {
    }
  }
}

}  // namespace
}  // namespace mod::checkpoint::test
