// The four Unicode normalisation forms as Hugging Face's tokenizers make them: by Unicode 9, on
// utf8proc's tables.
#pragma once

#include <string>

namespace mod::text {

enum class UnicodeForm { kNfc, kNfd, kNfkc, kNfkd };

/// Changes `text` in place; bytes that are not UTF-8 stay as they are and combine with nothing.
/// Time n log n also where all characters are marks to be put in order.
void to_unicode_form(UnicodeForm form, std::string& text);

}  // namespace mod::text
