#include "text/char_table.h"

#include <algorithm>
#include <map>
#include <string>

namespace mod::text {
namespace {

constexpr std::uint32_t kRuns[] = {
#include "text/unicode_categories.inc"
};

/// The order of src/text/unicode_categories.py.
enum Category : std::uint8_t {
  kCn,
  kCc,
  kCf,
  kCo,
  kCs,
  kLu,
  kLl,
  kLt,
  kLm,
  kLo,
  kMn,
  kMc,
  kMe,
  kNd,
  kNl,
  kNo,
  kPc,
  kPd,
  kPs,
  kPe,
  kPi,
  kPf,
  kPo,
  kSm,
  kSc,
  kSk,
  kSo,
  kZs,
  kZl,
  kZp,
};

std::uint8_t classes_of(Category category) {
  switch (category) {
    case kLu:
    case kLt:
      return kLetter | kUpperOrNeutral | kWord;
    case kLl:
      return kLetter | kLowerOrNeutral | kWord;
    case kLm:
    case kLo:
      return kLetter | kUpperOrNeutral | kLowerOrNeutral | kWord;
    case kMn:
    case kMc:
    case kMe:
      return kUpperOrNeutral | kLowerOrNeutral | kWord | kMark;
    case kNd:
    case kNl:
      return kNumber | kWord;
    case kNo:
      return kNumber;
    case kPc:
      return kPunctuation | kWord;
    case kPd:
    case kPs:
    case kPe:
    case kPi:
    case kPf:
    case kPo:
      return kPunctuation;
    case kZs:
    case kZl:
    case kZp:
      return kSpace;
    default:
      return 0;
  }
}

struct Range {
  char32_t first, last;
};

/// Punctuation of Unicode 16 that Hugging Face's pre-tokeniser "Punctuation" does not know: it goes
/// by Unicode 8 or so (seen with version 0.23), in which U+166D and U+111C9 were punctuation.
constexpr Range kLaterPunctuation[] = {
    {0x61D, 0x61D},     {0x9FD, 0x9FD},     {0xA76, 0xA76},     {0xC77, 0xC77},
    {0xC84, 0xC84},     {0x1B4E, 0x1B4F},   {0x1B7D, 0x1B7F},   {0x2E43, 0x2E4F},
    {0x2E52, 0x2E5D},   {0x10D6E, 0x10D6E}, {0x10EAD, 0x10EAD}, {0x10F55, 0x10F59},
    {0x10F86, 0x10F89}, {0x113D4, 0x113D5}, {0x113D7, 0x113D8}, {0x1144B, 0x1144F},
    {0x1145A, 0x1145B}, {0x1145D, 0x1145D}, {0x11660, 0x1166C}, {0x116B9, 0x116B9},
    {0x1183B, 0x1183B}, {0x11944, 0x11946}, {0x119E2, 0x119E2}, {0x11A3F, 0x11A46},
    {0x11A9A, 0x11A9C}, {0x11A9E, 0x11AA2}, {0x11B00, 0x11B09}, {0x11BE1, 0x11BE1},
    {0x11C41, 0x11C45}, {0x11C70, 0x11C71}, {0x11EF7, 0x11EF8}, {0x11F43, 0x11F4F},
    {0x11FFF, 0x11FFF}, {0x12FF1, 0x12FF2}, {0x16D6D, 0x16D6F}, {0x16E97, 0x16E9A},
    {0x16FE2, 0x16FE2}, {0x1E5FF, 0x1E5FF}, {0x1E95E, 0x1E95F}};

struct Extra {
  char32_t first, last;
  std::uint8_t classes;
};

/// What the categories do not say: controls that are white space, ASCII symbols that count as
/// punctuation, symbols that are alphabetic (Other_Alphabetic), and the two joiners of \w.
constexpr Extra kExtras[] = {
    {0x166D, 0x166D, kPunctuation}, {0x111C9, 0x111C9, kPunctuation}, {0x09, 0x0D, kSpace},
    {0x85, 0x85, kSpace},           {'$', '$', kPunctuation},         {'+', '+', kPunctuation},
    {'<', '>', kPunctuation},       {'^', '^', kPunctuation},         {'`', '`', kPunctuation},
    {'|', '|', kPunctuation},       {'~', '~', kPunctuation},         {0x200C, 0x200D, kWord},
    {0x24B6, 0x24E9, kWord},        {0x1F130, 0x1F149, kWord},        {0x1F150, 0x1F169, kWord},
    {0x1F170, 0x1F189, kWord},
};

std::string all_classes() {
  std::string flat(0x110000, '\0');
  for (std::size_t i = 0; i < std::size(kRuns); ++i) {
    const std::size_t first = kRuns[i] >> 5;
    const std::size_t end = i + 1 < std::size(kRuns) ? kRuns[i + 1] >> 5 : flat.size();
    const auto category = static_cast<Category>(kRuns[i] & 31);
    std::fill(flat.begin() + static_cast<std::ptrdiff_t>(first),
              flat.begin() + static_cast<std::ptrdiff_t>(end),
              static_cast<char>(classes_of(category)));
  }
  for (const Range& range : kLaterPunctuation) {
    for (char32_t code = range.first; code <= range.last; ++code) {
      flat[code] = static_cast<char>(static_cast<std::uint8_t>(flat[code]) & ~kPunctuation);
    }
  }
  for (const Extra& extra : kExtras) {
    for (char32_t code = extra.first; code <= extra.last; ++code) {
      flat[code] = static_cast<char>(static_cast<std::uint8_t>(flat[code]) | extra.classes);
    }
  }
  return flat;
}

}  // namespace

const CharTable& CharTable::get() {
  static const CharTable table;
  return table;
}

CharTable::CharTable() {
  const std::string flat = all_classes();
  std::map<std::string_view, std::uint16_t> known;
  for (std::size_t page = 0; page < index_.size(); ++page) {
    const std::string_view classes(flat.data() + (page << 8), 256);
    const auto [at, is_new] = known.emplace(classes, static_cast<std::uint16_t>(known.size()));
    index_[page] = at->second;
    if (is_new) pages_.insert(pages_.end(), classes.begin(), classes.end());
  }
}

}  // namespace mod::text
