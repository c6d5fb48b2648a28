// Consent fixtures: one room, and one of everything that its members sign.
#pragma once

#include "proto/roster.h"
#include "tests/unit/proto/fixtures.h"

namespace p2pchat::fixture {

inline const Identity kCarl = identity(3);
inline const Identity kDora = identity(4);

inline Genesis genesis(std::uint64_t size = 8, std::uint8_t nonce = 6) {
  Genesis genesis;
  genesis.creator = kAnna.id();
  genesis.nonce = filled<Salt>(nonce);
  genesis.name = "garden";
  genesis.size = size;
  genesis.history = History::all;
  genesis.sign(kAnna);
  return genesis;
}
inline RoomId room() { return genesis().room; }
// Whose creator is the same.
inline RoomId other_room() { return genesis(8, 7).room; }

// Anna's, as the room's creator.
inline Seat anna_seat(const RoomId& of = room()) { return {kAnna.id(), genesis_change(of)}; }
inline Seat seat(const Identity& identity, std::uint8_t admission = 8) {
  return {identity.id(), filled<ChangeId>(admission)};
}

inline Knock knock(const Identity& candidate, const RoomId& of = room(),
                   std::string note = "let me in", std::uint64_t after = 0) {
  Knock knock;
  knock.room = of;
  knock.card = card_of(candidate, "candidate");
  knock.note = std::move(note);
  knock.expires = {1'767'225'600'000};
  knock.after = after;
  knock.sign(candidate);
  return knock;
}

inline Vote vote() {
  Vote vote;
  vote.room = room();
  vote.seat = anna_seat();
  vote.change = knock(kBob).id;
  vote.yes = true;
  vote.note = "welcome";
  vote.sign(kAnna);
  return vote;
}

inline Head head_of(const Identity& author, std::uint64_t number = 5) {
  return {{author.id(), filled<Incarnation>(7)}, {number}, filled<Hash>(9)};
}

inline Leave leave(const Identity& member, const Seat& seat, const RoomId& of = room()) {
  Leave leave;
  leave.room = of;
  leave.seat = seat;
  leave.last = head_of(member);
  leave.sign(member);
  return leave;
}

inline Close close() {
  Close close;
  close.room = room();
  close.seat = anna_seat();
  close.value = filled<ValueId>(11);
  close.sign(kAnna);
  return close;
}

// Signed by Anna.
inline Pledge pledge() {
  Pledge pledge;
  pledge.room = room();
  pledge.seat = anna_seat();
  pledge.round = {3};
  pledge.value = filled<ValueId>(11);
  pledge.stamp = {77};
  pledge.sign(kAnna);
  return pledge;
}

// Signed by Anna.
inline Decided decided() {
  Decided decided{room(), anna_seat(), {3}, filled<ValueId>(11), {}};
  decided.sign(kAnna);
  return decided;
}

// Unsealed: what follows `roster` and changes nothing yet.
inline Value next_of(const Roster& roster) {
  Value value;
  value.room = roster.room();
  value.height = roster.height() + 1;
  value.previous = roster.value();
  return value;
}

}  // namespace p2pchat::fixture
