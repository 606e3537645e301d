#include "checkpoint/shard_index.h"

#include <map>
#include <unordered_set>

#include "checkpoint/json_sax.h"

namespace mod::checkpoint {
namespace {

constexpr int kMaxDepth = 32;

/// Everything outside "weight_map" may be anything; inside it only names of files.
class IndexReader : public StrictSax {
 public:
  using StrictSax::StrictSax;

  std::map<std::string, std::size_t> files;  // name -> index in order of appearance
  std::vector<std::pair<std::string, std::size_t>> map;
  bool has_map = false;

  bool null() override { return other("null"); }
  bool boolean(bool) override { return other("a boolean"); }
  bool number_integer(number_integer_t) override { return other("a number"); }
  bool number_unsigned(number_unsigned_t) override { return other("a number"); }
  bool number_float(number_float_t, const string_t&) override { return other("a number"); }
  bool start_array(std::size_t) override { return other("a list") && down(); }
  bool end_array() override { return up(); }

  bool start_object(std::size_t) override {
    if (depth_ == 1 && next_is_map_) {
      next_is_map_ = false;
      in_map_ = has_map = true;
    } else if (depth_ > 0) {
      other("an object");
    }
    return down();
  }

  bool end_object() override {
    if (depth_ == 2) in_map_ = false;
    return up();
  }

  bool key(string_t& name) override {
    if (in_map_) {
      if (!names_.insert(name).second) fail("weight_map: " + quote_name(name) + " stands twice");
      tensor_ = std::move(name);
    } else if (depth_ == 1) {
      if (!top_.insert(name).second) fail("the key " + quote_name(name) + " stands twice");
      next_is_map_ = name == "weight_map";
    }
    return true;
  }

  bool string(string_t& text) override {
    if (!in_map_) return other("a string");
    if (!is_plain_name(text)) {
      fail("weight_map: " + quote_name(tensor_) + " lies in " + quote_name(text) +
           ", which is not the name of a file in this folder");
    }
    const auto at = files.emplace(std::move(text), files.size()).first->second;
    map.emplace_back(std::move(tensor_), at);
    return true;
  }

 private:
  bool other(const std::string& what) const {
    if (depth_ == 0) fail("the index is " + what + ", not an object");
    if (in_map_) fail("weight_map: " + quote_name(tensor_) + " is " + what + ", not a file name");
    if (next_is_map_) fail("weight_map is " + what + ", not an object");
    return true;
  }
  bool down() {
    if (++depth_ > kMaxDepth) fail("nested deeper than 32 levels");
    return true;
  }
  bool up() {
    --depth_;
    return true;
  }

  int depth_ = 0;
  bool next_is_map_ = false, in_map_ = false;
  std::string tensor_;
  std::unordered_set<std::string> names_, top_;
};

}  // namespace

ShardIndex parse_shard_index(std::string_view text, const std::string& where) {
  IndexReader reader(where);
  parse_strict(text, reader);
  if (!reader.has_map) throw Error(ErrorCode::kCorruptFile, where + ": no weight_map");
  if (reader.map.empty()) throw Error(ErrorCode::kCorruptFile, where + ": weight_map is empty");

  ShardIndex index;
  std::vector<std::size_t> sorted(reader.files.size());
  for (const auto& [name, appeared] : reader.files) {
    sorted[appeared] = index.files.size();
    index.files.push_back(name);
  }
  index.map = std::move(reader.map);
  for (auto& [name, file] : index.map) file = sorted[file];
  return index;
}

}  // namespace mod::checkpoint
