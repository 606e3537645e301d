#include "checkpoint/model_folder.h"

#include <system_error>

#include "base/text.h"
#include "checkpoint/quote.h"
#include "mod/error.h"

namespace mod::checkpoint {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxConfigBytes = std::uint64_t{16} << 20;

/// The method named in quantization_config, where its weights cannot be read.
void refuse_quantised(const Json& config, const fs::path& file) {
  const auto entry = config.find("quantization_config");
  if (entry == config.end() || !entry->is_object()) return;
  const auto method = entry->find("quant_method");
  if (method == entry->end() || !method->is_string()) return;
  const auto& name = method->get_ref<const std::string&>();
  for (const std::string_view refused : {"gptq", "awq", "bitsandbytes", "bitnet", "eetq", "hqq",
                                         "aqlm", "quip", "vptq", "mxfp4", "higgs", "spqr"}) {
    if (name != refused) continue;
    throw Error(ErrorCode::kUnsupported, file.string() + ": the weights are quantised (" + name +
                                             "), which is not supported; use the checkpoint that "
                                             "they were made from");
  }
}

}  // namespace

ModelFolder open_model(const fs::path& path, Problems& notes) {
  ModelFolder model;
  model.path = path;
  std::error_code ignored;
  const fs::path folder = fs::is_directory(path, ignored) ? path : path.parent_path();
  const fs::path config = folder / "config.json";
  if (fs::exists(config, ignored)) {
    model.config = parse_json(read_text_file(config.string(), kMaxConfigBytes), config.string());
    model.has_config = true;
    if (!model.config.is_object()) {
      throw Error(ErrorCode::kCorruptFile, config.string() + ": not a JSON object");
    }
    refuse_quantised(model.config, config);
  }
  model.weights = Checkpoint::open(path, notes);
  return model;
}

}  // namespace mod::checkpoint
