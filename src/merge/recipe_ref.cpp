// Model references: their string form, equality, and the list of all models of a recipe.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>

#include "merge/recipe.h"
#include "merge/recipe_reader.h"
#include "mod/error.h"

namespace mod::merge {

namespace {

[[noreturn]] void refuse(std::string_view text, const Place& place, const std::string& why) {
  std::string where = place.text();
  if (!where.empty()) where += ": ";
  throw Error(ErrorCode::kInvalidInput,
              fmt::format("{}model reference {}: {}", where, detail::in_quotes(text), why));
}

struct Part {
  std::string name, revision;
};

Part split_revision(std::string_view part, std::string_view whole, const Place& place) {
  const std::size_t at = part.find('@');
  if (at != std::string_view::npos && part.find('@', at + 1) != std::string_view::npos) {
    refuse(whole, place,
           "more than one '@' in a part; the form is MODEL[@REVISION][+LORA[@REVISION]]");
  }
  Part out{std::string(part.substr(0, at)), {}};
  if (at != std::string_view::npos) {
    out.revision = part.substr(at + 1);
    if (out.revision.empty()) refuse(whole, place, "the revision after '@' is empty");
  }
  if (out.name.empty()) refuse(whole, place, "a name is empty");
  return out;
}

}  // namespace

std::string ModelRef::text() const {
  std::string out = model;
  if (!revision.empty()) out.append(1, '@').append(revision);
  if (!lora.empty()) out.append(1, '+').append(lora);
  if (!lora_revision.empty()) out.append(1, '@').append(lora_revision);
  return out;
}

bool ModelRef::operator==(const ModelRef& o) const {
  return detail::ref_key(*this) == detail::ref_key(o);
}

ModelRef parse_model_ref(std::string_view text, const Place& place) {
  if (text.empty()) refuse(text, place, "it is empty");
  const std::size_t plus = text.find('+');
  if (plus != std::string_view::npos && text.find('+', plus + 1) != std::string_view::npos) {
    refuse(text, place, "more than one '+'; the form is MODEL[@REVISION][+LORA[@REVISION]]");
  }
  ModelRef ref;
  ref.place = place;
  Part model = split_revision(text.substr(0, plus), text, place);
  ref.model = std::move(model.name);
  ref.revision = std::move(model.revision);
  if (plus != std::string_view::npos) {
    Part lora = split_revision(text.substr(plus + 1), text, place);
    ref.lora = std::move(lora.name);
    ref.lora_revision = std::move(lora.revision);
  }
  return ref;
}

std::vector<ModelRef> Recipe::referenced_models() const {
  std::vector<ModelRef> out;
  std::set<detail::RefKey> seen;
  const auto add = [&](const ModelRef& ref) {
    if (seen.insert(detail::ref_key(ref)).second) out.push_back(ref);
  };
  for (const InputModel& input : models) add(input.model);
  for (const Slice& slice : slices) {
    for (const InputModel& input : slice.sources) add(input.model);
  }
  if (base_model) add(*base_model);
  return out;
}

}  // namespace mod::merge
