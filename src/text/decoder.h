// The stages that make text of tokens again. They run as a stream: tokens go in one by one, and
// text comes out as soon as what follows cannot change it. Decoding at once is the same stream, so
// both give the same text.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/config_node.h"
#include "text/growth.h"

namespace mod::text {

/// One running stage. It is handed a list of tokens, each in any number of parts, and hands a list
/// on. Parts are whole characters.
class DecoderRun {
 public:
  virtual ~DecoderRun() = default;
  virtual void text(std::string_view part) = 0;
  virtual void end_token() = 0;
  /// No token follows.
  virtual void finish() = 0;
};

/// Bytes in and bytes that Replace wrote, of one running chain; see growth.h.
struct DecodeBudget {
  std::size_t read = 0, written = 0;

  void write(std::size_t bytes) {
    written += bytes;
    if (written > growth_limit(read)) throw_growth();
  }
};

/// A stage. Immutable; thread-safe.
class Decoder {
 public:
  virtual ~Decoder() = default;
  /// Starts it; both must outlive what is returned.
  virtual std::unique_ptr<DecoderRun> start(DecoderRun& next, DecodeBudget& budget) const = 0;
  /// Changes one token to what it stands for in the middle of a text, as far as that is known
  /// without its neighbours; the result need not be UTF-8.
  virtual void to_bytes(std::string& token) const { (void)token; }
};

using DecoderChain = std::vector<std::unique_ptr<Decoder>>;

/// The stages that `node`, the `decoder` of a tokenizer.json, describes; for null one that joins
/// tokens with spaces. Understood: ByteFallback, ByteLevel, Fuse, Metaspace, Replace, Sequence,
/// Strip. Throws Error(kUnsupported) for others, kCorruptFile for wrong values.
DecoderChain read_decoders(const ConfigNode& node);

/// What transformers calls clean_up_tokenization: " ." becomes "." and so on.
void add_clean_up(DecoderChain& chain);

}  // namespace mod::text
