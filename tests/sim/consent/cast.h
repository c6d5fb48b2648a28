// Cast: who is in a room that is explored, and what they have signed before it begins.
#pragma once

#include <vector>

#include "daemon/core/consent/consent.h"
#include "tests/sim/consent/explorer.h"

namespace p2pchat::sim {

// Old honest members come first, then liars, then candidates.
struct Cast {
  explicit Cast(const Setting& setting);

  std::size_t old() const { return honest + liars; }
  std::size_t size() const { return seats.size(); }
  bool is_liar(std::size_t who) const { return who >= honest && who < old(); }
  bool is_candidate(std::size_t who) const { return who >= old(); }
  // The last honest one has never said yes to it.
  bool is_unwanted(std::size_t who) const { return has_unwanted && who + 1 == size(); }
  bool says_yes(std::size_t who, const Knock& knock) const;
  const Identity& identity(std::size_t who) const { return identities.at(who); }
  Vote vote(std::size_t who, const ChangeId& change) const;
  // What all old members have decided: its height, and in which round it is certified.
  std::uint64_t height() const { return founding.size(); }
  std::uint64_t round() const { return founding.size(); }

  std::size_t honest;
  std::size_t liars;
  bool has_unwanted;
  Genesis genesis;
  std::vector<Seat> seats;
  std::vector<Identity> identities;
  std::vector<Consent::Decision> founding;
  std::vector<Knock> knocks;
  Eviction eviction;  // Of the first liar.

 private:
  Roster found(const Roster& roster, Value value);
};

// What follows `roster` and changes nothing yet.
Value next_of(const Roster& roster);

}  // namespace p2pchat::sim
