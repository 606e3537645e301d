#include "mix/stream.h"

#include <algorithm>

#include "mod/error.h"

namespace mod::mix {

std::size_t Stream::room() const {
  std::size_t least = sessions_.front().context() - sessions_.front().length();
  for (const nn::Session& s : sessions_) least = std::min(least, s.context() - s.length());
  return least;
}

Prediction Stream::prediction() const {
  if (scores_.empty()) throw Error(ErrorCode::kInternal, "a prediction for a text without tokens");
  return {scores_, log_total_};
}

void Stream::truncate(std::size_t length) {
  if (length >= this->length()) return;
  for (nn::Session& session : sessions_) session.truncate(length);
  scores_.clear();
}

std::uint64_t Stream::cache_bytes() const {
  std::uint64_t bytes = 0;
  for (const nn::Session& session : sessions_) bytes += session.cache_bytes();
  return bytes;
}

}  // namespace mod::mix
