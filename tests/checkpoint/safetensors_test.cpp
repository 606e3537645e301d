#include "checkpoint/safetensors.h"

#include <string>
#include <vector>

#include "checkpoint/support.h"

namespace mod::checkpoint::test {
namespace {

using Metadata = std::vector<std::pair<std::string, std::string>>;

SafetensorsHeader parse(const std::string& bytes) {
  return parse_safetensors_header(bytes, bytes.size(), "f.safetensors");
}

void expect_corrupt(std::string_view json, std::size_t data, std::string_view part) {
  const std::string bytes = safetensors_bytes(json, data);
  expect_error([&] { parse(bytes); }, ErrorCode::kCorruptFile, part);
}

TEST(SafetensorsParse, ReadsTensorsByOffsetAndMetadata) {
  const std::string bytes = safetensors_bytes(
      R"({"b":{"dtype":"F32","shape":[2,3],"data_offsets":[2,26]},"__metadata__":{"format":"pt","x":""},)"
      R"("a":{"data_offsets":[0,2],"shape":[],"dtype":"BF16"}})",
      26);
  const SafetensorsHeader header = parse(bytes);
  EXPECT_EQ(header.metadata, (Metadata{{"format", "pt"}, {"x", ""}}));
  EXPECT_EQ(header.data_offset, bytes.size() - 26);
  ASSERT_EQ(header.tensors.size(), 2u);
  EXPECT_EQ(header.tensors[0].name, "a");
  EXPECT_EQ(header.tensors[0].dtype, DType::BF16);
  EXPECT_TRUE(header.tensors[0].shape.empty());
  EXPECT_EQ(header.tensors[1].shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(header.tensors[1].begin, 2u);
  EXPECT_EQ(header.tensors[1].end, 26u);
}

TEST(SafetensorsParse, AcceptsWhatTheLibraryAccepts) {
  EXPECT_TRUE(parse(safetensors_bytes("{}", 0)).tensors.empty());
  EXPECT_TRUE(parse(safetensors_bytes("{}      ", 0)).tensors.empty());
  EXPECT_TRUE(parse(safetensors_bytes("{ \"__metadata__\" : {} }\n", 0)).tensors.empty());
  // A tensor without elements may stand anywhere, also at a place where another begins.
  const auto header =
      parse(safetensors_bytes(R"({"full":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                              R"("none":{"dtype":"F64","shape":[3,0],"data_offsets":[0,0]},)"
                              R"("last":{"dtype":"F64","shape":[0],"data_offsets":[4,4]}})",
                              4));
  ASSERT_EQ(header.tensors.size(), 3u);
  EXPECT_EQ(header.tensors[0].name, "none");
  EXPECT_EQ(header.tensors[2].name, "last");
}

TEST(SafetensorsParse, EveryTypeRoundTrips) {
  for (int i = 0; i < kDTypeCount; ++i) {
    std::vector<HeaderTensor> tensors = {{"t", static_cast<DType>(i), {3}, 0, 0}};
    const std::string header = emit_safetensors_header(tensors, {});
    const auto back = parse(header + std::string(tensors[0].end, '\0'));
    ASSERT_EQ(back.tensors.size(), 1u);
    EXPECT_EQ(back.tensors[0].dtype, static_cast<DType>(i));
    EXPECT_EQ(back.tensors[0].end, 3 * dtype_size(static_cast<DType>(i)));
  }
}

TEST(SafetensorsParse, RefusesBadFrames) {
  expect_error([] { parse(""); }, ErrorCode::kCorruptFile,
               "f.safetensors: shorter than the 8 bytes");
  expect_error([] { parse("1234567"); }, ErrorCode::kCorruptFile, "shorter than the 8 bytes");
  expect_error([] { parse(little(100'000'001, 8)); }, ErrorCode::kCorruptFile, "above the limit");
  expect_error([] { parse(std::string(8, '\xff')); }, ErrorCode::kCorruptFile, "above the limit");
  expect_error([] { parse(little(100'000'000, 8)); }, ErrorCode::kCorruptFile, "cut off");
  expect_error([] { parse(little(3, 8) + "{}"); }, ErrorCode::kCorruptFile, "cut off");
  expect_error([] { parse(little(0, 8)); }, ErrorCode::kCorruptFile, "does not begin with '{'");
  expect_corrupt(" {}", 0, "does not begin with '{'");
  expect_corrupt("\xef\xbb\xbf{}", 0, "does not begin with '{'");
  expect_corrupt("[]", 0, "does not begin with '{'");
  expect_corrupt("{\"\xff\":1}", 0, "not UTF-8");
  expect_corrupt("{}x", 0, "not valid JSON");
  expect_corrupt("{}{}", 0, "not valid JSON");
  expect_corrupt("{", 0, "not valid JSON");
  expect_corrupt("{} // why", 0, "not valid JSON");
  // nlohmann takes NUL for the end of its input: what follows would be hidden from this reader.
  expect_corrupt(std::string("{}\0{\"a\":1}", 10), 0, "NUL byte");
  // The caller may hand over fewer bytes than the file has.
  expect_error([] { parse_safetensors_header(little(2, 8) + "{", 10, "f"); },
               ErrorCode::kCorruptFile, "cut off");
}

TEST(SafetensorsParse, RefusesBadFields) {
  const auto tensor = [](const std::string& inner) { return "{\"t\":{" + inner + "}}"; };
  const std::string type = R"("dtype":"U8")", shape = R"("shape":[1])",
                    at = R"("data_offsets":[0,1])";
  expect_corrupt(tensor(shape + "," + at), 1, "tensor 't': has no dtype");
  expect_corrupt(tensor(type + "," + at), 1, "tensor 't': has no shape");
  expect_corrupt(tensor(type + "," + shape), 1, "tensor 't': has no data_offsets");
  expect_corrupt(tensor(type + "," + shape + "," + at + R"(,"extra":1)"), 1, "field 'extra'");
  expect_corrupt(tensor(type + "," + type + "," + shape + "," + at), 1, "second field 'dtype'");
  expect_corrupt(tensor(shape + "," + type + "," + shape + "," + at), 1, "second field 'shape'");
  expect_corrupt(tensor(type + "," + shape + "," + at + "," + at), 1,
                 "second field 'data_offsets'");
  expect_corrupt(tensor(R"("dtype":"f32",)" + shape + "," + at), 1, "unknown dtype 'f32'");
  expect_corrupt(tensor(R"("dtype":3,)" + shape + "," + at), 1, "tensor 't': unexpected a number");
  expect_corrupt(tensor(R"("dtype":null,)" + shape + "," + at), 1, "unexpected null");
  expect_corrupt(tensor(R"("shape":1,)" + type + "," + at), 1, "unexpected a number");
  expect_corrupt(tensor(R"("shape":[[1]],)" + type + "," + at), 1, "unexpected a list");
  expect_corrupt(tensor(R"("shape":["1"],)" + type + "," + at), 1, "unexpected the string '1'");
  expect_corrupt(tensor(R"("shape":[true],)" + type + "," + at), 1, "unexpected a boolean");
  expect_corrupt(R"({"t":[]})", 0, "tensor 't': unexpected a list");
  expect_corrupt(R"({"t":1})", 0, "unexpected a number");
  expect_error([&] { parse(safetensors_bytes(tensor(R"("dtype":"F4",)" + shape + "," + at), 1)); },
               ErrorCode::kUnsupported, "'F4' is not supported yet");
}

TEST(SafetensorsParse, RefusesBadNumbers) {
  const auto with = [](const std::string& shape, const std::string& offsets) {
    return R"({"t":{"dtype":"U8","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
  };
  expect_corrupt(with("[-1]", "[0,1]"), 1, "unexpected a negative number");
  expect_corrupt(with("[-0]", "[0,0]"), 0, "unexpected a negative number");
  expect_corrupt(with("[1.0]", "[0,1]"), 1, "unexpected the number 1.0");
  expect_corrupt(with("[1e0]", "[0,1]"), 1, "unexpected the number 1e0");
  expect_corrupt(with("[01]", "[0,1]"), 1, "not valid JSON");
  expect_corrupt(with("[9223372036854775808]", "[0,1]"), 1, "above 2^63 - 1");
  expect_corrupt(with("[99999999999999999999]", "[0,1]"), 1, "unexpected the number 99999999999");
  expect_corrupt(with("[1]", "[0]"), 1, "length of data_offsets");
  expect_corrupt(with("[1]", "[]"), 1, "length of data_offsets");
  expect_corrupt(with("[1]", "[0,1,2]"), 1, "length of data_offsets");
  expect_corrupt(with("[1]", "[1,0]"), 1, "end before they begin");
  expect_corrupt(with("[2]", "[0,1]"), 1, "needs 2 bytes, data_offsets hold 1");
  expect_corrupt(with("[4294967296,4294967296]", "[0,0]"), 0, "overflows 64 bits");
  expect_corrupt(with("[9223372036854775807,3]", "[0,1]"), 1, "overflows 64 bits");
  expect_corrupt(R"({"t":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]}})", 0,
                 "overflows 64 bits");
  std::string many = "[1";
  for (int i = 0; i < 64; ++i) many += ",1";
  expect_corrupt(with(many + "]", "[0,1]"), 1, "number of dimensions, above 64");
}

TEST(SafetensorsParse, RefusesDuplicatesAtEveryLevel) {
  const std::string t = R"("t":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  expect_corrupt("{" + t + "," + t + "}", 0, "'t' stands twice");
  expect_corrupt(R"({"__metadata__":{},"__metadata__":{}})", 0, "'__metadata__' stands twice");
  expect_corrupt(R"({"__metadata__":{"a":"1","a":"1"}})", 0, "'a' stands twice");
  // The same key written with an escape.
  expect_corrupt(R"({"__metadata__":{"a":"1","\u0061":"1"}})", 0, "'a' stands twice");
}

TEST(SafetensorsParse, RefusesMetadataThatIsNoText) {
  expect_corrupt(R"({"__metadata__":{"a":1}})", 0, "__metadata__: unexpected a number");
  expect_corrupt(R"({"__metadata__":{"a":{}}})", 0, "__metadata__: unexpected an object");
  expect_corrupt(R"({"__metadata__":[]})", 0, "__metadata__: unexpected a list");
  expect_corrupt(R"({"__metadata__":null})", 0, "__metadata__: unexpected null");
}

TEST(SafetensorsParse, RefusesHolesOverlapsAndUncoveredBytes) {
  const auto two = [](int a, int b, int c, int d) {
    const auto one = [](const char* name, int begin, int end) {
      return std::string("\"") + name + R"(":{"dtype":"U8","shape":[)" +
             std::to_string(end - begin) + R"(],"data_offsets":[)" + std::to_string(begin) + "," +
             std::to_string(end) + "]}";
    };
    return "{" + one("a", a, b) + "," + one("b", c, d) + "}";
  };
  EXPECT_EQ(parse(safetensors_bytes(two(0, 4, 4, 6), 6)).tensors.size(), 2u);
  EXPECT_EQ(parse(safetensors_bytes(two(2, 6, 0, 2), 6)).tensors.size(), 2u);
  expect_corrupt(two(0, 4, 5, 6), 6, "tensor 'b': data begins at 5, leaving a hole");
  expect_corrupt(two(1, 4, 4, 6), 6, "tensor 'a': data begins at 1, leaving a hole");
  expect_corrupt(two(0, 4, 3, 6), 6, "tensor 'b': data begins at 3, overlapping");
  expect_corrupt(two(0, 4, 0, 4), 4, "overlapping");
  expect_corrupt(two(0, 4, 4, 6), 7, "cover 6 bytes, but 7 bytes follow");
  expect_corrupt(two(0, 4, 4, 6), 5, "cover 6 bytes, but 5 bytes follow the header (cut off?)");
  expect_corrupt("{}", 1, "cover 0 bytes, but 1 bytes follow");
}

TEST(SafetensorsParse, DeepNestingIsRefusedAtOnce) {
  std::string deep = "{\"a\":";
  deep.append(1'000'000, '[');
  expect_corrupt(deep, 0, "tensor 'a': unexpected a list");
}

TEST(SafetensorsParse, MessagesStayShortAndPlain) {
  const std::string name(100'000, 'n');
  const std::string bytes = safetensors_bytes("{\"" + name + "\":1}", 0);
  try {
    parse(bytes);
    FAIL();
  } catch (const Error& error) {
    EXPECT_LT(std::string(error.what()).size(), 400u);
  }
  expect_corrupt("{\"a\\u001b[31m\":1}", 0, "'a\\x1b[31m'");
}

TEST(SafetensorsParse, EveryTruncationAndFlippedBitIsAnErrorOrAHeader) {
  std::vector<HeaderTensor> tensors = {{"model.a", DType::BF16, {2, 3}, 0, 0},
                                       {"model.b", DType::F32, {}, 0, 0}};
  const Metadata metadata = {{"format", "pt"}};
  const std::string whole = emit_safetensors_header(tensors, metadata) + std::string(16, 'x');
  ASSERT_EQ(parse(whole).tensors.size(), 2u);
  for (std::size_t n = 0; n < whole.size(); ++n) {
    EXPECT_THROW(parse(whole.substr(0, n)), Error) << n;
  }
  EXPECT_THROW(parse(whole + "x"), Error);
  for (std::size_t n = 0; n < 8 * (whole.size() - 16); ++n) {
    std::string flipped = whole;
    flipped[n / 8] = static_cast<char>(flipped[n / 8] ^ (1 << n % 8));
    try {
      for (const HeaderTensor& t : parse(flipped).tensors) EXPECT_LE(t.end, 16u);
    } catch (const Error&) {
    }
  }
}

TEST(SafetensorsEmit, TypesAreOrderedAsTheLibraryDoes) {
  std::vector<HeaderTensor> tensors;
  for (int i = 0; i < kDTypeCount; ++i) {
    const auto type = static_cast<DType>(i);
    tensors.push_back({"t_" + std::string(dtype_torch_name(type)), type, {1}, 0, 0});
  }
  const std::string header = emit_safetensors_header(tensors, {});
  // Written by safetensors 0.6.2 and 0.8.0.
  EXPECT_EQ(header.substr(8),
            R"({"t_uint64":{"dtype":"U64","shape":[1],"data_offsets":[0,8]},)"
            R"("t_int64":{"dtype":"I64","shape":[1],"data_offsets":[8,16]},)"
            R"("t_float64":{"dtype":"F64","shape":[1],"data_offsets":[16,24]},)"
            R"("t_float32":{"dtype":"F32","shape":[1],"data_offsets":[24,28]},)"
            R"("t_uint32":{"dtype":"U32","shape":[1],"data_offsets":[28,32]},)"
            R"("t_int32":{"dtype":"I32","shape":[1],"data_offsets":[32,36]},)"
            R"("t_bfloat16":{"dtype":"BF16","shape":[1],"data_offsets":[36,38]},)"
            R"("t_float16":{"dtype":"F16","shape":[1],"data_offsets":[38,40]},)"
            R"("t_uint16":{"dtype":"U16","shape":[1],"data_offsets":[40,42]},)"
            R"("t_int16":{"dtype":"I16","shape":[1],"data_offsets":[42,44]},)"
            R"("t_float8_e4m3fn":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[44,45]},)"
            R"("t_float8_e5m2":{"dtype":"F8_E5M2","shape":[1],"data_offsets":[45,46]},)"
            R"("t_int8":{"dtype":"I8","shape":[1],"data_offsets":[46,47]},)"
            R"("t_uint8":{"dtype":"U8","shape":[1],"data_offsets":[47,48]},)"
            R"("t_bool":{"dtype":"BOOL","shape":[1],"data_offsets":[48,49]}}       )");
}

TEST(SafetensorsEmit, BytesAreThoseOfTheLibrary) {
  std::vector<HeaderTensor> tensors = {{"b\"q\\\n\u00e9\x01\x7f/", DType::F32, {2, 3}, 0, 0},
                                       {"a", DType::BF16, {0, 4}, 0, 0},
                                       {"Z", DType::F32, {}, 0, 0},
                                       {"a2", DType::I64, {1}, 0, 0}};
  const Metadata metadata = {{"format", "pt"}};
  const std::string expected =
      std::string("\x10\x01\0\0\0\0\0\0", 8) +
      R"({"__metadata__":{"format":"pt"},"a2":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},)"
      R"("Z":{"dtype":"F32","shape":[],"data_offsets":[8,12]},)"
      "\"b\\\"q\\\\\\n\u00e9\\u0001\x7f/\""
      R"(:{"dtype":"F32","shape":[2,3],"data_offsets":[12,36]},)"
      R"("a":{"dtype":"BF16","shape":[0,4],"data_offsets":[36,36]}} )";
  EXPECT_EQ(emit_safetensors_header(tensors, metadata), expected);
  EXPECT_EQ(tensors[0].name, "a2");
  EXPECT_EQ(tensors[2].end, 36u);
  std::vector<HeaderTensor> none;
  EXPECT_EQ(emit_safetensors_header(none, {}), std::string("\x08\0\0\0\0\0\0\0{}      ", 16));
}

TEST(SafetensorsEmit, ARealFileComesBackByteForByte) {
  const std::string file =
      read_text(std::string(MOD_SOURCE_DIR) + "/tests/data/llama-bin/expected.safetensors");
  SafetensorsHeader header = parse(file);
  EXPECT_EQ(emit_safetensors_header(header.tensors, header.metadata),
            file.substr(0, header.data_offset));
}

TEST(SafetensorsEmit, RefusesWhatCannotBeWritten) {
  std::vector<HeaderTensor> bad_name = {{"\xff", DType::U8, {1}, 0, 0}};
  expect_error([&] { emit_safetensors_header(bad_name, {}); }, ErrorCode::kInvalidInput,
               "not UTF-8");
  std::vector<HeaderTensor> huge = {{"t", DType::F64, {std::int64_t{1} << 61}, 0, 0}};
  expect_error([&] { emit_safetensors_header(huge, {}); }, ErrorCode::kInvalidInput, "overflows");
  std::vector<HeaderTensor> sum(9, {"t", DType::U8, {std::int64_t{1} << 60}, 0, 0});
  expect_error([&] { emit_safetensors_header(sum, {}); }, ErrorCode::kInvalidInput, "2^63 bytes");
}

}  // namespace
}  // namespace mod::checkpoint::test
