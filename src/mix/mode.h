// The modes: which experts are evaluated for a token. A table that drives the reading of mixture
// files, --help and docs/mixtures.md. Everything here is thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "mix/table.h"

namespace mod::mix {

enum class ModeKind { kExact, kDraw, kCertified, kLazy };

struct ModeSettings {
  ModeKind kind = ModeKind::kExact;
  double epsilon = 0.01;  // lazy: weight that the experts left out may have together
  std::size_t lag = 8;    // lazy: tokens that they may be behind

  friend bool operator==(const ModeSettings&, const ModeSettings&) = default;
};

struct Mode {
  ModeKind kind;
  std::string_view name;
  std::string_view help;                  // one line
  std::span<const Parameter> parameters;  // of lazy: epsilon, lag (a whole number)
  Permission Modes::* permission;         // what rules and gates say of it; null: all permit it
};

inline constexpr Parameter kLazyParameters[] = {
    // Above 1/2 there need not be one leader.
    {"epsilon", 0.01, 0, 0.5, "weight that the experts left out may have together", false, true},
    {"lag", 8, 1, 256, "tokens that the experts left out may be behind"},
};

/// All modes in the order of the docs.
inline constexpr std::array kModes = {
    Mode{ModeKind::kExact, "exact", "every expert is evaluated for every token", {}, nullptr},
    Mode{ModeKind::kDraw,
         "draw",
         "one expert is drawn by the weights for each token and evaluated alone; sampling only",
         {},
         &Modes::draw},
    Mode{ModeKind::kCertified,
         "certified",
         "experts that cannot change the best token any more are left out; greedy only",
         {},
         &Modes::certified},
    Mode{ModeKind::kLazy, "lazy",
         "the leading expert alone while its weight is above 1 - epsilon; not exact",
         kLazyParameters, &Modes::lazy},
};

inline const Mode& mode_of(ModeKind kind) { return kModes[static_cast<std::size_t>(kind)]; }

/// nullptr if unknown.
inline const Mode* find_mode(std::string_view name) {
  for (const Mode& mode : kModes) {
    if (mode.name == name) return &mode;
  }
  return nullptr;
}

/// What a rule or gate says of a mode.
inline Permission permission(const Modes& modes, ModeKind kind) {
  const Mode& mode = mode_of(kind);
  return mode.permission == nullptr ? Permission{} : modes.*mode.permission;
}

/// `values` in order of the table of `kind`.
inline ModeSettings make_mode(ModeKind kind, std::span<const double> values) {
  ModeSettings settings{.kind = kind};
  if (kind == ModeKind::kLazy) {
    settings.epsilon = values[0];
    settings.lag = static_cast<std::size_t>(values[1]);
  }
  return settings;
}

}  // namespace mod::mix
