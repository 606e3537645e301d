#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "cli/support.h"

namespace mod::testing {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

/// Two checkpoints of tensors made here.
class Diff : public ::testing::Test {
 protected:
  nlohmann::json diff(const std::vector<TinyTensor>& a, const std::vector<TinyTensor>& b,
                      const std::string& threads = "2") {
    write_checkpoint(folder_ / "a", "", a);
    write_checkpoint(folder_ / "b", "", b);
    return run_json({"diff", (folder_ / "a").string(), (folder_ / "b").string(), "-j", threads});
  }

  nlohmann::json entry(const nlohmann::json& json, const std::string& name) {
    for (const auto& tensor : json["per_tensor"]) {
      if (tensor["name"] == name) return tensor;
    }
    ADD_FAILURE() << "no tensor " << name;
    return {};
  }

  TempFolder folder_;
};

std::vector<float> noise(std::size_t n, std::uint64_t state) {
  std::vector<float> values;
  for (std::size_t i = 0; i < n; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    values.push_back(static_cast<float>(static_cast<double>(state >> 33) / (1u << 30) - 1));
  }
  return values;
}

TEST_F(Diff, EveryStatus) {
  const auto json = diff({{"same", DType::F32, {2}, {1, 2}},
                          {"changed", DType::F32, {4}, {1, 2, -4, 0}},
                          {"left", DType::F32, {1}, {1}},
                          {"shape", DType::F32, {2, 3}, {1}}},
                         {{"same", DType::F32, {2}, {1, 2}},
                          {"changed", DType::F32, {4}, {1, 3, -4, 0}},
                          {"right", DType::F32, {1}, {1}},
                          {"shape", DType::F32, {3, 2}, {1}}});
  EXPECT_EQ(json["tensors"], 5);
  EXPECT_EQ(json["differing_tensors"], 4);
  EXPECT_EQ(json["max_abs"], 1.0);
  EXPECT_EQ(json["per_tensor"].size(), 5u);
  EXPECT_EQ(entry(json, "same")["status"], "equal");
  EXPECT_EQ(entry(json, "same")["cosine"], 1.0);
  EXPECT_EQ(entry(json, "left")["status"], "only_a");
  EXPECT_EQ(entry(json, "right")["status"], "only_b");
  EXPECT_EQ(entry(json, "shape")["status"], "shape");
  EXPECT_EQ(entry(json, "shape")["max_abs"], nullptr);
  const auto changed = entry(json, "changed");
  EXPECT_EQ(changed["status"], "differs");
  EXPECT_EQ(changed["max_abs"], 1.0);
  EXPECT_DOUBLE_EQ(changed["max_rel"], 1.0 / 3);
  EXPECT_EQ(changed["share"], 0.25);
  EXPECT_DOUBLE_EQ(changed["cosine"], 23 / std::sqrt(21.0 * 26.0));
}

TEST_F(Diff, NumbersOfLargeTensorsAgreeWithALoopInDouble) {
  const std::size_t n = 1'300'003;
  std::vector<float> a = noise(n, 1), b = a;
  const std::vector<float> step = noise(n, 2);
  for (std::size_t i = 0; i < n; i += 3) b[i] += 0.01f * step[i];
  b[n - 1] = -a[n - 1];  // the largest relative difference lies in the last element
  const std::int64_t count = static_cast<std::int64_t>(n);
  const auto json = diff({{"x", DType::F32, {count}, a}}, {{"x", DType::F32, {count}, b}});
  long double max_abs = 0, max_rel = 0, aa = 0, ab = 0, bb = 0;
  std::size_t different = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const long double x = a[i], y = b[i], d = std::fabs(x - y);
    max_abs = std::max(max_abs, d);
    if (x != 0 || y != 0) max_rel = std::max(max_rel, d / std::max(std::fabs(x), std::fabs(y)));
    aa += x * x, ab += x * y, bb += y * y;
    different += a[i] != b[i];
  }
  const auto x = entry(json, "x");
  EXPECT_DOUBLE_EQ(x["max_abs"], static_cast<double>(max_abs));
  EXPECT_DOUBLE_EQ(x["max_rel"], static_cast<double>(max_rel));
  EXPECT_NEAR(x["cosine"].get<double>(), static_cast<double>(ab / std::sqrt(aa * bb)), 1e-12);
  EXPECT_DOUBLE_EQ(x["share"], static_cast<double>(different) / static_cast<double>(n));
  EXPECT_EQ(json, diff({{"x", DType::F32, {count}, a}}, {{"x", DType::F32, {count}, b}}, "5"));
}

TEST_F(Diff, TheSameValuesInAnotherTypeAreEqualWithANote) {
  const auto json = diff({{"x", DType::BF16, {3}, {1, -2, 0.5f}},
                          {"i", DType::I32, {2}, {3, 4}},
                          {"d", DType::F64, {1}, {0.1f}}},
                         {{"x", DType::F32, {3}, {1, -2, 0.5f}},
                          {"i", DType::I64, {2}, {3, 4}},
                          {"d", DType::F32, {1}, {0.1f}}});
  EXPECT_EQ(json["differing_tensors"], 0);
  EXPECT_EQ(entry(json, "x")["status"], "equal");
  EXPECT_EQ(entry(json, "x")["note"], "BF16 and F32");
  EXPECT_EQ(entry(json, "i")["status"], "equal");
  EXPECT_EQ(entry(json, "d")["status"], "equal");
}

TEST_F(Diff, IntegersAreComparedExactly) {
  // 2^53 and 2^53 + 1 are the same double.
  const auto file = [&](const char* name, std::int64_t value) {
    write_checkpoint(folder_ / name, "", {{"x", DType::I64, {2}, {0}}});
    std::string bytes = read_text(folder_ / name / "model.safetensors");
    std::memcpy(bytes.data() + bytes.size() - 8, &value, 8);
    write_text(folder_ / name / "model.safetensors", bytes);
  };
  file("a", (std::int64_t{1} << 53) + 1);
  file("b", std::int64_t{1} << 53);
  const auto json = run_json({"diff", (folder_ / "a").string(), (folder_ / "b").string()});
  EXPECT_EQ(entry(json, "x")["status"], "differs");
  EXPECT_EQ(entry(json, "x")["max_abs"], 1.0);
  EXPECT_EQ(entry(json, "x")["share"], 0.5);
}

TEST_F(Diff, NanAgainstANumberIsNeverSmall) {
  const auto json = diff({{"x", DType::F32, {5}, {kNan, kInf, 1, kNan, 2}}},
                         {{"x", DType::F32, {5}, {kNan, kInf, kNan, 3, 2}}});
  const auto x = entry(json, "x");
  EXPECT_EQ(x["status"], "differs");
  EXPECT_EQ(x["max_abs"], nullptr);
  EXPECT_EQ(json["max_abs"], nullptr);
  EXPECT_EQ(x["nonfinite"], 2);
  EXPECT_EQ(x["share"], 0.4);
  EXPECT_DOUBLE_EQ(x["cosine"], 1);
}

TEST_F(Diff, EqualNansAndInfinitiesAreEqual) {
  const std::vector<TinyTensor> tensors = {{"x", DType::BF16, {4}, {kNan, kInf, -kInf, 1}}};
  const auto json = diff(tensors, tensors);
  EXPECT_EQ(json["differing_tensors"], 0);
  EXPECT_EQ(json["max_abs"], 0.0);
}

TEST_F(Diff, ZerosOfUnlikeSignDifferByNothing) {
  const auto json = diff({{"x", DType::F32, {2}, {0.0f, 1}}}, {{"x", DType::F32, {2}, {-0.0f, 1}}});
  EXPECT_EQ(entry(json, "x")["status"], "differs");
  EXPECT_EQ(entry(json, "x")["max_abs"], 0.0);
  EXPECT_EQ(entry(json, "x")["share"], 0.5);
}

TEST_F(Diff, CosineOfOppositeAndZeroTensors) {
  const auto json = diff({{"o", DType::F32, {2}, {1, -2}}, {"z", DType::F32, {2}, {0, 0}}},
                         {{"o", DType::F32, {2}, {-1, 2}}, {"z", DType::F32, {2}, {1, 2}}});
  EXPECT_DOUBLE_EQ(entry(json, "o")["cosine"], -1);
  EXPECT_EQ(entry(json, "o")["max_rel"], 2.0);
  EXPECT_EQ(entry(json, "z")["cosine"], 0.0);
}

TEST_F(Diff, TextEndsWithASummary) {
  TinyLlama llama;
  llama.write(folder_ / "a");
  llama.write(folder_ / "b");
  const std::string a = (folder_ / "a").string(), b = (folder_ / "b").string();
  const ProcessResult equal = run_mod({"diff", a, b});
  EXPECT_EQ(equal.exit_code, 0);
  EXPECT_NE(equal.out.find("equal: 21 tensors"), std::string::npos) << equal.out;
  llama.value = 2;
  llama.write(folder_ / "b");
  const ProcessResult different = run_mod({"diff", a, b});
  EXPECT_EQ(different.exit_code, 0);
  EXPECT_NE(different.out.find("21 of 21 tensors differ"), std::string::npos) << different.out;
}

TEST_F(Diff, WrongInputsAreRefused) {
  TinyLlama().write(folder_ / "a");
  const std::string a = (folder_ / "a").string();
  expect_refused({"diff", a, (folder_ / "absent").string()}, {"absent"});
  write_text(folder_ / "b" / "model.safetensors", "nonsense");
  expect_refused({"diff", a, (folder_ / "b").string()}, {"model.safetensors"});
}

}  // namespace
}  // namespace mod::testing
