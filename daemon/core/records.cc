// What Node tells its local users about itself, as records. Queries only.
#include <algorithm>

#include "daemon/core/answers.h"
#include "daemon/core/node.h"
#include "proto/pair.h"

namespace p2pchat {
namespace {

std::int64_t whole(std::uint64_t value) { return static_cast<std::int64_t>(value); }

std::string state_of(const Contact& contact, bool is_ready, bool is_company) {
  if (contact.is_blocked) return "blocked";
  if (contact.asks) return "asks";
  if (contact.is_met() || is_company) return is_ready ? "linked" : "away";
  return contact.wish ? "waiting" : "named";
}

}  // namespace

control::Record Node::id_record() const {
  control::Record row;
  row.set("id", to_text(identity_.id()));
  row.set("fingerprint", fingerprint(identity_.id()));
  row.set("name", settings_.name);
  std::vector<std::string> addresses;
  for (const Place& place : settings_.places) {
    addresses.push_back(to_text(Address{place.host, place.door}));
  }
  row.set("addresses", addresses);
  if (!settings_.places.empty()) {
    const Place& place = settings_.places.front();
    row.set("door", std::int64_t{place.door});
    row.set("link", std::int64_t{place.link});
    row.set("pub", std::int64_t{place.pub});
  }
  return row;
}

std::vector<control::Record> Node::peer_records(Moment now) const {
  std::vector<control::Record> rows;
  for (const auto& [peer, contact] : contacts_.all()) {
    control::Record row = who_is(contact);
    row.set("state", state_of(contact, links_.is_ready(peer), company_.contains(peer)));
    row.set("verified", contact.is_verified);
    const auto side = links_.side_to(identity_.id(), peer);
    if (side) row.set("link", *side == LinkSide::dialled ? "dialled" : "accepted");
    if (const Room* room = room_of(pair_room(identity_.id(), peer))) {
      row.set("hears", room->hears(peer, now.steady));
      row.set("heard", room->is_heard_by(peer, now.steady));
    }
    std::vector<std::string> addresses;
    for (const Place& place : contact.places()) {
      addresses.push_back(to_text(Address{place.host, place.door}));
    }
    row.set("addresses", addresses);
    const std::string& failure = links_.last_failure(peer);
    if (!failure.empty()) row.set("failure", failure);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<control::Record> Node::room_records(Moment now) const {
  std::vector<control::Record> rows;
  for (const auto& [id, room] : rooms_) {
    if (memberships_.contains(id)) continue;
    control::Record row;
    row.set("name", name_of(peers_.at(id)));
    row.set("kind", "pair");
    row.set("members", whole(room.facts().sitting.members.size()));
    add_room_facts(now, room, row);
    rows.push_back(std::move(row));
  }
  for (control::Record& row : many_records(now)) rows.push_back(std::move(row));
  return rows;
}

void Node::add_room_facts(Moment now, const Room& room, control::Record& row) {
  std::uint64_t posts = 0;
  for (const Head& head : room.feeds().heads()) posts += head.number.value;
  row.set("have", whole(posts));
  row.set("known", whole(posts + room.feeds().posts_missing()));
  row.set("rate", whole(room.catch_up_rate(now.steady)));
  row.set("bytes", whole(room.bytes()));
  row.set("paused", room.is_paused());
  if (room.retention().is_on()) row.set("keep", keep_text(room.retention()));
}

// How far behind me a member is, by its own word, and until when nothing more is to come of it.
void Node::add_receipts(const Room& room, const PeerId& peer, control::Record& row) {
  if (peer == room.facts().self || !room.has(peer)) return;
  row.set("behind", whole(room.lag_of(peer)));
  const Stamp settled = room.settled_by(peer);
  if (settled != Stamp{}) row.set("settled_time", settled.wall().milliseconds);
}

std::vector<control::Record> Node::member_records(const RoomId& id) const {
  std::vector<control::Record> rows;
  const auto membership = memberships_.find(id);
  if (membership != memberships_.end()) return many_member_records(membership->second);
  const Room* room = room_of(id);
  if (room == nullptr) return rows;
  for (const PeerId& peer : room->facts().sitting.members) {
    control::Record row;
    row.set("id", to_text(peer));
    row.set("name", name_of(peer));
    row.set("me", peer == identity_.id());
    add_receipts(*room, peer, row);
    rows.push_back(std::move(row));
  }
  return rows;
}

control::Record Node::status_record(Moment now) const {
  control::Record row;
  std::uint64_t linked = 0;
  std::uint64_t met = 0;
  std::uint64_t held = 0;
  std::uint64_t missing = 0;
  std::uint64_t rate = 0;
  for (const auto& [peer, contact] : contacts_.all()) {
    met += contact.is_met() ? 1 : 0;
    linked += links_.is_ready(peer) ? 1 : 0;
  }
  Counters counters = counters_;
  counters.add(meetings_.counters());
  for (const auto& [id, room] : rooms_) {
    held += room.feeds().held_back();
    missing += room.feeds().posts_missing();
    rate += room.catch_up_rate(now.steady);
    counters.add(room.counters());
  }
  for (const auto& [id, membership] : memberships_) counters.add(membership.counters());
  row.set("contacts", whole(met)).set("linked", whole(linked));
  row.set("strangers_waiting", whole(contacts_.strangers()));
  row.set("posts_missing", whole(missing)).set("posts_waiting", whole(held));
  row.set("catch_up_rate", whole(rate));
  row.set("can_store", can_store());
  for (const auto& [name, value] : counters.values()) {
    row.set(std::string(name), whole(value));
  }
  return row;
}

std::vector<control::Record> Node::doctor_records() const {
  std::vector<control::Record> rows;
  const auto say = [&](std::string text) {
    control::Record row;
    rows.push_back(std::move(row.set("problem", std::move(text))));
  };
  if (!damage_.empty()) say(damage_);
  if (!rendezvous_.failure().empty()) say("the rendezvous: " + rendezvous_.failure());
  if (!can_store()) say(store_trouble_ + ": pushes fail and nothing is taken in");
  for (const auto& [id, room] : rooms_) {
    const auto membership = memberships_.find(id);
    const std::string name = membership == memberships_.end() ? name_of(peers_.at(id))
                                                              : membership->second.record().name;
    if (room.is_paused()) say(name + ": the limit of stored bytes is reached (room-bytes)");
    if (room.has_lost_own()) {
      say(name + ": posts of yours are damaged, and nobody has them; no one will get them");
    } else if (room.repair().holes() > 0) {
      say(name + ": damaged posts wait to be fetched again");
    }
  }
  for (const auto& [peer, contact] : contacts_.all()) {
    if (contact.asks) say(contact.name + " asks to talk: chatctl chat --no-talk " + contact.name);
    const bool is_wanted = contact.is_met() || company_.contains(peer);
    if (!is_wanted || links_.is_ready(peer)) continue;
    const std::string& failure = links_.last_failure(peer);
    say(contact.name + " is away" + (failure.empty() ? "" : ": " + failure));
  }
  return rows;
}

}  // namespace p2pchat
