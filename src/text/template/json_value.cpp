#include "text/template/json_value.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "text/template/compare.h"
#include "text/template/numbers.h"
#include "text/template/unicode.h"

namespace mod::text::jinja {
namespace {

// Half of what values may nest, so that a template can still wrap what it was given.
constexpr int kMaxJsonDepth = kMaxValueDepth / 2;

class Converter {
 public:
  Converter(const std::string& where, std::size_t& bytes) : where_(where), bytes_(bytes) {}

  Value convert(const Json& json, int depth) {
    if (depth > kMaxJsonDepth) {
      fail(where_ + ": nested deeper than " + std::to_string(kMaxJsonDepth) + " levels");
    }
    bytes_ += 8;
    switch (json.type()) {
      case Json::value_t::boolean:
        return Value(json.get<bool>());
      case Json::value_t::number_integer:
        return Value(Int{json.get<std::int64_t>()});
      case Json::value_t::number_unsigned:
        return Value(Int{json.get<std::uint64_t>()});
      case Json::value_t::number_float:
        return Value(json.get<double>());
      case Json::value_t::string:
        return Value::string(checked(json.get_ref<const std::string&>()));
      case Json::value_t::array:
        return list(json, depth);
      case Json::value_t::object:
        return dict(json, depth);
      default:
        return Value(None{});
    }
  }

 private:
  const std::string& checked(const std::string& text) {
    if (!is_valid_utf8(text)) fail(where_ + ": a text that is not UTF-8");
    bytes_ += text.size();
    return text;
  }

  Value list(const Json& json, int depth) {
    auto list = std::make_shared<Sequence>();
    for (const Json& item : json) {
      list->items.push_back(convert(item, depth + 1));
      list->depth = std::max(list->depth, 1 + depth_of(list->items.back()));
    }
    return Value(std::shared_ptr<const Sequence>(std::move(list)));
  }

  Value dict(const Json& json, int depth) {
    auto dict = std::make_shared<Dict>();
    for (const auto& [key, item] : json.items()) {
      dict->append(checked(key), convert(item, depth + 1));
    }
    return Value(std::shared_ptr<const Dict>(std::move(dict)));
  }

  const std::string& where_;
  std::size_t& bytes_;
};

void append_unicode_escape(std::string& out, char32_t c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  if (c > 0xFFFF) {
    append_unicode_escape(out, 0xD800 + ((c - 0x10000) >> 10));
    append_unicode_escape(out, 0xDC00 + ((c - 0x10000) & 0x3FF));
    return;
  }
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[c >> shift & 0xF];
}

void append_json_char(std::string& out, char32_t c, bool ensure_ascii) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\b':
      out += "\\b";
      return;
    default:
      break;
  }
  if (c < 0x20 || (ensure_ascii && c > 0x7E)) {
    append_unicode_escape(out, c);
  } else {
    append_char(out, c);
  }
}

class JsonWriter {
 public:
  JsonWriter(Budget& budget, const JsonStyle& style) : budget_(budget), style_(style) {}

  void write(const Value& value) {
    budget_.spend(1);
    if (value.is_string()) return string(value.text());
    if (value.is_dict()) return object(value.dict());
    if (value.is_sequence() && value.sequence().is_list_or_tuple()) return array(value.sequence());
    out_ += scalar(value);
  }

  std::string take() { return std::move(out_); }

 private:
  static std::string scalar(const Value& value) {
    switch (value.kind()) {
      case Kind::kNone:
        return "null";
      case Kind::kBool:
        return value.boolean() ? "true" : "false";
      case Kind::kInt:
        return int_text(value.integer());
      case Kind::kFloat:
        if (std::isnan(value.real())) return "NaN";
        if (std::isinf(value.real())) return value.real() < 0 ? "-Infinity" : "Infinity";
        return real_text(value.real());
      case Kind::kUndefined:
        fail(undefined_text(value.undefined()));
      default:
        fail(std::string(kind_name(value)) + " has no form in JSON");
    }
  }

  void string(std::string_view text) {
    const std::size_t before = out_.size();
    out_ += '"';
    for (std::size_t i = 0; i < text.size(); i += char_bytes(text, i)) {
      append_json_char(out_, char_at(text, i), style_.ensure_ascii);
    }
    out_ += '"';
    budget_.spend((out_.size() - before) / 8);
    budget_.check_text(out_.size());
  }

  void key(const Value& key) {
    if (key.is_string()) return string(key.text());
    if (!key.is_number() && !key.is_none()) {
      fail(std::string(kind_name(key)) + " cannot be a key in JSON");
    }
    string(scalar(key));
  }

  void line_break(int level) {
    if (!style_.indent) return;
    const std::size_t bytes = 1 + style_.indent->size() * static_cast<std::size_t>(level);
    budget_.spend_text(out_.size() / 64 + bytes);
    budget_.check_text(out_.size() + bytes);
    out_ += '\n';
    for (int i = 0; i < level; ++i) out_ += *style_.indent;
  }

  template <typename Items, typename WriteItem>
  void container(char open, char close, const Items& items, WriteItem write_item) {
    out_ += open;
    ++level_;
    bool first = true;
    for (const auto& item : items) {
      if (!first) out_ += style_.item_separator;
      first = false;
      line_break(level_);
      write_item(item);
    }
    --level_;
    if (!first) line_break(level_);
    out_ += close;
    budget_.check_text(out_.size());
  }

  void array(const Sequence& sequence) {
    container('[', ']', sequence.items, [&](const Value& item) { write(item); });
  }

  void object(const Dict& dict) {
    std::vector<const Dict::Item*> items;
    for (const Dict::Item& item : dict.items()) items.push_back(&item);
    budget_.spend(items.size());
    if (style_.sort_keys) {
      std::stable_sort(items.begin(), items.end(), [&](const auto* a, const auto* b) {
        return is_ordered(budget_, Order::kLess, a->first, b->first);
      });
    }
    container('{', '}', items, [&](const Dict::Item* item) {
      key(item->first);
      out_ += style_.key_separator;
      write(item->second);
    });
  }

  Budget& budget_;
  const JsonStyle& style_;
  std::string out_;
  int level_ = 0;
};

}  // namespace

Value from_json(const Json& json, const std::string& where, std::size_t& bytes) {
  return Converter(where, bytes).convert(json, 1);
}

std::string to_json(Budget& budget, const Value& value, const JsonStyle& style) {
  JsonWriter writer(budget, style);
  writer.write(value);
  return writer.take();
}

}  // namespace mod::text::jinja
