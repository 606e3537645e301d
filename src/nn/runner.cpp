#include "nn/runner.h"

#include <fmt/format.h>

#include <algorithm>

#include "mod/error.h"
#include "nn/pass.h"

namespace mod::nn {
namespace {

/// Bytes of logits that are made at a time, at least for a few rows.
constexpr std::size_t kLogitBytes = 32u << 20;
constexpr std::size_t kLeastLogitRows = 8;

void check_input(const Input& input) {
  if (!input.session) throw Error(ErrorCode::kInternal, "an input without a session");
  const Session& session = *input.session;
  const std::string& name = session.model().name();
  if (input.tokens.empty()) {
    throw Error(ErrorCode::kInvalidInput,
                name + ": no tokens; a text needs at least one token to go on from");
  }
  const auto vocabulary = static_cast<std::int64_t>(session.model().vocabulary());
  for (const Token token : input.tokens) {
    if (token >= 0 && token < vocabulary) continue;
    throw Error(
        ErrorCode::kInvalidInput,
        fmt::format("{}: token {} is outside of its vocabulary of {}", name, token, vocabulary));
  }
  const std::size_t room = session.context() - session.length();
  if (input.tokens.size() <= room) return;
  throw Error(
      ErrorCode::kInvalidInput,
      fmt::format("{}: {} tokens after {} are more than its context of {}; shorten the text, or "
                  "set a larger context (the model was made for {})",
                  name, input.tokens.size(), session.length(), session.context(),
                  session.model().spec().context));
}

void check_inputs(std::span<const Input> inputs) {
  std::vector<const Session*> sessions;
  for (const Input& input : inputs) {
    check_input(input);
    sessions.push_back(input.session);
  }
  std::sort(sessions.begin(), sessions.end(), std::less<>());
  if (std::adjacent_find(sessions.begin(), sessions.end()) != sessions.end()) {
    throw Error(ErrorCode::kInternal, "one session is named by two inputs of a run");
  }
}

/// Inputs whose rows go through the layers together, those of one model side by side.
using Team = std::vector<std::size_t>;

std::vector<Team> make_teams(std::span<const Input> inputs) {
  struct Group {
    const Model* model;
    Team members;
  };
  std::vector<Group> groups;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Model* model = &inputs[i].session->model();
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const Group& g) { return g.model == model; });
    if (group == groups.end()) group = groups.insert(groups.end(), {model, {}});
    group->members.push_back(i);
  }
  std::vector<Team> teams;
  std::vector<const Model*> firsts;
  for (const Group& group : groups) {
    std::size_t team = 0;
    while (team < teams.size() && !Pass::fit_together(*firsts[team], *group.model)) ++team;
    if (team == teams.size()) {
      teams.emplace_back();
      firsts.push_back(group.model);
    }
    teams[team].insert(teams[team].end(), group.members.begin(), group.members.end());
  }
  return teams;
}

/// A row of a pass whose logits are wanted.
struct WantedRow {
  std::size_t row, input, position;
};

}  // namespace

struct Runner::State {
  Context context;
  RunnerOptions options;
  Workspace workspace;

  void run_team(std::span<const Input> inputs, const Team& team, const LogitsSink& sink);
  void run_chunk(std::span<const Input> inputs, const std::vector<std::size_t>& members,
                 const std::vector<Lane>& lanes, const LogitsSink& sink);
  void give_logits(std::span<const WantedRow> wanted, std::span<const Input> inputs, Pass& pass,
                   const LogitsSink& sink);
};

Runner::Runner(const Context& context, const RunnerOptions& options)
    : state_(std::make_unique<State>(State{context, options, {}})) {
  state_->options.chunk = std::max<std::size_t>(1, options.chunk);
}

Runner::~Runner() = default;

const Context& Runner::context() const { return state_->context; }

void Runner::run(std::span<const Input> inputs, const LogitsSink& sink) {
  check_inputs(inputs);
  std::vector<std::size_t> before;
  for (const Input& input : inputs) before.push_back(input.session->length());
  try {
    for (const Team& team : make_teams(inputs)) state_->run_team(inputs, team, sink);
  } catch (...) {
    for (std::size_t i = 0; i < inputs.size(); ++i) inputs[i].session->truncate(before[i]);
    throw;
  }
}

std::span<const float> Runner::append(Session& session, std::span<const Token> tokens) {
  const Input input{&session, tokens, Logits::kLast};
  std::span<const float> last;
  run({&input, 1}, [&last](const LogitsBlock& block) { last = block.row(0); });
  return last;
}

void Runner::State::run_team(std::span<const Input> inputs, const Team& team,
                             const LogitsSink& sink) {
  std::size_t member = 0, taken = 0;  // the next token: which input, which of its tokens
  while (member < team.size()) {
    std::vector<Lane> lanes;
    std::vector<std::size_t> members;
    for (std::size_t room = options.chunk; room > 0 && member < team.size();) {
      const Input& input = inputs[team[member]];
      const std::size_t n = std::min(room, input.tokens.size() - taken);
      lanes.push_back({input.session, input.tokens.subspan(taken, n), input.session->length()});
      members.push_back(team[member]);
      room -= n;
      taken += n;
      if (taken == input.tokens.size()) ++member, taken = 0;
    }
    run_chunk(inputs, members, lanes, sink);
  }
}

void Runner::State::run_chunk(std::span<const Input> inputs,
                              const std::vector<std::size_t>& members,
                              const std::vector<Lane>& lanes, const LogitsSink& sink) {
  for (const Lane& lane : lanes) {
    Session& session = *lane.session;
    session.cache_.reserve(lane.position + lane.tokens.size(), session.context(), lane.position);
  }
  Pass pass(lanes, workspace, context, options.deterministic);
  pass.run();
  std::vector<WantedRow> wanted;
  std::size_t row = 0;
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    const Lane& lane = lanes[i];
    const Input& input = inputs[members[i]];
    const bool is_end =
        lane.tokens.data() + lane.tokens.size() == input.tokens.data() + input.tokens.size();
    for (std::size_t t = 0; t < lane.tokens.size(); ++t, ++row) {
      const bool last = is_end && t + 1 == lane.tokens.size();
      if (input.logits == Logits::kAll || (input.logits == Logits::kLast && last)) {
        wanted.push_back({row, members[i], lane.position + t});
      }
    }
  }
  give_logits(wanted, inputs, pass, sink);
  for (const Lane& lane : lanes) {
    std::vector<Token>& tokens = lane.session->tokens_;
    tokens.insert(tokens.end(), lane.tokens.begin(), lane.tokens.end());
  }
}

void Runner::State::give_logits(std::span<const WantedRow> wanted, std::span<const Input> inputs,
                                Pass& pass, const LogitsSink& sink) {
  const auto model_of = [&](const WantedRow& w) { return &inputs[w.input].session->model(); };
  for (std::size_t first = 0; first < wanted.size();) {
    const Model* model = model_of(wanted[first]);
    const std::size_t vocabulary = model->vocabulary();
    const std::size_t most = std::max(kLeastLogitRows, kLogitBytes / (vocabulary * sizeof(float)));
    std::vector<std::size_t> rows;
    while (rows.size() < most && first + rows.size() < wanted.size() &&
           model_of(wanted[first + rows.size()]) == model) {
      rows.push_back(wanted[first + rows.size()].row);
    }
    float* const out = workspace.logits.reserve(rows.size() * vocabulary);
    pass.logits(rows, out);
    for (std::size_t i = 0; i < rows.size();) {
      const WantedRow& begin = wanted[first + i];
      std::size_t n = 1;
      while (i + n < rows.size() && wanted[first + i + n].input == begin.input) ++n;
      if (sink) sink({begin.input, begin.position, n, vocabulary, out + i * vocabulary});
      i += n;
    }
    first += rows.size();
  }
}

}  // namespace mod::nn
