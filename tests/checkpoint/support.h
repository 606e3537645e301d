// What the tests of this room share: bytes of broken files, and errors compared by code and text.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "checkpoint/zip_directory.h"
#include "gtest/gtest.h"
#include "mod/error.h"
#include "support/tiny_model.h"

namespace mod::checkpoint::test {

using mod::testing::read_text;
using mod::testing::TempFolder;
using mod::testing::TinyTensor;
using mod::testing::write_safetensors;
using mod::testing::write_text;

/// Runs `work`, which must throw an Error with this code whose text holds `part`.
inline void expect_error(const std::function<void()>& work, ErrorCode code, std::string_view part) {
  try {
    work();
    ADD_FAILURE() << "no error; expected one with: " << part;
  } catch (const Error& error) {
    EXPECT_EQ(static_cast<int>(error.code()), static_cast<int>(code)) << error.what();
    EXPECT_NE(std::string_view(error.what()).find(part), std::string_view::npos)
        << "expected: " << part << "\ngot:      " << error.what();
  }
}

inline std::string little(std::uint64_t value, int width) {
  std::string bytes;
  for (int i = 0; i < width; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  return bytes;
}

/// A safetensors file with this header text and `data` zero bytes.
inline std::string safetensors_bytes(std::string_view json, std::size_t data) {
  std::string bytes = little(json.size(), 8);
  bytes += json;
  bytes.append(data, '\0');
  return bytes;
}

/// Reads outside the text are a failure of the code under test, not of the file.
inline ByteSource memory_source(const std::string& bytes) {
  return {bytes.size(), [&bytes](std::span<std::byte> out, std::uint64_t offset) {
            ASSERT_LE(offset, bytes.size());
            ASSERT_LE(out.size(), bytes.size() - offset);
            std::memcpy(out.data(), bytes.data() + offset, out.size());
          }};
}

}  // namespace mod::checkpoint::test
