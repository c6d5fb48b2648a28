// Ballots: what the members of a room vote on, and how each has voted.
//
// A knock waits until a member says no, which ends it. An eviction is not signed,
// so it is only set aside until a member wants it, and counts as that member's from
// then on: nobody can fill the table for the others. Whoever has said yes and no
// has said no.
//
// Pure; owned by Consent, which has seen that votes are of this room and of people
// who sit there. Bounded: kKnocksMax knocks, kRefusedMax refusals, kOfferedMax
// evictions set aside, kEvictionsOfSeatMax open ones of each seat and
// kEvictionsOfSelfMax of mine; two votes of each seat on each of these.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "proto/object.h"
#include "proto/roster.h"

namespace p2pchat {

class Ballots {
 public:
  static constexpr std::size_t kKnocksMax = 32;  // One of each candidate.
  static constexpr std::size_t kRefusedMax = 64;
  // Refusals by myself, and votes of mine on what is gone: once one is forgotten I might say the
  // contrary of the same, and be taken for a liar.
  static constexpr std::size_t kOwnMax = 1024;
  static constexpr std::size_t kOfferedMax = 32;
  static constexpr std::size_t kEvictionsOfSeatMax = 4;
  static constexpr std::size_t kEvictionsOfSelfMax = 16;

  // What one seat has said about one change.
  struct Said {
    std::optional<Vote> yes;
    std::optional<Vote> no;

    bool is_yes() const { return yes && !no; }
  };
  struct Refusal {
    Knock knock;
    Said said;  // By the one who said no.
  };
  using OfChange = std::map<Seat, Said>;

  explicit Ballots(const PeerId& self) : self_(self) {}

  // True if it is news. An eviction that nobody wants yet is none.
  bool learn(const Knock& knock);
  void offer(const Eviction& eviction);
  // `roster` says whose no ends a knock.
  bool learn(const Vote& vote, const Roster& roster);
  void forget(const ChangeId& change);
  // Drops what can come to nothing any more.
  struct Still {
    std::function<bool(const Knock&)> may_enter;
    std::function<bool(const Seat&)> sits;
  };
  void prune(const Roster& roster, const Still& still);

  // --- Queries ---
  const std::map<ChangeId, Knock>& knocks() const { return knocks_; }
  std::map<ChangeId, Eviction> evictions() const;
  // Open, or set aside.
  std::optional<Eviction> eviction(const ChangeId& change) const;
  const Refusal* refusal(const ChangeId& change) const;
  std::vector<Object> refused() const;
  const OfChange& votes(const ChangeId& change) const;
  bool is_agreed(const std::vector<Seat>& quorum, const ChangeId& change) const;
  bool is_two_faced(const Seat& seat, const ChangeId& change) const;
  // I want it to go.
  bool is_voted_out(const Seat& seat) const;
  // Knocks, evictions and votes, so that another can learn them one after the other.
  std::vector<Object> objects() const;
  // Of all of it; and of what members have in common once they have heard the same.
  void add_digest(Hasher& hasher) const;
  void add_pool(Hasher& hasher) const;

 private:
  struct Open {
    Eviction eviction;
    Seat of;  // Who wanted it first, as far as I know.
  };
  static bool record(OfChange& votes, const Vote& vote);
  bool recall(const Vote& vote);
  bool refuse(const ChangeId& change, const Seat& seat);
  void open_offered(const ChangeId& change);
  bool has_room(const Seat& seat) const;
  bool is_known(const ChangeId& change) const;

  PeerId self_;
  std::map<ChangeId, Knock> knocks_;
  std::map<ChangeId, Open> evictions_;
  std::deque<Eviction> offered_;                       // The oldest first.
  std::deque<std::pair<ChangeId, Refusal>> refusals_;  // The oldest first.
  std::map<ChangeId, OfChange> votes_;                 // On all but what was refused.
  std::map<ChangeId, Vote> own_;  // My own, on what I do not hold, or not any more.
};

}  // namespace p2pchat
