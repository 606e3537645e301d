#include "text/config_node.h"

#include <algorithm>

#include "checkpoint/quote.h"

namespace mod::text {
namespace {

std::string describe(const ConfigNode::Json& value) {
  return checkpoint::printable(
      value.dump(-1, ' ', false, ConfigNode::Json::error_handler_t::replace), 60);
}

}  // namespace

void ConfigNode::fail(const std::string& what, ErrorCode code) const {
  throw Error(code, where() + ": " + what);
}

void ConfigNode::refuse() const {
  fail(describe(*value_) + " is not supported", ErrorCode::kUnsupported);
}

std::optional<ConfigNode> ConfigNode::find(std::string_view key) const {
  if (!value_->is_object()) fail("expected an object, found " + describe(*value_));
  const auto found = value_->find(std::string(key));
  if (found == value_->end()) return std::nullopt;
  const std::string name = checkpoint::printable(key, 60);
  return ConfigNode(*found, file_, path_.empty() ? name : path_ + "." + name);
}

ConfigNode ConfigNode::at(std::string_view key) const {
  auto found = find(key);
  if (!found) fail("the key " + checkpoint::quote_name(key) + " is missing");
  return *std::move(found);
}

std::vector<ConfigNode> ConfigNode::items() const {
  if (!value_->is_array()) fail("expected a list, found " + describe(*value_));
  std::vector<ConfigNode> nodes;
  for (std::size_t i = 0; i < value_->size(); ++i) {
    nodes.emplace_back((*value_)[i], file_, path_ + "[" + std::to_string(i) + "]");
  }
  return nodes;
}

std::vector<std::string> ConfigNode::keys() const {
  if (!value_->is_object()) fail("expected an object, found " + describe(*value_));
  std::vector<std::string> names;
  for (const auto& [name, value] : value_->items()) names.push_back(name);
  return names;
}

const std::string& ConfigNode::string() const {
  if (!value_->is_string()) fail("expected a string, found " + describe(*value_));
  return value_->get_ref<const std::string&>();
}

bool ConfigNode::boolean() const {
  if (!value_->is_boolean()) fail("expected true or false, found " + describe(*value_));
  return value_->get<bool>();
}

std::int64_t ConfigNode::integer(std::int64_t most) const {
  if (!value_->is_number_unsigned() ||
      value_->get<std::uint64_t>() > static_cast<std::uint64_t>(most)) {
    fail("expected a whole number from 0 to " + std::to_string(most) + ", found " +
         describe(*value_));
  }
  return value_->get<std::int64_t>();
}

bool ConfigNode::boolean_or(std::string_view key, bool otherwise) const {
  const auto found = find(key);
  return found && !found->is_null() ? found->boolean() : otherwise;
}

void ConfigNode::allow_only(std::initializer_list<std::string_view> allowed) const {
  for (const std::string& key : keys()) {
    if (std::find(allowed.begin(), allowed.end(), key) != allowed.end()) continue;
    fail("the key " + checkpoint::quote_name(key) + " is not supported", ErrorCode::kUnsupported);
  }
}

}  // namespace mod::text
