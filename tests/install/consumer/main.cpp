// Uses the public API of an installed mod.cpp the way a program of someone else's would.
#include <cstdio>
#include <string>

#include "mod/dtype.h"
#include "mod/error.h"
#include "mod/version.h"

int main() {
  if (mod::dtype_size(mod::DType::BF16) != 2 || mod::dtype_from_name("BF16") != mod::DType::BF16) {
    return 1;
  }
  try {
    throw mod::Error(mod::ErrorCode::kInvalidInput, "recipe.yml: names no model");
  } catch (const mod::Error& error) {
    if (error.exit_code() != 2 || std::string(error.what()).empty()) return 1;
  }
  std::printf("mod %s\n", mod::kVersion);
  return 0;
}
