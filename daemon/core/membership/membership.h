// Membership: one room of many, as somebody who is in it, or is about to be.
//
// It holds the room's genesis, what I have decided of its roster, and Consent
// about what comes next. What members sign comes in as objects, from links, from
// the rendezvous or from my door; what I say of it goes out at the end of the
// turn: stored first, then told to every linked member. A person says yes or no
// through vote(); pledging needs no person.
//
// A membership begins in one of three ways: I found the room; the store
// remembers it; or I wish to join, and have seen its genesis. In the last case
// nothing is stored until I have decided a value that lets me in.
//
// Pure; owned by Memberships. Bounded by Consent, and by the chain of decisions.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/core/action.h"
#include "daemon/core/consent/consent.h"
#include "daemon/core/counters.h"
#include "daemon/core/room/room.h"
#include "daemon/core/turn.h"
#include "proto/standing.h"

namespace p2pchat {

class Membership {
 public:
  // What people are told, beside what they can ask for.
  struct News {
    enum class What : std::uint8_t {
      knocked,    // `who` wishes to come.
      proposed,   // The eviction of `who` is voted on.
      came,       // `who` is a member now.
      went,       // `who` is none any more.
      entered,    // I am a member now.
      put_out,    // I am none any more, because the others have said so.
      lied,       // `who` has signed what contradicts itself.
      forgotten,  // I have pledged what I do not remember.
      closed,     // The creator has closed the room.
      left_out,   // The others go on without me, and I am bound to something else.
      apart,      // `who` and I have decided what can never go together.
    };
    What what;
    std::vector<PeerId> who;
    std::string note;
  };

  // `name`: as listed here. As one who wishes to be in.
  Membership(const Genesis& genesis, std::string name, const PeerId& self);
  static Result<Membership> restore(const MembershipState& stored, const PeerId& self);
  // I am its creator: it is stored with the next end of turn.
  void found() { is_stored_ = is_record_due_ = is_changed_ = true; }

  // What somebody has signed. `from`: over whose link it came.
  void take(const Turn& turn, const Object& object, const std::optional<PeerId>& from);
  // My own knock, as I remember it. A seat by another one is of a life that I have forgotten.
  void expect(const ChangeId& knock);
  // I have gone, and the others let me in again: what they have decided may be something else than
  // what I took for my going, so I follow them from the genesis on, as any newcomer.
  // What I have pledged in the seat of `knock` is not forgotten.
  void begin_anew(const ChangeId& knock);
  // As it is to be listed here; until I am in.
  void rename(std::string name) { record_.name = std::move(name); }
  // A knock at my door: taken in, or refused with the reason.
  Result<void> knocked(const Turn& turn, const Knock& knock);
  // My user's word. It is final.
  Result<void> vote(const Turn& turn, const PeerId& candidate, bool yes, const std::string& note);
  Result<void> evict(const Turn& turn, const std::vector<PeerId>& members, const std::string& note);
  // I go; `last` is my newest post.
  void leave(const Turn& turn, const std::optional<Head>& last);
  // Requires that I am the creator, and a member.
  void close(const Turn& turn);
  // What I hold of the posts of somebody who may have to go.
  void learn(const PeerId& member, const Consent::Holding& holding) {
    is_changed_ |= consent_.learn(member, holding);
  }
  // The rendezvous may lack what is not settled; or, once, all that was decided.
  void post_again();
  void post_chain();

  // A member, or whoever shows me the room, tells how far it is: answered when the turn ends.
  void receive(const PeerId& peer, const link::Roll& roll);
  link::Roll roll() const;
  // Decides, pledges, stores, and tells `linked`. The sides of links are Node's to choose.
  Actions end_turn(const Turn& turn, const std::set<PeerId>& linked,
                   const std::set<PeerId>& auto_vote);
  TimePoint deadline() const;
  // What people and the rendezvous are to be told since the last call.
  std::vector<News> take_news() { return std::exchange(news_, {}); }
  std::vector<Object> take_posted() { return std::exchange(posted_, {}); }

  // --- Queries ---
  const RoomRecord& record() const { return record_; }
  const RoomId& room() const { return record_.genesis.room; }
  const Consent& consent() const { return consent_; }
  const Roster& roster() const { return consent_.roster(); }
  // I am a member, have not left, and the room is not closed.
  bool is_in() const { return sits() && !left_ && !is_closed_; }
  // The same, or I have left and others do not know it yet, or the room is closed: they may still
  // need what I hold.
  bool sits() const { return is_stored_ && !is_left_out_ && roster().seat_of(self_).has_value(); }
  bool has_left() const { return left_.has_value(); }
  // I am out for good: no links are needed any more.
  bool is_over() const;
  bool is_kept() const { return is_stored_; }
  // What others have decided can never be decided here.
  bool is_apart() const { return !shown_apart_.empty(); }
  // It may see what members sign here.
  bool concerns(const PeerId& peer) const;
  // It was a member, and may see by what it went.
  bool has_gone(const PeerId& peer) const {
    return is_stored_ && !roster().seat_of(peer) && roster().gone_at(peer) != 0;
  }
  Sitting sitting() const;
  // Whom I have pledged to let in may be in by now, and post above this.
  std::optional<Stamp> coming_from() const { return coming_from_; }
  // As it stood in the knock that let it in; nothing of the creator.
  const Card* card_of(const PeerId& member) const;
  std::optional<Knock> knock_of(const PeerId& candidate) const;
  // How a candidate is answered that asks.
  State state_of(const Knock& knock) const;
  std::uint64_t voted_on(const ChangeId& change) const;
  // I have said yes to it, and nobody no.
  bool is_for(const Eviction& eviction) const;
  const std::vector<StoredDecision>& chain() const { return chain_; }
  // Everything that is not settled, and my chain up to a peer's, for one who is behind.
  std::vector<Object> objects_for(const PeerId& peer, const link::Roll& roll) const;
  const Counters& counters() const { return counters_; }

 private:
  using Members = std::map<PeerId, ChangeId>;
  struct Told {
    Object object;
    std::optional<PeerId> from;
  };

  void learn(const Object& object, const std::optional<PeerId>& from);
  bool is_timely(const Turn& turn, const Knock& knock);
  void say(Kind kind, const Bytes& raw);
  Vote signed_vote(const Turn& turn, const ChangeId& change, bool yes,
                   const std::string& note) const;
  std::optional<bool> own_vote(const ChangeId& change) const;
  void follow_policy(const Turn& turn, const std::set<PeerId>& auto_vote);
  void drop_expired(const Turn& turn);
  Actions settle(const Turn& turn);
  Actions decided(const Turn& turn, const std::vector<Consent::Decision>& decisions,
                  const Members& before);
  // From now on it is stored.
  void keep(bool is_gone);
  void beware(const ChangeId& admission);
  void note_change(const Members& before);
  void remember_comers();
  Actions end_in_vain();
  Actions pledge(const Turn& turn, const Consent::Promise& promise);
  void tell_decided(const Turn& turn);
  void look_for_news();
  // What is known and not settled is stored, and what is settled is dropped.
  Actions keep_pool();
  Actions answer_rolls(const Turn& turn);
  bool is_proof(const Object& object) const;
  // `is_reminded`: everybody is told again how far I am.
  Actions spread(const std::set<PeerId>& linked, bool is_reminded);
  Round allowed(TimePoint now) const;

  RoomRecord record_;
  PeerId self_;
  Consent consent_;
  bool is_stored_ = false;
  bool is_changed_ = false;  // Something is to be decided, stored or told.
  bool is_record_due_ = false;
  bool is_closed_ = false;
  bool is_chain_posted_ = false;
  std::optional<Leave> left_;            // My own.
  std::optional<StoredPledge> pledged_;  // My last.
  std::optional<Stamp> coming_from_;     // See coming_from().
  ChangeId expected_;
  std::vector<StoredDecision> chain_;
  std::vector<Told> told_;                  // To be told to members at the end of this turn,
  std::vector<Object> posted_;              // and to the rendezvous;
  std::vector<News> news_;                  // and to people.
  std::map<PeerId, link::Roll> rolls_;      // To be answered,
  std::map<PeerId, TimePoint> knocked_at_;  // New knocks of the last half minute.
  std::set<Seat> leavers_;                  // Who has said that it goes.
  std::map<PeerId, TimePoint> rolled_;      // not before.
  std::map<PeerId, TimePoint> asked_;       // When I may ask each again what I lack.
  std::map<Hash, Object> kept_;             // As stored.
  std::set<ChangeId> shown_;                // Knocks and evictions of which people have been told.
  std::set<Seat> shown_liars_;
  std::set<Seat> shown_apart_;
  bool is_left_out_ = false;
  std::map<ChangeId, TimePoint> proposed_;        // Since when an eviction is known.
  std::optional<Bytes> close_;                    // The creator's, as it was signed.
  ValueId told_decided_;                          // Of the Decided that I have signed last.
  TimePoint patience_ends_ = TimePoint::never();  // Of the round that is under way.
  TimePoint chores_due_ = TimePoint::never();     // Expiry and policies.
  TimePoint weary_from_ = TimePoint::never();     // Of waiting for all to hold the same of goers.
  std::optional<TimePoint> began_;                // When rounds began to be counted, and
  Round began_at_;                                // from where.
  Counters counters_;
};

}  // namespace p2pchat
