// The plots under the text of a run: the gate's weights and the experts' disagreement. SVG whose
// width is one unit a token, stretched by the page; its words are HTML, so that they keep their
// size.
#pragma once

#include <string>

#include "report/run_page.h"

namespace mod::report {

/// Share of the heat map's strength, 0 to 1: the square root of the divergence (a distance) in
/// units of that of two experts that share nothing. 0 where it is not known.
double strength(double disagreement);

/// A figure; empty for fewer than two experts or no tokens.
std::string run_plot_html(const RunPage& page);

}  // namespace mod::report
