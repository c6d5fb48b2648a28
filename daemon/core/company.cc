// The company half of Node: whom rooms of many bring together, and what they tell each other.
#include <algorithm>

#include "daemon/core/actions.h"
#include "daemon/core/answers.h"
#include "daemon/core/node.h"
#include "proto/limits.h"
#include "proto/pair.h"

namespace p2pchat {

Actions Node::start_rooms(const Turn& turn) {
  Actions actions;
  for (auto& [room, membership] : memberships_) append(actions, follow(turn, membership));
  append(actions, keep_company(turn));
  if (!can_store()) return actions;
  wishes_.resume(turn, rendezvous_);
  if (!rendezvous_.exists()) return actions;
  listing_due_ = turn.now.steady;
  for (auto& [room, membership] : memberships_) membership.post_again();
  return actions;
}

// Nobody far away can reach me: whoever I meet for a room's sake is on this host, too.
bool Node::is_home() const {
  return std::all_of(settings_.places.begin(), settings_.places.end(),
                     [](const Place& place) { return is_local_only(place.host); });
}

bool Node::may_link(const PeerId& peer) const {
  const Contact* contact = contacts_.find(peer);
  return contact != nullptr &&
         (contact->is_met() || company_.contains(peer) || farewells_.contains(peer));
}

// What a closed room still lacks here is fetched first.
bool Node::is_done_with(const Membership& membership) const {
  if (!membership.is_over()) return false;
  const Room* room = room_of(membership.room());
  return room == nullptr || !membership.sits() || room->feeds().posts_missing() == 0;
}

std::map<PeerId, const Card*> Node::company() const {
  std::map<PeerId, const Card*> company;
  for (const auto& [room, membership] : memberships_) {
    if (!membership.is_kept() || is_done_with(membership)) continue;
    for (const auto& [peer, admission] : membership.roster().members()) {
      if (peer == identity_.id()) continue;
      const Card*& card = company[peer];
      if (card == nullptr) card = membership.card_of(peer);
    }
  }
  for (const auto& [room, wish] : wishes_.all()) {
    for (const Card& host : wish.record.hosts) company.try_emplace(host.id, &host);
  }
  company.erase(identity_.id());
  return company;
}

Actions Node::keep_company(const Turn& turn) {
  Actions actions = end_farewells(turn);
  if (!has_company_changed()) return actions;
  const auto wanted = company();
  for (const auto& [peer, card] : wanted) {
    farewells_.erase(peer);
    if (company_.contains(peer)) continue;
    Contact* contact = contacts_.find_or_add(peer, card);
    if (contact == nullptr) continue;
    if (card != nullptr) contacts_.update_card(*contact, *card);
    contact->is_near |= is_home() || near_.contains(peer);
    company_.insert(peer);
    peers_[pair_room(identity_.id(), peer)] = peer;
    if (can_store()) actions.push_back(action::StoreContact{*contact});
    actions.push_back(action::Admit{peer});
    links_.keep(turn, peer, contact->places());
    append(actions, invite(peer));
    // A link may stand already, for another's sake.
    append(actions, tell_rolls(peer));
  }
  // Who is linked already may have come to show me another room.
  for (const auto& [room, wish] : wishes_.all()) {
    for (const Card& host : wish.record.hosts) append(actions, tell_rolls(host.id));
  }
  for (auto it = company_.begin(); it != company_.end();) {
    if (wanted.contains(*it)) {
      ++it;
      continue;
    }
    farewells_[*it] = turn.now.steady + kFarewellInterval;
    it = company_.erase(it);
  }
  return actions;
}

// What company() is made of; it walks over chains, and is not made anew for nothing.
bool Node::has_company_changed() {
  Hasher hasher("p2pchat company");
  for (const auto& [room, membership] : memberships_) {
    hasher.add(room).add(membership.roster().value());
    hasher.add(std::uint64_t{membership.is_kept()}).add(std::uint64_t{is_done_with(membership)});
  }
  for (const auto& [room, wish] : wishes_.all()) {
    for (const Card& host : wish.record.hosts) hasher.add(host.id).add(host.counter.value);
  }
  return std::exchange(company_basis_, hasher.finish()) != company_basis_;
}

Actions Node::end_farewells(const Turn& turn) {
  Actions actions;
  for (auto it = farewells_.begin(); it != farewells_.end();) {
    const auto& [peer, due] = *it;
    if (due > turn.now.steady) {
      ++it;
      continue;
    }
    const Contact* contact = contacts_.find(peer);
    if (contact == nullptr || !contact->is_met()) {
      append(actions, links_.drop(peer));
      actions.push_back(action::Unhear{peer});
      actions.push_back(action::Expel{peer});
    }
    it = farewells_.erase(it);
  }
  return actions;
}

// Says at its door that the rooms that it wishes for have let it in, so that it links with me.
Actions Node::invite(const PeerId& peer) {
  const Contact* contact = contacts_.find(peer);
  if (contact == nullptr || links_.is_ready(peer)) return {};
  std::vector<Address> doors;
  for (const Place& place : contact->places()) {
    if (place.door != 0) doors.push_back({place.host, place.door});
  }
  if (doors.empty()) return {};
  Actions actions;
  for (const auto& [room, membership] : memberships_) {
    if (!membership.is_in() || !membership.roster().seat_of(peer)) continue;
    if (invitations_.size() >= kVisitsMax) break;
    last_invitation_ = last_invitation_.next();
    invitations_[last_invitation_] = peer;
    const auto invitation = door::Invitation::make(identity_, room, card_, peer);
    const auto draw = entropy_.draw<Fixed<struct InviteDraw, 1>>().bytes[0];
    actions.push_back(
        action::VisitDoor{last_invitation_, doors[draw % doors.size()], door::encode(invitation)});
  }
  return actions;
}

Actions Node::see_off(const Turn& turn, const door::Invitation& invitation) {
  const PeerId& peer = invitation.card.id;
  const auto it = memberships_.find(invitation.room);
  const bool has_gone = it != memberships_.end() && it->second.has_gone(peer);
  Contact* contact = contacts_.find(peer);
  if (!has_gone || contact == nullptr || may_link(peer)) return {};
  contacts_.update_card(*contact, invitation.card);
  farewells_[peer] = turn.now.steady + kFarewellInterval;
  links_.keep(turn, peer, contact->places());
  return {action::Admit{peer}};
}

Actions Node::tell_rolls(const PeerId& peer) {
  const auto side = links_.side_to(identity_.id(), peer);
  if (!side) return {};
  Actions actions;
  const auto tell = [&](const link::Roll& roll) {
    actions.push_back(action::SendLink{peer, *side, link::encode(roll)});
  };
  for (const auto& [room, membership] : memberships_) {
    if (membership.is_kept() && membership.concerns(peer)) tell(membership.roll());
  }
  for (const auto& [room, wish] : wishes_.all()) {
    const auto membership = memberships_.find(room);
    if (!is_host_of(room, peer)) continue;
    if (membership != memberships_.end()) {
      membership->second.begin_anew(wish.knock.id);
      tell(membership->second.roll());
    } else {
      tell({room, 0, genesis_value(room), {}});
    }
  }
  return actions;
}

Actions Node::receive(const Turn&, const event::LinkFrameReceived& from, const link::Roll& roll) {
  const auto it = memberships_.find(roll.room);
  const bool may_ask = it != memberships_.end() && may_link(from.peer) &&
                       (it->second.concerns(from.peer) || it->second.has_gone(from.peer));
  if (!may_ask) {
    counters_.count("rolls_refused");
    return {};
  }
  it->second.receive(from.peer, roll);
  return {};
}

Actions Node::receive(const Turn& turn, const event::LinkFrameReceived& from,
                      const link::Objects& objects) {
  if (!may_link(from.peer)) return {};
  std::vector<Object> own;
  for (const Object& object : objects.objects) {
    // Only what members tell over links; the rest is a rendezvous's.
    const bool is_told = is_for_members(object.kind);
    if (is_told && p2pchat::room_of(object) == objects.room) own.push_back(object);
  }
  return take_objects(turn, own, from.peer);
}

Actions Node::take_objects(const Turn& turn, const std::vector<Object>& objects,
                           const std::optional<PeerId>& from) {
  Actions actions;
  for (const Object& object : objects) {
    const auto room = p2pchat::room_of(object);
    if (!room) continue;
    auto it = memberships_.find(*room);
    if (it == memberships_.end()) {
      // Of a room that I wish for, the genesis comes first.
      const Wishes::Wish* wish = wishes_.find(*room);
      if (wish == nullptr || object.kind != Kind::genesis) continue;
      const auto genesis = Genesis::decode(object.raw);
      if (!genesis) continue;
      const WishRecord& record = wish->record;
      if (genesis->name != record.name || genesis->creator != record.creator) {
        append(actions, wishes_.mismatched(turn, *room));
        continue;
      }
      it = memberships_.try_emplace(*room, *genesis, room_name(*genesis), identity_.id()).first;
      continue;
    }
    const bool may_tell = !from || it->second.concerns(*from) || is_host_of(*room, *from);
    if (!may_tell) {
      counters_.count("objects_refused");
      continue;
    }
    it->second.take(turn, object, from);
  }
  return actions;
}

bool Node::is_host_of(const RoomId& room, const PeerId& peer) const {
  const Wishes::Wish* wish = wishes_.find(room);
  if (wish == nullptr) return false;
  const auto& hosts = wish->record.hosts;
  return std::any_of(hosts.begin(), hosts.end(), [&](const Card& host) { return host.id == peer; });
}

Actions Node::end_memberships(const Turn& turn) {
  Actions actions;
  std::set<PeerId> linked;
  for (const PeerId& peer : company_) {
    if (links_.is_ready(peer)) linked.insert(peer);
  }
  for (const auto& [peer, due] : farewells_) {
    if (links_.is_ready(peer)) linked.insert(peer);
  }
  if (can_store()) {
    std::erase_if(memberships_, [&](const auto& it) {
      return !it.second.is_kept() && wishes_.find(it.first) == nullptr;
    });
    for (auto& [room, membership] : memberships_) {
      if (!membership.is_kept()) membership.rename(room_name(membership.record().genesis));
      if (const auto* wish = wishes_.find(room)) membership.expect(wish->knock.id);
      tell_heads(membership);
      for (Action& action : membership.end_turn(turn, linked, settings_.auto_vote)) {
        if (auto* send = std::get_if<action::SendLink>(&action)) {
          const auto side = links_.side_to(identity_.id(), send->peer);
          if (!side) continue;
          send->side = *side;
        }
        actions.push_back(std::move(action));
      }
      append(actions, notices(turn, membership));
      for (Object& object : membership.take_posted()) {
        if (!rendezvous_.exists()) continue;
        rendezvous_.ask(rendezvous::Put{std::move(object)}, Rendezvous::ForMembers{room});
      }
      append(actions, follow(turn, membership));
    }
  }
  append(actions, keep_company(turn));
  return actions;
}

// The newest posts of those who may have to go: the value that lets them go fixes them. Of those of
// whom I have said that they shall go nothing more is taken from themselves, unless somebody keeps
// them.
void Node::tell_heads(Membership& membership) {
  Room* room = room_of(membership.room());
  if (room == nullptr) return;
  std::set<PeerId> goers;
  std::set<PeerId> frozen;
  for (const Leave& leave : membership.consent().leaves()) goers.insert(leave.seat.peer);
  for (const Eviction& eviction : membership.consent().evictions()) {
    for (const Seat& seat : eviction.seats) {
      goers.insert(seat.peer);
      if (membership.is_for(eviction)) frozen.insert(seat.peer);
    }
  }
  for (const PeerId& peer : goers) {
    Consent::Holding holding{room->newest_of(peer)};
    holding.is_closed = holding.newest && room->feeds().is_closed(holding.newest->feed);
    // I may hold more of it, from an earlier seat of mine.
    if (holding.is_closed) {
      holding.newest = {holding.newest->feed, Number{1},
                        room->feeds().state(holding.newest->feed).opening};
    }
    for (const PeerId& member : room->facts().sitting.members) {
      const bool reads = holding.is_closed && room->may_read(member, holding.newest->feed);
      if (reads && member != peer) holding.readers.insert(member);
    }
    membership.learn(peer, holding);
  }
  room->freeze(std::move(frozen));
  room->convict(membership.consent().forkers());
}

Actions Node::follow(const Turn& turn, const Membership& membership) {
  Actions actions;
  const RoomId& id = membership.room();
  Room* room = room_of(id);
  if (!membership.sits()) {
    // It stays, in case I come back: my feed there goes on.
    if (room == nullptr || room->facts().sitting.members.size() == 1) return actions;
    append(actions, from_room(*room, identity_.id(), room->end_turn(turn)));
    Sitting alone = membership.sitting();
    alone.members = {identity_.id()};
    append(actions, from_room(*room, identity_.id(), room->change(turn, std::move(alone))));
    return actions;
  }
  if (room == nullptr) {
    RoomFacts facts{id,           membership.sitting(), identity_.id(),
                    incarnation_, settings_.room_bytes, membership.record().genesis.history};
    room = &rooms_.try_emplace(id, std::move(facts), take_stored(id), can_store()).first->second;
  } else if (room->facts().sitting.value != membership.roster().value() ||
             room->facts().sitting.members.size() != membership.roster().members().size()) {
    append(actions, from_room(*room, identity_.id(), room->change(turn, membership.sitting())));
  } else {
    room->set_leaving(membership.has_left());
    return actions;
  }
  room->set_leaving(membership.has_left());
  for (const PeerId& peer : room->facts().sitting.members) {
    const auto side = links_.side_to(identity_.id(), peer);
    if (!side || room->is_linked(peer)) continue;
    room->linked(turn, peer);
    // What it said of the room before I had decided has gone unheard.
    actions.push_back(action::SendLink{peer, *side, link::encode(link::AskHeads{id})});
  }
  return actions;
}

}  // namespace p2pchat
