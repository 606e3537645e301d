// Mixtures from text, without files, and what is said about them.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "bundle/mixture_file.h"

namespace mod::bundle::testing {

struct Read {
  MixtureFile mixture;
  Problems problems;

  std::vector<std::string> texts(Severity severity) const {
    std::vector<std::string> out;
    for (const Problem& problem : problems.all()) {
      if (problem.severity == severity) out.push_back(to_text(problem));
    }
    return out;
  }
  std::vector<std::string> errors() const { return texts(Severity::kError); }
};

inline MixtureOptions no_files(std::vector<std::pair<std::string, std::string>> set = {},
                               std::string weights = "") {
  return {std::move(set), std::move(weights), false};
}

inline Read parse(std::string_view text, const MixtureOptions& options = no_files()) {
  Read read;
  read.mixture = parse_mixture(text, "m.yml", options, read.problems);
  return read;
}

/// A mixture that must be right.
inline MixtureFile good(std::string_view text, const MixtureOptions& options = no_files()) {
  Read read = parse(text, options);
  for (const std::string& error : read.errors()) ADD_FAILURE() << error << "\nin\n" << text;
  return std::move(read.mixture);
}

/// That these and no other errors are there; each is written as it begins.
inline void expect_errors(const Read& read, const std::vector<std::string>& wanted) {
  const std::vector<std::string> errors = read.errors();
  std::string all;
  for (const std::string& error : errors) all += "\n  " + error;
  ASSERT_EQ(errors.size(), wanted.size()) << all;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_TRUE(errors[i].starts_with("error: " + wanted[i])) << errors[i] << "\n" << wanted[i];
  }
}

/// Three experts with equal weights under `mixture`.
inline std::string three(const std::string& mixture) {
  return "mixture: " + mixture +
         "\nexperts:\n"
         "  - {name: math, model: m, weight: 0.5}\n"
         "  - {name: code, model: c, weight: 0.25}\n"
         "  - {name: french, model: f, weight: 0.25}\n";
}

/// Two experts without weights under `mixture`.
inline std::string two(const std::string& mixture) {
  return "mixture: " + mixture +
         "\nexperts:\n"
         "  - {name: math, model: m}\n"
         "  - {name: code, model: c}\n";
}

}  // namespace mod::bundle::testing
