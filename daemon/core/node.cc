#include "daemon/core/node.h"

#include <algorithm>

#include "daemon/core/actions.h"
#include "daemon/core/answers.h"
#include "proto/limits.h"
#include "proto/pair.h"
#include "proto/text.h"

namespace p2pchat {

Node::Node(Settings settings, Identity identity, const Seed& seed, const Snapshot& snapshot,
           std::string store_trouble)
    : settings_(std::move(settings)),
      identity_(std::move(identity)),
      entropy_(seed),
      incarnation_(entropy_.draw<Incarnation>()),
      clock_(snapshot.promised),
      store_trouble_(std::move(store_trouble)),
      stored_self_{snapshot.card_counter, snapshot.promised},
      contacts_(snapshot.contacts),
      meetings_(settings_.accept),
      rate_(settings_.rate),
      wishes_(identity_.id(), snapshot.wishes),
      rendezvous_(settings_.has_rendezvous) {
  for (const RoomState& room : snapshot.rooms) snapshot_[room.room] = room;
  restore_rooms(snapshot);
  // A card is shown only once its counter is stored; until then the last one stands.
  make_card(can_store() ? snapshot.card_counter.next() : snapshot.card_counter);
}

void Node::make_card(Counter counter) {
  card_ = Card::make(identity_, settings_.name, own_places(), settings_.is_relay, counter);
}

Actions Node::start(Moment now) {
  const Turn turn{now, clock_, entropy_, identity_};
  Actions actions;
  stored_self_.card_counter = card_.counter;
  if (can_store()) actions.push_back(stored_self_);
  for (const auto& [id, room] : snapshot_) {
    for (const FeedState& feed : room.feeds) {
      // My own feeds are followed wherever they had got to; foreign ones within reason.
      if (feed.feed.author == identity_.id()) {
        clock_.observe(feed.stamp, feed.stamp.wall());
      } else {
        clock_.observe(feed.stamp, now.wall);
      }
    }
  }
  for (const auto& [peer, contact] : contacts_.all()) {
    peers_[pair_room(identity_.id(), peer)] = peer;
    // The history with somebody who is blocked is kept, and mended should it be undone.
    if (contact.founding && !contact.asks) open_room(peer);
    if (contact.is_met()) append(actions, admit(turn, contact));
  }
  meetings_.resume(turn, contacts_);
  append(actions, start_rooms(turn));
  return actions;
}

Actions Node::step(Moment now, const Event& event) {
  const Turn turn{now, clock_, entropy_, identity_};
  Actions actions = std::visit([&](const auto& fact) { return on(turn, fact); }, event);
  if (clock_.promised() > stored_self_.promised) {
    // A promise is durable before anybody hears it.
    stored_self_.promised = clock_.promised();
    actions.insert(actions.begin(), stored_self_);
  }
  return actions;
}

TimePoint Node::deadline() const {
  TimePoint next =
      std::min({links_.deadline(), meetings_.deadline(), paced_due_, wishes_.deadline(),
                rendezvous_.deadline(), listing_due_, deliveries_.deadline()});
  for (const auto& [id, membership] : memberships_) {
    // Without a store they decide nothing.
    if (can_store()) next = std::min(next, membership.deadline());
  }
  for (const auto& [peer, due] : farewells_) next = std::min(next, due);
  for (const auto& [id, room] : rooms_) next = std::min(next, room.deadline());
  return next;
}

Actions Node::on(const Turn& turn, const event::LinkOpened& event) {
  Contact* contact = contacts_.find(event.peer);
  if (contact == nullptr || !may_link(event.peer)) {
    return {action::HangUp{event.peer, event.side}};
  }
  contact->is_near |= is_local_only(event.host);
  return links_.opened(turn, event, {card_, incarnation_});
}

Actions Node::on(const Turn& turn, const event::LinkClosed& event) {
  const Links::Closed closed = links_.closed(turn, event);
  Actions actions;
  if (closed.lost_last) {
    for (auto& [id, room] : rooms_) room.unlinked(event.peer);
  }
  if (closed.dial_failed) append(actions, dial_failed(turn, event.peer));
  return actions;
}

Actions Node::dial_failed(const Turn& turn, const PeerId& peer) {
  const Contact* contact = contacts_.find(peer);
  if (contact == nullptr || links_.is_ready(peer)) return {};
  if (!contact->is_met()) return invite(peer);
  // It may have moved, or have lost its state and not know us: its door tells.
  const Room* room = room_of(pair_room(identity_.id(), peer));
  const auto newest = room == nullptr ? std::nullopt : room->newest_of(peer);
  const Stamp stamp = newest ? room->feeds().state(newest->feed).stamp : Stamp{};
  return meetings_.remind(turn, *contact, card_, stamp);
}

Actions Node::on(const Turn& turn, const event::LinkFrameReceived& event) {
  const auto message = link::decode(event.frame);
  if (!message) {
    counters_.count("malformed");
    counters_.count("ack_invalid_sent");
    const link::Ack invalid{Code::invalid, message.error().text};
    return {action::SendLink{event.peer, event.side, link::encode(invalid)}};
  }
  return std::visit([&](const auto& said) { return receive(turn, event, said); }, *message);
}

Actions Node::receive(const Turn& turn, const event::LinkFrameReceived& from,
                      const link::Registration& message) {
  counters_.count("registrations_received");
  const auto answer = [&](Code code, std::string reason) {
    return action::SendLink{from.peer, from.side, link::encode(link::Ack{code, std::move(reason)})};
  };
  Contact* contact = contacts_.find(from.peer);
  if (contact == nullptr || !may_link(from.peer)) {
    counters_.count("ack_unregistered_sent");
    return {answer(Code::unregistered, "not registered")};
  }
  if (message.card.id != from.peer) {
    counters_.count("ack_invalid_sent");
    return {answer(Code::invalid, "the card is somebody else's")};
  }
  Actions actions;
  if (contacts_.update_card(*contact, message.card)) {
    if (can_store()) actions.push_back(action::StoreContact{*contact});
    links_.keep(turn, from.peer, contact->places());
  }
  counters_.count("ack_success_sent");
  actions.push_back(answer(Code::success, ""));
  append(actions,
         links_.registered(from.peer, from.side, message.incarnation, {card_, incarnation_}));
  return actions;
}

Actions Node::receive(const Turn& turn, const event::LinkFrameReceived& from,
                      const link::Ack& message) {
  switch (message.code) {
    case Code::success:
      counters_.count("ack_success_received");
      if (!links_.acknowledged(from.peer, from.side)) return {};
      return link_ready(turn, from.peer);
    case Code::unregistered: counters_.count("ack_unregistered_received"); break;
    case Code::invalid: counters_.count("ack_invalid_received"); break;
    case Code::registration: break;
  }
  return report(turn, from.peer, "refuses: " + cleaned(message.reason));
}

template <class Message>
Actions Node::receive(const Turn& turn, const event::LinkFrameReceived& from,
                      const Message& message) {
  Room* room = room_of(message.room);
  const Contact* contact = contacts_.find(from.peer);
  const bool is_many = memberships_.contains(message.room);
  const bool may_talk = contact != nullptr && (is_many || contact->is_met());
  // Of a room that I am about to enter, others know before me.
  if (room == nullptr && (is_many || wishes_.find(message.room) != nullptr)) return {};
  if (room == nullptr || !may_talk || !room->has(from.peer)) {
    counters_.count("ack_unregistered_sent");
    const link::Ack unknown{Code::unregistered, "no such room here"};
    return {action::SendLink{from.peer, from.side, link::encode(unknown)}};
  }
  if constexpr (std::is_same_v<Message, link::Handover>) {
    // A topic belongs to whoever handed it over first.
    const auto owner = topics_.find(message.topic);
    if (owner != topics_.end() && owner->second != std::pair{message.room, from.peer}) return {};
  }
  return from_room(*room, from.peer, room->receive(turn, from.peer, message));
}

Actions Node::link_ready(const Turn& turn, const PeerId& peer) {
  Actions actions;
  if (const Place* place = links_.dialled_place(peer)) {
    actions.push_back(action::Hear{peer, place->host, place->pub});
  }
  for (auto& [id, room] : rooms_) room.linked(turn, peer);
  append(actions, tell_rolls(peer));
  return actions;
}

Actions Node::on(const Turn& turn, const event::LiveFrameReceived& event) {
  const auto frame = live::decode(event.frame);
  const auto topic = frame ? topics_.find(frame->topic) : topics_.end();
  Room* room = topic == topics_.end() ? nullptr : room_of(topic->second.first);
  if (room == nullptr) {
    counters_.count("live_unknown");
    return {};
  }
  const PeerId author = topic->second.second;
  return from_room(*room, author, room->receive_live(turn, author, *frame));
}

Actions Node::from_room(const Room& room, const PeerId& said_by, Actions actions) {
  Actions routed;
  for (Action& action : actions) {
    if (auto* send = std::get_if<action::SendLink>(&action)) {
      const auto side = links_.side_to(identity_.id(), send->peer);
      if (!side) continue;
      send->side = *side;
    } else if (auto* give = std::get_if<action::Give>(&action)) {
      const auto side = links_.side_to(identity_.id(), give->peer);
      if (!side) continue;
      give->side = *side;
    } else if (const auto* subscribe = std::get_if<action::Subscribe>(&action)) {
      topics_[subscribe->topic] = {room.facts().id, said_by};
    } else if (const auto* unsubscribe = std::get_if<action::Unsubscribe>(&action)) {
      topics_.erase(unsubscribe->topic);
    } else if (auto* answer = std::get_if<action::Answer>(&action)) {
      const auto membership = memberships_.find(room.facts().id);
      answer->row.set("conversation", membership == memberships_.end()
                                          ? name_of(peers_.at(room.facts().id))
                                          : membership->second.record().name);
    }
    routed.push_back(std::move(action));
  }
  return routed;
}

Actions Node::admit(const Turn& turn, const Contact& contact) {
  open_room(contact.id);
  links_.keep(turn, contact.id, contact.places());
  return {action::Admit{contact.id}};
}

void Node::open_room(const PeerId& peer) {
  const RoomId id = pair_room(identity_.id(), peer);
  peers_[id] = peer;
  if (rooms_.contains(id)) return;
  std::vector<PeerId> members{identity_.id(), peer};
  std::sort(members.begin(), members.end());
  RoomFacts facts{id,
                  {pair_value(identity_.id(), peer), 0, members, {}, {}},
                  identity_.id(),
                  incarnation_,
                  settings_.room_bytes};
  rooms_.try_emplace(id, std::move(facts), take_stored(id), can_store());
}

RoomState Node::take_stored(const RoomId& room) {
  auto stored = snapshot_.extract(room);
  return stored.empty() ? RoomState{room, 0, {}} : std::move(stored.mapped());
}

Room* Node::room_of(const RoomId& room) {
  const auto it = rooms_.find(room);
  return it == rooms_.end() ? nullptr : &it->second;
}

const Room* Node::room_of(const RoomId& room) const {
  const auto it = rooms_.find(room);
  return it == rooms_.end() ? nullptr : &it->second;
}

Actions Node::on(const Turn& turn, const event::TimerFired&) {
  Actions actions = links_.timer(turn);
  append(actions, meetings_.timer(turn, contacts_, card_));
  if (can_store()) append(actions, wishes_.timer(turn, rendezvous_));
  if (listing_due_ <= turn.now.steady) {
    listing_due_ = turn.now.steady + kListingLifetime / 2;
    ask_to_list(std::nullopt);
  }
  append(actions, release_paced(turn));
  for (auto& [id, room] : rooms_) {
    if (room.deadline() > turn.now.steady) continue;
    append(actions, from_room(room, identity_.id(), room.timer(turn)));
  }
  return actions;
}

Actions Node::on(const Turn& turn, const event::TurnEnded&) {
  Actions actions = end_memberships(turn);
  bool is_pruning = false;
  for (auto& [id, room] : rooms_) {
    Actions own = room.end_turn(turn);
    // Of one room a turn, so that nothing stalls; the others' is as due in the next.
    if (!is_pruning) {
      Actions order = room.prune(turn);
      is_pruning = !order.empty();
      append(own, std::move(order));
    }
    append(actions, from_room(room, identity_.id(), std::move(own)));
  }
  append(actions, deliveries_.end_turn(turn.now.steady, around_deliveries()));
  append(actions, rendezvous_.end_turn(turn));
  return actions;
}

Actions Node::report(const Turn& turn, const PeerId& peer, const std::string& text) {
  const auto last = reported_.find(peer);
  if (last != reported_.end() && turn.now.steady - last->second < kReportInterval) return {};
  reported_[peer] = turn.now.steady;
  return {action::Report{name_of(peer) + ": " + text}};
}

Actions Node::on(const Turn& turn, const event::BatchDamaged& event) {
  counters_.count("batches_damaged");
  Actions actions =
      report(turn, event.feed.author, "a stored batch is damaged; it is fetched again");
  if (Room* room = room_of(event.room)) {
    const Missing batch{event.feed, event.first, event.last};
    append(actions, from_room(*room, identity_.id(), room->damaged(turn, batch)));
  }
  return actions;
}

Actions Node::on(const Turn& turn, const event::PrunedFound& event) {
  Room* room = room_of(event.room);
  if (room == nullptr) return {};
  return from_room(*room, identity_.id(), room->found_pruned(turn, event));
}

Actions Node::on(const Turn& turn, const event::Compared& event) {
  const auto suspect = Batch::decode(event.suspect);
  const auto held = Batch::decode(event.held);
  const auto fork = suspect && held ? Fork::make(*suspect, *held) : std::nullopt;
  Room* room = room_of(event.room);
  if (!fork || room == nullptr || room->is_convicted(fork->one.author)) return {};
  counters_.count("forks_proved");
  const auto membership = memberships_.find(event.room);
  if (membership != memberships_.end()) {
    membership->second.take(turn, {Kind::fork, fork->raw}, std::nullopt);
    return {};
  }
  if (!can_store()) return {};
  const PeerId& author = fork->one.author;
  room->convict({author});
  return {action::StoreNotice{event.room, author, turn.now.wall,
                              name_of(author) +
                                  " has signed two different posts under one number, so others "
                                  "may have been shown something else than you"}};
}

Actions Node::on(const Turn& turn, const event::StoreRecovered&) {
  store_trouble_.clear();
  make_card(stored_self_.card_counter.next());
  stored_self_.card_counter = card_.counter;
  Actions actions{stored_self_};
  for (auto& [id, room] : rooms_) {
    append(actions, from_room(room, identity_.id(), room.store_recovered(turn)));
  }
  // What was told meanwhile was not heard.
  rendezvous_.begin_anew();
  append(actions, start_rooms(turn));
  for (const PeerId& peer : company_) append(actions, tell_rolls(peer));
  return actions;
}

}  // namespace p2pchat
