#include "bundle/bundle.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <set>

namespace mod::bundle {

const text::Tokenizer& Bundle::need_tokenizer() const {
  if (tokenizer) return *tokenizer;
  throw tokenizer_error.value_or(Error(ErrorCode::kInvalidInput, argument + ": no tokenizer"));
}

const text::ChatTemplate& Bundle::need_chat_template() const {
  if (chat_template) return *chat_template;
  throw chat_template_error.value_or(
      Error(ErrorCode::kInvalidInput, argument + ": no chat template"));
}

std::uint64_t Bundle::weight_bytes() const {
  std::set<const weights::Tensor*> seen;
  std::uint64_t bytes = 0;
  for (const mix::Expert& expert : mixture.experts) {
    for (const weights::TensorPtr& tensor : expert.model->tensors()) {
      if (seen.insert(tensor.get()).second) bytes += tensor->bytes().size();
    }
  }
  return bytes;
}

Opener::Opener(const Context& context, OpenOptions options)
    : context_(context), options_(std::move(options)) {}

nn::ModelOptions Opener::model_options(const std::string& name, const ModelChanges& changes) const {
  nn::ModelOptions out;
  out.name = name;
  out.context = options_.context > 0 ? options_.context : changes.context;
  out.cap_scores = options_.cap_scores;
  out.memory = options_.memory;
  for (const auto& one : held_) {
    if (const weights::TensorPtr tensor = one.lock()) out.held += tensor->bytes().size();
  }
  return out;
}

void Opener::hold(const nn::Model& model) {
  std::erase_if(held_, [](const auto& one) { return one.expired(); });
  std::set<const weights::Tensor*> known;
  for (const auto& one : held_) known.insert(one.lock().get());
  for (const weights::TensorPtr& tensor : model.tensors()) {
    if (known.insert(tensor.get()).second) held_.push_back(tensor);
  }
}

Bundle Opener::open(const std::string& argument, const std::vector<std::string>& set) {
  const ModelArgument resolved = resolve_argument(argument);
  if (resolved.kind == Kind::kMixture) {
    Bundle bundle = open_mixture(load_mixture(resolved.path, mixture_options(set), *context_.log));
    bundle.argument = argument;
    return bundle;
  }
  return open_model(find_model_source(resolved, {}, set, context_), {});
}

Bundle Opener::open_model(ModelSource source, const ModelChanges& changes) {
  Bundle bundle;
  bundle.argument = source.argument.text;
  bundle.kind = source.argument.kind;
  bundle.generation = source.generation;
  // The tokenizer is read while the weights are.
  std::future<TextParts> text =
      options_.text
          ? std::async(std::launch::async,
                       [this, at = source.text_folder] { return texts_.load(at); })
          : std::async(std::launch::deferred, [&] { return no_text_parts(bundle.argument); });
  const nn::ModelOptions options = model_options(bundle.argument, changes);
  bundle.mixture =
      mix::single_model(bundle.argument, load_model(std::move(source), store_, options, context_));
  hold(bundle.model());
  TextParts parts = text.get();
  bundle.tokenizer = std::move(parts.tokenizer);
  bundle.chat_template = std::move(parts.chat_template);
  bundle.tokenizer_error = std::move(parts.tokenizer_error);
  bundle.chat_template_error = std::move(parts.chat_template_error);
  std::vector<std::int32_t>& ends = bundle.generation.end_tokens;
  if (ends.empty() && bundle.tokenizer && bundle.tokenizer->eos_id()) {
    ends.push_back(*bundle.tokenizer->eos_id());
  }
  return bundle;
}

}  // namespace mod::bundle
