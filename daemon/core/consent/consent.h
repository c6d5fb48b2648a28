// Consent: what one member of a room may pledge, and what it has decided.
//
// The members of a room agree on a chain of values, each a change of the roster
// (proto/roster.h). A value that everybody in its quorum has pledged in one
// round is certified. These rules keep any two members together, whoever else
// lies:
//
//   1. My rounds only rise: one pledge in a round, for ever.
//   2. What I pledge goes on from what I have decided: it comes after it, or it is my
//      last value again, or it widens that one, so that more go.
//   3. It rests on certified values only; I am in its quorum, and everybody in it has
//      said yes to all its changes.
//   4. I decide what is certified in a round not below my last pledge, with all that
//      it rests on. A decision is never undone.
//
// Of two certificates that both hold pledges of the same two honest members, the one of
// the later round goes on from whatever either of them decided in the earlier one. So what
// two members decide who are in both quorums always fits together.
//
// The rest is for getting on. I propose what all have said yes to; I join the highest
// round that I see, with the proposal in it that a hash prefers which nobody can choose;
// when a round shows two values, or I know of something better and time has passed, I open
// the next one. What is known spreads, so the proposals become the same. A certified value
// that came too late for me to decide is proposed again.
//
// Pure, without a clock; owned by Room. Its owner says when time has passed, stores a pledge
// before anybody sees it, and passes on what was news. Bounded by the limits named below.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "proto/roster.h"

namespace p2pchat {

class Consent {
 public:
  static constexpr std::size_t kKnocksMax = 32;       // That wait; one of each candidate.
  static constexpr std::size_t kEvictionsMax = 32;    // That wait.
  static constexpr std::size_t kRoundsKept = 64;      // Of each seat, the newest.
  static constexpr std::size_t kLooseValuesMax = 32;  // That nobody has pledged yet.

  Consent(const Genesis& genesis, const PeerId& self);

  // What somebody has signed, decoded and so verified. True if it is news, and so may be for
  // others.
  bool learn(const Knock& knock);
  bool learn(const Eviction& eviction);
  bool learn(const Vote& vote);
  bool learn(const Leave& leave);
  bool learn(const Value& value);
  // One of my own that I do not remember ends my pledging under this seat: there may be others.
  bool learn(const Pledge& pledge);
  // All its pledges. Needs the value, and what that rests on.
  bool learn(const Certificate& certificate);
  // The newest post of somebody who may have to go.
  void learn(const Head& head);

  struct Decision {
    Value value;
    Certificate certificate;
  };
  // What I have decided, in order, and what I have pledged, as they were stored.
  void remember(const Decision& decision);
  void remember(const Pledge& pledge, const Value& value);

  struct Promise {
    Round round;
    Value value;
  };
  struct Step {
    std::vector<Decision> decided;   // In order; the first may widen what was decided last.
    std::optional<Promise> promise;  // To be signed, stored, and given to remember().
  };
  // Decides what can be decided, then says what is to be pledged, if anything. `is_late`: time has
  // passed since something was last pledged or decided here.
  Step advance(bool is_late);
  // Something is under way, for which time must pass if nothing comes.
  bool waits() const;

  // --- Queries ---
  const Roster& roster() const { return tip_.roster; }
  std::vector<Knock> knocks() const;
  // All that is known and not yet settled, to be passed on to whoever may lack it.
  std::vector<Value> values() const;
  std::vector<Pledge> pledges() const;
  // How each seat has voted about a change.
  std::map<Seat, bool> votes(const ChangeId& change) const;
  // Members that have signed what contradicts itself: while there are any, nobody is let in.
  std::set<Seat> liars() const { return liars(roster()); }
  bool has_forgotten() const { return has_forgotten_; }
  // Two alike behave alike.
  Hash digest() const;

 private:
  using ValuePointer = std::shared_ptr<const Value>;
  // A roster, by certified values.
  struct Stage {
    Roster before;
    ValuePointer value;  // Nothing: the genesis, and `before` is `roster`.
    Roster roster;
    Round round;         // The highest in which the value is certified.
    std::size_t parent;  // In what reach() answers.
  };

  // The tip, and whatever certified values lead to from there. Valid until something is learnt.
  const std::vector<Stage>& reach() const;
  Round certified_in(const Roster& before, const Value& value) const;
  Certificate certificate(const Roster& before, const Value& value, Round round) const;
  std::vector<Decision> decide();
  void settle_on(Stage stage);
  void prune();

  // What `value` would change, if it goes on from this stage; nothing if it does not.
  static const Roster* base_of(const Stage& stage, const Value& value);
  bool may_pledge(const std::vector<Stage>& stages, const Value& value) const;
  bool is_wanted(const Stage& stage, const Roster& base, const Value& value) const;
  bool is_agreed(const std::vector<Seat>& quorum, const ChangeId& change) const;

  // The value that the hash prefers among those pledged in this round that I may pledge.
  ValuePointer preferred(const std::vector<Stage>& stages, Round round) const;
  std::optional<Value> proposal(const std::vector<Stage>& stages, Round round) const;
  std::optional<Value> improved(const Stage& stage, bool widening) const;
  void add_goers(const Roster& roster, Value& next) const;
  void add_comers(const Roster& roster, Value& next) const;
  // The highest round above my own in which a member has pledged.
  Round highest_seen(const std::vector<Stage>& stages) const;
  bool is_contested(Round round) const;
  // I have voted for its eviction: what it says opens no rounds for me.
  bool is_voted_out(const Seat& seat) const;
  bool is_left_behind() const;
  // What I pledge next is pledged in a round above it.
  Round floor() const { return std::max(high_, tip_.round); }
  std::set<Seat> liars(const Roster& roster) const;
  // What it has pledged in this round: one value, or two if it lies.
  std::vector<Pledge> pledged(const Seat& seat, Round round) const;
  bool sits_anywhere(const Seat& seat) const;
  void add(const Pledge& pledge);

  PeerId self_;
  Stage tip_;
  Round high_;    // Of my last pledge, and
  ValueId last_;  // its value.
  bool has_forgotten_ = false;
  std::map<ChangeId, Knock> knocks_;
  std::map<ChangeId, Eviction> evictions_;
  std::map<ChangeId, std::map<Seat, bool>> votes_;  // No, if somebody has said both.
  std::set<Seat> two_faced_;  // Who has voted both ways, or pledged two values in a round.
  std::map<Seat, Leave> leaves_;
  std::map<PeerId, Head> heads_;  // Of members, and of those whom my last value let go.
  std::map<ValueId, ValuePointer> values_;
  std::map<Seat, std::map<Round, std::vector<Pledge>>> pledges_;
  mutable std::vector<Stage> reach_;  // Empty: to be found anew.
};

}  // namespace p2pchat
