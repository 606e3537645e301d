#include "checkpoint/torch_file.h"

#include <string>

#include "checkpoint/torch_support.h"

namespace mod::checkpoint::test {
namespace {

const std::string kFloats(24, 'f');

TorchTensor tensor(const std::string& name, std::vector<std::int64_t> shape,
                   std::vector<std::int64_t> stride, std::int64_t offset = 0) {
  return {name, std::move(shape), std::move(stride), "0", "FloatStorage", 6, offset};
}

TorchFile read(const std::string& bytes) { return read_torch_file(memory_source(bytes), "f.bin"); }

void expect_bad(const TorchTensor& bad, std::string_view part,
                ErrorCode code = ErrorCode::kCorruptFile) {
  const std::string bytes = torch_bytes(pickle(p_dict({bad})), {kFloats});
  expect_error([&] { read(bytes); }, code, part);
}

TEST(TorchFile, PlacesTensorsInTheirStorages) {
  const TorchTensor other = {"b", {4}, {1}, "1", "HalfStorage", 4, 0};
  const std::string bytes =
      torch_bytes(pickle(p_dict({other, tensor("tail", {2}, {1}, 4), tensor("a", {2, 3}, {3, 1})})),
                  {"0123456789abcdefghijklmn", "HALFhalf"}, {.zip64 = true, .padding = 17});
  const TorchFile file = read(bytes);
  ASSERT_EQ(file.tensors.size(), 3u);
  const auto data = [&](std::size_t i) {
    return bytes.substr(file.tensors[i].offset, file.tensors[i].bytes);
  };
  EXPECT_EQ(file.tensors[0].name, "a");
  EXPECT_EQ(data(0), "0123456789abcdefghijklmn");
  EXPECT_EQ(file.tensors[1].name, "tail");
  EXPECT_EQ(data(1), "ghijklmn");
  EXPECT_EQ(file.tensors[2].name, "b");
  EXPECT_EQ(data(2), "HALFhalf");
  EXPECT_EQ(file.tensors[2].elements, 4u);
}

TEST(TorchFile, StridesOfSingleAndEmptyDimensionsMeanNothing) {
  const std::string bytes = torch_bytes(
      pickle(p_dict({tensor("one", {1, 6, 1}, {99, 1, 0}), tensor("none", {0, 6}, {77, 5})})),
      {kFloats});
  EXPECT_EQ(read(bytes).tensors.size(), 2u);
}

TEST(TorchFile, RefusesViewsThatAreNotContiguous) {
  expect_bad(tensor("t", {3, 2}, {1, 3}), "tensor 't': stored transposed", ErrorCode::kUnsupported);
  expect_bad(tensor("t", {2, 2}, {3, 1}), "stored transposed or sliced", ErrorCode::kUnsupported);
  expect_bad(tensor("t", {6}, {0}), "stored transposed or sliced", ErrorCode::kUnsupported);
}

TEST(TorchFile, RefusesTensorsThatLeaveTheirStorage) {
  expect_bad(tensor("t", {7}, {1}), "tensor 't': shape 7 reaches past its storage");
  expect_bad(tensor("t", {6}, {1}, 1), "reaches past its storage");
  expect_bad(tensor("t", {}, {}, 6), "reaches past its storage");
  expect_bad(tensor("t", {1}, {1}, std::int64_t{1} << 62), "reaches past its storage");
  expect_bad(tensor("t", {std::int64_t{1} << 40, std::int64_t{1} << 40}, {1, 1}), "reaches past");
  TorchTensor wrong = tensor("t", {6}, {1});
  wrong.elements = 7;
  expect_bad(wrong, "storage of 7 F32 elements in 24 bytes");
  wrong = tensor("t", {6}, {1});
  wrong.storage = "9";
  expect_bad(wrong, "its storage '9' is missing");
  wrong.storage = "../data.pkl";
  expect_bad(wrong, "its storage '../data.pkl' is missing");
}

TEST(TorchFile, RefusesOtherFiles) {
  expect_error([] { read("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."); },
               ErrorCode::kUnsupported, "before version 1.6");
  expect_error([] { read(""); }, ErrorCode::kCorruptFile, "not a PyTorch file");
  expect_error([] { read("hello, world"); }, ErrorCode::kCorruptFile, "not a PyTorch file");
  const std::string empty = zip_bytes({{"a/b", "x"}});
  expect_error([&] { read(empty); }, ErrorCode::kCorruptFile, "0 entries named data.pkl");
  const std::string two = zip_bytes({{"a/data.pkl", pickle("}")}, {"b/data.pkl", pickle("}")}});
  expect_error([&] { read(two); }, ErrorCode::kCorruptFile, "2 entries named data.pkl");
  const std::string big = torch_bytes(pickle("}"), {}, {}, "big");
  expect_error([&] { read(big); }, ErrorCode::kUnsupported, "big-endian");
  const std::string twice =
      torch_bytes(pickle(p_dict({tensor("t", {1}, {1}), tensor("t", {1}, {1})})), {kFloats});
  expect_error([&] { read(twice); }, ErrorCode::kCorruptFile, "tensor 't': stands twice");
}

TEST(TorchFile, EveryTruncationIsAnErrorAndFlippedBitsStayInside) {
  const std::string whole = torch_bytes(pickle(p_dict({tensor("t", {2, 3}, {3, 1})})), {kFloats});
  ASSERT_EQ(read(whole).tensors.size(), 1u);
  for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_THROW(read(whole.substr(0, n)), Error) << n;
  for (std::size_t n = 0; n < 8 * whole.size(); ++n) {
    std::string flipped = whole;
    flipped[n / 8] = static_cast<char>(flipped[n / 8] ^ (1 << n % 8));
    try {
      for (const TensorInfo& t : read(flipped).tensors) {
        EXPECT_LE(t.offset, whole.size());
        EXPECT_LE(t.bytes, whole.size() - t.offset);
      }
    } catch (const Error&) {
    }
  }
}

}  // namespace
}  // namespace mod::checkpoint::test
