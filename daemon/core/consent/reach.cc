// The half of Consent that knows what is certified, and decides.
#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "daemon/core/consent/consent.h"
#include "proto/limits.h"

namespace p2pchat {

// --- Where values go on ---

std::optional<std::size_t> Consent::stage_of(const ValueId& value) const {
  const auto it = std::find_if(stages_.begin(), stages_.end(), [&](const Stage& stage) {
    return stage.value != nullptr && stage.value->id == value;
  });
  if (it == stages_.end()) return std::nullopt;
  return static_cast<std::size_t>(it - stages_.begin());
}

Consent::RosterPointer Consent::base_of(const Stage& stage, const Value& value) {
  if (value.previous == stage.roster->value()) return stage.roster;
  if (stage.value != nullptr && widens(value, *stage.value)) return stage.before;
  return nullptr;
}

// What widens a stage above the tip follows the one below it, so only the tip is widened.
std::optional<Consent::Base> Consent::base_of(const Value& value) const {
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    if (value.previous == stages_[i].roster->value()) return Base{i, stages_[i].roster};
  }
  if (tip().value != nullptr && widens(value, *tip().value)) return Base{0, tip().before};
  return std::nullopt;
}

Consent::RosterPointer Consent::before(const Value& value) const {
  if (const auto base = base_of(value)) return base->roster;
  if (tip().value == nullptr) return nullptr;
  if (value.previous == tip().value->previous) return tip().before;
  // What my last value widens others may have gone on from.
  const auto held = values_.find(value.previous);
  if (held == values_.end() || !widens(*tip().value, *held->second.value)) return nullptr;
  const Value& narrow = *held->second.value;
  if (!tip().before->check(narrow)) return nullptr;
  return std::make_shared<const Roster>(tip().before->after(narrow));
}

std::vector<std::size_t> Consent::path_to(std::size_t stage) const {
  std::vector<std::size_t> path{stage};
  while (path.back() != 0) path.push_back(stages_[path.back()].parent);
  return path;
}

// --- What is certified ---

Round Consent::pledged_by_all(const std::vector<Seat>& quorum, const ValueId& value) const {
  std::optional<std::set<Round>> rounds;  // In which all so far have pledged it.
  for (const Seat& seat : quorum) {
    const auto of_seat = pledges_.find(seat);
    if (of_seat == pledges_.end()) return {};
    std::set<Round> common;
    for (const auto& [round, pledges] : of_seat->second) {
      const bool has = std::any_of(pledges.begin(), pledges.end(),
                                   [&](const Pledge& pledge) { return pledge.value == value; });
      if (has && (!rounds || rounds->contains(round))) common.insert(round);
    }
    if (common.empty()) return {};
    rounds = std::move(common);
  }
  return rounds ? *rounds->rbegin() : Round{};
}

Round Consent::certify(const Roster& before, const Value& value) {
  const auto known = certificates_.find(value.id);
  const Round certified = known == certificates_.end() ? Round{} : known->second.round;
  const std::vector<Seat> quorum = before.quorum(value);
  const Round round = pledged_by_all(quorum, value.id);
  if (round <= certified) return certified;
  Certificate certificate{value.room, value.id, round, {}};
  for (const Seat& seat : quorum) {
    for (const Pledge& pledge : pledges_.at(seat).at(round)) {
      if (pledge.value == value.id) certificate.entries.push_back({pledge.stamp, pledge.signature});
    }
  }
  if (is_too_much(value, certificate)) return certified;
  certificates_.insert_or_assign(value.id, std::move(certificate));
  return round;
}

// Liars who are in a quorum alone could certify without end.
bool Consent::is_too_much(const Value& value, const Certificate& certificate) const {
  constexpr std::size_t kEntryBytes = 80;
  if (certificates_.contains(value.id)) return false;
  std::size_t bytes = value.raw.size() + certificate.entries.size() * kEntryBytes;
  for (const auto& [id, known] : certificates_) {
    const auto held = values_.find(id);
    if (held != values_.end()) bytes += held->second.value->raw.size();
    bytes += known.entries.size() * kEntryBytes;
  }
  return bytes > kChainBytesMax;
}

void Consent::weigh(const ValueId& id) {
  std::vector<ValueId> open{id};
  while (!open.empty()) {
    const auto held = values_.find(open.back());
    open.pop_back();
    if (held == values_.end()) continue;
    const ValuePointer value = held->second.value;
    if (const auto known = stage_of(value->id)) {
      Stage& stage = stages_[*known];
      stage.round = std::max(stage.round, certify(*stage.before, *value));
      continue;
    }
    const auto base = base_of(*value);
    if (!base || !base->roster->check(*value)) continue;
    const Round round = certify(*base->roster, *value);
    if (round == Round{}) continue;
    const auto after = std::make_shared<const Roster>(base->roster->after(*value));
    stages_.push_back({base->roster, value, after, round, base->stage});
    for (const auto& [next, each] : values_) {
      if (each.value->previous == value->id) open.push_back(next);
    }
  }
}

// --- What is decided ---

bool Consent::has_decided(const Seat& seat, std::size_t stage) const {
  const auto word = decideds_.find(seat);
  if (word == decideds_.end()) return false;
  const auto decided = stage_of(word->second.value);
  if (!decided) return false;
  const std::vector<std::size_t> path = path_to(*decided);
  return std::any_of(path.begin(), path.end(), [&](std::size_t each) {
    return each == stage || (each != 0 && widens(*stages_[each].value, *stages_[stage].value));
  });
}

bool Consent::may_decide(std::size_t stage) const {
  const Stage& next = stages_[stage];
  if (next.round < high_) return false;
  auto seat = next.roster->seat_of(self_);
  if (is_back_ && tip().value == nullptr && (!seat || *seat == creator_)) return false;
  if (!seat) seat = roster().seat_of(self_);
  if (!seat) return false;
  if (tip().before->holds(*seat)) return true;
  // I am new: those who were there before I came know better.
  const std::vector<std::size_t> path = path_to(stage);
  const auto admits = std::find_if(path.begin(), path.end(), [&](std::size_t each) {
    return stages_[each].roster->holds(*seat) && !stages_[each].before->holds(*seat);
  });
  if (admits == path.end()) return false;
  const Roster& elders = *stages_[*admits].before;
  const std::vector<Seat> quorum = next.before->quorum(*next.value);
  return std::all_of(quorum.begin(), quorum.end(), [&](const Seat& each) {
    return !elders.holds(each) || has_decided(each, stage);
  });
}

std::size_t Consent::best() const {
  const auto rank = [&](std::size_t stage) {
    const Stage& each = stages_[stage];
    return std::tuple(each.round, each.value->height, each.value->id);
  };
  std::size_t best = 0;
  for (std::size_t i = 1; i < stages_.size(); ++i) {
    if (may_decide(i) && (best == 0 || rank(i) > rank(best))) best = i;
  }
  return best;
}

std::vector<Consent::Decision> Consent::decide() {
  std::vector<Decision> decided;
  const std::vector<std::size_t> path = path_to(best());
  if (path.size() == 1) return decided;
  for (auto each = std::next(path.rbegin()); each != path.rend(); ++each) {
    const Value& value = *stages_[*each].value;
    decided.push_back({value, certificates_.at(value.id)});
  }
  settle_on(Stage(stages_[path.front()]));
  return decided;
}

void Consent::settle_on(Stage stage) {
  stage.parent = 0;
  stages_ = {std::move(stage)};
  std::erase_if(values_,
                [&](const auto& it) { return it.second.value->height < roster().height(); });
  for (const auto& [id, held] : values_) weigh(id);
  prune();
}

// --- Queries ---

bool Consent::is_put_out() const {
  const auto seat = roster().seat_of(self_);
  if (!seat) return false;
  // What I could have decided, I have: I have pledged too much since, or lack my elders' words.
  const bool is_ahead = std::any_of(stages_.begin(), stages_.end(), [&](const Stage& stage) {
    return !stage.roster->holds(*seat);
  });
  const bool is_beside =
      std::any_of(certificates_.begin(), certificates_.end(), [&](const auto& it) {
        const auto held = values_.find(it.first);
        if (held == values_.end() || base_of(*held->second.value)) return false;
        const RosterPointer base = before(*held->second.value);
        if (base == nullptr || !base->holds(*seat)) return false;
        const std::vector<Seat> quorum = base->quorum(*held->second.value);
        return std::find(quorum.begin(), quorum.end(), *seat) == quorum.end();
      });
  return is_ahead || is_beside;
}

std::set<Seat> Consent::apart() const {
  std::set<Seat> seats;
  if (tip().value == nullptr) return seats;
  for (const auto& [seat, decided] : decideds_) {
    if (!roster().holds(seat)) continue;
    auto held = values_.find(decided.value);
    while (held != values_.end() && held->second.value->height > roster().height()) {
      held = values_.find(held->second.value->previous);
    }
    if (held == values_.end()) continue;
    const Value& other = *held->second.value;
    if (!widens(other, *tip().value) && !widens(*tip().value, other)) seats.insert(seat);
  }
  return seats;
}

}  // namespace p2pchat
