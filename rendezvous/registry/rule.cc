#include "rendezvous/registry/rule.h"

#include <algorithm>

#include "proto/limits.h"
#include "proto/overload.h"
#include "rendezvous/registry/sweep.h"

namespace p2pchat::rendezvous {
namespace {

tl::unexpected<Failure> no_member() {
  return deny(ExitCode::unknown, "there is no such room, or you are not a member of it");
}

// The common part of all entries.
Entry entry_of(const Room& room, Kind kind, const Hash& id, const PeerId& by, const Asking& asking,
               const Bytes& raw) {
  Entry entry;
  entry.room = room.genesis().room;
  entry.kind = kind;
  entry.id = id;
  entry.by = by;
  entry.received = asking.now;
  entry.raw = raw;
  return entry;
}

Hash ballot_id(const Vote& vote) {
  return Hasher("p2pchat rendezvous vote")
      .add(vote.seat.peer)
      .add(vote.seat.admission)
      .add(vote.change)
      .add(std::uint64_t{vote.yes ? 1U : 0U})
      .finish();
}

Hash pledge_id(const Pledge& pledge) {
  return Hasher("p2pchat rendezvous pledge")
      .add(pledge.seat.peer)
      .add(pledge.seat.admission)
      .add(pledge.round.value)
      .add(pledge.value)
      .finish();
}

// --- Knocks ---

// Whether `knock` could be let in as the room stands, once those who have left are gone.
Verdict fits(const Room& room, const Knock& knock) {
  if (room.is_member(knock.card.id)) {
    return deny(ExitCode::failed,
                "it has left, and the members have not confirmed that yet; try again later");
  }
  if (!room.roster().may_enter(knock)) {
    return deny(ExitCode::failed,
                "the knock does not name the height at which its sender went when it was in the "
                "room last; ask about the room again, and knock anew");
  }
  const std::uint64_t size = room.roster().size_max();
  if (room.count_present() >= size) {
    return deny(ExitCode::limit, "the room is full: it has " + std::to_string(size) + " members");
  }
  Value alone;
  alone.room = knock.room;
  alone.height = room.roster().height() + 1;
  alone.previous = room.roster().value();
  alone.knocks = {knock};
  for (const auto& [position, entry] : room.entries()) {
    if (entry.kind != Kind::leave) continue;
    if (auto leave = Leave::decode(entry.raw)) alone.leaves.push_back(*std::move(leave));
  }
  if (const auto checked = room.roster().check(alone); !checked) return deny(checked.error());
  return {};
}

Verdict rule_knock(const Room& room, const Asking& asking, const Knock& knock, const Bytes& raw,
                   Draft& draft) {
  const PeerId& candidate = knock.card.id;
  if (asking.who != candidate && !room.is_present(asking.who)) return no_member();
  const Stand* stand = room.stand_of(candidate);
  if (stand != nullptr && stand->standing.admission == knock.id) {
    // Its candidate may not have heard yet that it was taken, or let in: the standing tells.
    const State state = stand->standing.state;
    if (state == State::waiting || state == State::member) return {};
    return deny(ExitCode::refused, "that knock has been answered; knock anew");
  }
  if (stand != nullptr && room.is_present(candidate)) {
    // It has forgotten that it is a member: it is told again.
    draft.write(*stand);
    draft.write(Knocker{candidate, asking.now});
    return {};
  }
  if (stand != nullptr && stand->standing.state == State::waiting) {
    return deny(ExitCode::failed, "it has knocked already, and waits for votes");
  }
  if (knock.expires <= asking.now) return deny(ExitCode::refused, "the knock has expired");
  if (auto fitting = fits(room, knock); !fitting) return fitting;
  if (room.count_waiting() >= kKnocksPerRoomMax) {
    return deny(ExitCode::limit, "too many wait to be let into the room; try again later");
  }
  sweep_knocks_of(room, candidate, draft);
  draft.write(entry_of(room, Kind::knock, as_hash(knock.id), candidate, asking, raw));
  draft.write(Stand{candidate,
                    {knock.room, knock.id, State::waiting, 0},
                    {},
                    asking.now,
                    room.roster().height()});
  draft.write(Knocker{candidate, asking.now});
  return {};
}

// --- Votes ---

Verdict rule_vote(const Room& room, const Asking& asking, const Vote& vote, const Bytes& raw,
                  Draft& draft) {
  if (!room.is_present(asking.who)) return no_member();
  if (!room.roster().holds(vote.seat) || !room.is_present(vote.seat.peer)) {
    return deny(ExitCode::unknown, "whoever signed the vote is not a member of the room");
  }
  const Hash id = ballot_id(vote);
  if (room.find(Kind::vote, id) != nullptr) return {};
  const auto knock = room.knocks().find(vote.change);
  const bool is_eviction = room.evictions().contains(vote.change);
  if (knock == room.knocks().end() && !is_eviction) {
    return deny(ExitCode::unknown, "there is no such knock or eviction to vote on");
  }
  Entry entry = entry_of(room, Kind::vote, id, vote.seat.peer, asking, raw);
  entry.about = as_hash(vote.change);
  if (is_eviction) {
    draft.write(std::move(entry));
    return {};
  }
  const Stand* stand = room.stand_of(knock->second.card.id);
  if (stand == nullptr || stand->standing.admission != vote.change ||
      stand->standing.state != State::waiting) {
    return deny(ExitCode::refused, "the knock has been answered already");
  }
  if (vote.yes && knock->second.expires <= asking.now) {
    return deny(ExitCode::refused, "the knock has expired");
  }
  const bool has_voted =
      std::any_of(room.entries().begin(), room.entries().end(), [&](const auto& each) {
        return each.second.kind == Kind::vote && each.second.about == entry.about &&
               each.second.by == entry.by;
      });
  draft.write(std::move(entry));
  Stand next = *stand;
  next.standing.voted = room.count_votes(vote.change) + (has_voted ? 0U : 1U);
  next.since = asking.now;
  if (!vote.yes) next.standing.state = State::refused;
  draft.write(next);
  return {};
}

// --- Leave and close ---

Verdict rule_leave(const Room& room, const Asking& asking, const Leave& leave, const Bytes& raw,
                   Draft& draft) {
  const Entry* known = room.find(Kind::leave, as_hash(leave.seat.peer));
  if (known != nullptr && known->raw == raw) return {};
  if (asking.who != leave.seat.peer && !room.is_present(asking.who)) return no_member();
  if (!room.roster().holds(leave.seat) || !room.is_present(leave.seat.peer)) return no_member();
  draft.write(entry_of(room, Kind::leave, as_hash(leave.seat.peer), leave.seat.peer, asking, raw));
  sweep_member(room, leave.seat.peer, asking.now, draft);
  if (room.count_present() == 1) sweep_waiting(room, State::closed, asking.now, draft);
  return {};
}

Verdict rule_close(const Room& room, const Asking& asking, const Close& close, const Bytes& raw,
                   Draft& draft) {
  const PeerId& creator = room.genesis().creator;
  if (close.seat.peer != creator) {
    return deny(ExitCode::failed, "only its creator can delete the room");
  }
  if (asking.who != creator && !room.is_present(asking.who)) return no_member();
  if (room.find(Kind::close, {}) != nullptr) return {};
  if (!room.roster().holds(close.seat) || !room.is_present(creator)) {
    return deny(ExitCode::unknown, "its creator is not a member of the room any more");
  }
  draft.write(entry_of(room, Kind::close, {}, creator, asking, raw));
  sweep_waiting(room, State::closed, asking.now, draft);
  return {};
}

// --- Evictions and values: nobody has signed them ---

Verdict rule_eviction(const Room& room, const Asking& asking, const Eviction& eviction,
                      const Bytes& raw, Draft& draft) {
  if (!room.is_present(asking.who)) return no_member();
  if (room.evictions().contains(eviction.id())) return {};
  Value alone;
  alone.room = eviction.room;
  alone.height = room.roster().height() + 1;
  alone.previous = room.roster().value();
  alone.evictions = {eviction};
  if (const auto checked = room.roster().check(alone); !checked) return deny(checked.error());
  sweep_proposals(room, asking.who, raw.size(), draft);
  draft.write(entry_of(room, Kind::eviction, as_hash(eviction.id()), asking.who, asking, raw));
  return {};
}

bool may_decide(const Room& room, const PeerId& who) {
  return room.is_member(who) || (room.before() && room.before()->members().contains(who));
}

Verdict rule_value(const Room& room, const Asking& asking, const Value& value, const Bytes& raw,
                   Draft& draft) {
  if (!may_decide(room, asking.who)) return no_member();
  if (room.find(Kind::value, as_hash(value.id)) != nullptr) return {};
  const Roster* base = room.base_of(value);
  if (base == nullptr) return deny(ExitCode::failed, "the value does not follow the newest ones");
  if (const auto checked = base->check(value); !checked) return deny(checked.error());
  sweep_proposals(room, asking.who, raw.size(), draft);
  Entry entry = entry_of(room, Kind::value, as_hash(value.id), asking.who, asking, raw);
  entry.rank = value.height;
  draft.write(std::move(entry));
  return {};
}

// --- Pledges and certificates ---

Verdict rule_pledge(const Room& room, const Asking& asking, const Pledge& pledge, const Bytes& raw,
                    Draft& draft) {
  if (!may_decide(room, asking.who)) return no_member();
  const Hash id = pledge_id(pledge);
  if (room.find(Kind::pledge, id) != nullptr) return {};
  const auto value = room.values().find(pledge.value);
  const Roster* base = value == room.values().end() ? nullptr : room.base_of(value->second);
  if (base == nullptr) {
    // What a certificate has settled needs no pledge.
    if (room.is_certified(as_hash(pledge.value))) return {};
    return deny(ExitCode::unknown, "the pledge is on a value that is not known; put that first");
  }
  const auto quorum = base->quorum(value->second);
  if (std::find(quorum.begin(), quorum.end(), pledge.seat) == quorum.end()) {
    return deny(ExitCode::unknown, "whoever signed the pledge has no say in that value");
  }
  if (room.roster().value() == pledge.value && pledge.round <= room.round()) return {};
  if (!sweep_pledges_of(room, pledge.seat.peer, pledge.round, draft)) {
    return deny(ExitCode::limit, "there are enough pledges of higher rounds by that member");
  }
  Entry entry = entry_of(room, Kind::pledge, id, pledge.seat.peer, asking, raw);
  entry.about = as_hash(pledge.value);
  entry.rank = pledge.round.value;
  draft.write(std::move(entry));
  return {};
}

Verdict rule_certificate(const Room& room, const Asking& asking, const Certificate& certificate,
                         const Bytes& raw, Draft& draft) {
  if (!may_decide(room, asking.who)) return no_member();
  const auto it = room.values().find(certificate.value);
  const Roster* base = it == room.values().end() ? nullptr : room.base_of(it->second);
  const bool is_settled = room.is_certified(as_hash(certificate.value));
  if (base == nullptr) {
    if (is_settled) return {};
    return deny(ExitCode::unknown,
                "the certificate is for a value that is not known; put it first");
  }
  // Of one height, the certificate of the higher round stands.
  const bool is_sibling = base != &room.roster();
  if (is_sibling && certificate.round <= room.round()) {
    if (is_settled) return {};
    return deny(ExitCode::failed, "another value was certified in that round or a later one");
  }
  if (!base->is_certified(it->second, certificate)) {
    return deny(ExitCode::failed, "the certificate is not signed by everybody it needs");
  }
  if (room.chain_bytes() + it->second.raw.size() + raw.size() > kChainBytesMax) {
    return deny(ExitCode::limit, "the room has changed too often for this rendezvous");
  }
  const Hash id = as_hash(certificate.value);
  if (is_sibling && !is_settled) sweep_newest(room, draft);
  Entry entry = entry_of(room, Kind::certificate, id, asking.who, asking, raw);
  entry.rank = it->second.height;
  draft.write(std::move(entry));
  sweep_settled(room, it->second, certificate.round, asking.now, draft);
  return {};
}

}  // namespace

tl::unexpected<Failure> deny(ExitCode code, std::string text) {
  return tl::unexpected<Failure>(Failure{code, std::move(text)});
}

tl::unexpected<Failure> deny(const Error& error) {
  return deny(exit_code(error.fault), error.text);
}

Result<Signed> decode_signed(const Object& object) {
  const auto as_signed = [](auto decoded) -> Result<Signed> {
    if (!decoded) return tl::unexpected(decoded.error());
    return Signed(*std::move(decoded));
  };
  switch (object.kind) {
    case Kind::genesis: return as_signed(Genesis::decode(object.raw));
    case Kind::knock: return as_signed(Knock::decode(object.raw));
    case Kind::vote: return as_signed(Vote::decode(object.raw));
    case Kind::leave: return as_signed(Leave::decode(object.raw));
    case Kind::close: return as_signed(Close::decode(object.raw));
    case Kind::eviction: return as_signed(Eviction::decode(object.raw));
    case Kind::value: return as_signed(Value::decode(object.raw));
    case Kind::pledge: return as_signed(Pledge::decode(object.raw));
    case Kind::certificate: return as_signed(Certificate::decode(object.raw));
    case Kind::card:
    case Kind::standing:
    case Kind::decided:
    case Kind::fork: break;
  }
  return fail(Fault::malformed, "objects of that kind are not taken");
}

RoomId room_of(const Signed& object) {
  return std::visit([](const auto& each) { return each.room; }, object);
}

Verdict rule(const Room& room, const Asking& asking, const Signed& object, const Bytes& raw,
             Draft& draft) {
  const auto* close = std::get_if<Close>(&object);
  if (close != nullptr) return rule_close(room, asking, *close, raw, draft);
  const auto* leave = std::get_if<Leave>(&object);
  if (leave != nullptr) return rule_leave(room, asking, *leave, raw, draft);
  if (room.is_closed()) return deny(ExitCode::unknown, "the room is closed");
  return std::visit(
      Overload{[&](const Genesis&) -> Verdict { return {}; },
               [&](const Knock& each) { return rule_knock(room, asking, each, raw, draft); },
               [&](const Vote& each) { return rule_vote(room, asking, each, raw, draft); },
               [&](const Leave&) -> Verdict { return {}; },
               [&](const Close&) -> Verdict { return {}; },
               [&](const Eviction& each) { return rule_eviction(room, asking, each, raw, draft); },
               [&](const Value& each) { return rule_value(room, asking, each, raw, draft); },
               [&](const Pledge& each) { return rule_pledge(room, asking, each, raw, draft); },
               [&](const Certificate& each) {
                 return rule_certificate(room, asking, each, raw, draft);
               }},
      object);
}

void draft_room(const Genesis& genesis, WallTime now, Draft& draft) {
  Entry entry;
  entry.room = genesis.room;
  entry.kind = Kind::genesis;
  entry.by = genesis.creator;
  entry.received = now;
  entry.raw = genesis.raw;
  draft.write(std::move(entry));
  draft.write(Stand{
      genesis.creator, {genesis.room, genesis_change(genesis.room), State::member, 0}, {}, now, 0});
}

}  // namespace p2pchat::rendezvous
