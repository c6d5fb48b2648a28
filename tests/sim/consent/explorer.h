// Explorer: every way in which the members of one room can decide, tried out.
//
// Honest members and candidates run the production Consent. Everything that anybody has
// ever signed may reach any of them at any moment, in any order, or never; time may
// pass for one and not for another. Some members lie: they sign any value in any
// round, say that they have decided whatever suits them, and show each signature to
// whom they please. States that are alike are visited once.
//
// In each state it checks that what two honest members have decided who list each other
// goes on from one another; that nobody has taken a decision back; that nobody is in whom an
// honest member of the quorum has not said yes to; and that an honest old member has decided
// whatever a newcomer has. If `heals`, it also lets everything honest arrive from
// there, with the liars silent from then on and voted out by the others, and expects all who
// are in to end with the same roster.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace p2pchat::sim {

struct Setting {
  std::size_t honest = 2;
  std::size_t liars = 1;
  std::size_t candidates = 2;     // Honest; whom all have said yes to.
  std::uint64_t rounds = 3;       // Beyond which nobody pledges any more.
  std::uint64_t heights = 1;      // Values that may follow one another.
  bool evicts = false;            // All honest want the first liar to go, from the start.
  bool withholds_votes = false;   // The liars' votes, too, arrive at some and not at others.
  bool has_unwanted = false;      // The last honest member says nothing about the last candidate.
  bool are_new = false;           // All but the creator came by the last value.
  bool has_certificates = false;  // Certificates, too, reach some and not others.
  bool heals = false;
  std::size_t states_max = 0;  // 0: all.
};

struct Explored {
  std::size_t states = 0;
  std::size_t decided = 0;   // States in which somebody has decided something.
  std::size_t admitted = 0;  // States in which a candidate has.
  std::size_t forks = 0;
  std::size_t rollbacks = 0;
  std::size_t intruders = 0;  // In a roster, without the yes of an honest member.
  std::size_t phantoms = 0;   // Newcomers who have decided what no honest old member has.
  std::size_t stuck = 0;
  bool is_complete = false;
  std::string first_trouble;  // What led to it.
};

Explored explore(const Setting& setting);

}  // namespace p2pchat::sim
