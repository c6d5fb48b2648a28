#include "daemon/core/meetings.h"

#include <algorithm>

#include "daemon/core/actions.h"
#include "daemon/core/answers.h"
#include "proto/limits.h"
#include "proto/pair.h"

namespace p2pchat {
namespace {

// A target is ID@HOST:PORT, or HOST[:PORT].
struct Target {
  std::optional<PeerId> expected;
  Address address;
};

Result<Target> parse_target(std::string_view text) {
  Target target;
  if (const auto at = text.find('@'); at != std::string_view::npos) {
    target.expected = peer_id(text.substr(0, at));
    if (!target.expected) {
      return fail(Fault::usage, "what stands before '@' is not an id of 52 characters");
    }
    text.remove_prefix(at + 1);
  }
  auto address = parse_address(text, kDoorPortDefault);
  if (!address) return tl::unexpected(address.error());
  if (address->host == "*" || address->port == 0) {
    return fail(Fault::usage, "give the host and the port of a door: HOST[:PORT]");
  }
  target.address = std::move(*address);
  return target;
}

}  // namespace

void Meetings::resume(const Turn& turn, const Contacts& contacts) {
  for (const auto& [peer, contact] : contacts.all()) {
    if (contact.wish) wishes_[peer].due = turn.now.steady;
  }
}

Meetings::Outcome Meetings::meet(const Turn& turn, Contacts& contacts, const Card& own,
                                 const event::MeetRequested& event) {
  if (const auto known = contacts.resolve(event.target)) {
    return meet_known(turn, *contacts.find(*known), own, event.request);
  }
  const auto target = parse_target(event.target);
  if (!target) return {{refuse(event.request, target.error())}, {}, {}, {}};
  if (visits_.size() >= kVisitsMax) {
    return {{refuse(event.request, {Fault::limit, "too many meetings are under way"})}, {}, {}, {}};
  }
  Visit visit{target->address, Look{target->expected}, event.request};
  return {begin_visit(std::move(visit), door::encode_who()), {}, {}, {}};
}

Meetings::Outcome Meetings::meet_known(const Turn& turn, Contact& contact, const Card& own,
                                       const RequestId& request) {
  if (contact.is_blocked) {
    const std::string text =
        contact.name + " is blocked; undo it with: chatctl block --undo " + contact.name;
    return {{refuse(request, {Fault::refused, text})}, {}, {}, {}};
  }
  Outcome outcome;
  if (contact.asks) {
    contact.asks = false;
    outcome.actions.push_back(action::StoreContact{contact});
    append(outcome.actions, remind(turn, contact, own, Stamp{}));
  } else if (!contact.is_met()) {
    return ask_again(contact, request);
  }
  outcome.met = contact.id;
  outcome.actions.push_back(agree(request, who_is(contact)));
  return outcome;
}

Meetings::Outcome Meetings::ask_again(const Contact& contact, const RequestId& request) {
  // Who sits in a room with me may be met at the door that its card names.
  std::vector<Address> doors = contact.pins;
  for (const Place& place : contact.places()) {
    if (place.door != 0) doors.push_back({place.host, place.door});
  }
  if (doors.empty() || visits_.size() >= kVisitsMax) {
    const std::string text = "you have not met " + contact.name +
                             " yet; name its door: chatctl chat --no-talk " + to_text(contact.id) +
                             "@HOST:PORT";
    return {{refuse(request, {Fault::unknown, text})}, {}, {}, {}};
  }
  Visit visit{doors.front(), Look{contact.id}, request};
  return {begin_visit(std::move(visit), door::encode_who()), {}, {}, {}};
}

void Meetings::request_dropped(const RequestId& request) {
  for (auto& [id, visit] : visits_) {
    if (visit.request == request) visit.request.reset();
  }
}

bool Meetings::is_visiting(const PeerId& peer) const {
  return std::any_of(visits_.begin(), visits_.end(), [&](const auto& it) {
    const auto* purpose = std::get_if<Register>(&it.second.purpose);
    return purpose != nullptr && purpose->peer == peer;
  });
}

Actions Meetings::begin_visit(Visit visit, Bytes question) {
  last_visit_ = last_visit_.next();
  const Address address = visit.address;
  visits_.emplace(last_visit_, std::move(visit));
  return {action::VisitDoor{last_visit_, address, std::move(question)}};
}

Actions Meetings::begin_register(const Turn& turn, const Contact& contact, const Card& own,
                                 Visit visit, Stamp newest) {
  door::Registration registration{own, contact.id, sign_founding(turn.self, contact.id), {}};
  if (contact.is_met() && contact.card) {
    registration.reminder = door::Reminder{*contact.founding, *contact.card, newest};
  }
  return begin_visit(std::move(visit), registration.encode(turn.self));
}

Actions Meetings::remind(const Turn& turn, const Contact& contact, const Card& own, Stamp newest) {
  if (is_visiting(contact.id) || visits_.size() >= kVisitsMax) return {};
  std::vector<Address> doors;
  for (const Place& place : contact.places()) {
    if (place.door != 0) doors.push_back({place.host, place.door});
  }
  doors.insert(doors.end(), contact.pins.begin(), contact.pins.end());
  if (doors.empty()) return {};
  const auto draw = turn.entropy.draw<Fixed<struct DoorDraw, 1>>().bytes[0];
  Visit visit{doors[draw % doors.size()], Register{contact.id}, {}};
  return begin_register(turn, contact, own, std::move(visit), newest);
}

Meetings::Outcome Meetings::answered(const Turn& turn, Contacts& contacts, const Card& own,
                                     const event::DoorAnswered& event) {
  const auto it = visits_.find(event.visit);
  if (it == visits_.end()) return {};
  const Visit visit = std::move(it->second);
  visits_.erase(it);
  const auto answer = door::decode_answer(event.answer);
  const bool looked = std::holds_alternative<Look>(visit.purpose);
  const auto* introduction = answer ? std::get_if<door::Introduction>(&*answer) : nullptr;
  const auto* ack = answer ? std::get_if<door::Ack>(&*answer) : nullptr;
  if (looked && introduction != nullptr) {
    return introduced(turn, contacts, own, visit, introduction->card);
  }
  if (!looked && ack != nullptr) return acknowledged(turn, contacts, visit, *ack);
  counters_.count("malformed");
  const std::string text = to_text(visit.address) + " does not answer as a p2pchat door";
  return {refuse_whoever_asked(visit.request, {Fault::malformed, text}), {}, {}, {}};
}

Meetings::Outcome Meetings::failed(const event::DoorFailed& event) {
  const auto it = visits_.find(event.visit);
  if (it == visits_.end()) return {};
  const auto request = it->second.request;
  visits_.erase(it);
  return {refuse_whoever_asked(request, {Fault::machine, event.why}), {}, {}, {}};
}

Meetings::Outcome Meetings::introduced(const Turn& turn, Contacts& contacts, const Card& own,
                                       const Visit& visit, const Card& card) {
  const std::string where = to_text(visit.address);
  const auto refused = [&](Fault fault, std::string text) {
    return Outcome{refuse_whoever_asked(visit.request, {fault, std::move(text)}), {}, {}, {}};
  };
  if (card.id == turn.self.id()) {
    return refused(Fault::usage, "that is this daemon's own door");
  }
  const auto& expected = std::get<Look>(visit.purpose).expected;
  if (expected && *expected != card.id) {
    return refused(Fault::identity, "the identity at " + where + " is " + to_text(card.id) +
                                        ", not the one you named");
  }
  const Contact* pinned = contacts.pinned_at(visit.address);
  if (pinned != nullptr && pinned->id != card.id && !expected) {
    return refused(Fault::identity,
                   "the identity at " + where + " has changed: you met " + pinned->name + " (" +
                       short_text(pinned->id) +
                       ") there; if this is meant, name the new one: chatctl chat " +
                       to_text(card.id) + "@" + where);
  }
  Contact* contact = contacts.find_or_add(card.id, &card);
  if (contact == nullptr) return refused(Fault::limit, "there is no room for another contact");
  if (contact->is_blocked) return refused(Fault::refused, contact->name + " is blocked");
  contacts.update_card(*contact, card);
  contact->is_near |= is_local_only(visit.address.host);
  const bool is_first_use = pinned == nullptr || pinned->id != card.id;
  contacts.pin(*contact, visit.address);
  Outcome outcome;
  outcome.actions.push_back(action::StoreContact{*contact});
  Visit next{visit.address, Register{card.id, is_first_use}, visit.request};
  append(outcome.actions, begin_register(turn, *contact, own, std::move(next)));
  return outcome;
}

Actions Meetings::timer(const Turn& turn, const Contacts& contacts, const Card& own) {
  Actions actions;
  for (auto& [peer, wish] : wishes_) {
    if (wish.due > turn.now.steady) continue;
    wish.due = turn.now.steady + wish.backoff;
    wish.backoff = std::min(wish.backoff * 2, kWishBackoffMax);
    const Contact* contact = contacts.find(peer);
    if (contact == nullptr || !contact->wish) continue;
    if (is_visiting(peer) || visits_.size() >= kVisitsMax) continue;
    Visit visit{*contact->wish, Register{peer}, {}};
    append(actions, begin_register(turn, *contact, own, std::move(visit)));
  }
  return actions;
}

TimePoint Meetings::deadline() const {
  TimePoint next = TimePoint::never();
  for (const auto& [peer, wish] : wishes_) next = std::min(next, wish.due);
  return next;
}

}  // namespace p2pchat
