#include "arch/config_reader.h"

#include <fmt/format.h>

#include <cmath>

#include "checkpoint/quote.h"

namespace mod::arch {
namespace {

/// The value as it stands in the file, cut to a readable length.
std::string shown(const Json& value) {
  constexpr std::size_t kLongest = 40;
  if (value.is_array()) return "a list";
  if (value.is_object()) return "an object";
  return checkpoint::printable(value.dump(-1, ' ', false, Json::error_handler_t::replace),
                               kLongest);
}

}  // namespace

ConfigReader::ConfigReader(const Json& object, std::string file, std::string prefix,
                           Problems& problems)
    : object_(object), file_(std::move(file)), prefix_(std::move(prefix)), problems_(problems) {}

bool ConfigReader::has(std::string_view key) const {
  return object_.is_object() && object_.contains(std::string(key));
}

const Json* ConfigReader::find(std::string_view key) const {
  if (!object_.is_object()) return nullptr;
  const auto found = object_.find(std::string(key));
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

void ConfigReader::error(std::string_view key, std::string text, std::string remedy) {
  problems_.error({file_, 0, 0, prefix_ + std::string(key)}, std::move(text), std::move(remedy));
}

void ConfigReader::missing(std::string_view key) {
  error(key, "is missing", "models of this kind need it to run");
}

std::optional<std::int64_t> ConfigReader::integer(std::string_view key, std::int64_t least,
                                                  std::int64_t most) {
  const Json* value = find(key);
  if (!value) return std::nullopt;
  if (!value->is_number_integer()) {
    error(key, fmt::format("is {}, not a whole number", shown(*value)));
    return least;
  }
  const bool too_large = value->is_number_unsigned() &&
                         value->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX);
  if (too_large || value->get<std::int64_t>() < least || value->get<std::int64_t>() > most) {
    error(key, fmt::format("is {}, outside of {} to {}", shown(*value), least, most));
    return least;
  }
  return value->get<std::int64_t>();
}

std::int64_t ConfigReader::needed_integer(std::string_view key, std::int64_t least,
                                          std::int64_t most) {
  if (const auto value = integer(key, least, most)) return *value;
  missing(key);
  return least;
}

std::optional<double> ConfigReader::number(std::string_view key, double least, double most) {
  const Json* value = find(key);
  if (!value) return std::nullopt;
  if (!value->is_number()) {
    error(key, fmt::format("is {}, not a number", shown(*value)));
    return least;
  }
  const double number = value->get<double>();
  if (!(number >= least && number <= most)) {
    error(key, fmt::format("is {}, outside of {} to {}", shown(*value), least, most));
    return least;
  }
  return number;
}

double ConfigReader::needed_number(std::string_view key, double least, double most) {
  if (const auto value = number(key, least, most)) return *value;
  missing(key);
  return least;
}

bool ConfigReader::boolean(std::string_view key, bool absent) {
  const Json* value = find(key);
  if (!value) return absent;
  if (value->is_boolean()) return value->get<bool>();
  error(key, fmt::format("is {}, not true or false", shown(*value)));
  return absent;
}

std::optional<std::string> ConfigReader::text(std::string_view key) {
  const Json* value = find(key);
  if (!value) return std::nullopt;
  if (value->is_string()) return value->get<std::string>();
  error(key, fmt::format("is {}, not a text", shown(*value)));
  return std::nullopt;
}

std::vector<double> ConfigReader::needed_numbers(std::string_view key, std::size_t count,
                                                 double least, double most) {
  std::vector<double> out(count, least);
  const Json* value = find(key);
  if (!value) {
    missing(key);
    return out;
  }
  if (!value->is_array() || value->size() != count) {
    error(key, fmt::format(
                   "is {}, not a list of {} numbers",
                   value->is_array() ? fmt::format("a list of {}", value->size()) : shown(*value),
                   count));
    return out;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const Json& entry = (*value)[i];
    if (entry.is_number() && entry.get<double>() >= least && entry.get<double>() <= most) {
      out[i] = entry.get<double>();
      continue;
    }
    error(fmt::format("{}[{}]", key, i),
          fmt::format("is {}, not a number from {} to {}", shown(entry), least, most));
    return out;
  }
  return out;
}

}  // namespace mod::arch
