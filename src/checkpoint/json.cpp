#include <unordered_set>
#include <vector>

#include "checkpoint/json_sax.h"
#include "checkpoint/model_folder.h"

namespace mod::checkpoint {
namespace {

constexpr std::size_t kMaxDepth = 100;

/// Builds the tree itself: nlohmann's own builder searches all earlier keys of an object for every
/// new one, which is quadratic in the 150,000 entries of a vocabulary.
class TreeBuilder : public StrictSax {
 public:
  using StrictSax::StrictSax;

  Json take() { return std::move(root_); }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& text) override { return add(std::move(text)); }
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    if (!open_.back().keys.insert(name).second)
      fail("the key " + quote_name(name) + " stands twice");
    open_.back().key = std::move(name);
    return true;
  }

 private:
  struct Level {
    Json value;
    std::string key;  // of the next value
    std::unordered_set<std::string> keys;
  };

  bool add(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (open_.back().value.is_array()) {
      open_.back().value.push_back(std::move(value));
    } else {
      Level& level = open_.back();
      level.value.get_ref<Json::object_t&>().emplace_back(std::move(level.key), std::move(value));
    }
    return true;
  }

  bool open(Json empty) {
    if (open_.size() == kMaxDepth) fail("nested deeper than 100 levels");
    open_.push_back({std::move(empty), {}, {}});
    return true;
  }

  bool close() {
    Json done = std::move(open_.back().value);
    open_.pop_back();
    return add(std::move(done));
  }

  Json root_;
  std::vector<Level> open_;
};

}  // namespace

bool StrictSax::parse_error(std::size_t, const std::string&,
                            const nlohmann::detail::exception& error) {
  std::string_view text = error.what();
  if (const auto bracket = text.find("] "); bracket != std::string_view::npos) {
    text.remove_prefix(bracket + 2);
  }
  fail("not valid JSON: " + printable(text, 300));
}

void parse_strict(std::string_view text, StrictSax& reader) {
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
    throw Error(ErrorCode::kCorruptFile,
                reader.where() + ": not valid JSON: NUL byte at position " + std::to_string(nul));
  }
  nlohmann::ordered_json::sax_parse(text.begin(), text.end(), &reader);
}

Json parse_json(std::string_view text, const std::string& file) {
  TreeBuilder builder(file);
  parse_strict(text, builder);
  return builder.take();
}

}  // namespace mod::checkpoint
