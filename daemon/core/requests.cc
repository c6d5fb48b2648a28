// The local half of Node: what its users wish, and what comes of the door.
#include <algorithm>

#include "daemon/core/actions.h"
#include "daemon/core/answers.h"
#include "daemon/core/node.h"
#include "proto/limits.h"
#include "proto/pair.h"
#include "proto/text.h"

namespace p2pchat {

Error Node::no_writes() const { return {Fault::machine, store_trouble_ + "; nothing was stored"}; }

Actions Node::on(const Turn& turn, const event::DoorAsked& event) {
  if (!can_store() && event.question != door::encode_who()) {
    const door::Ack ack{Code::unregistered, "its disk takes no writes now", true, {}, {}};
    return {action::AnswerDoor{event.visit, door::encode(ack)}};
  }
  const auto question = door::decode_question(event.question);
  const bool is_for_rooms = question && !std::holds_alternative<door::Who>(*question) &&
                            !std::holds_alternative<door::Registration>(*question);
  if (is_for_rooms) return at_door(event, turn, *question);
  return settle(turn, meetings_.asked(turn, contacts_, card_, event));
}

Actions Node::on(const Turn& turn, const event::DoorAnswered& event) {
  if (invitations_.erase(event.visit) > 0) return {};
  if (event.visit.value >= Wishes::kFirstVisit) {
    return with_creators(wishes_.answered(turn, card_, event));
  }
  if (!can_store()) return meetings_.failed({event.visit, store_trouble_}).actions;
  return settle(turn, meetings_.answered(turn, contacts_, card_, event));
}

Actions Node::on(const Turn&, const event::DoorFailed& event) {
  if (invitations_.erase(event.visit) > 0) return {};
  if (event.visit.value >= Wishes::kFirstVisit) return wishes_.failed(event);
  return meetings_.failed(event).actions;
}

Actions Node::on(const Turn& turn, const event::MeetRequested& event) {
  if (!can_store()) return {refuse(event.request, no_writes())};
  // Who is no contact yet may be listed under the name; an address says so itself.
  const bool is_name = is_plain_name(event.target) && event.target.find('.') == std::string::npos;
  if (rendezvous_.exists() && is_name && !contacts_.resolve(event.target)) {
    if (rendezvous_.ask(rendezvous::List{}, Rendezvous::ForMeeting{event, {}})) return {};
    return {refuse(event.request, Rendezvous::too_many())};
  }
  return settle(turn, meetings_.meet(turn, contacts_, card_, event));
}

Actions Node::settle(const Turn& turn, Meetings::Outcome outcome) {
  Actions actions = std::move(outcome.actions);
  if (outcome.card_floor && *outcome.card_floor >= card_.counter) {
    make_card(outcome.card_floor->next());
    stored_self_.card_counter = card_.counter;
    actions.insert(actions.begin(), stored_self_);
  }
  clock_.observe(outcome.stamp_floor, turn.now.wall);
  if (outcome.met) {
    const Contact* contact = contacts_.find(*outcome.met);
    if (contact != nullptr && contact->is_met()) append(actions, admit(turn, *contact));
  }
  // A stranger's notice is read in the conversation that it may become.
  for (const Action& action : actions) {
    if (const auto* notice = std::get_if<action::StoreNotice>(&action)) {
      peers_[notice->room] = notice->peer;
    }
  }
  return actions;
}

Actions Node::on(const Turn& turn, const event::PushRequested& event) {
  // What waits keeps its turn: it is never overtaken by what its caller sent after it.
  if (event.waits && !paced_.empty()) return pace(event);
  if (const auto wait = rate_.take(turn.now.steady)) {
    if (event.waits) {
      paced_due_ = turn.now.steady + *wait;
      return pace(event);
    }
    control::Record row;
    row.set("retry_after", wait->count());
    return {action::Answer{event.request, ExitCode::limit,
                           "more than " + std::to_string(settings_.rate) +
                               " messages a second (rate); try again later",
                           std::move(row)}};
  }
  return push(event);
}

Actions Node::pace(const event::PushRequested& event) {
  if (paced_.size() >= kPacedPushesMax) {
    return {refuse(event.request, {Fault::limit, "too many messages wait to be pushed"})};
  }
  paced_.push_back(event);
  return {};
}

Actions Node::release_paced(const Turn& turn) {
  Actions actions;
  if (paced_due_ > turn.now.steady) return actions;
  paced_due_ = TimePoint::never();
  while (!paced_.empty()) {
    if (const auto wait = rate_.take(turn.now.steady)) {
      paced_due_ = turn.now.steady + *wait;
      break;
    }
    append(actions, push(paced_.front()));
    paced_.pop_front();
  }
  return actions;
}

Actions Node::push(const event::PushRequested& event) {
  if (!event.to.starts_with("peer:")) {
    if (const Membership* membership = membership_of(event.to)) {
      Room* room = membership->is_in() ? room_of(membership->room()) : nullptr;
      return push_to(room, membership->record().name, event);
    }
  }
  const auto refused = [&](Error error) {
    return Actions{refuse(event.request, std::move(error))};
  };
  const auto peer = contacts_.resolve(event.to);
  if (!peer) return refused(peer.error());
  const Contact& contact = *contacts_.find(*peer);
  Room* room = room_of(pair_room(identity_.id(), *peer));
  if (!contact.is_met() || room == nullptr) {
    const std::string text = contact.is_blocked
                                 ? contact.name + " is blocked"
                                 : "you have not met " + contact.name +
                                       "; first: chatctl chat --no-talk " + contact.name;
    return refused({Fault::unknown, text});
  }
  return push_to(room, contact.name, event);
}

Actions Node::on(const Turn&, const event::KeyFound& event) {
  const auto it = keyed_.find({event.room, event.key});
  if (it == keyed_.end()) return {};
  const event::PushRequested asked = std::move(it->second.front());
  it->second.pop_front();
  Actions actions = push_found(asked, event);
  if (it->second.empty()) {
    keyed_.erase(it);
  } else {
    actions.push_back(action::FindKey{event.room, event.key});
  }
  return actions;
}

Actions Node::push_found(const event::PushRequested& asked, const event::KeyFound& event) {
  const auto refused = [&](Error error) {
    return Actions{refuse(asked.request, std::move(error))};
  };
  if (!event.why.empty()) return refused({Fault::machine, event.why});
  Room* room = talking_room(event.room) == nullptr ? nullptr : room_of(event.room);
  if (room == nullptr) return refused({Fault::unknown, "you are no member there any more"});
  if (!event.known) {
    if (!can_store()) return refused(no_writes());
    const auto queued = room->post(asked.request, asked.body, asked.key);
    return queued ? Actions{} : refused(queued.error());
  }
  const KeyRecord& known = *event.known;
  if (known.text != text_hash(asked.body)) {
    return refused(
        {Fault::refused, "another text was pushed under the key '" + cleaned(asked.key) + "'"});
  }
  const FeedTag tag = feed_tag(known.room, known.feed);
  return from_room(*room, identity_.id(),
                   {agree(asked.request, post_row(tag, known.number, known.time))});
}

Actions Node::on(const Turn& turn, const event::AwaitRequested& event) {
  const auto message = parse_message_id(event.message);
  if (!message) {
    return {refuse(event.request,
                   {Fault::usage, "'" + cleaned(event.message) + "' is no message's id"})};
  }
  for (const auto& [id, room] : rooms_) {
    const auto feed = room.own_feed_called(message->tag);
    if (!feed || room.feeds().state(*feed).have < message->number) continue;
    deliveries_.await(turn.now.steady, event, {id, *feed, message->number});
    return {};
  }
  return {refuse(event.request, {Fault::unknown, "you have pushed no message " + event.message})};
}

Deliveries::Around Node::around_deliveries() const {
  return {[this](const RoomId& id) { return talking_room(id); },
          [this](const PeerId& peer) { return name_of(peer); }};
}

const Room* Node::talking_room(const RoomId& room) const {
  const auto membership = memberships_.find(room);
  const bool is_out = membership != memberships_.end() && !membership->second.is_in();
  return is_out ? nullptr : room_of(room);
}

Result<Contact*> Node::contact_of(std::string_view who) {
  if (const auto known = contacts_.resolve(who)) return contacts_.find(*known);
  // A full id may be named before anything else is known of it.
  const auto id = peer_id(who);
  if (!id) return tl::unexpected(contacts_.resolve(who).error());
  if (*id == identity_.id()) return fail(Fault::usage, "that is this daemon's own id");
  Contact* contact = contacts_.find_or_add(*id, nullptr);
  if (contact == nullptr) return fail(Fault::limit, "there is no room for another contact");
  peers_[pair_room(identity_.id(), *id)] = *id;
  return contact;
}

Actions Node::on(const Turn&, const event::AliasRequested& event) {
  if (!can_store()) return {refuse(event.request, no_writes())};
  const bool is_new = !contacts_.resolve(event.who);
  const auto contact = contact_of(event.who);
  if (!contact) return {refuse(event.request, contact.error())};
  if (const auto renamed = contacts_.rename(**contact, event.name); !renamed) {
    const PeerId peer = (*contact)->id;
    if (is_new) {
      peers_.erase(pair_room(identity_.id(), peer));
      contacts_.forget(peer);
    }
    return {refuse(event.request, renamed.error())};
  }
  return {action::StoreContact{**contact}, agree(event.request, who_is(**contact))};
}

Actions Node::on(const Turn&, const event::VerifyRequested& event) {
  if (!can_store()) return {refuse(event.request, no_writes())};
  const auto contact = contact_of(event.who);
  if (!contact) return {refuse(event.request, contact.error())};
  (*contact)->is_verified = true;
  return {action::StoreContact{**contact}, agree(event.request, who_is(**contact))};
}

Actions Node::on(const Turn& turn, const event::BlockRequested& event) {
  if (!can_store()) return {refuse(event.request, no_writes())};
  const auto found = contact_of(event.who);
  if (!found) return {refuse(event.request, found.error())};
  Contact& contact = **found;
  contact.is_blocked = !event.undo;
  // Who was only asking has never had a yes that an undo could bring back.
  if (contact.asks) contact.founding.reset();
  contact.asks = false;
  contact.wish.reset();
  meetings_.forget_wish(contact.id);
  Actions actions{action::StoreContact{contact}};
  if (event.undo) {
    if (contact.is_met()) append(actions, admit(turn, contact));
  } else {
    const RoomId room = pair_room(identity_.id(), contact.id);
    // Who sits in a room with me stays linked for the room's sake.
    if (!company_.contains(contact.id)) {
      append(actions, links_.drop(contact.id));
      actions.push_back(action::Unhear{contact.id});
      actions.push_back(action::Expel{contact.id});
    }
    if (Room* live = room_of(room)) {
      append(actions, from_room(*live, contact.id, live->silence(contact.id)));
    }
  }
  actions.push_back(agree(event.request, who_is(contact)));
  return actions;
}

Actions Node::on(const Turn&, const event::RequestDropped& event) {
  deliveries_.request_dropped(event.request);
  meetings_.request_dropped(event.request);
  wishes_.request_dropped(event.request);
  rendezvous_.request_dropped(event.request);
  std::erase_if(paced_, [&](const auto& push) { return push.request == event.request; });
  return {};
}

Result<Conversation> Node::resolve(std::string_view name) const {
  if (!name.starts_with("peer:")) {
    if (const Membership* membership = membership_of(name)) {
      return Conversation{membership->room(), {}, membership->record().name};
    }
  }
  const auto peer = contacts_.resolve(name);
  if (!peer) {
    for (const Conversation& each : wished_conversations()) {
      if (each.name == name) return each;
    }
    return tl::unexpected(peer.error());
  }
  return Conversation{pair_room(identity_.id(), *peer), *peer, contacts_.name_of(*peer)};
}

std::vector<Conversation> Node::wished_conversations() const {
  std::vector<Conversation> all;
  const auto add = [&](const RoomId& room, const std::string& name) {
    const auto membership = memberships_.find(room);
    const bool is_listed = membership != memberships_.end() && membership->second.is_kept();
    if (!is_listed) all.push_back({room, {}, name});
  };
  for (const auto& [room, wish] : wishes_.all()) add(room, wish.record.name);
  for (const auto& [room, record] : wishes_.over()) add(room, record.name);
  return all;
}

std::vector<Conversation> Node::conversations() const {
  std::vector<Conversation> all;
  for (const auto& [room, peer] : peers_) all.push_back({room, peer, contacts_.name_of(peer)});
  for (const auto& [room, membership] : memberships_) {
    if (membership.is_kept()) all.push_back({room, {}, membership.record().name});
  }
  for (Conversation& each : wished_conversations()) all.push_back(std::move(each));
  return all;
}

std::string Node::name_of(const PeerId& peer) const {
  return peer == identity_.id() ? settings_.name : contacts_.name_of(peer);
}

Stamp Node::final_stamp(const RoomId& room) const {
  const Room* found = room_of(room);
  if (found == nullptr) return {};
  const Stamp settled = found->final_stamp(clock_);
  const auto membership = memberships_.find(room);
  if (membership == memberships_.end()) return settled;
  return std::min(settled, membership->second.coming_from().value_or(settled));
}

}  // namespace p2pchat
