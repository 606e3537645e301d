// What the subcommands share to print results and open models.
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "checkpoint/model_folder.h"

namespace mod::cli {

using Json = checkpoint::Json;

/// One JSON value and a newline on stdout. Bytes that are not UTF-8 (file names) are replaced, NaN
/// and infinities become null.
void print_json(const Json& value);

/// Columns padded to their widest cell, two spaces apart, with a header row. `right` lists the
/// columns that hold numbers.
class Table {
 public:
  Table(std::vector<std::string> header, const std::vector<std::size_t>& right);
  void add(std::vector<std::string> row);
  std::string text() const;
  void print() const;

 private:
  std::vector<std::vector<std::string>> rows_;
  std::vector<bool> right_;
};

/// A MODEL argument whose stored weights are looked at: a folder, one weights file (alone, without
/// the config beside it), or a hub name in the local cache. Notes are logged. Throws as
/// bundle::resolve_argument and checkpoint::open_model; kUnsupported for recipes.
checkpoint::ModelFolder open_model_argument(const std::string& name, Log& log);

}  // namespace mod::cli
