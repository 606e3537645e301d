// Reads members of a config.json with their types and ranges checked. What is wrong is collected in
// Problems with the key named, and a harmless value is returned, so that everything is found at
// once. JSON null counts as absent, as in transformers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arch/architecture.h"
#include "base/problems.h"

namespace mod::arch {

class ConfigReader {
 public:
  /// Reads from `object`; `file` and `prefix` ("rope_parameters.") stand before the key in
  /// problems. All are kept by reference or copied; `object` and `problems` must outlive the
  /// reader.
  ConfigReader(const Json& object, std::string file, std::string prefix, Problems& problems);

  /// Present, null or not.
  bool has(std::string_view key) const;
  /// Present and not null.
  bool is_set(std::string_view key) const { return find(key) != nullptr; }
  const Json* find(std::string_view key) const;

  /// An integer in [least, most]; nothing where it is absent, `least` where it is wrong.
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t least, std::int64_t most);
  /// The same; absent is an error.
  std::int64_t needed_integer(std::string_view key, std::int64_t least, std::int64_t most);

  /// A finite number in [least, most].
  std::optional<double> number(std::string_view key, double least, double most);
  double needed_number(std::string_view key, double least, double most);

  bool boolean(std::string_view key, bool absent);
  std::optional<std::string> text(std::string_view key);

  /// A list of exactly `count` numbers in [least, most].
  std::vector<double> needed_numbers(std::string_view key, std::size_t count, double least,
                                     double most);

  void error(std::string_view key, std::string text, std::string remedy = {});

 private:
  void missing(std::string_view key);

  const Json& object_;
  std::string file_, prefix_;
  Problems& problems_;
};

}  // namespace mod::arch
