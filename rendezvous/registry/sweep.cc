#include "rendezvous/registry/sweep.h"

#include <algorithm>

#include "proto/limits.h"

namespace p2pchat::rendezvous {
namespace {

bool is_older(WallTime then, Duration age, WallTime now) {
  return now.milliseconds - then.milliseconds >= age.count();
}

void erase_votes_on(const Room& room, const Hash& change, Draft& draft) {
  for (const auto& [position, entry] : room.entries()) {
    if (entry.kind == Kind::vote && entry.about == change) draft.erase(entry);
  }
}

void write_state(const Stand& stand, State state, WallTime now, Draft& draft) {
  Stand next = stand;
  next.standing.state = state;
  next.since = now;
  draft.write(next);
}

bool is_waiting(const Room& room, const Entry& knock) {
  const Stand* stand = room.stand_of(knock.by);
  return stand != nullptr && stand->standing.state == State::waiting &&
         as_hash(stand->standing.admission) == knock.id;
}

// --- Proposals ---

bool is_proposal(const Room& room, const Entry& entry) {
  return entry.kind == Kind::eviction ||
         (entry.kind == Kind::value && !room.is_certified(entry.id));
}

struct Heap {
  std::size_t count = 0;
  std::size_t bytes = 0;
};

// --- What a new roster settles ---

// What remains of what waited, as the roster is after a certified value.
class Settlement {
 public:
  Settlement(const Room& room, const Value& value, Round round)
      : room_(room),
        value_(value),
        round_(round),
        base_(*room.base_of(value)),
        next_(base_.after(value)) {}

  bool stays(const Entry& entry) const {
    switch (entry.kind) {
      case Kind::genesis:
      case Kind::close:
      case Kind::certificate: return true;
      case Kind::value: return room_.is_certified(entry.id) || stays_value(entry.id);
      case Kind::pledge: return stays_pledge(entry);
      case Kind::knock: return !next_.members().contains(entry.by);
      case Kind::eviction: return stays_eviction(entry.id);
      case Kind::vote: return next_.members().contains(entry.by) && stays_change(entry.about);
      case Kind::leave: return stays_member(entry.by);
      case Kind::card:
      case Kind::standing:
      case Kind::decided:
      case Kind::fork: break;
    }
    return false;
  }
  // How `peer` stands afterwards, if it has a seat.
  std::optional<Standing> standing_of(const PeerId& peer) const {
    const auto seat = next_.seat_of(peer);
    if (!seat) return std::nullopt;
    const bool has_left = stays_member(peer) && room_.find(Kind::leave, as_hash(peer)) != nullptr;
    return Standing{room_.genesis().room, seat->admission, has_left ? State::gone : State::member,
                    0};
  }
  const Roster& next() const { return next_; }

 private:
  bool stays_value(const Hash& id) const {
    const auto value = room_.values().find(from_hash<ValueId>(id));
    if (value == room_.values().end()) return false;
    return value->first == value_.id || value->second.previous == value_.id ||
           value->second.previous == base_.value();
  }
  bool stays_pledge(const Entry& pledge) const {
    if (pledge.about == as_hash(value_.id)) return pledge.rank > round_.value;
    return stays_value(pledge.about);
  }
  bool stays_eviction(const Hash& id) const {
    const auto& seats = room_.evictions().at(from_hash<ChangeId>(id)).seats;
    return std::all_of(seats.begin(), seats.end(),
                       [&](const Seat& seat) { return next_.holds(seat); });
  }
  bool stays_change(const Hash& change) const {
    const Entry* knock = room_.find(Kind::knock, change);
    if (knock != nullptr) return stays(*knock);
    const Entry* eviction = room_.find(Kind::eviction, change);
    return eviction != nullptr && stays(*eviction);
  }
  // In the same seat as before.
  bool stays_member(const PeerId& peer) const {
    const auto seat = room_.roster().seat_of(peer);
    return seat && next_.holds(*seat);
  }

  const Room& room_;
  const Value& value_;
  Round round_;
  const Roster& base_;
  Roster next_;
};

}  // namespace

void sweep_knocks_of(const Room& room, const PeerId& candidate, Draft& draft) {
  for (const auto& [id, knock] : room.knocks()) {
    if (knock.card.id != candidate) continue;
    erase_votes_on(room, as_hash(id), draft);
    draft.erase(*room.find(Kind::knock, as_hash(id)));
  }
}

void sweep_member(const Room& room, const PeerId& peer, WallTime now, Draft& draft) {
  const Stand* stand = room.stand_of(peer);
  if (stand == nullptr) return;
  Stand next = *stand;
  next.height = room.roster().height();
  write_state(next, State::gone, now, draft);
}

void sweep_waiting(const Room& room, State state, WallTime now, Draft& draft) {
  for (const auto& [peer, stand] : room.stands()) {
    if (stand.standing.state == State::waiting) write_state(stand, state, now, draft);
  }
}

void sweep_proposals(const Room& room, const PeerId& who, std::size_t bytes, Draft& draft) {
  std::map<PeerId, Heap> heaps;
  Heap all{1, bytes};
  heaps[who] = all;
  std::vector<const Entry*> oldest_first;
  for (const auto& [position, entry] : room.entries()) {
    if (!is_proposal(room, entry)) continue;
    oldest_first.push_back(&entry);
    for (Heap* heap : {&all, &heaps[entry.by]}) {
      ++heap->count;
      heap->bytes += entry.raw.size();
    }
  }
  while (all.count > kProposalsMax || all.bytes > kProposalBytesMax) {
    const bool by_count = all.count > kProposalsMax;
    const auto heaviest =
        std::max_element(heaps.begin(), heaps.end(), [by_count](const auto& a, const auto& b) {
          return by_count ? a.second.count < b.second.count : a.second.bytes < b.second.bytes;
        });
    const auto victim =
        std::find_if(oldest_first.begin(), oldest_first.end(),
                     [&](const Entry* entry) { return entry->by == heaviest->first; });
    if (victim == oldest_first.end()) return;
    for (Heap* heap : {&all, &heaviest->second}) {
      --heap->count;
      heap->bytes -= (*victim)->raw.size();
    }
    erase_votes_on(room, (*victim)->id, draft);
    for (const auto& [position, entry] : room.entries()) {
      if (entry.kind == Kind::pledge && entry.about == (*victim)->id) draft.erase(entry);
    }
    draft.erase(**victim);
    oldest_first.erase(victim);
  }
}

bool sweep_pledges_of(const Room& room, const PeerId& peer, Round round, Draft& draft) {
  const Entry* lowest = nullptr;
  std::size_t count = 0;
  for (const auto& [position, entry] : room.entries()) {
    if (entry.kind != Kind::pledge || entry.by != peer) continue;
    ++count;
    if (lowest == nullptr || entry.rank < lowest->rank) lowest = &entry;
  }
  if (count < kPledgesPerSeatMax) return true;
  if (lowest->rank > round.value) return false;
  draft.erase(*lowest);
  return true;
}

void sweep_newest(const Room& room, Draft& draft) {
  const Hash id = as_hash(room.roster().value());
  for (const Kind kind : {Kind::value, Kind::certificate}) {
    const Entry* entry = room.find(kind, id);
    if (entry != nullptr) draft.erase(*entry);
  }
}

void sweep_settled(const Room& room, const Value& value, Round round, WallTime now, Draft& draft) {
  const Settlement settlement(room, value, round);
  for (const auto& [position, entry] : room.entries()) {
    if (!settlement.stays(entry)) draft.erase(entry);
  }
  std::set<PeerId> concerned;
  for (const auto& [peer, stand] : room.stands()) concerned.insert(peer);
  for (const auto& [peer, admission] : settlement.next().members()) concerned.insert(peer);
  for (const PeerId& peer : concerned) {
    const Stand* stand = room.stand_of(peer);
    const auto standing = settlement.standing_of(peer);
    if (standing && (stand == nullptr || stand->standing != *standing)) {
      draft.write(Stand{peer, *standing, {}, now, value.height});
    }
    if (!standing && stand != nullptr && stand->standing.state == State::member) {
      Stand gone = *stand;
      gone.height = value.height;
      write_state(gone, State::gone, now, draft);
    }
  }
}

// --- Time ---

namespace {

void expire_knocks(const Room& room, WallTime now, Draft& draft) {
  std::vector<const Entry*> ended;  // Oldest first.
  const auto forget = [&](const Entry& knock) {
    erase_votes_on(room, knock.id, draft);
    draft.erase(knock);
  };
  for (const auto& [position, entry] : room.entries()) {
    if (entry.kind != Kind::knock) continue;
    const Knock& knock = room.knocks().at(from_hash<ChangeId>(entry.id));
    const bool waits = is_waiting(room, entry);
    if (knock.expires <= now || is_older(entry.received, kKnockLifetimeMax, now)) {
      if (waits) write_state(*room.stand_of(entry.by), State::expired, now, draft);
      forget(entry);
    } else if (!waits) {
      ended.push_back(&entry);
    }
  }
  for (std::size_t i = 0; i + kKnocksPerRoomMax < ended.size(); ++i) forget(*ended[i]);
}

void expire_stands(const Room& room, WallTime now, Draft& draft) {
  std::vector<const Stand*> farewells;
  for (const auto& [peer, stand] : room.stands()) {
    const State state = stand.standing.state;
    if (state != State::waiting && state != State::member) farewells.push_back(&stand);
  }
  std::sort(farewells.begin(), farewells.end(),
            [](const Stand* a, const Stand* b) { return a->position > b->position; });
  for (std::size_t i = 0; i < farewells.size(); ++i) {
    const bool is_old = is_older(farewells[i]->since, kFarewellLifetime, now);
    if (is_old || i >= kFarewellsPerRoomMax) draft.erase(*farewells[i]);
  }
}

}  // namespace

void draft_expiry(const Room& room, WallTime now, Draft& draft) {
  expire_knocks(room, now, draft);
  expire_stands(room, now, draft);
  for (const auto& [position, entry] : room.entries()) {
    if (entry.kind != Kind::eviction || !is_older(entry.received, kEvictionLifetime, now)) continue;
    erase_votes_on(room, entry.id, draft);
    draft.erase(entry);
  }
}

void draft_removal(const Room& room, Draft& draft) {
  for (const auto& [position, entry] : room.entries()) draft.erase(entry);
  for (const auto& [peer, stand] : room.stands()) draft.erase(stand);
  draft.erase(Touch{room.genesis().room, {}});
}

bool is_over(const Room& room, WallTime now) {
  if (is_older(room.touched(), kRoomLifetime, now)) return true;
  if (!room.is_closed()) return false;
  WallTime end;
  for (const auto& [position, entry] : room.entries()) {
    if (entry.kind == Kind::close || entry.kind == Kind::leave) end = std::max(end, entry.received);
  }
  return is_older(end, kFarewellLifetime, now);
}

}  // namespace p2pchat::rendezvous
