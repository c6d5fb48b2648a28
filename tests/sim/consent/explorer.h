// Explorer: every way in which the members of one room can decide, tried out.
//
// Honest members run the production Consent. Everything that anybody has ever
// signed may reach any of them at any moment, in any order, or never; time may
// pass for one and not for another. Some members lie: they sign any value in any
// round, and show each signature to whom they please. States that are alike are
// visited once.
//
// In each state it checks that what two honest members have decided goes on from
// one another, and that nobody has taken a decision back. If `heals`, it also lets
// everything honest arrive from there, with the liars silent from then on and voted
// out by the others, and expects all honest members to end with the same roster.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace p2pchat::sim {

struct Setting {
  std::size_t honest = 2;
  std::size_t liars = 1;
  std::size_t candidates = 2;    // Whom all have said yes to.
  std::uint64_t rounds = 3;      // Beyond which nobody pledges any more.
  std::uint64_t heights = 1;     // Values that may follow one another.
  bool evicts = false;           // All honest members want the first liar to go, from the start.
  bool withholds_votes = false;  // The liars' votes, too, arrive at some and not at others.
  bool heals = false;
  std::size_t states_max = 0;  // 0: all.
};

struct Explored {
  std::size_t states = 0;
  std::size_t decided = 0;  // States in which somebody has decided something.
  std::size_t forks = 0;
  std::size_t rollbacks = 0;
  std::size_t stuck = 0;
  bool is_complete = false;
  std::string first_trouble;  // What led to it.
};

Explored explore(const Setting& setting);

}  // namespace p2pchat::sim
