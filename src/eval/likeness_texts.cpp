#include "eval/likeness_texts.h"

#include <algorithm>

#include "base/hash.h"
#include "eval/item_prompt.h"
#include "io/file.h"

namespace mod::eval {
namespace {

using Json = nlohmann::ordered_json;

struct Reply {
  const Item* item = nullptr;
  const std::string* text = nullptr;
};

/// Those that say something, in the order of the data.
std::vector<Reply> replies_of(const TaskData& data, const Cell& cell) {
  std::vector<Reply> replies;
  auto item = data.items.begin();
  for (const ItemResult& result : cell.items) {
    item = std::find_if(item, data.items.end(), [&](const Item& i) { return i.id == result.id; });
    if (item == data.items.end()) break;
    if (!result.response.empty()) replies.push_back({&*item, &result.response});
  }
  return replies;
}

struct WholeText {
  LikenessText text;
  std::size_t prompt = 0;  // tokens; at least 1

  std::size_t reply() const { return text.ids.size() - std::min(prompt, text.ids.size()); }
};

std::vector<WholeText> whole_texts(const EvalSettings& settings, std::span<const TaskData> data,
                                   const EvalModel& model, const Row& row) {
  std::size_t generating = 0;
  for (const Task& task : settings.tasks) generating += task.is_multiple_choice() ? 0 : 1;
  const text::Tokenizer& tokenizer = model.bundle.need_tokenizer();
  const std::size_t longest = model.engine->longest_text();
  std::vector<WholeText> texts;
  for (std::size_t t = 0; t < settings.tasks.size(); ++t) {
    const Task& task = settings.tasks[t];
    const Cell* cell = row.find(task.name);
    if (cell == nullptr || task.is_multiple_choice()) continue;
    const std::vector<Reply> replies = replies_of(data[t], *cell);
    const std::size_t most = std::max<std::size_t>(1, kMostLikenessTexts / generating);
    for (const std::size_t i : evenly_spread(replies.size(), most)) {
      const Item& item = *replies[i].item;
      WholeText whole{{task.name, item.id, {}, {}}, 0};
      whole.text.ids = make_item_prompt(model.bundle, ask_item(task, data[t], item),
                                        {task.begin_token, settings.apply_chat_template})
                           .ids;
      whole.prompt = whole.text.ids.size();
      const auto reply = tokenizer.encode(*replies[i].text, false);
      whole.text.ids.insert(whole.text.ids.end(), reply.begin(), reply.end());
      if (whole.text.ids.size() > longest) whole.text.ids.resize(longest);
      if (whole.reply() > 0) texts.push_back(std::move(whole));
    }
  }
  return texts;
}

/// Chooses `count` places; what comes after the last is not read.
void choose_places(WholeText& whole, std::size_t count) {
  for (const std::size_t i : evenly_spread(whole.reply(), count)) {
    whole.text.places.push_back(whole.prompt - 1 + i);
  }
  if (!whole.text.places.empty()) whole.text.ids.resize(whole.text.places.back() + 1);
}

Json texts_json(const LikenessTexts& texts) {
  Json list = Json::array();
  for (const LikenessText& text : texts.texts) {
    list.push_back(
        {{"task", text.task}, {"item", text.item}, {"ids", text.ids}, {"places", text.places}});
  }
  return list;
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::vector<std::size_t> evenly_spread(std::size_t n, std::size_t count) {
  count = std::min(n, count);
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back((2 * i + 1) * n / (2 * count));
  return out;
}

LikenessTexts choose_likeness_texts(const EvalSettings& settings, std::span<const TaskData> data,
                                    const ModelInfo& info, const EvalModel& model, const Row& row) {
  LikenessTexts out;
  out.source = info.argument;
  std::vector<WholeText> all = whole_texts(settings, data, model, row);
  const std::size_t row_bytes = model.engine->vocabulary() * sizeof(float);
  const std::size_t most =
      std::clamp<std::size_t>(kMostLikenessBytes / row_bytes, 1, kMostLikenessPositions);
  for (std::size_t i = 0; i < all.size(); ++i) {
    choose_places(all[i], (i + 1) * most / all.size() - i * most / all.size());
    if (all[i].text.places.empty()) continue;
    out.positions += all[i].text.places.size();
    out.texts.push_back(std::move(all[i].text));
  }
  out.fingerprint = sha256_hex(dump(texts_json(out)));
  return out;
}

void write_likeness_texts(const LikenessTexts& texts, const std::filesystem::path& file) {
  const Json json = {{"source", texts.source},
                     {"positions", texts.positions},
                     {"fingerprint", texts.fingerprint},
                     {"texts", texts_json(texts)}};
  io::write_file_atomic(file, dump(json) + "\n");
}

}  // namespace mod::eval
