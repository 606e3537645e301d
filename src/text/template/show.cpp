#include "text/template/show.h"

#include "text/template/callable.h"
#include "text/template/macro.h"
#include "text/template/numbers.h"
#include "text/template/registry.h"
#include "text/template/unicode.h"

namespace mod::text::jinja {
namespace {

void append_hex(std::string& out, char prefix, char32_t c, int digits) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '\\';
  out += prefix;
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += kHex[c >> shift & 0xF];
}

void append_escaped(std::string& out, char32_t c, char quote) {
  if (c == '\\' || c == static_cast<char32_t>(quote)) {
    out += '\\';
    out += static_cast<char>(c);
  } else if (c == '\n') {
    out += "\\n";
  } else if (c == '\r') {
    out += "\\r";
  } else if (c == '\t') {
    out += "\\t";
  } else if (is_printable(c)) {
    append_char(out, c);
  } else if (c < 0x100) {
    append_hex(out, 'x', c, 2);
  } else if (c < 0x10000) {
    append_hex(out, 'u', c, 4);
  } else {
    append_hex(out, 'U', c, 8);
  }
}

void append_quoted(std::string& out, std::string_view text) {
  const bool single = text.find('\'') != std::string_view::npos;
  const bool both = single && text.find('"') != std::string_view::npos;
  const char quote = single && !both ? '"' : '\'';
  out += quote;
  for (std::size_t i = 0; i < text.size(); i += char_bytes(text, i)) {
    append_escaped(out, char_at(text, i), quote);
  }
  out += quote;
}

/// Writes repr() within the budget: a container that holds the same one many times is small in
/// memory and huge in print.
class Writer {
 public:
  Writer(std::string& out, Budget& budget) : out_(out), budget_(budget) {}

  void repr(const Value& value) {
    if (++depth_ > 2 * kMaxValueDepth) fail("a namespace that contains itself cannot be printed");
    const std::size_t before = out_.size();
    write(value);
    budget_.spend(1 + (out_.size() - before) / 8);
    budget_.check_text(out_.size());
    --depth_;
  }

 private:
  void write(const Value& value) {
    switch (value.kind()) {
      case Kind::kUndefined:
        out_ += "Undefined";
        break;
      case Kind::kString:
        string(value.string());
        break;
      case Kind::kSequence:
        sequence(value.sequence());
        break;
      case Kind::kDict:
        dict(value.dict());
        break;
      case Kind::kNamespace:
        out_ += "<Namespace ";
        dict(value.name_space().attributes);
        out_ += '>';
        break;
      default:
        plain(value);
    }
  }

  void string(const String& string) {
    if (string.markup) out_ += "Markup(";
    append_quoted(out_, *string.text);
    if (string.markup) out_ += ')';
  }

  void list(const std::vector<Value>& items) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out_ += ", ";
      repr(items[i]);
    }
  }

  void sequence(const Sequence& sequence) {
    switch (sequence.kind) {
      case SequenceKind::kTuple:
        out_ += '(';
        list(sequence.items);
        out_ += sequence.items.size() == 1 ? ",)" : ")";
        return;
      case SequenceKind::kRange:
        return range(sequence.items);
      case SequenceKind::kDictKeys:
        return wrapped("dict_keys", sequence.items);
      case SequenceKind::kDictValues:
        return wrapped("dict_values", sequence.items);
      case SequenceKind::kDictItems:
        return wrapped("dict_items", sequence.items);
      case SequenceKind::kList:
        break;
    }
    out_ += '[';
    list(sequence.items);
    out_ += ']';
  }

  void wrapped(std::string_view name, const std::vector<Value>& items) {
    out_ += name;
    out_ += "([";
    list(items);
    out_ += "])";
  }

  /// The numbers that it was made from are not kept; these make the same range.
  void range(const std::vector<Value>& items) {
    if (items.empty()) {
      out_ += "range(0, 0)";
      return;
    }
    const Int first = items.front().integer();
    const Int step = items.size() > 1 ? items[1].integer() - first : 1;
    out_ += "range(" + int_text(first) + ", " + int_text(items.back().integer() + step);
    out_ += step == 1 ? ")" : ", " + int_text(step) + ")";
  }

  void dict(const Dict& dict) {
    out_ += '{';
    for (const Dict::Item& item : dict.items()) {
      if (&item != dict.items().data()) out_ += ", ";
      repr(item.first);
      out_ += ": ";
      repr(item.second);
    }
    out_ += '}';
  }

  void plain(const Value& value) {
    switch (value.kind()) {
      case Kind::kNone:
        out_ += "None";
        break;
      case Kind::kBool:
        out_ += value.boolean() ? "True" : "False";
        break;
      case Kind::kInt:
        out_ += int_text(value.integer());
        break;
      case Kind::kFloat:
        out_ += real_text(value.real());
        break;
      case Kind::kLoop:
        out_ += "<LoopContext " + std::to_string(value.loop().index + 1) + "/" +
                std::to_string(value.loop().length) + ">";
        break;
      case Kind::kIterator:
        out_ += "<generator object>";
        break;
      default:
        callable(value.callable());
    }
  }

  void callable(const Callable& callable) {
    if (const auto* macro = std::get_if<const Macro*>(&callable.target)) {
      out_ += "<Macro '" + *(*macro)->name + "'>";
    } else if (const auto* method = std::get_if<BoundMethod>(&callable.target)) {
      out_ += "<method " + std::string(method->method->name) + ">";
    } else {
      out_ += "<function>";
    }
  }

  std::string& out_;
  Budget& budget_;
  int depth_ = 0;
};

}  // namespace

std::string to_repr(Budget& budget, const Value& value) {
  std::string out;
  Writer(out, budget).repr(value);
  return out;
}

void append_text(std::string& out, Budget& budget, const Value& value) {
  if (value.is_undefined()) return;
  if (value.is_string()) {
    budget.check_text(out.size() + value.text().size());
    budget.spend(1 + value.text().size() / 8);
    out += value.text();
    return;
  }
  Writer(out, budget).repr(value);
}

std::string to_text(Budget& budget, const Value& value) {
  std::string out;
  append_text(out, budget, value);
  return out;
}

}  // namespace mod::text::jinja
