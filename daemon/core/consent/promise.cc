// The half of Consent that says what is to be pledged.
#include <algorithm>

#include "daemon/core/consent/consent.h"
#include "proto/limits.h"

namespace p2pchat {

bool Consent::is_agreed(const std::vector<Seat>& quorum, const ChangeId& change) const {
  const auto votes = votes_.find(change);
  if (votes == votes_.end()) return false;
  return std::all_of(quorum.begin(), quorum.end(), [&](const Seat& seat) {
    const auto vote = votes->second.find(seat);
    return vote != votes->second.end() && vote->second;
  });
}

// What is in the stage's own value has been agreed to: it is certified.
bool Consent::is_wanted(const Stage& stage, const Roster& base, const Value& value) const {
  const std::vector<Seat> quorum = base.quorum(value);
  const bool sit = std::any_of(quorum.begin(), quorum.end(),
                               [&](const Seat& seat) { return seat.peer == self_; });
  if (!sit) return false;
  const bool follows = &base == &stage.roster;
  if (follows && !value.knocks.empty() && !liars(base).empty()) return false;
  const bool comers_agreed =
      !follows || std::all_of(value.knocks.begin(), value.knocks.end(),
                              [&](const Knock& knock) { return is_agreed(quorum, knock.id); });
  return comers_agreed &&
         std::all_of(value.evictions.begin(), value.evictions.end(), [&](const Eviction& eviction) {
           const auto& known = stage.value;
           const bool is_certified =
               !follows && std::find(known->evictions.begin(), known->evictions.end(), eviction) !=
                               known->evictions.end();
           return is_certified || is_agreed(quorum, eviction.id());
         });
}

bool Consent::may_pledge(const std::vector<Stage>& stages, const Value& value) const {
  return std::any_of(stages.begin(), stages.end(), [&](const Stage& stage) {
    const Roster* base = base_of(stage, value);
    return base != nullptr && base->check(value) && is_wanted(stage, *base, value);
  });
}

Round Consent::highest_seen(const std::vector<Stage>& stages) const {
  Round highest;
  for (const auto& [who, rounds] : pledges_) {
    const Seat& seat = who;
    const bool sits = std::any_of(stages.begin(), stages.end(),
                                  [&](const Stage& stage) { return stage.roster.holds(seat); });
    if (!sits || seat.peer == self_ || is_voted_out(seat)) continue;
    for (const auto& [round, pledges] : rounds) {
      // Below, so that one more round can be opened above it.
      if (round.value < floor().value + kRoundLeapMax) highest = std::max(highest, round);
    }
  }
  return highest;
}

Consent::ValuePointer Consent::preferred(const std::vector<Stage>& stages, Round round) const {
  ValuePointer best;
  Hash lowest;
  for (const auto& [seat, rounds] : pledges_) {
    const auto pledged = rounds.find(round);
    if (pledged == rounds.end()) continue;
    const Hash hash =
        Hasher("p2pchat proposer").add(seat.peer).add(roster().value()).add(round.value).finish();
    for (const Pledge& pledge : pledged->second) {
      const auto value = values_.find(pledge.value);
      if (value == values_.end() || !may_pledge(stages, *value->second)) continue;
      if (best != nullptr && hash >= lowest) continue;
      best = value->second;
      lowest = hash;
    }
  }
  return best;
}

bool Consent::is_voted_out(const Seat& seat) const {
  return std::any_of(evictions_.begin(), evictions_.end(), [&](const auto& it) {
    const auto& seats = it.second.seats;
    const auto votes = votes_.find(it.first);
    if (votes == votes_.end() || std::find(seats.begin(), seats.end(), seat) == seats.end()) {
      return false;
    }
    return std::any_of(votes->second.begin(), votes->second.end(),
                       [&](const auto& vote) { return vote.first.peer == self_ && vote.second; });
  });
}

bool Consent::is_contested(Round round) const {
  return std::any_of(pledges_.begin(), pledges_.end(), [&](const auto& it) {
    const auto pledged = it.second.find(round);
    return pledged != it.second.end() &&
           std::any_of(pledged->second.begin(), pledged->second.end(),
                       [&](const Pledge& pledge) { return pledge.value != last_; });
  });
}

// Somebody has pledged above the round in which my last value is certified, and something that
// does not go on from it: so it has not decided it.
bool Consent::is_left_behind() const {
  if (tip_.value == nullptr) return false;
  return std::any_of(pledges_.begin(), pledges_.end(), [&](const auto& it) {
    if (!roster().holds(it.first) || it.second.rbegin()->first <= tip_.round) return false;
    return std::any_of(it.second.rbegin()->second.begin(), it.second.rbegin()->second.end(),
                       [&](const Pledge& pledge) {
                         const auto value = values_.find(pledge.value);
                         return value == values_.end() || base_of(tip_, *value->second) == nullptr;
                       });
  });
}

std::optional<Value> Consent::proposal(const std::vector<Stage>& stages, Round round) const {
  const Stage* base = &stages[0];
  for (const Stage& stage : stages) {
    if (stage.round >= base->round) base = &stage;
  }
  // In turns, because either way may need somebody who says nothing any more.
  const bool widens_first = round.value % 2 == 0;
  auto better = improved(*base, widens_first);
  if (!better) better = improved(*base, !widens_first);
  if (better) return better;
  if (base != &stages[0] || is_left_behind()) {
    if (may_pledge(stages, *base->value)) return *base->value;
  }
  return std::nullopt;
}

std::optional<Value> Consent::improved(const Stage& stage, bool widening) const {
  if (widening && stage.value == nullptr) return std::nullopt;
  const Roster& roster = widening ? stage.before : stage.roster;
  Value next;
  if (widening) {
    next = *stage.value;
  } else {
    next.room = roster.room();
    next.height = roster.height() + 1;
    next.previous = roster.value();
  }
  add_goers(roster, next);
  if (!widening) add_comers(roster, next);
  next.seal();
  if (widening && next.id == stage.value->id) return std::nullopt;
  const bool fits = roster.check(next) && is_wanted(stage, roster, next);
  return fits ? std::optional(std::move(next)) : std::nullopt;
}

void Consent::add_goers(const Roster& roster, Value& next) const {
  std::set<Seat> going;
  for (const Leave& leave : next.leaves) going.insert(leave.seat);
  for (const Eviction& eviction : next.evictions) {
    going.insert(eviction.seats.begin(), eviction.seats.end());
  }
  const auto goes = [&](const Seat& seat) { return going.contains(seat); };
  for (const auto& [seat, leave] : leaves_) {
    if (!roster.holds(seat) || goes(seat) || next.leaves.size() == kChangesMax) continue;
    next.leaves.push_back(leave);
    going.insert(seat);
  }
  for (const auto& [id, eviction] : evictions_) {
    if (next.evictions.size() == kChangesMax) break;
    const auto& seats = eviction.seats;
    if (std::any_of(seats.begin(), seats.end(), goes)) continue;
    Value with = next;
    with.evictions.push_back(eviction);
    with.seal();
    if (!roster.check(with) || !is_agreed(roster.quorum(with), id)) continue;
    next.evictions.push_back(eviction);
    going.insert(seats.begin(), seats.end());
  }
  for (const Seat& seat : going) {
    const auto leave = leaves_.find(seat);
    const auto head = heads_.find(seat.peer);
    const bool is_told = std::any_of(next.heads.begin(), next.heads.end(), [&](const Head& told) {
      return told.feed.author == seat.peer;
    });
    if (is_told) continue;
    if (leave != leaves_.end() && leave->second.last) {
      next.heads.push_back(*leave->second.last);
    } else if (leave == leaves_.end() && head != heads_.end()) {
      next.heads.push_back(head->second);
    }
  }
}

void Consent::add_comers(const Roster& roster, Value& next) const {
  if (!liars(roster).empty()) return;
  const std::vector<Seat> quorum = roster.quorum(next);
  for (const auto& [id, knock] : knocks_) {
    const bool is_full = quorum.size() + next.knocks.size() >= roster.size_max();
    if (is_full || next.knocks.size() == kChangesMax) break;
    if (roster.may_enter(knock) && is_agreed(quorum, id)) next.knocks.push_back(knock);
  }
}

Consent::Step Consent::advance(bool is_late) {
  Step step;
  step.decided = decide();
  if (has_forgotten_) return step;
  const std::vector<Stage>& stages = reach();
  const auto promise = [&](Round round, const Value& value) {
    if (round.value > floor().value + kRoundLeapMax || !may_pledge(stages, value)) return;
    step.promise = Promise{round, value};
  };
  const Round seen = highest_seen(stages);
  if (seen > floor()) {
    if (const ValuePointer value = preferred(stages, seen)) {
      promise(seen, *value);
    } else if (is_late) {
      if (const auto own = proposal(stages, seen.next())) promise(seen.next(), *own);
    }
    return step;
  }
  const bool is_under_way = high_ > tip_.round;
  const Round next = floor().next();
  const auto own = proposal(stages, next);
  if (!own) return step;
  const bool is_tip = tip_.value != nullptr && own->id == tip_.value->id;
  if (!is_under_way) {
    if (!is_tip) promise(next, *own);
  } else if (is_late && own->id != last_) {
    promise(next, *own);
  } else if (is_late && is_contested(high_)) {
    // We know the same and want different things: the hash decides.
    const ValuePointer value = preferred(stages, high_);
    promise(next, value == nullptr ? *own : *value);
  }
  return step;
}

bool Consent::waits() const { return high_ > tip_.round || highest_seen(reach()) > floor(); }

}  // namespace p2pchat
