// The functions that a template finds without defining them.
#include <ctime>

#include "text/template/callable.h"
#include "text/template/interpreter.h"
#include "text/template/registry.h"
#include "text/template/show.h"

namespace mod::text::jinja {
namespace {

// As many as the sandbox of Jinja allows.
constexpr Int kMaxRange = 100'000;
constexpr std::size_t kMaxDateBytes = 4096;

Int range_argument(const Args& args, std::size_t i) { return args.integer(i); }

Value range(Interpreter& run, const Args& args) {
  const Int first = args.has(1) ? range_argument(args, 0) : 0;
  const Int stop = range_argument(args, args.has(1) ? 1 : 0);
  const Int step = args.integer(2, 1);
  if (step == 0) fail("the step of 'range' must not be 0");
  std::vector<Value> items;
  // A value near the end of what fits would overflow; such a range is either empty or too long.
  constexpr Int kFar = Int{1} << 100;
  if (first > kFar || first < -kFar || stop > kFar || stop < -kFar || step > kFar || step < -kFar) {
    fail("numbers that large in 'range'");
  }
  for (Int i = first; step > 0 ? i < stop : i > stop; i += step) {
    if (static_cast<Int>(items.size()) == kMaxRange) fail("a range of more than 100000 numbers");
    items.emplace_back(i);
  }
  return make_sequence(run.budget(), SequenceKind::kRange, std::move(items));
}

/// Adds what dict() and namespace() take: a dict, or pairs.
void add_items(Budget& budget, Dict& dict, const Value& source) {
  if (source.is_dict()) {
    for (const auto& [key, value] : source.dict().items()) dict.set(budget, key, value);
    return;
  }
  for (const Value& pair : iterate(budget, source)) {
    std::vector<Value> parts = iterate(budget, pair);
    if (parts.size() != 2) fail("a dict is made of pairs, not of " + std::to_string(parts.size()));
    dict.set(budget, std::move(parts[0]), std::move(parts[1]));
  }
}

Dict dict_of(Budget& budget, const Args& args) {
  const Arguments& given = args.rest();
  Dict dict;
  if (given.positional.size() > 1) fail(args.function() + " takes at most one positional argument");
  if (!given.positional.empty()) add_items(budget, dict, given.positional[0]);
  for (const auto& [name, value] : given.named) dict.set(budget, Value::string(name), value);
  return dict;
}

Value make_dict_value(Interpreter& run, const Args& args) {
  return make_dict(run.budget(), dict_of(run.budget(), args));
}

Value make_namespace(Interpreter& run, const Args& args) {
  Dict attributes = dict_of(run.budget(), args);
  for (const auto& [name, value] : attributes.items()) {
    if (name.is_string() && name.text().starts_with('_')) {
      fail("names of attributes must not begin with an underscore: '" + name.text() + "'");
    }
  }
  Namespace& space = run.new_namespace();
  space.attributes = std::move(attributes);
  return Value(&space);
}

Value raise_exception(Interpreter& run, const Args& args) {
  fail("the template refuses the input: " + to_text(run.budget(), args[0]));
}

/// Python's own fields of strftime: microseconds; a time without zone has none to show.
std::string without_own_fields(std::string_view format, long microseconds) {
  std::string out;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      out += format[i];
      continue;
    }
    const char field = format[++i];
    if (field == 'f') {
      const std::string digits = std::to_string(microseconds);
      out += std::string(6 - digits.size(), '0') + digits;
    } else if (field != 'z' && field != 'Z') {
      out += '%';
      out += field;
    }
  }
  return out;
}

Value strftime_now(Interpreter& run, const Args& args) {
  const std::string& format = args.text(0);
  if (format.size() > kMaxDateBytes) fail("a date format that long");
  const auto now = run.now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto rest = now - std::chrono::floor<std::chrono::seconds>(now);
  std::tm local{};
  if (!localtime_r(&seconds, &local)) fail("the time of this machine cannot be shown");
  const long microseconds =
      static_cast<long>(std::chrono::duration_cast<std::chrono::microseconds>(rest).count());
  // The blank tells an empty result from one that does not fit.
  const std::string fields = without_own_fields(format, microseconds) + " ";
  std::string out(16 * kMaxDateBytes, '\0');
  const std::size_t written = std::strftime(out.data(), out.size(), fields.c_str(), &local);
  if (written == 0) fail("a date that long");
  out.resize(written - 1);
  return make_string(run.budget(), std::move(out));
}

constexpr GlobalInfo kGlobals[] = {
    {"dict", {"", 0, Signature::kAny}, make_dict_value},
    {"namespace", {"", 0, Signature::kAny}, make_namespace},
    {"raise_exception", {"message", 1}, raise_exception},
    {"range", {"start stop step", 1, Signature::kPositional}, range},
    {"strftime_now", {"format", 1}, strftime_now},
};

}  // namespace

std::span<const GlobalInfo> all_globals() { return kGlobals; }

}  // namespace mod::text::jinja
