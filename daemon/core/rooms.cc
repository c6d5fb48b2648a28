// The rooms of many: what a local user wishes of them.
#include <algorithm>

#include "daemon/core/actions.h"
#include "daemon/core/answers.h"
#include "daemon/core/node.h"
#include "proto/limits.h"
#include "proto/text.h"

namespace p2pchat {
namespace {

constexpr std::size_t kPrefixCharsMin = 8;
constexpr std::string_view kRoomMark = "room:";

control::Record row_of(const Membership& membership) {
  control::Record row;
  row.set("room", to_text(membership.room())).set("name", membership.record().name);
  row.set("size", static_cast<std::int64_t>(membership.roster().size_max()));
  return row;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const auto comma = text.find(',');
    parts.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

Membership* Node::membership_of(std::string_view name) {
  return const_cast<Membership*>(std::as_const(*this).membership_of(name));
}

const Membership* Node::membership_of(std::string_view name) const {
  if (name.starts_with(kRoomMark)) name.remove_prefix(kRoomMark.size());
  const Membership* found = nullptr;
  for (const auto& [room, membership] : memberships_) {
    if (membership.is_kept() && membership.record().name == name) return &membership;
  }
  if (name.size() < kPrefixCharsMin) return nullptr;
  for (const auto& [room, membership] : memberships_) {
    if (!membership.is_kept() || !to_text(room).starts_with(name)) continue;
    if (found != nullptr) return nullptr;
    found = &membership;
  }
  return found;
}

Result<Membership*> Node::live_membership(std::string_view name) {
  Membership* membership = membership_of(name);
  if (membership == nullptr) {
    return fail(Fault::unknown, "no room here is called '" + cleaned(name) + "'");
  }
  if (!membership->is_in()) {
    return fail(Fault::unknown, "you are no member of " + membership->record().name + " any more");
  }
  return membership;
}

// The name under which a room is listed: its own, unless something else here is called so.
std::string Node::room_name(const Genesis& genesis) const {
  const auto is_free = [&](const std::string& name) {
    const Membership* same = membership_of(name);
    return contacts_.is_free(name) && (same == nullptr || same->room() == genesis.room);
  };
  std::string name = genesis.name;
  for (std::size_t chars = 4; !is_free(name); ++chars) {
    name = genesis.name + "~" + to_text(genesis.room).substr(0, chars);
  }
  return name;
}

void Node::restore_rooms(const Snapshot& snapshot) {
  for (const MembershipState& stored : snapshot.memberships) {
    // Of a room that never came to be, nothing is to be shown.
    const bool never_was = stored.room.is_gone && stored.decisions.empty() && !stored.pledge;
    if (never_was && stored.objects.empty()) {
      abandoned_[stored.room.genesis.name] = stored.room.genesis;
    }
    if (never_was) continue;
    auto membership = Membership::restore(stored, identity_.id());
    if (!membership) {
      damage_ = "the room " + stored.room.name + " is damaged: " + membership.error().text;
      continue;
    }
    contacts_.reserve(stored.room.name);
    memberships_.emplace(stored.room.genesis.room, *std::move(membership));
  }
  listing_ = snapshot.listing;
}

Actions Node::on(const Turn& turn, const event::CreateRequested& event) {
  const auto no = [&](Fault fault, std::string text) {
    return Actions{refuse(event.request, Error{fault, std::move(text)})};
  };
  if (!can_store()) return {refuse(event.request, no_writes())};
  if (!is_plain_name(event.name)) {
    return no(Fault::usage, "'" + cleaned(event.name) +
                                "' cannot be a name: use up to 32 letters without spaces or "
                                "any of : @ ~ /");
  }
  if (event.size < 2 || event.size > kMembersMax) {
    return no(Fault::usage, "a room has 2 to " + std::to_string(kMembersMax) + " members at most");
  }
  if (membership_of(event.name) != nullptr || !contacts_.is_free(event.name)) {
    return no(Fault::refused, "the name " + event.name + " is taken here");
  }
  Genesis genesis;
  genesis.creator = identity_.id();
  genesis.nonce = entropy_.draw<Salt>();
  genesis.name = event.name;
  genesis.size = event.size;
  genesis.history = event.history;
  genesis.sign(identity_);
  // The rendezvous may have taken one whose answer never came.
  const auto abandoned = abandoned_.find(event.name);
  if (abandoned != abandoned_.end() && abandoned->second.size == event.size &&
      abandoned->second.history == event.history) {
    genesis = abandoned->second;
  }
  abandoned_.erase(event.name);
  contacts_.reserve(event.name);
  auto& membership =
      memberships_.try_emplace(genesis.room, genesis, event.name, identity_.id()).first->second;
  membership.found();
  if (rendezvous_.exists()) {
    const Rendezvous::ForCreation why{genesis.room, event.request};
    if (rendezvous_.ask(rendezvous::Put{{Kind::genesis, genesis.raw}}, why)) return {};
    return created(turn, why, rendezvous::Failure{ExitCode::limit, Rendezvous::too_many().text});
  }
  return {agree(event.request, row_of(membership))};
}

Actions Node::created(const Turn& turn, const Rendezvous::ForCreation& why,
                      const rendezvous::Answer& answer) {
  const auto it = memberships_.find(why.room);
  if (it == memberships_.end()) return {};
  const auto* failure = std::get_if<rendezvous::Failure>(&answer);
  if (failure == nullptr) return {agree(why.request, row_of(it->second))};
  Actions actions;
  if (!it->second.chain().empty()) {
    // Members came meanwhile, by way of my door: it goes on without a name there.
    return {refuse(why.request, failure->code, cleaned(failure->text))};
  }
  if (Room* room = room_of(why.room)) {
    append(actions, from_room(*room, identity_.id(), room->end_turn(turn)));
  }
  RoomRecord record = it->second.record();
  record.is_gone = true;
  abandoned_[record.name] = record.genesis;
  actions.push_back(action::StoreRoom{record});
  contacts_.release(record.name);
  memberships_.erase(it);
  rooms_.erase(why.room);
  actions.push_back(refuse(why.request, failure->code, cleaned(failure->text)));
  return actions;
}

Actions Node::on(const Turn& turn, const event::JoinRequested& event) {
  if (!can_store()) return {refuse(event.request, no_writes())};
  const std::string& name = event.room;
  for (const auto& [room, membership] : memberships_) {
    if (!membership.is_in() || membership.record().genesis.name != name) continue;
    return {refuse(event.request, {Fault::refused, "you are in " + name + " already"})};
  }
  return wishes_.join(turn, rendezvous_, event);
}

std::string Node::candidate_name(const Membership& membership, const PeerId& peer) const {
  const auto knock = membership.knock_of(peer);
  if (contacts_.find(peer) != nullptr || !knock) return name_of(peer);
  const std::string& claimed = knock->card.name;
  const auto knocks = membership.consent().knocks();
  const auto same = std::count_if(knocks.begin(), knocks.end(),
                                  [&](const Knock& other) { return other.card.name == claimed; });
  const bool is_listed = is_plain_name(claimed) && contacts_.is_free(claimed) && same == 1;
  return is_listed ? claimed : typeable(claimed) + "~" + to_text(peer).substr(0, 4);
}

Result<PeerId> Node::resolve_candidate(const Membership& membership, std::string_view who) const {
  const PeerId* found = nullptr;
  const auto knocks = membership.consent().knocks();
  for (const Knock& knock : knocks) {
    const PeerId& peer = knock.card.id;
    const bool is_meant = candidate_name(membership, peer) == who ||
                          (who.size() >= kPrefixCharsMin && to_text(peer).starts_with(who));
    if (!is_meant) continue;
    if (found != nullptr && *found != peer) {
      return fail(Fault::unknown, "more than one is called '" + cleaned(who) + "'; use the id");
    }
    found = &peer;
  }
  if (found != nullptr) return *found;
  return fail(Fault::unknown, "nobody called '" + cleaned(who) + "' waits to be let into " +
                                  membership.record().name);
}

Result<std::vector<PeerId>> Node::resolve_members(const Membership& membership,
                                                  std::string_view who) const {
  std::vector<PeerId> members;
  for (const std::string& each : split(who)) {
    std::optional<PeerId> found;
    for (const auto& [peer, admission] : membership.roster().members()) {
      const bool is_meant = name_of(peer) == each ||
                            (each.size() >= kPrefixCharsMin && to_text(peer).starts_with(each));
      if (!is_meant) continue;
      if (found) {
        return fail(Fault::unknown, "more than one is called '" + cleaned(each) + "'; use the id");
      }
      found = peer;
    }
    if (!found) {
      return fail(Fault::unknown,
                  "'" + cleaned(each) + "' is no member of " + membership.record().name);
    }
    members.push_back(*found);
  }
  return members;
}

Actions Node::on(const Turn& turn, const event::VoteRequested& event) {
  const auto no = [&](Error error) { return Actions{refuse(event.request, std::move(error))}; };
  if (!can_store()) return no(no_writes());
  if (event.note.size() > kNoteBytesMax) {
    return no({Fault::limit, "a note has at most " + std::to_string(kNoteBytesMax) + " bytes"});
  }
  const auto membership = live_membership(event.room);
  if (!membership) return no(membership.error());
  control::Record row = row_of(**membership);
  if (event.ballot == event::Ballot::evict) {
    const auto members = resolve_members(**membership, event.who);
    if (!members) return no(members.error());
    const auto voted = (*membership)->evict(turn, *members, event.note);
    if (!voted) return no(voted.error());
    row.set("vote", "evict");
    return {agree(event.request, std::move(row))};
  }
  auto peer = resolve_candidate(**membership, event.who);
  if (!peer && event.ballot == event::Ballot::no) {
    // It may be an eviction that is refused.
    const auto members = resolve_members(**membership, event.who);
    if (members && members->size() == 1) peer = members->front();
  }
  if (!peer) return no(peer.error());
  const bool is_yes = event.ballot == event::Ballot::yes;
  const auto voted = (*membership)->vote(turn, *peer, is_yes, event.note);
  if (!voted) {
    const auto knock = (*membership)->knock_of(*peer);
    const bool is_late = is_yes && knock && knock->expires <= turn.now.wall;
    return {refuse(event.request, is_late ? ExitCode::refused : exit_code(voted.error().fault),
                   voted.error().text)};
  }
  row.set("id", to_text(*peer)).set("fingerprint", fingerprint(*peer));
  row.set("who", name_of(*peer)).set("vote", is_yes ? "yes" : "no");
  return {agree(event.request, std::move(row))};
}

Actions Node::on(const Turn& turn, const event::LeaveRequested& event) {
  if (!can_store()) return {refuse(event.request, no_writes())};
  for (const auto& [room, wish] : wishes_.all()) {
    const Membership* same = membership_of(event.room);
    if (wish.record.name != event.room || (same != nullptr && same->is_in())) continue;
    Actions actions = wishes_.give_up(room);
    actions.push_back(agree(event.request));
    return actions;
  }
  const auto membership = live_membership(event.room);
  if (!membership) return {refuse(event.request, membership.error())};
  Room* room = room_of((*membership)->room());
  Actions actions;
  // What was pushed before is said before.
  if (room != nullptr) actions = from_room(*room, identity_.id(), room->end_turn(turn));
  const auto last = room == nullptr ? std::nullopt : room->newest_of(identity_.id());
  (*membership)->leave(turn, last);
  control::Record row = row_of(**membership);
  row.set("unheld", static_cast<std::int64_t>(room == nullptr ? 0 : room->unheld()));
  actions.push_back(agree(event.request, std::move(row)));
  return actions;
}

Actions Node::on(const Turn& turn, const event::DeleteRequested& event) {
  if (!can_store()) return {refuse(event.request, no_writes())};
  const auto membership = live_membership(event.room);
  if (!membership) return {refuse(event.request, membership.error())};
  const PeerId& creator = (*membership)->record().genesis.creator;
  if (creator != identity_.id()) {
    return {refuse(event.request,
                   {Fault::refused, "only its creator can delete it: " + name_of(creator) + " (" +
                                        to_text(creator) + ")"})};
  }
  (*membership)->close(turn);
  return {agree(event.request, row_of(**membership))};
}

Actions Node::push_to(Room* room, const std::string& name, const event::PushRequested& event) {
  const auto refused = [&](Error error) {
    return Actions{refuse(event.request, std::move(error))};
  };
  if (room == nullptr) return refused({Fault::unknown, "you are no member of " + name});
  if (event.body.empty()) return refused({Fault::usage, "an empty message is not sent"});
  if (event.body.size() > kBodyBytesMax) {
    return refused({Fault::limit, "a message is at most " + std::to_string(kBodyBytesMax) +
                                      " bytes; this has " + std::to_string(event.body.size())});
  }
  const std::size_t others = room->facts().sitting.members.size() - 1;
  if (event.readers > others) {
    return refused({Fault::refused, "it cannot be delivered to " + std::to_string(event.readers) +
                                        ": " + name + " has " + std::to_string(others) +
                                        " other member" + (others == 1 ? "" : "s")});
  }
  if (!can_store()) return refused(no_writes());
  if (!event.key.empty()) {
    auto& waiting = keyed_[{room->facts().id, event.key}];
    waiting.push_back(event);
    if (waiting.size() > 1) return {};
    return {action::FindKey{room->facts().id, event.key}};
  }
  const auto queued = room->post(event.request, event.body);
  if (!queued) return refused(queued.error());
  return {};
}

}  // namespace p2pchat
