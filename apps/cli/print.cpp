#include "print.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/log_problems.h"
#include "bundle/model_argument.h"
#include "mod/error.h"

namespace mod::cli {
namespace {

/// Characters, not bytes: names may hold any UTF-8.
std::size_t display_width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

}  // namespace

void print_json(const Json& value) {
  fmt::print("{}\n", value.dump(2, ' ', false, Json::error_handler_t::replace));
}

Table::Table(std::vector<std::string> header, const std::vector<std::size_t>& right)
    : right_(header.size(), false) {
  for (const std::size_t column : right) right_.at(column) = true;
  rows_.push_back(std::move(header));
}

void Table::add(std::vector<std::string> row) {
  row.resize(right_.size());
  rows_.push_back(std::move(row));
}

void Table::print() const { fmt::print("{}", text()); }

std::string Table::text() const {
  std::string out;
  std::vector<std::size_t> widths(right_.size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t c = 0; c < row.size(); ++c) {
      widths[c] = std::max(widths[c], display_width(row[c]));
    }
  }
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      const std::string padding(widths[c] - display_width(row[c]), ' ');
      if (c > 0) line += "  ";
      line += right_[c] ? padding + row[c] : row[c] + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  return out;
}

checkpoint::ModelFolder open_model_argument(const std::string& name, Log& log) {
  const bundle::ModelArgument argument = bundle::resolve_argument(name);
  if (argument.kind == bundle::Kind::kRecipe) {
    throw Error(ErrorCode::kUnsupported,
                name +
                    ": this command looks at weights on disk, and a recipe is not supported yet; "
                    "write it with `mod merge` and name the folder");
  }
  if (argument.kind == bundle::Kind::kMixture) {
    throw Error(ErrorCode::kUnsupported,
                name +
                    ": this command looks at the weights of one model, and a mixture has several; "
                    "name one of them");
  }
  Problems notes;
  checkpoint::ModelFolder model;
  std::error_code ignored;
  if (std::filesystem::is_regular_file(argument.path, ignored)) {
    model.path = argument.path;
    model.weights = checkpoint::Checkpoint::open(argument.path, notes);
  } else {
    model = checkpoint::open_model(argument.path, notes);
  }
  log_problems(notes, log);
  return model;
}

}  // namespace mod::cli
