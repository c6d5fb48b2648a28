// The half of Consent that says what is to be pledged.
#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "daemon/core/consent/consent.h"
#include "proto/limits.h"

namespace p2pchat {
namespace {

// What the lists and ids around the changes of a value take at most, and each head, and each bin.
constexpr std::size_t kFrameBytes = 128;
constexpr std::size_t kHeadBytes = 96;
constexpr std::size_t kBinBytes = 5;

// At most so many bytes when it is sealed, with a head of everybody who goes.
std::size_t bytes_of(const Value& value) {
  std::size_t bytes = kFrameBytes;
  std::size_t going = value.leaves.size();
  for (const Knock& knock : value.knocks) bytes += knock.raw.size() + kBinBytes;
  for (const Leave& leave : value.leaves) bytes += leave.raw.size() + kBinBytes;
  for (const Eviction& eviction : value.evictions) {
    bytes += eviction.encode().size() + kBinBytes;
    going += eviction.seats.size();
  }
  return bytes + std::max(going, value.heads.size()) * kHeadBytes;
}

bool is_small(const Value& value) {
  return value.knocks.size() <= kChangesMax && value.evictions.size() <= kChangesMax &&
         value.leaves.size() <= kChangesMax && bytes_of(value) <= kValueBytesMax;
}

// Those of who sits here, by id; every second round begins with the next one. Of two that cannot go
// together one may need the pledge of somebody who is silent, so each has its turn.
std::vector<Eviction> in_turn(const std::map<ChangeId, Eviction>& evictions, const Roster& roster,
                              Round round) {
  std::vector<Eviction> all;
  for (const auto& [id, eviction] : evictions) {
    const auto& seats = eviction.seats;
    const bool all_sit = std::all_of(seats.begin(), seats.end(),
                                     [&](const Seat& seat) { return roster.holds(seat); });
    if (all_sit) all.push_back(eviction);
  }
  if (all.empty()) return all;
  const auto first = static_cast<std::ptrdiff_t>(round.value / 2 % all.size());
  std::rotate(all.begin(), all.begin() + first, all.end());
  return all;
}

std::set<Seat> goers(const Value& value) {
  std::set<Seat> going;
  for (const Leave& leave : value.leaves) going.insert(leave.seat);
  for (const Eviction& eviction : value.evictions) {
    going.insert(eviction.seats.begin(), eviction.seats.end());
  }
  return going;
}

}  // namespace

// --- What I may pledge ---

bool Consent::is_wanted(const Stage& stage, const Roster& base, const Value& value) const {
  return is_agreed(stage, base, value) && is_held(stage, base, value);
}

// What is in the stage's own value has been agreed to: it is certified.
bool Consent::is_agreed(const Stage& stage, const Roster& base, const Value& value) const {
  const std::vector<Seat> quorum = base.quorum(value);
  const bool sit = std::any_of(quorum.begin(), quorum.end(), [&](const Seat& seat) {
    return seat.peer == self_ && !forgotten_.contains(seat);
  });
  if (!sit) return false;
  const bool follows = &base == stage.roster.get();
  if (follows && !value.knocks.empty() && !liars(base).empty()) return false;
  const bool comers_agreed =
      !follows || std::all_of(value.knocks.begin(), value.knocks.end(), [&](const Knock& knock) {
        return ballots_.is_agreed(quorum, knock.id);
      });
  return comers_agreed &&
         std::all_of(value.evictions.begin(), value.evictions.end(), [&](const Eviction& eviction) {
           const auto& known = stage.value;
           const bool is_certified =
               !follows && std::find(known->evictions.begin(), known->evictions.end(), eviction) !=
                               known->evictions.end();
           return is_certified || ballots_.is_agreed(quorum, eviction.id());
         });
}

bool Consent::is_held(const Stage& stage, const Roster& base, const Value& value) const {
  const bool follows = &base == stage.roster.get();
  const std::set<Seat> settled = follows ? std::set<Seat>{} : goers(*stage.value);
  std::map<PeerId, Head> heads;
  for (const Head& head : value.heads) heads[head.feed.author] = head;
  const std::vector<Seat> quorum = base.quorum(value);
  const auto end_of = [&](const Seat& seat) {
    const auto head = heads.find(seat.peer);
    return head == heads.end() ? std::nullopt : std::optional(head->second);
  };
  const auto is_known_end = [&](const Seat& seat) {
    if (is_weary_ && !end_of(seat)) return true;
    if (forks_.contains(seat)) return !end_of(seat);
    if (is_for_others(quorum, seat)) return end_of(seat).has_value();
    const auto holding = holdings_.find(seat.peer);
    return end_of(seat) == (holding == holdings_.end() ? std::nullopt : holding->second.newest);
  };
  const bool ends_are_known =
      std::all_of(value.evictions.begin(), value.evictions.end(), [&](const Eviction& eviction) {
        return std::all_of(eviction.seats.begin(), eviction.seats.end(), [&](const Seat& seat) {
          return settled.contains(seat) || is_known_end(seat);
        });
      });
  return ends_are_known &&
         std::all_of(value.leaves.begin(), value.leaves.end(), [&](const Leave& leave) {
           if (settled.contains(leave.seat)) return true;
           if (is_weary_ && !end_of(leave.seat)) return true;
           if (forks_.contains(leave.seat)) return !end_of(leave.seat);
           return end_of(leave.seat) == leave.last && is_held(leave);
         });
}

bool Consent::is_held(const Leave& leave) const {
  if (!leave.last || forks_.contains(leave.seat)) return true;
  const auto holding = holdings_.find(leave.seat.peer);
  if (holding == holdings_.end() || !holding->second.newest) return false;
  const Head& newest = *holding->second.newest;
  if (newest.feed != leave.last->feed) return false;
  return holding->second.is_closed || newest.number > leave.last->number || newest == *leave.last;
}

bool Consent::is_for_others(const std::vector<Seat>& quorum, const Seat& goer) const {
  const auto holding = holdings_.find(goer.peer);
  return holding != holdings_.end() &&
         std::any_of(quorum.begin(), quorum.end(),
                     [&](const Seat& seat) { return holding->second.readers.contains(seat.peer); });
}

std::optional<Seat> Consent::may_pledge(const Value& value) const {
  for (const Stage& stage : stages_) {
    const RosterPointer base = base_of(stage, value);
    if (base != nullptr && base->check(value) && is_wanted(stage, *base, value)) {
      return base->seat_of(self_);
    }
  }
  return std::nullopt;
}

// --- What others have pledged ---

Round Consent::floor() const {
  Round floor = high_;
  for (const Stage& stage : stages_) floor = std::max(floor, stage.round);
  return floor;
}

Round Consent::highest_seen(Round below) const {
  Round highest;
  for (const auto& [who, rounds] : pledges_) {
    const Seat& seat = who;
    const bool sits = std::any_of(stages_.begin(), stages_.end(),
                                  [&](const Stage& stage) { return stage.roster->holds(seat); });
    // Whom I have voted out opens no rounds for me any more.
    if (!sits || seat.peer == self_ || ballots_.is_voted_out(seat)) continue;
    const auto above = rounds.lower_bound(below);
    if (above != rounds.begin()) highest = std::max(highest, std::prev(above)->first);
  }
  return highest;
}

Consent::ValuePointer Consent::preferred(Round round) const {
  ValuePointer best;
  Hash lowest;
  for (const auto& [seat, rounds] : pledges_) {
    const auto pledged = rounds.find(round);
    if (pledged == rounds.end()) continue;
    const Hash hash =
        Hasher("p2pchat proposer").add(seat.peer).add(roster().value()).add(round.value).finish();
    for (const Pledge& pledge : pledged->second) {
      const auto held = values_.find(pledge.value);
      if (held == values_.end() || !may_pledge(*held->second.value)) continue;
      const bool is_worse = std::pair(hash, pledge.value) >=
                            std::pair(lowest, best == nullptr ? ValueId{} : best->id);
      if (best != nullptr && is_worse) continue;
      best = held->second.value;
      lowest = hash;
    }
  }
  return best;
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
// does not go on from it: so it has not decided it. Perhaps that value let it go.
bool Consent::is_left_behind() const {
  if (tip().value == nullptr) return false;
  return std::any_of(pledges_.begin(), pledges_.end(), [&](const auto& it) {
    const bool sits = roster().holds(it.first) || tip().before->holds(it.first);
    if (!sits || it.second.empty() || it.second.rbegin()->first <= round()) return false;
    const std::vector<Pledge>& newest = it.second.rbegin()->second;
    return std::any_of(newest.begin(), newest.end(), [&](const Pledge& pledge) {
      const auto held = values_.find(pledge.value);
      return held == values_.end() || base_of(tip(), *held->second.value) == nullptr;
    });
  });
}

// What I have pledged I would not pledge again: somebody whom it lets in has knocked too long ago,
// or has been refused since. Once my last value is certified above, it never comes.
bool Consent::is_in_vain() const {
  const auto last = values_.find(last_);
  if (high_ <= round() || last == values_.end()) return false;
  const Value& value = *last->second.value;
  return value.previous == roster().value() && !is_agreed(tip(), roster(), value);
}

// --- What I propose ---

std::optional<Value> Consent::proposal(Round round) const {
  const auto rank = [](const Stage& stage) {
    return std::tuple(stage.round, stage.roster->height(), stage.roster->value());
  };
  const auto base = std::max_element(
      stages_.begin(), stages_.end(),
      [&](const Stage& lower, const Stage& higher) { return rank(lower) < rank(higher); });
  // In turns, because either way may need somebody who says nothing any more.
  const bool widens_first = round.value % 2 == 0;
  auto better = improved(*base, round, widens_first);
  if (!better) better = improved(*base, round, !widens_first);
  if (better) return better;
  const bool is_missed = base != stages_.begin() || is_left_behind() || is_in_vain();
  if (is_missed && base->value != nullptr && may_pledge(*base->value)) return *base->value;
  return std::nullopt;
}

std::optional<Value> Consent::improved(const Stage& stage, Round round, bool widening) const {
  if (widening && stage.value == nullptr) return std::nullopt;
  const Roster& roster = widening ? *stage.before : *stage.roster;
  Value next;
  if (widening) {
    next = *stage.value;
  } else {
    next.room = roster.room();
    next.height = roster.height() + 1;
    next.previous = roster.value();
  }
  add_goers(roster, round, next);
  if (!widening) add_comers(roster, next);
  if (!is_small(next)) return std::nullopt;
  next.seal();
  if (widening && next.id == stage.value->id) return std::nullopt;
  const bool fits = roster.check(next) && is_wanted(stage, roster, next);
  return fits ? std::optional(std::move(next)) : std::nullopt;
}

void Consent::add_goers(const Roster& roster, Round round, Value& next) const {
  // How far these count is agreed already.
  const std::set<Seat> settled = goers(next);
  std::set<Seat> going = settled;
  const auto goes = [&](const Seat& seat) { return going.contains(seat); };
  for (const auto& [seat, leave] : leaves_) {
    if (!roster.holds(seat) || goes(seat)) continue;
    if (!is_held(leave) && !is_lenient(round)) continue;
    next.leaves.push_back(leave);
    if (is_small(next)) {
      going.insert(seat);
    } else {
      next.leaves.pop_back();
    }
  }
  for (const Eviction& eviction : in_turn(ballots_.evictions(), roster, round)) {
    const auto& seats = eviction.seats;
    if (std::any_of(seats.begin(), seats.end(), goes)) continue;
    next.evictions.push_back(eviction);
    const std::vector<Seat> quorum = roster.quorum(next);
    // Who cannot tell how far the posts of those count leaves it to others to say so.
    const bool is_open =
        is_lenient(round) || std::none_of(seats.begin(), seats.end(), [&](const Seat& seat) {
          return is_for_others(quorum, seat);
        });
    const bool is_agreed = is_open && ballots_.is_agreed(quorum, eviction.id());
    if (is_small(next) && is_agreed && roster.check(next)) {
      going.insert(seats.begin(), seats.end());
    } else {
      next.evictions.pop_back();
    }
  }
  if (!is_lenient(round)) add_heads(settled, next);
}

bool Consent::is_lenient(Round round) const {
  constexpr std::uint64_t kEvery = 4;
  return is_weary_ && round.value % kEvery == 0;
}

void Consent::add_heads(const std::set<Seat>& settled, Value& next) const {
  for (const Leave& leave : next.leaves) {
    const bool counts = leave.last && !forks_.contains(leave.seat);
    if (counts && !settled.contains(leave.seat)) next.heads.push_back(*leave.last);
  }
  for (const Eviction& eviction : next.evictions) {
    for (const Seat& seat : eviction.seats) {
      const auto holding = holdings_.find(seat.peer);
      const bool is_known = holding != holdings_.end() && !forks_.contains(seat);
      if (settled.contains(seat) || !is_known) continue;
      if (holding->second.newest) next.heads.push_back(*holding->second.newest);
    }
  }
}

void Consent::add_comers(const Roster& roster, Value& next) const {
  if (!liars(roster).empty()) return;
  const std::vector<Seat> quorum = roster.quorum(next);
  for (const auto& [id, knock] : ballots_.knocks()) {
    if (quorum.size() + next.knocks.size() >= roster.size_max()) break;
    if (!roster.may_enter(knock) || !ballots_.is_agreed(quorum, id)) continue;
    next.knocks.push_back(knock);
    if (!is_small(next)) next.knocks.pop_back();
  }
}

Consent::Step Consent::advance(bool is_late, Round allowed) {
  Step step;
  step.decided = decide();
  const auto promise = [&](Round round, const Value& value) {
    const auto seat = may_pledge(value);
    if (round <= allowed && seat) step.promise = Promise{round, value, *seat};
  };
  // Below, so that one more round can be opened above it.
  const Round near{floor().value + kRoundsNear + 1};
  const Round seen = highest_seen(is_late ? allowed : std::min(allowed, near));
  if (seen > floor()) {
    if (const ValuePointer value = preferred(seen)) {
      promise(seen, *value);
    } else if (is_late) {
      if (const auto own = proposal(seen.next())) promise(seen.next(), *own);
    }
    return step;
  }
  const bool is_under_way = high_ > round();
  Round next = floor().next();
  auto own = proposal(next);
  const bool is_stuck = is_under_way && is_late && own && own->id == last_;
  if (is_stuck || (!own && is_weary_)) {
    // It has come to nothing so far; perhaps another way does not, in a round of its own.
    for (Round later = next.next(); later <= Round{next.value + kRoundsNear};
         later = later.next()) {
      auto other = proposal(later);
      if (!other || other->id == last_) continue;
      next = later;
      own = std::move(other);
      break;
    }
  }
  if (!own) return step;
  const bool is_tip = tip().value != nullptr && own->id == tip().value->id;
  if (!is_under_way) {
    if (!is_tip) promise(next, *own);
  } else if (is_late && own->id != last_) {
    promise(next, *own);
  } else if (is_late && is_contested(high_)) {
    // We know the same and want different things: the hash decides.
    const ValuePointer value = preferred(high_);
    promise(next, value == nullptr ? *own : *value);
  }
  return step;
}

bool Consent::has_goers() const {
  const bool has_leaver = std::any_of(leaves_.begin(), leaves_.end(),
                                      [&](const auto& it) { return roster().holds(it.first); });
  const std::vector<Eviction> evictions = this->evictions();
  return has_leaver ||
         std::any_of(evictions.begin(), evictions.end(), [&](const Eviction& eviction) {
           Value value;
           value.evictions = {eviction};
           return ballots_.is_agreed(roster().quorum(value), eviction.id());
         });
}

bool Consent::waits() const {
  constexpr Round kAny{std::numeric_limits<std::uint64_t>::max()};
  return high_ > round() || highest_seen(kAny) > floor();
}

}  // namespace p2pchat
