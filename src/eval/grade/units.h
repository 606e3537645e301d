// The unit list of the Qwen2.5-Math evaluation (evaluation/parser.py, MIT License, Copyright (c)
// 2024 Zhibin Gou; the list itself comes from MathQA). It removes single letters too ("a+b" becomes
// "+b"): published scores contain that, so the list is kept letter by letter.
#pragma once

#include <string>
#include <string_view>

namespace mod::eval {

/// The text without units: each entry, then each entry with "s", the whole twice. An entry goes
/// where it stands between non-word characters or ends of the text, unless nothing would remain.
std::string drop_units(std::string_view text);

}  // namespace mod::eval
