// The result of `mod fit` for people and as JSON.
#pragma once

#include <string>

#include "bundle/mixture_file.h"
#include "mix/fit/fit_mixture.h"
#include "print.h"

namespace mod::cli {

/// Several lines.
std::string fit_text(const mix::FitResult& result, const std::string& data);
/// `file`: what was written; "": `yaml` becomes a member.
Json fit_json(const mix::FitResult& result, const std::string& data, const std::string& file,
              const std::string& yaml);

/// Puts what was learned into a mixture.
void take_fit(const mix::FitResult& result, bundle::MixtureFile& mixture);

}  // namespace mod::cli
