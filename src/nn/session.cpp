#include "nn/session.h"

#include <algorithm>

#include "mod/error.h"

namespace mod::nn {
namespace {

KvCache::Shape shape_of(const arch::RunSpec& spec) {
  return {.layers = spec.layers.size(),
          .heads = static_cast<std::size_t>(spec.kv_heads),
          .head_dim = static_cast<std::size_t>(spec.head_dim)};
}

}  // namespace

Session::Session(std::shared_ptr<const Model> model, const SessionOptions& options)
    : model_(std::move(model)),
      context_(options.context > 0 ? std::min(options.context, model_->context())
                                   : model_->context()),
      cache_(shape_of(model_->spec()), options.kv) {}

void Session::truncate(std::size_t length) {
  if (length < tokens_.size()) tokens_.resize(length);
}

void Session::copy_prefix(const Session& other, std::size_t length) {
  if (model_ != other.model_ || cache_.dtype() != other.cache_.dtype() || length > other.length() ||
      length > context_) {
    throw Error(ErrorCode::kInternal, "copy of a session of another kind");
  }
  if (&other == this) return truncate(length);
  tokens_.clear();
  cache_.reserve(length, context_, 0);
  cache_.copy(other.cache_, length);
  tokens_.assign(other.tokens_.begin(),
                 other.tokens_.begin() + static_cast<std::ptrdiff_t>(length));
}

}  // namespace mod::nn
