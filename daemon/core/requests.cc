// The local half of Node: what its users wish, and what comes of the door.
#include <algorithm>

#include "daemon/core/actions.h"
#include "daemon/core/answers.h"
#include "daemon/core/node.h"
#include "proto/limits.h"
#include "proto/pair.h"

namespace p2pchat {

Error Node::no_writes() const { return {Fault::machine, store_trouble_ + "; nothing was stored"}; }

Actions Node::on(const Turn& turn, const event::DoorAsked& event) {
  if (!can_store() && event.question != door::encode_who()) {
    const door::Ack ack{Code::unregistered, "its disk takes no writes now", true, {}, {}};
    return {action::AnswerDoor{event.visit, door::encode(ack)}};
  }
  return settle(turn, meetings_.asked(turn, contacts_, card_, event));
}

Actions Node::on(const Turn& turn, const event::DoorAnswered& event) {
  if (!can_store()) return meetings_.failed({event.visit, store_trouble_}).actions;
  return settle(turn, meetings_.answered(turn, contacts_, card_, event));
}

Actions Node::on(const Turn&, const event::DoorFailed& event) {
  return meetings_.failed(event).actions;
}

Actions Node::on(const Turn& turn, const event::MeetRequested& event) {
  if (!can_store()) return {refuse(event.request, no_writes())};
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
  if (event.body.empty()) return refused({Fault::usage, "an empty message is not sent"});
  if (event.body.size() > kBodyBytesMax) {
    return refused({Fault::limit, "a message is at most " + std::to_string(kBodyBytesMax) +
                                      " bytes; this has " + std::to_string(event.body.size())});
  }
  if (!can_store()) return refused(no_writes());
  const auto queued = room->post(event.request, event.body);
  if (!queued) return refused(queued.error());
  return {};
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
    append(actions, links_.drop(contact.id));
    actions.push_back(action::Unhear{contact.id});
    actions.push_back(action::Expel{contact.id});
    if (Room* live = room_of(room)) {
      append(actions, from_room(*live, contact.id, live->silence(contact.id)));
    }
  }
  actions.push_back(agree(event.request, who_is(contact)));
  return actions;
}

Actions Node::on(const Turn&, const event::RequestDropped& event) {
  meetings_.request_dropped(event.request);
  std::erase_if(paced_, [&](const auto& push) { return push.request == event.request; });
  return {};
}

Result<Conversation> Node::resolve(std::string_view name) const {
  const auto peer = contacts_.resolve(name);
  if (!peer) return tl::unexpected(peer.error());
  return Conversation{pair_room(identity_.id(), *peer), *peer, contacts_.name_of(*peer)};
}

std::vector<Conversation> Node::conversations() const {
  std::vector<Conversation> all;
  for (const auto& [room, peer] : peers_) all.push_back({room, peer, contacts_.name_of(peer)});
  return all;
}

std::string Node::name_of(const PeerId& peer) const {
  return peer == identity_.id() ? settings_.name : contacts_.name_of(peer);
}

Stamp Node::final_stamp(const RoomId& room) const {
  const Room* found = room_of(room);
  return found == nullptr ? Stamp{} : found->final_stamp(clock_);
}

}  // namespace p2pchat
