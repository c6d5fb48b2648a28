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
//      said yes to all its changes. What it says of the last posts of those who go is what I
//      hold of them: so whatever counts is held by everybody in the quorum, and nothing else is.
//   4. I decide what is certified in a round not below my last pledge, with all that
//      it rests on. A decision is never undone.
//   5. While I am new, I decide only what holds a seat of mine, and only once everybody in its
//      quorum who was there before me has said that it has decided it.
//
// Of two certificates that both hold pledges of the same two honest members, the one of
// the later round goes on from whatever either of them decided in the earlier one. So what
// two members decide who are in both quorums always fits together. A newcomer is in no quorum
// of the value that admits it, so it goes by the word of those who are.
//
// The rest is for getting on. I propose what all have said yes to; I join the highest
// round that I see, with the proposal in it that a hash prefers which nobody can choose;
// when a round shows two values, or I know of something better and time has passed, I open
// the next one. What is known spreads, so the proposals become the same. A certified value
// that came too late for me to decide is proposed again; so is my last value, to end above it what
// I have pledged in vain.
//
// Pure, without a clock; owned by Room. Its owner says when time has passed, stores a pledge
// before anybody sees it, and passes on what was news. Somebody whose daemon does not remember
// the knock of a seat of its own tells so with remember_forgotten().
//
// Bounded, beside what Ballots holds: two pledges in each of kRoundsKept rounds (and in that of my
// own last pledge), one Decided, one leave, one fork and one head of each seat; the values that
// these are about and that could be pledged, and kLooseValuesMax others; kChainBytesMax of
// certified ones.
#pragma once

#include <memory>

#include "daemon/core/consent/ballots.h"
#include "proto/fork.h"
#include "proto/object.h"
#include "proto/roster.h"

namespace p2pchat {

class Consent {
 public:
  static constexpr std::size_t kRoundsKept = 8;       // Of each seat, the newest.
  static constexpr std::size_t kLooseValuesMax = 16;  // That nobody pledges; the newest.
  // Rounds so little above my own are joined at once, others when time has passed.
  static constexpr std::uint64_t kRoundsNear = 8;

  Consent(const Genesis& genesis, const PeerId& self);

  // What somebody has signed, decoded and so verified. True if it is news, and so may be for
  // others.
  bool learn(const Knock& knock);
  // Nobody has signed it, so it is no news yet: the first yes to it is, and passes it on.
  bool learn(const Eviction& eviction);
  bool learn(const Vote& vote);
  bool learn(const Leave& leave);
  bool learn(const Value& value);
  // One of my own that I do not remember ends my pledging in this seat: there may be others.
  bool learn(const Pledge& pledge);
  // Needs the value, and what that rests on.
  bool learn(const Certificate& certificate);
  bool learn(const Decided& decided);
  bool learn(const Fork& fork);
  // One of these; fails if it is none, or does not decode.
  Result<bool> learn(const Object& object);
  // What I hold of the posts that somebody has made in its present seat.
  struct Holding {
    std::optional<Head> newest = {};
    bool is_closed = false;         // They are not for me, but
    std::set<PeerId> readers = {};  // for these members, who may hold more.
    bool operator==(const Holding&) const = default;
  };
  // Of who may have to go; true if it has changed.
  bool learn(const PeerId& member, const Holding& holding);
  // A knock that has expired, or an eviction that I do not want any more.
  void forget(const ChangeId& change) { ballots_.forget(change); }

  struct Decision {
    Value value;
    Certificate certificate;
  };
  // What I have decided, in order of height, and what I have pledged last, as they were stored.
  // Fault::damaged, changing nothing, if it does not fit.
  Result<void> remember(const Decision& decision);
  Result<void> remember(const Pledge& pledge, const Value& value);
  // I pledge nothing in this seat.
  void remember_forgotten(const Seat& seat) { forgotten_.insert(seat); }
  // I went, and am let in again: my first seat as the creator lets me decide nothing.
  void come_back() { is_back_ = true; }

  struct Promise {
    Round round;
    Value value;
    Seat seat;  // In which I pledge it.
  };
  struct Step {
    std::vector<Decision> decided;   // In order; the first may widen what was decided last.
    std::optional<Promise> promise;  // To be signed, stored, and given to remember().
  };
  // Decides what can be decided, then says what is to be pledged, if anything. `is_late`: time has
  // passed since something was last pledged or decided here. Nothing is pledged above `allowed`,
  // which grows with the owner's clock, so that nobody is led up faster than others may follow.
  Step advance(bool is_late, Round allowed);
  // Something is under way, for which time must pass if nothing comes.
  bool waits() const;
  // Somebody leaves, or all who stay have said that somebody shall go.
  bool has_goers() const;
  // They have waited long for all to hold the same of them: from now on a value may let them go and
  // say nothing of their posts, so that nobody who holds what others can never have stops the rest.
  void set_weary(bool is_weary) { is_weary_ = is_weary; }
  bool is_weary() const { return is_weary_; }

  // --- Queries ---
  const Roster& roster() const { return *tip().roster; }
  // The highest in which the last value that I have decided is certified.
  Round round() const { return tip().round; }
  // What I may tell others of my last decision, unsigned; nothing while I am no member.
  std::optional<Decided> own_decided() const;

  std::vector<Knock> knocks() const;
  // The evictions that somebody wants, of those who sit here now; and one of them, or one that
  // was set aside.
  std::vector<Eviction> evictions() const;
  std::optional<Eviction> eviction(const ChangeId& change) const;
  std::vector<Leave> leaves() const;
  // How each seat has voted about a change.
  std::map<Seat, bool> votes(const ChangeId& change) const;
  // The no that has ended a knock, if one has, and it is not too long ago.
  std::optional<Vote> refusal(const ChangeId& change) const;
  // All knocks that have been ended so.
  std::vector<Object> refused() const { return ballots_.refused(); }

  // All that is known and not yet settled, to be passed on to whoever may lack it.
  std::vector<Value> values() const;
  std::vector<Pledge> pledges() const;
  // After what they rest on; with that of my last value.
  std::vector<Certificate> certificates() const;
  std::vector<Decided> decideds() const;
  // All of it, in an order in which another Consent can learn it.
  std::vector<Object> objects() const;
  // Alike for two members that know the same, to find out whether they do.
  Hash pool() const;

  // Members that have signed what contradicts itself: while there are any, nobody is let in.
  std::set<Seat> liars() const { return liars(roster()); }
  // Those of them of whom I hold a proof that they have signed two histories of a feed.
  std::set<PeerId> forkers() const;
  // A seat of mine in which I pledge nothing any more, the present one if I sit in it.
  std::optional<Seat> forgotten() const;
  // The others go on without me, and I cannot decide that.
  bool is_put_out() const;
  // Whoever sits in my last roster, in the one before, or where certified values lead to.
  std::set<PeerId> circle() const;
  // What I pledge next is pledged in a round above it.
  Round floor() const;
  // Members that have decided what can never go together with my last value.
  std::set<Seat> apart() const;
  // It was signed in the seat of the creator, who still sits in it.
  bool may_close(const Close& close) const;
  // Two alike behave alike, as long as nothing is dropped for being too much.
  Hash digest() const;

 private:
  using ValuePointer = std::shared_ptr<const Value>;
  using RosterPointer = std::shared_ptr<const Roster>;
  // A roster, by certified values.
  struct Stage {
    RosterPointer before;
    ValuePointer value;  // Nothing: the genesis, and `before` is `roster`.
    RosterPointer roster;
    Round round;         // The highest in which the value is certified.
    std::size_t parent;  // What it follows; the tip, if it widens that.
  };
  struct Held {
    ValuePointer value;
    std::uint64_t arrival;
  };
  struct Base {
    std::size_t stage;
    RosterPointer roster;
  };

  // --- What is certified (reach.cc) ---
  const Stage& tip() const { return stages_.front(); }
  std::optional<std::size_t> stage_of(const ValueId& value) const;
  // What `value` would change, if it goes on from the stage; nothing if it does not.
  static RosterPointer base_of(const Stage& stage, const Value& value);
  std::optional<Base> base_of(const Value& value) const;
  // The same, or beside my last value.
  RosterPointer before(const Value& value) const;
  // Takes in this value, if it is certified by now, and what goes on from it.
  void weigh(const ValueId& id);
  // The highest round in which it is certified.
  Round certify(const Roster& before, const Value& value);
  Round pledged_by_all(const std::vector<Seat>& quorum, const ValueId& value) const;
  bool is_too_much(const Value& value, const Certificate& certificate) const;
  std::size_t best() const;
  bool may_decide(std::size_t stage) const;
  bool has_decided(const Seat& seat, std::size_t stage) const;
  std::vector<std::size_t> path_to(std::size_t stage) const;
  std::vector<Decision> decide();
  void settle_on(Stage stage);

  // --- What is kept (pool.cc) ---
  bool sits_anywhere(const Seat& seat) const;
  std::set<Seat> seats_anywhere(const PeerId& peer) const;
  void hold(const Value& value);
  void drop_loose();
  std::set<ValueId> pledged_values() const;
  void prune();
  void add(const Pledge& pledge);
  // What it has pledged in this round: one value, or two if it lies.
  std::vector<Pledge> pledged(const Seat& seat, Round round) const;
  bool contradicts(const Pledge& pledge) const;
  // Sees whether it gives its signer away, or me.
  void witness(const Pledge& pledge);
  bool is_covered(const Pledge& pledge) const;

  // --- What is to be pledged (promise.cc) ---
  // The seat in which I may, if I may.
  std::optional<Seat> may_pledge(const Value& value) const;
  bool is_wanted(const Stage& stage, const Roster& base, const Value& value) const;
  bool is_agreed(const Stage& stage, const Roster& base, const Value& value) const;
  bool is_held(const Stage& stage, const Roster& base, const Value& value) const;
  bool is_held(const Leave& leave) const;
  // Somebody in the quorum may hold more of its posts than I may.
  bool is_for_others(const std::vector<Seat>& quorum, const Seat& goer) const;
  // The value that the hash prefers among those pledged in this round that I may pledge.
  ValuePointer preferred(Round round) const;
  std::optional<Value> proposal(Round round) const;
  std::optional<Value> improved(const Stage& stage, Round round, bool widening) const;
  void add_goers(const Roster& roster, Round round, Value& next) const;
  void add_heads(const std::set<Seat>& settled, Value& next) const;
  // I propose nothing of the posts of those who go.
  bool is_lenient(Round round) const;
  void add_comers(const Roster& roster, Value& next) const;
  // The highest round in which a member has pledged.
  Round highest_seen(Round below) const;
  bool is_contested(Round round) const;
  bool is_left_behind() const;
  bool is_in_vain() const;
  std::set<Seat> liars(const Roster& roster) const;

  PeerId self_;
  Seat creator_;
  std::vector<Stage>
      stages_;    // My last value, and then whatever certified ones lead to from there.
  Round high_;    // Of my last pledge, and
  ValueId last_;  // its value.
  bool is_back_ = false;
  bool is_weary_ = false;
  std::set<Seat> forgotten_;  // In which I pledge nothing: somebody holds what I do not remember.
  Ballots ballots_;
  // Who has voted both ways, pledged two values in a round, or forked a feed.
  std::set<Seat> two_faced_;
  std::map<Seat, Fork> forks_;  // One of each is proof enough.
  std::map<Seat, Leave> leaves_;
  std::map<PeerId, Holding> holdings_;  // Of members, and of those whom my last value let go.
  std::map<ValueId, Held> values_;
  std::uint64_t arrivals_ = 0;
  std::map<Seat, std::map<Round, std::vector<Pledge>>> pledges_;
  std::map<ValueId, Certificate> certificates_;  // Verified; of the highest round.
  std::map<Seat, Decided> decideds_;             // The newest of each.
};

}  // namespace p2pchat
