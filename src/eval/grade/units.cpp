#include "eval/grade/units.h"

#include "eval/grade/text.h"

namespace mod::eval {
namespace {

// Separated by '|'; spaces count; '.' stands for any one character, as in a regular expression.
constexpr std::string_view kUnits =
    "east|degree|mph|kmph|ft|m sqaure| m east|sq m|deg|mile|q .|monkey|prime|ratio|profit of rs|rd|"
    "o|gm|p . m|lb|tile|per|dm|lt|gain|ab|way|west|a .|b .|c .|d .|e .|f .|g .|h .|t|a|h|no change|"
    "men|soldier|pie|bc|excess|st|inches|noon|percent|by|gal|kmh|c|acre|rise|a . m|th|π r 2|sq|"
    "mark|l|toy|coin|sq . m|gallon|° f|profit|minw|yr|women|feet|am|pm|hr|cu cm|square|v â € ™|are|"
    "rupee|rounds|cubic|cc|mtr|s|ohm|number|kmph|day|hour|minute|min|second|man|woman|sec|cube|mt|"
    "sq inch|mp|∏ cm ³|hectare|more|sec|unit|cu . m|cm 2|rs .|rs|kg|g|month|km|m|cm|mm|apple|"
    "liter|loss|yard|pure|year|increase|decrease|d|less|Surface|litre|pi sq m|s .|metre|meter|inch";

// Bytes of the text that `unit` matches at `at`; 0 for none.
std::size_t match_unit(std::string_view text, std::size_t at, std::string_view unit,
                       bool plural) noexcept {
  std::size_t end = at;
  for (char wanted : unit) {
    if (end >= text.size()) return 0;
    if (wanted == '.') {
      if (text[end] == '\n') return 0;
      end += character_at(text, end).size;
    } else if (text[end++] != wanted) {
      return 0;
    }
  }
  if (plural && (end >= text.size() || text[end++] != 's')) return 0;
  return end - at;
}

std::string without_unit(std::string_view text, std::string_view unit, bool plural) {
  std::string out;
  std::size_t from = 0;
  for (std::size_t at = 0; at < text.size();) {
    // The delimiter before the unit: the beginning, or one character that is no word character.
    const Character here = character_at(text, at);
    std::size_t start = at, size = at == 0 ? match_unit(text, 0, unit, plural) : 0;
    Character after = character_at(text, start + size);
    if (size == 0 || (after.size > 0 && is_word(after))) {
      if (is_word(here)) {
        at += here.size;
        continue;
      }
      start = at + here.size;
      size = match_unit(text, start, unit, plural);
      after = character_at(text, start + size);
    }
    if (size == 0 || (after.size > 0 && is_word(after))) {
      at += here.size;
      continue;
    }
    out.append(text, from, start - from);
    from = start + size;
    out.append(text, from, after.size);
    from += after.size;
    at = from;
  }
  out.append(text, from);
  return out;
}

}  // namespace

std::string drop_units(std::string_view text) {
  std::string result(text);
  for (int round = 0; round < 2; ++round) {
    for (bool plural : {false, true}) {
      for (std::size_t at = 0; at < kUnits.size();) {
        const std::size_t end = std::min(kUnits.find('|', at), kUnits.size());
        const std::string_view unit = kUnits.substr(at, end - at);
        at = end + 1;
        if (!contains(result, unit.substr(0, unit.find('.')))) continue;
        std::string shorter = without_unit(result, unit, plural);
        if (!shorter.empty()) result = std::move(shorter);
      }
    }
  }
  return result;
}

}  // namespace mod::eval
