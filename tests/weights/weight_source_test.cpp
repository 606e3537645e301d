#include "weights/weight_source.h"

#include <gtest/gtest.h>

#include <cmath>

#include "mod/error.h"
#include "support/tiny_model.h"
#include "weights/checkpoint_source.h"

namespace mod::weights {
namespace {

using mod::testing::TempFolder;

class FromCheckpoint : public ::testing::Test {
 protected:
  FromCheckpoint() {
    std::vector<float> counting;
    for (int i = 0; i < 12; ++i) counting.push_back(static_cast<float>(i) - 3);
    mod::testing::write_checkpoint(folder_.path(), "{}",
                                   {{"half", DType::F16, {4, 3}, counting},
                                    {"brain", DType::BF16, {4, 3}, counting},
                                    {"scalar", DType::F32, {}, {7}},
                                    {"cube", DType::F32, {2, 2, 3}, counting},
                                    {"empty", DType::F32, {0, 3}},
                                    {"ids", DType::I64, {4}, counting}});
    Problems notes;
    source_ =
        std::make_unique<CheckpointSource>(checkpoint::Checkpoint::open(folder_.path(), notes));
  }

  std::vector<float> rows(const char* name, std::uint64_t first, std::uint64_t count) {
    const WeightInfo* info = source_->find(name);
    std::vector<float> out(count * info->columns());
    source_->read_rows(*info, first, count, out, cpu::kernels(cpu::Isa::kScalar));
    return out;
  }

  TempFolder folder_;
  std::unique_ptr<CheckpointSource> source_;
};

TEST_F(FromCheckpoint, ListsEveryTensor) {
  EXPECT_EQ(source_->tensors().size(), 6u);
  EXPECT_EQ(source_->find("nothing"), nullptr);
  EXPECT_EQ(source_->find("cube")->columns(), 6u);
  EXPECT_EQ(source_->find("scalar")->rows(), 1u);
}

TEST_F(FromCheckpoint, WidensTheRowsAskedFor) {
  EXPECT_EQ(rows("half", 1, 2), (std::vector<float>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(rows("brain", 3, 1), (std::vector<float>{6, 7, 8}));
  EXPECT_EQ(rows("cube", 1, 1), (std::vector<float>{3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(rows("scalar", 0, 1), std::vector<float>{7});
  EXPECT_TRUE(rows("empty", 0, 0).empty());
}

TEST_F(FromCheckpoint, GivesRawBytes) {
  const WeightInfo& info = *source_->find("brain");
  std::vector<std::byte> raw(6);
  source_->read_raw(info, 1, 1, raw);
  EXPECT_EQ(std::to_integer<int>(raw[3]), 0x3f);  // 1.0 in bf16 is 0x3f80
  EXPECT_EQ(std::to_integer<int>(raw[2]), 0x80);
}

TEST_F(FromCheckpoint, RefusesRowsThatAreNotThere) {
  EXPECT_THROW(rows("half", 3, 2), Error);
  EXPECT_THROW(rows("half", 4, 1), Error);
  const WeightInfo& info = *source_->find("half");
  std::vector<float> small(2);
  EXPECT_THROW(source_->read_rows(info, 0, 1, small, cpu::kernels(cpu::Isa::kScalar)), Error);
}

TEST_F(FromCheckpoint, RefusesToWidenIntegers) {
  try {
    rows("ids", 0, 1);
    FAIL() << "integers were widened";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kInvalidInput);
    EXPECT_NE(std::string(e.what()).find("ids"), std::string::npos);
  }
}

}  // namespace
}  // namespace mod::weights
