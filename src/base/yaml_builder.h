// Builds Nodes from yaml-cpp's events; the strict layer of yaml.h lives here.
#pragma once

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/mark.h>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/yaml.h"

namespace mod::yaml {

/// Stands for a tab while the text is searched for tabs outside of quotes and comments. The text
/// itself cannot hold it: control characters are refused before.
inline constexpr char kTabSentinel = '\x01';

/// Throws Error(kInvalidInput): "FILE:LINE:COLUMN: TEXT".
[[noreturn]] void fail_at(const std::string& file, const YAML::Mark& mark, const std::string& text);

class Builder : public YAML::EventHandler {
 public:
  /// `text` is the text that is parsed; all references must outlive the builder.
  Builder(std::string_view text, const std::string& file, const Limits& limits, bool one_document)
      : text_(text), file_(file), limits_(limits), one_document_(one_document) {}

  std::vector<Node> take() { return std::move(documents_); }
  /// Start of the plain scalar or anchor in which a tab sentinel was found.
  const std::optional<YAML::Mark>& tab_mark() const { return tab_mark_; }

  void OnDocumentStart(const YAML::Mark& mark) override;
  void OnDocumentEnd() override;
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override;
  void OnSequenceEnd() override { end_collection(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override;
  void OnMapEnd() override { end_collection(); }
  void OnAnchor(const YAML::Mark& mark, const std::string& name) override;

 private:
  /// What a finished subtree costs when an alias repeats it.
  struct Cost {
    std::size_t nodes = 0;
    std::size_t bytes = 0;
    int depth = 0;
  };
  struct Value {
    Node node;
    Cost cost;
    YAML::Mark mark;
    bool merge_key = false;
  };
  struct Frame {
    Value value;
    YAML::anchor_t anchor = 0;
    bool wants_key = false;
    bool merging = false;      // the pending key is "<<"
    std::string key;           // the pending key
    Place key_place;           // where it stands
    std::vector<Node> merges;  // maps under "<<", nearest last
  };

  Node make_node(const YAML::Mark& mark, Kind kind) const;
  Value scalar(const YAML::Mark& mark, const std::string& tag, const std::string& text);
  void begin_collection(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                        Kind kind);
  void end_collection();
  void resolve_keys(Frame& frame);
  void finish(Value value, YAML::anchor_t anchor);
  void place(Value value);
  void refuse_merge_value(const Value& value) const;
  void take_key(Frame& frame, Value value);
  void add_merge(Frame& frame, Value value);
  void charge(const Cost& cost, const YAML::Mark& mark);
  [[noreturn]] void fail(const YAML::Mark& mark, const std::string& text) const {
    fail_at(file_, mark, text);
  }

  std::string_view text_;
  const std::string& file_;
  const Limits& limits_;
  bool one_document_;
  std::vector<Node> documents_;
  std::vector<Frame> stack_;
  std::map<YAML::anchor_t, Value> anchors_;
  Cost used_;
  std::optional<YAML::Mark> tab_mark_;
};

}  // namespace mod::yaml
