#include "proto/roster.h"

#include <algorithm>
#include <set>

namespace p2pchat {
namespace {

tl::unexpected<Error> refused(std::string text) { return fail(Fault::refused, std::move(text)); }

std::set<Seat> evicted_by(const Value& value) {
  std::set<Seat> seats;
  for (const Eviction& eviction : value.evictions) {
    seats.insert(eviction.seats.begin(), eviction.seats.end());
  }
  return seats;
}

std::set<Seat> left_by(const Value& value) {
  std::set<Seat> seats;
  for (const Leave& leave : value.leaves) seats.insert(leave.seat);
  return seats;
}

bool includes(const std::set<Seat>& wider, const std::set<Seat>& seats) {
  return std::includes(wider.begin(), wider.end(), seats.begin(), seats.end());
}

}  // namespace

Roster::Roster(const Genesis& genesis)
    : room_(genesis.room),
      size_max_(genesis.size),
      value_(genesis_value(genesis.room)),
      members_{{genesis.creator, genesis_change(genesis.room)}} {}

bool Roster::holds(const Seat& seat) const {
  const auto it = members_.find(seat.peer);
  return it != members_.end() && it->second == seat.admission;
}

std::optional<Seat> Roster::seat_of(const PeerId& peer) const {
  const auto it = members_.find(peer);
  if (it == members_.end()) return std::nullopt;
  return Seat{it->first, it->second};
}

bool Roster::may_enter(const Knock& knock) const {
  return !members_.contains(knock.card.id) && knock.after == gone_at(knock.card.id);
}

std::uint64_t Roster::gone_at(const PeerId& peer) const {
  const auto it = gone_.find(peer);
  return it == gone_.end() ? 0 : it->second;
}

Result<void> Roster::check(const Value& next) const {
  if (next.room != room_ || next.previous != value_ || next.height != height_ + 1) {
    return refused("it does not follow");
  }
  if (next.knocks.empty() && next.evictions.empty() && next.leaves.empty()) {
    return refused("it changes nothing");
  }
  const std::set<Seat> evicted = evicted_by(next);
  const std::set<Seat> left = left_by(next);
  std::size_t evictions = 0;
  for (const Eviction& eviction : next.evictions) evictions += eviction.seats.size();
  const auto sits = [&](const Seat& seat) { return holds(seat); };
  if (!std::all_of(evicted.begin(), evicted.end(), sits) ||
      !std::all_of(left.begin(), left.end(), sits)) {
    return refused("somebody goes who is not there");
  }
  const std::size_t staying = quorum(next).size();
  if (staying + evictions + left.size() != members_.size()) {
    return refused("somebody goes twice");
  }
  const std::size_t present = members_.size() - left.size();
  if (staying == 0 || (!evicted.empty() && staying * 2 <= present)) {
    return refused("too few stay");
  }
  if (staying + next.knocks.size() > size_max_) return refused("the room is full");
  std::set<PeerId> coming;
  for (const Knock& knock : next.knocks) {
    if (!may_enter(knock) || !coming.insert(knock.card.id).second) {
      return refused("somebody comes twice");
    }
  }
  std::set<PeerId> last;
  for (const Head& head : next.heads) {
    const auto seat = seat_of(head.feed.author);
    const bool goes = seat && (evicted.contains(*seat) || left.contains(*seat));
    if (!goes || !last.insert(head.feed.author).second) return refused("a last post of nobody");
  }
  return {};
}

std::vector<Seat> Roster::quorum(const Value& next) const {
  const std::set<Seat> evicted = evicted_by(next);
  const std::set<Seat> left = left_by(next);
  std::vector<Seat> seats;
  for (const auto& [peer, admission] : members_) {
    const Seat seat{peer, admission};
    if (!evicted.contains(seat) && !left.contains(seat)) seats.push_back(seat);
  }
  return seats;
}

Roster Roster::after(const Value& next) const {
  Roster roster = *this;
  roster.height_ = next.height;
  roster.value_ = next.id;
  roster.members_.clear();
  for (const auto& [peer, admission] : members_) roster.gone_[peer] = next.height;
  for (const Seat& seat : quorum(next)) {
    roster.members_[seat.peer] = seat.admission;
    roster.gone_.erase(seat.peer);
  }
  for (const Knock& knock : next.knocks) {
    roster.members_[knock.card.id] = knock.id;
  }
  return roster;
}

bool Roster::is_certified(const Value& next, const Certificate& certificate) const {
  const std::vector<Seat> seats = quorum(next);
  if (certificate.room != room_ || certificate.value != next.id ||
      certificate.entries.size() != seats.size()) {
    return false;
  }
  for (std::size_t i = 0; i < seats.size(); ++i) {
    if (!certificate.pledge(i, seats[i]).is_signed()) return false;
  }
  return true;
}

namespace {

// Of everybody who goes by `value`.
bool ends_alike(const Value& wider, const Value& value) {
  std::set<PeerId> goers;
  for (const auto& seats : {evicted_by(value), left_by(value)}) {
    for (const Seat& seat : seats) goers.insert(seat.peer);
  }
  const auto heads_in = [&](const Value& of) {
    std::vector<Head> heads;
    for (const Head& head : of.heads) {
      if (goers.contains(head.feed.author)) heads.push_back(head);
    }
    return heads;
  };
  return heads_in(wider) == heads_in(value);
}

}  // namespace

bool widens(const Value& wider, const Value& value) {
  const auto same_knock = [](const Knock& a, const Knock& b) { return a.id == b.id; };
  return wider.previous == value.previous &&
         std::equal(wider.knocks.begin(), wider.knocks.end(), value.knocks.begin(),
                    value.knocks.end(), same_knock) &&
         includes(evicted_by(wider), evicted_by(value)) &&
         includes(left_by(wider), left_by(value)) && ends_alike(wider, value);
}

}  // namespace p2pchat
