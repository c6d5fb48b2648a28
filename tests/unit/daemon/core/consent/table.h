// Table: a room in which peers 1 to n sit, each with a Consent of its own.
//
// Peer 1 has made the room; it let the others and one more in by its first value, and by the second
// that one left, so that nobody at the table is new. What somebody signs reaches nobody by itself.
#pragma once

#include <algorithm>
#include <gtest/gtest.h>

#include "daemon/core/consent/consent.h"
#include "proto/limits.h"
#include "tests/unit/samples.h"

namespace p2pchat {

constexpr Round kAllowed{kRoundLeapMax};

using List = std::initializer_list<std::uint8_t>;

inline Knock knock_of(const RoomId& room, std::uint8_t who, std::int64_t expires = 1000,
                      std::uint64_t after = 0) {
  Knock knock;
  knock.room = room;
  knock.card = sample_card(who, "");
  knock.expires = {expires};
  knock.after = after;
  knock.sign(sample_identity(who));
  return knock;
}

class Table {
 public:
  static constexpr std::uint8_t kGuest = 200;  // Who came and went.
  static constexpr Round kFounded{2};          // In which what all have decided is certified.
  static constexpr std::uint64_t kFoundedHeight = 2;

  explicit Table(std::uint8_t members, std::uint64_t size = 9) {
    genesis_.creator = sample_peer(1);
    genesis_.name = "room";
    genesis_.size = size;
    genesis_.sign(sample_identity(1));
    Roster roster(genesis_);
    Value coming = after(roster);
    for (std::uint8_t who = 2; who <= members; ++who)
      coming.knocks.push_back(knock_of(room(), who));
    coming.knocks.push_back(knock_of(room(), kGuest));
    roster = found(roster, coming, {1});
    Value going = after(roster);
    Leave leave{room(), *roster.seat_of(sample_peer(kGuest)), {}, {}};
    leave.sign(sample_identity(kGuest));
    going.leaves = {leave};
    roster_ = found(roster, going, kFounded);
    for (std::uint8_t who = 1; who <= members; ++who) {
      consents_.push_back(founded(who));
      decided_.emplace_back();
    }
  }

  const RoomId& room() const { return genesis_.room; }
  const Genesis& genesis() const { return genesis_; }
  const std::vector<Consent::Decision>& founding() const { return founding_; }
  // Of a member, as it was when the table was laid.
  Consent founded(std::uint8_t who) const {
    Consent consent(genesis_, sample_peer(who));
    for (const auto& decision : founding_) EXPECT_TRUE(consent.remember(decision));
    return consent;
  }
  Consent& at(std::uint8_t who) { return consents_.at(who - 1U); }
  const std::vector<Consent::Decision>& decided(std::uint8_t who) const {
    return decided_.at(who - 1U);
  }
  Seat seat(std::uint8_t who) const { return *roster_.seat_of(sample_peer(who)); }

  Vote vote(std::uint8_t who, const ChangeId& change, bool yes = true) const {
    return vote(seat(who), who, change, yes);
  }
  Vote vote(const Seat& seat, std::uint8_t who, const ChangeId& change, bool yes = true) const {
    Vote vote{genesis_.room, seat, change, yes, "", {}};
    vote.sign(sample_identity(who));
    return vote;
  }
  Eviction eviction(List whom) const {
    Eviction eviction{genesis_.room, {}};
    for (const std::uint8_t who : whom) eviction.seats.push_back(seat(who));
    std::sort(eviction.seats.begin(), eviction.seats.end());
    return eviction;
  }
  Leave leave(std::uint8_t who) const {
    Leave leave{room(), seat(who), {}, {}};
    leave.sign(sample_identity(who));
    return leave;
  }
  // Everybody knows the knock; the votes of these reach all.
  void knocks(const Knock& knock, List yes) {
    for (Consent& each : consents_) each.learn(knock);
    for (const std::uint8_t who : yes) tell(vote(who, knock.id));
  }
  void votes_out(List whom, List yes) { votes_out(eviction(whom), yes); }
  void votes_out(const Eviction& eviction, List yes) {
    for (Consent& each : consents_) each.learn(eviction);
    for (const std::uint8_t who : yes) tell(vote(who, eviction.id()));
  }
  template <class Signed>
  void tell(const Signed& what) {
    for (Consent& each : consents_) each.learn(what);
  }

  // Lets one decide and pledge; answers its pledge, if there is one.
  std::optional<Pledge> advance(std::uint8_t who, bool is_late = false, Round allowed = kAllowed) {
    Consent& consent = at(who);
    Consent::Step step = consent.advance(is_late, allowed);
    for (auto& each : step.decided) decided_.at(who - 1U).push_back(std::move(each));
    if (!step.promise) return std::nullopt;
    const Pledge pledge = pledged(who, step.promise->round, step.promise->value.id);
    EXPECT_TRUE(consent.remember(pledge, step.promise->value));
    values_.push_back(step.promise->value);
    return pledge;
  }
  Pledge pledged(std::uint8_t who, Round round, const ValueId& value) const {
    return pledged(seat(who), who, round, value);
  }
  Pledge pledged(const Seat& seat, std::uint8_t who, Round round, const ValueId& value) const {
    Pledge pledge{genesis_.room, seat, round, value, {}, {}};
    pledge.sign(sample_identity(who));
    return pledge;
  }
  Decided word(std::uint8_t who) { return word(at(who), who); }
  static Decided word(const Consent& consent, std::uint8_t who) {
    Decided decided = *consent.own_decided();
    decided.sign(sample_identity(who));
    return decided;
  }
  void hear(std::uint8_t who, const Pledge& pledge) {
    for (const Value& value : values_) at(who).learn(value);
    at(who).learn(pledge);
    for (auto more = advance(who); more; more = advance(who)) continue;
  }
  // These hear all of each other, again and again, while time passes so often.
  void talk(List these, int late) {
    for (int turn = 0; turn <= late; ++turn) {
      for (int i = 0; i < 4; ++i) exchange(these);
      if (turn == late) break;
      for (const std::uint8_t who : these) advance(who, true);
    }
  }
  // What follows what all have decided, as only a liar would write it.
  Value next() const { return after(roster_); }
  const Value& forge(Value value) {
    value.seal();
    values_.push_back(std::move(value));
    return values_.back();
  }

 private:
  static Value after(const Roster& roster) {
    Value value;
    value.room = roster.room();
    value.height = roster.height() + 1;
    value.previous = roster.value();
    return value;
  }
  Roster found(const Roster& roster, Value& value, Round round) {
    value.seal();
    Certificate certificate{room(), value.id, round, {}};
    for (const Seat& seat : roster.quorum(value)) {
      Pledge pledge{room(), seat, round, value.id, {}, {}};
      std::uint8_t who = 1;
      while (sample_peer(who) != seat.peer) ++who;
      pledge.sign(sample_identity(who));
      certificate.entries.push_back({pledge.stamp, pledge.signature});
    }
    founding_.push_back({value, certificate});
    return roster.after(value);
  }
  void exchange(List these) {
    for (const std::uint8_t who : these) {
      advance(who);
      for (const std::uint8_t other : these) {
        for (const auto& each : decided(other)) {
          at(who).learn(each.value);
          at(who).learn(each.certificate);
          advance(who);
        }
        for (const Pledge& pledge : at(other).pledges()) {
          if (pledge.seat.peer != sample_peer(who)) hear(who, pledge);
        }
      }
    }
  }

  Genesis genesis_;
  std::vector<Consent::Decision> founding_;
  Roster roster_{genesis_};
  std::vector<Consent> consents_;
  std::vector<std::vector<Consent::Decision>> decided_;
  std::vector<Value> values_;
};

inline bool sits(const Consent& consent, std::uint8_t who) {
  return consent.roster().seat_of(sample_peer(who)).has_value();
}

}  // namespace p2pchat
