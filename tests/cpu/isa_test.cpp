#include "cpu/isa.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "cpu/context.h"
#include "mod/error.h"

namespace mod::cpu {
namespace {

/// Sets MOD_ISA for one test and puts the old value back.
class ForcedIsa {
 public:
  explicit ForcedIsa(const char* value) {
    if (const char* old = std::getenv("MOD_ISA")) old_ = old;
    if (value) {
      setenv("MOD_ISA", value, 1);
    } else {
      unsetenv("MOD_ISA");
    }
  }
  ~ForcedIsa() {
    if (old_) {
      setenv("MOD_ISA", old_->c_str(), 1);
    } else {
      unsetenv("MOD_ISA");
    }
  }
  ForcedIsa(const ForcedIsa&) = delete;
  ForcedIsa& operator=(const ForcedIsa&) = delete;

 private:
  std::optional<std::string> old_;
};

TEST(Isa, NamesComeBack) {
  for (const Isa isa : {Isa::kScalar, Isa::kAvx2, Isa::kAvx512}) {
    EXPECT_EQ(isa_from_name(isa_name(isa)), isa);
  }
  EXPECT_EQ(isa_from_name("avx"), std::nullopt);
  EXPECT_EQ(isa_from_name(""), std::nullopt);
}

TEST(Isa, ScalarIsAlwaysThereAndFirst) {
  const std::vector<Isa> isas = supported_isas();
  ASSERT_FALSE(isas.empty());
  EXPECT_EQ(isas.front(), Isa::kScalar);
  for (std::size_t i = 1; i < isas.size(); ++i) EXPECT_LT(isas[i - 1], isas[i]);
  for (const Isa isa : isas) EXPECT_EQ(kernels(isa).isa, isa);
}

TEST(Isa, BestIsTheDefault) {
  const ForcedIsa unset(nullptr);
  EXPECT_EQ(choose_isa(), supported_isas().back());
  const ForcedIsa empty("");
  EXPECT_EQ(choose_isa(), supported_isas().back());
}

TEST(Isa, EnvironmentForcesAnySupportedSet) {
  for (const Isa isa : supported_isas()) {
    const ForcedIsa forced(std::string(isa_name(isa)).c_str());
    EXPECT_EQ(choose_isa(), isa);
    EXPECT_EQ(Context{}.kernels, &kernels(isa));
  }
}

TEST(Isa, UnknownNameIsRefusedWithTheChoices) {
  const ForcedIsa forced("sse9");
  try {
    choose_isa();
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
    EXPECT_NE(std::string(error.what()).find("sse9"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("scalar"), std::string::npos) << error.what();
  }
}

TEST(Isa, UnsupportedSetIsRefused) {
  const std::vector<Isa> isas = supported_isas();
  if (isas.back() == Isa::kAvx512) GTEST_SKIP() << "this machine has every set";
  const ForcedIsa forced("avx512");
  EXPECT_THROW(choose_isa(), Error);
}

}  // namespace
}  // namespace mod::cpu
