// GrowingRoom: a room of real members, whose every step is pledged by all whom
// it needs, so that its decisions prove themselves.
#pragma once

#include <algorithm>
#include <vector>

#include "proto/check.h"
#include "tests/unit/proto/consent_fixtures.h"

namespace p2pchat {

class GrowingRoom {
 public:
  struct Step {
    Value value;
    Certificate certificate;
  };

  // Anna's.
  explicit GrowingRoom(std::uint64_t size = 8)
      : genesis_(fixture::genesis(size)), roster_(genesis_), people_{fixture::kAnna} {}

  const Genesis& genesis() const { return genesis_; }
  const Roster& roster() const { return roster_; }
  const std::vector<Step>& steps() const { return steps_; }

  Value next() const { return fixture::next_of(roster_); }
  Seat seat(const Identity& member) const { return roster_.seat_of(member.id()).value(); }
  Knock knock(const Identity& candidate, const std::string& name) const {
    Knock knock = fixture::knock(candidate, genesis_.room);
    knock.card = fixture::card_of(candidate, name);
    knock.after = roster_.gone_at(candidate.id());
    knock.sign(candidate);
    return knock;
  }

  const Step& admit(const Identity& candidate, const std::string& name) {
    Value value = next();
    value.knocks = {knock(candidate, name)};
    people_.push_back(candidate);
    return take(std::move(value));
  }
  const Step& evict(const Identity& member) {
    Value value = next();
    value.evictions = {{genesis_.room, {seat(member)}}};
    return take(std::move(value));
  }
  const Step& let_go(const Identity& member) {
    Value value = next();
    value.leaves = {fixture::leave(member, seat(member), genesis_.room)};
    return take(std::move(value));
  }
  // Seals it, certifies it, and moves on.
  const Step& take(Value value, Round round = {1}) {
    value.seal();
    CHECK(roster_.check(value));
    Step step{value, certificate(value, round)};
    roster_ = roster_.after(value);
    steps_.push_back(std::move(step));
    return steps_.back();
  }
  // The pledge of whoever sits there, at a stamp of its own.
  Pledge pledge(const Value& value, Round round, const Seat& seat, std::int64_t second) const {
    Pledge pledge;
    pledge.room = genesis_.room;
    pledge.seat = seat;
    pledge.round = round;
    pledge.value = value.id;
    pledge.stamp = Stamp::at({1'767'225'600'000 + second * 1'000});
    const auto who = std::find_if(people_.begin(), people_.end(),
                                  [&](const Identity& each) { return each.id() == seat.peer; });
    CHECK(who != people_.end());
    pledge.sign(*who);
    return pledge;
  }

 private:
  Certificate certificate(const Value& value, Round round) const {
    Certificate certificate;
    certificate.room = genesis_.room;
    certificate.value = value.id;
    certificate.round = round;
    auto second = static_cast<std::int64_t>(value.height * 60);
    for (const Seat& seat : roster_.quorum(value)) {
      const Pledge each = pledge(value, round, seat, second++);
      certificate.entries.push_back({each.stamp, each.signature});
    }
    return certificate;
  }

  Genesis genesis_;
  Roster roster_;
  std::vector<Identity> people_;  // Everybody who ever was in it.
  std::vector<Step> steps_;
};

}  // namespace p2pchat
