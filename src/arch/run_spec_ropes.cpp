// Rotary settings of a config as RopeSpec. Formulas of the attention factors: YaRN (arXiv
// 2309.00071, section 3.4) and LongRoPE (arXiv 2402.13753, section 4.2), with the defaults of
// transformers.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "arch/rope.h"
#include "arch/run_spec_parts.h"

namespace mod::arch {
namespace {

constexpr std::int64_t kMostPositions = std::int64_t{1} << 31;
constexpr double kMostFactor = 1e6;

struct NamedKind {
  const char* name;
  RopeKind kind;
};
// "su" is how Phi-3's first configs spell longrope.
constexpr NamedKind kKinds[] = {{"default", RopeKind::kPlain},     {"linear", RopeKind::kLinear},
                                {"llama3", RopeKind::kLlama3},     {"yarn", RopeKind::kYarn},
                                {"longrope", RopeKind::kLongRope}, {"su", RopeKind::kLongRope}};

/// Reads one object of rope parameters, which stands at `path` or, older settings, at the top.
class Reader {
 public:
  Reader(const Json& object, const std::string& path, const Json& config, const std::string& file,
         Problems& problems, std::int64_t positions)
      : reader_(object, file, path + ".", problems),
        whole_(config, file, "", problems),
        config_(config),
        path_(path),
        positions_(positions) {}

  RopeSpec read(const char* theta_key, double theta, std::int64_t head_dim) {
    RopeSpec rope;
    const char* key = find_key(config_, path_ + ".rope_theta") ? "rope_theta" : theta_key;
    rope.theta = place_of(key).number(key, 1.001, 1e15).value_or(theta);
    rope.kind = kind();
    read_dims(head_dim, rope);
    if (rope.kind == RopeKind::kLinear) rope.factor = factor();
    if (rope.kind == RopeKind::kLlama3) read_llama3(rope);
    if (rope.kind == RopeKind::kYarn) read_yarn(rope);
    if (rope.kind == RopeKind::kLongRope) read_longrope(rope);
    return rope;
  }

 private:
  ConfigReader& place_of(const std::string& key) {
    return find_key(config_, path_ + "." + key) ? reader_ : whole_;
  }

  RopeKind kind() {
    const std::string name = reader_.text("rope_type").value_or("default");
    for (const NamedKind& known : kKinds) {
      if (name == known.name) {
        // Phi-3 configs may say "yarn" for longrope; their lists of factors tell.
        const bool listed = known.kind == RopeKind::kYarn && reader_.is_set("long_factor");
        return listed ? RopeKind::kLongRope : known.kind;
      }
    }
    reader_.error("rope_type", fmt::format("'{}' is not supported yet", name.substr(0, 40)),
                  "default, linear, llama3, yarn and longrope are");
    return RopeKind::kPlain;
  }

  void read_dims(std::int64_t head_dim, RopeSpec& rope) {
    const char* key = "partial_rotary_factor";
    const double part = place_of(key).number(key, 1e-6, 1).value_or(1);
    rope.dims = static_cast<std::int64_t>(static_cast<double>(head_dim) * part);
    if (rope.dims >= 2 && rope.dims % 2 == 0) return;
    reader_.error(whole_.is_set("head_dim") ? "head_dim" : key,
                  fmt::format("gives {} rotated dimensions of a head of {}, not an even number",
                              rope.dims, head_dim));
    rope.dims = 2;
  }

  double factor() { return reader_.needed_number("factor", 1e-3, kMostFactor); }

  /// Beside the other settings, or for Phi-3 at the top of the config, which goes first.
  std::int64_t original_context() {
    const char* key = "original_max_position_embeddings";
    ConfigReader& place = whole_.is_set(key) ? whole_ : reader_;
    return place.integer(key, 1, kMostPositions).value_or(positions_);
  }

  void read_llama3(RopeSpec& rope) {
    rope.factor = factor();
    rope.original_context = original_context();
    rope.low_freq_factor = reader_.needed_number("low_freq_factor", 1e-3, kMostFactor);
    rope.high_freq_factor = reader_.needed_number("high_freq_factor", 1e-3, kMostFactor);
    if (rope.high_freq_factor <= rope.low_freq_factor) {
      reader_.error("high_freq_factor", "is not larger than low_freq_factor");
    }
  }

  void read_yarn(RopeSpec& rope) {
    rope.original_context = original_context();
    rope.factor = reader_.number("factor", 1e-3, kMostFactor).value_or(stretch(rope));
    rope.beta_fast = reader_.number("beta_fast", 1e-3, kMostFactor).value_or(32);
    rope.beta_slow = reader_.number("beta_slow", 1e-3, kMostFactor).value_or(1);
    rope.truncate = reader_.boolean("truncate", true);
    const double mscale = reader_.number("mscale", 0, kMostFactor).value_or(0);
    const double all = reader_.number("mscale_all_dim", 0, kMostFactor).value_or(0);
    const auto magnitude = [&](double by) {
      return rope.factor <= 1 ? 1.0 : 0.1 * by * std::log(rope.factor) + 1;
    };
    const double natural =
        mscale > 0 && all > 0 ? magnitude(mscale) / magnitude(all) : magnitude(1);
    rope.attention_factor = reader_.number("attention_factor", 1e-3, kMostFactor).value_or(natural);
  }

  void read_longrope(RopeSpec& rope) {
    rope.original_context = original_context();
    rope.factor = reader_.number("factor", 1e-3, kMostFactor).value_or(stretch(rope));
    const auto half = static_cast<std::size_t>(rope.dims / 2);
    rope.short_factors = reader_.needed_numbers("short_factor", half, 1e-3, kMostFactor);
    rope.long_factors = reader_.needed_numbers("long_factor", half, 1e-3, kMostFactor);
    const auto original = static_cast<double>(std::max<std::int64_t>(2, rope.original_context));
    const double natural =
        rope.factor <= 1 ? 1 : std::sqrt(1 + std::log(rope.factor) / std::log(original));
    rope.attention_factor = reader_.number("attention_factor", 1e-3, kMostFactor).value_or(natural);
  }

  double stretch(const RopeSpec& rope) const {
    return static_cast<double>(positions_) / static_cast<double>(rope.original_context);
  }

  ConfigReader reader_, whole_;
  const Json& config_;
  std::string path_;
  std::int64_t positions_;
};

Json to_object(const RopeMembers& members) {
  Json out = Json::object();
  for (const auto& [key, value] : members) out.get_ref<Json::object_t&>().emplace_back(key, value);
  return out;
}

void set_contexts(RunSpec& spec) {
  spec.usual_context = spec.context;
  for (const RopeSpec& rope : spec.ropes) {
    if (rope.kind == RopeKind::kYarn) {
      const double stretched = rope.factor * static_cast<double>(rope.original_context);
      spec.context = std::max(spec.context, static_cast<std::int64_t>(stretched));
      spec.usual_context = spec.context;
    } else if (rope.kind == RopeKind::kLongRope) {
      spec.usual_context = std::min(spec.usual_context, rope.original_context);
    }
  }
}

}  // namespace

void read_ropes(const RunTraits& traits, const Json& config, const std::string& file,
                Problems& problems, RunSpec& spec) {
  spec.context = ConfigReader(config, file, "", problems)
                     .needed_integer("max_position_embeddings", 1, kMostPositions);
  const std::map<std::string, RopeMembers> members = rope_members(config);
  const std::string place =
      find_key(config, "rope_parameters") ? "rope_parameters" : "rope_scaling";
  const auto read = [&](const char* kind, const char* theta_key, double theta) {
    const auto own = members.find(kind), common = members.find("");
    const auto found = own != members.end() ? own : common;
    const Json object = found == members.end() ? Json::object() : to_object(found->second);
    std::string path = place;
    if (find_key(config, place + "." + kind)) path.append(".").append(kind);
    spec.ropes.push_back(Reader(object, path, config, file, problems, spec.context)
                             .read(theta_key, theta, spec.head_dim));
  };
  read(kFullAttention, "rope_theta", traits.rope_theta);
  if (traits.local_rope_theta > 0) {
    // Without settings of their own the local layers have the plain rotation of their kind.
    if (members.contains(kSlidingAttention)) {
      read(kSlidingAttention, "rope_local_base_freq", traits.local_rope_theta);
    } else {
      spec.ropes.push_back({.dims = spec.ropes[0].dims, .theta = traits.local_rope_theta});
    }
    for (LayerSpec& layer : spec.layers) layer.rope = layer.window > 0 ? 1 : 0;
  }
  set_contexts(spec);
}

}  // namespace mod::arch
