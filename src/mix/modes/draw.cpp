// One expert for a token, drawn by the weights: a token drawn from it has the linear mixture's
// distribution. Prompts are read by all, because gates may want to hear them; during the answer the
// experts that are not drawn fall behind and catch up in one batch when they are.
#include "base/random.h"
#include "mix/blend.h"
#include "mix/modes/mode_runner.h"

namespace mod::mix {
namespace {

constexpr std::string_view kExpertStream = "expert";

/// The draw depends on the seed and the token's place in the answer only, and not on the draws of
/// tokens, so that runs of `draw` and of `exact` with one seed can be compared.
std::size_t draw_expert(std::span<const double> weights, const StreamState& stream) {
  const auto number = std::uint64_t{stream.answer};
  const auto words =
      philox4x32({static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(number >> 32), 0,
                  static_cast<std::uint32_t>(RandomPurpose::kExpert)},
                 random_key(stream.seed, kExpertStream));
  const std::uint64_t bits = (std::uint64_t{words[0]} << 21) ^ (words[1] >> 11);
  double left = static_cast<double>(bits) * 0x1p-53;
  std::size_t last = 0;
  for (std::size_t k = 0; k < weights.size(); ++k) {
    if (weights[k] == 0) continue;
    last = k;
    if (left < weights[k]) break;
    left -= weights[k];
  }
  return last;
}

}  // namespace

void predict_draw(const ModeTools& tools, std::span<StreamState* const> streams) {
  std::vector<Reading> prompts, drawn;
  for (StreamState* stream : streams) {
    if (stream->has_unread_prompt()) read_all_experts(*stream, prompts);
  }
  tools.reader.read(prompts);
  std::vector<std::vector<double>> weights;
  for (StreamState* stream : streams) {
    listen(tools.mixture, *stream);
    weights.push_back(weights_now(tools.mixture, *stream));
    drawn.push_back({stream, draw_expert(weights.back(), *stream)});
  }
  tools.reader.read(drawn);
  for (std::size_t i = 0; i < streams.size(); ++i) {
    predict_expert(drawn[i].expert, weights[i], streams[i]->alone, *streams[i]);
  }
}

}  // namespace mod::mix
