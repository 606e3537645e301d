// Strict JSON events. nlohmann's tree keeps the last of two equal keys and takes a NUL byte for the
// end of the text; both would let two readers see different files, so headers and indexes are read
// event by event, and every event that a reader does not expect is refused.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "checkpoint/quote.h"
#include "mod/error.h"

namespace mod::checkpoint {

/// Base of the readers: refuses every event. Derived classes override what they expect and return
/// true; fail() throws Error(kCorruptFile).
class StrictSax : public nlohmann::json_sax<nlohmann::ordered_json> {
 public:
  using Json = nlohmann::ordered_json;

  explicit StrictSax(std::string where) : where_(std::move(where)) {}

  bool null() override { unexpected("null"); }
  bool boolean(bool) override { unexpected("a boolean"); }
  bool number_integer(number_integer_t) override { unexpected("a negative number"); }
  bool number_unsigned(number_unsigned_t) override { unexpected("a number"); }
  bool number_float(number_float_t, const string_t& text) override {
    unexpected("the number " + printable(text, 40));
  }
  bool string(string_t& text) override { unexpected("the string " + quote_name(text)); }
  bool binary(binary_t&) override { unexpected("binary data"); }
  bool start_object(std::size_t) override { unexpected("an object"); }
  bool key(string_t& name) override { unexpected("the key " + quote_name(name)); }
  bool end_object() override { unexpected("the end of an object"); }
  bool start_array(std::size_t) override { unexpected("a list"); }
  bool end_array() override { unexpected("the end of a list"); }
  bool parse_error(std::size_t position, const std::string& last_token,
                   const nlohmann::detail::exception& error) override;

  const std::string& where() const { return where_; }

 protected:
  [[noreturn]] void fail(const std::string& reason) const {
    throw Error(ErrorCode::kCorruptFile, where_ + ": " + reason);
  }
  [[noreturn]] void unexpected(const std::string& what) const {
    fail(place() + "unexpected " + what);
  }
  /// Where the reader stands, with ": " at the end, or "".
  virtual std::string place() const { return ""; }

 private:
  std::string where_;
};

/// Runs the whole text through `reader`. Throws Error(kCorruptFile).
void parse_strict(std::string_view text, StrictSax& reader);

}  // namespace mod::checkpoint
