// A part of tokenizer.json or tokenizer_config.json with its place: typed access whose errors name
// the file and the path of the key.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/model_folder.h"
#include "mod/error.h"

namespace mod::text {

/// Refers to a tree that must outlive it. All throw Error(kCorruptFile) where the value is not as
/// asked.
class ConfigNode {
 public:
  using Json = checkpoint::Json;

  ConfigNode(const Json& value, std::string file, std::string path)
      : value_(&value), file_(std::move(file)), path_(std::move(path)) {}

  bool is_null() const { return value_->is_null(); }
  bool is_string() const { return value_->is_string(); }
  bool is_object() const { return value_->is_object(); }

  /// The value of a key; nothing where it is missing (null is a value).
  std::optional<ConfigNode> find(std::string_view key) const;
  /// As find, but a missing key is an error.
  ConfigNode at(std::string_view key) const;
  /// The entries of a list.
  std::vector<ConfigNode> items() const;
  /// The keys of an object, in the order of the file.
  std::vector<std::string> keys() const;

  const std::string& string() const;
  bool boolean() const;
  /// At least 0 and at most `most`.
  std::int64_t integer(std::int64_t most) const;

  bool boolean_or(std::string_view key, bool otherwise) const;

  /// "FILE: KEY.PATH", to begin messages with.
  std::string where() const { return path_.empty() ? file_ : file_ + ": " + path_; }
  [[noreturn]] void fail(const std::string& what, ErrorCode code = ErrorCode::kCorruptFile) const;
  /// 'VALUE' is not supported.
  [[noreturn]] void refuse() const;

  /// Refuses every key that is not listed: it would change the meaning of a part in a way that is
  /// not known here.
  void allow_only(std::initializer_list<std::string_view> keys) const;

 private:
  const Json* value_;
  std::string file_, path_;
};

}  // namespace mod::text
