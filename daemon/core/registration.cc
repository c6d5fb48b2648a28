// The registration half of Meetings: what is decided at the door, on both sides of it.
#include <algorithm>

#include "daemon/core/actions.h"
#include "daemon/core/answers.h"
#include "daemon/core/meetings.h"
#include "proto/limits.h"
#include "proto/pair.h"
#include "proto/text.h"

namespace p2pchat {

Meetings::Outcome Meetings::asked(const Turn& turn, Contacts& contacts, const Card& own,
                                  const event::DoorAsked& event) {
  const auto question = door::decode_question(event.question);
  if (!question) {
    counters_.count(question.error().fault == Fault::forged ? "forged" : "malformed");
    counters_.count("ack_invalid_sent");
    const door::Ack invalid{Code::invalid, question.error().text, false, {}, {}};
    return {{action::AnswerDoor{event.visit, door::encode(invalid)}}, {}, {}, {}};
  }
  if (std::holds_alternative<door::Who>(*question)) {
    counters_.count("door_who");
    return {{action::AnswerDoor{event.visit, door::encode(door::Introduction{own})}}, {}, {}, {}};
  }
  if (const auto* registration = std::get_if<door::Registration>(&*question)) {
    counters_.count("registrations_received");
    return register_in(turn, contacts, own, event, *registration);
  }
  return {};
}

Meetings::Outcome Meetings::register_in(const Turn& turn, Contacts& contacts, const Card& own,
                                        const event::DoorAsked& event,
                                        const door::Registration& registration) {
  const PeerId& peer = registration.card.id;
  const auto answer = [&](const door::Ack& ack) {
    return Outcome{{action::AnswerDoor{event.visit, door::encode(ack)}}, {}, {}, {}};
  };
  if (registration.to != turn.self.id() || peer == turn.self.id()) {
    counters_.count("ack_invalid_sent");
    return answer({Code::invalid, "this registration is for somebody else", false, {}, {}});
  }
  Contact* contact = contacts.find(peer);
  if (contact != nullptr && contact->is_blocked) {
    counters_.count("ack_unregistered_sent");
    return answer({Code::unregistered, "not accepted", false, {}, {}});
  }
  if (!may_enter(contact, registration)) {
    counters_.count("ack_unregistered_sent");
    if (accept_ == Accept::ask) return ask_user(turn, contacts, event, registration);
    return answer({Code::unregistered, "not accepted", false, {}, {}});
  }
  contact = contacts.find_or_add(peer, &registration.card);
  if (contact == nullptr) {
    counters_.count("ack_unregistered_sent");
    return answer({Code::unregistered, "there is no room for another contact", false, {}, {}});
  }
  contacts.update_card(*contact, registration.card);
  contact->founding = registration.founding;
  contact->is_near |= is_local_only(event.host);
  contact->asks = false;
  contact->wish.reset();
  wishes_.erase(peer);
  counters_.count("ack_success_sent");
  const door::Ack welcome{Code::success, "", false, sign_founding(turn.self, peer), own};
  Outcome outcome{{action::StoreContact{*contact}}, peer, {}, {}};
  outcome.actions.push_back(action::AnswerDoor{event.visit, door::encode(welcome)});
  if (registration.reminder) {
    outcome.card_floor = registration.reminder->card.counter;
    outcome.stamp_floor = registration.reminder->stamp;
  }
  return outcome;
}

bool Meetings::may_enter(const Contact* contact, const door::Registration& registration) const {
  // The reminder bears my own signature: I said yes to this peer once.
  if (registration.reminder) return true;
  if (contact != nullptr && (contact->is_met() || contact->wish)) return true;
  switch (accept_) {
    case Accept::anyone: return true;
    case Accept::known: return contact != nullptr && contact->is_aliased;
    case Accept::ask:
    case Accept::nobody: return false;
  }
  return false;
}

Meetings::Outcome Meetings::ask_user(const Turn& turn, Contacts& contacts,
                                     const event::DoorAsked& event,
                                     const door::Registration& registration) {
  const door::Ack ack{Code::unregistered, "its user is being asked", true, {}, {}};
  Outcome outcome{{action::AnswerDoor{event.visit, door::encode(ack)}}, {}, {}, {}};
  const PeerId& peer = registration.card.id;
  Contact* contact = contacts.find(peer);
  const bool is_new = contact == nullptr || !contact->asks;
  if (is_new && contacts.strangers() >= kStrangersMax) {
    counters_.count("strangers_dropped");
    return outcome;
  }
  contact = contacts.find_or_add(peer, &registration.card);
  if (contact == nullptr) return outcome;
  const bool is_news = contacts.update_card(*contact, registration.card) || is_new;
  contact->is_near |= is_local_only(event.host);
  contact->asks = true;
  contact->founding = registration.founding;
  if (is_news) outcome.actions.insert(outcome.actions.begin(), action::StoreContact{*contact});
  if (is_new) {
    const std::string text = contact->name + " asks to talk with you (id " + to_text(peer) +
                             ", fingerprint " + fingerprint(peer) +
                             "). Accept: chatctl chat --no-talk " + contact->name +
                             " ; refuse: chatctl block " + contact->name;
    outcome.actions.insert(
        outcome.actions.begin(),
        action::StoreNotice{pair_room(turn.self.id(), peer), peer, turn.now.wall, text});
  }
  return outcome;
}

Meetings::Outcome Meetings::acknowledged(const Turn& turn, Contacts& contacts, const Visit& visit,
                                         const door::Ack& ack) {
  const PeerId& peer = std::get<Register>(visit.purpose).peer;
  Contact* contact = contacts.find(peer);
  if (contact == nullptr || contact->is_blocked) {
    return {
        refuse_whoever_asked(visit.request, {Fault::refused, "the contact is gone"}), {}, {}, {}};
  }
  if (ack.code != Code::success) return not_let_in(turn, visit, *contact, ack);
  const bool is_signed = ack.founding && ack.card && ack.card->id == peer &&
                         verify_founding(peer, turn.self.id(), *ack.founding);
  if (!is_signed) {
    counters_.count("forged");
    const std::string text =
        "the answer of " + to_text(visit.address) + " is not signed as it must be";
    return {refuse_whoever_asked(visit.request, {Fault::identity, text}), {}, {}, {}};
  }
  counters_.count("ack_success_received");
  return let_in(visit, contacts, *contact, ack);
}

Meetings::Outcome Meetings::let_in(const Visit& visit, Contacts& contacts, Contact& contact,
                                   const door::Ack& ack) {
  contacts.update_card(contact, *ack.card);
  contact.founding = *ack.founding;
  contact.asks = false;
  contact.wish.reset();
  wishes_.erase(contact.id);
  Outcome outcome{{action::StoreContact{contact}}, contact.id, {}, {}};
  if (visit.request) {
    control::Record row = who_is(contact);
    row.set("address", to_text(visit.address));
    row.set("first", std::get<Register>(visit.purpose).is_first_use);
    outcome.actions.push_back(agree(*visit.request, std::move(row)));
  }
  return outcome;
}

Meetings::Outcome Meetings::not_let_in(const Turn& turn, const Visit& visit, Contact& contact,
                                       const door::Ack& ack) {
  counters_.count(ack.code == Code::invalid ? "ack_invalid_received" : "ack_unregistered_received");
  return ack.waiting ? still_waiting(turn, visit, contact, ack)
                     : refused(turn, visit, contact, ack);
}

Meetings::Outcome Meetings::still_waiting(const Turn& turn, const Visit& visit, Contact& contact,
                                          const door::Ack& ack) {
  Outcome outcome;
  const bool is_new = !contact.is_met() && !wishes_.contains(contact.id);
  if (is_new && wishes_.size() < kWishesMax) {
    contact.wish = visit.address;
    wishes_[contact.id].due = turn.now.steady + kWishBackoffMin;
    outcome.actions.push_back(action::StoreContact{contact});
  }
  const auto wish = wishes_.find(contact.id);
  if (wish != wishes_.end()) wish->second.is_being_asked = true;
  if (visit.request) {
    const std::string text = contact.name + ": " + cleaned(ack.reason) +
                             "; the meeting completes by itself when it is accepted";
    control::Record row = who_is(contact);
    row.set("address", to_text(visit.address)).set("waiting", true);
    outcome.actions.push_back(
        action::Answer{*visit.request, ExitCode::queued, text, std::move(row)});
  }
  return outcome;
}

Meetings::Outcome Meetings::refused(const Turn& turn, const Visit& visit, Contact& contact,
                                    const door::Ack& ack) {
  Outcome outcome;
  const std::string text = contact.name + " at " + to_text(visit.address) +
                           " does not let you in: " + cleaned(ack.reason);
  // The wish is not repeated any more, but it stands as my user's yes: should the other
  // side name us in its turn, it is let in.
  if (!contact.is_met() && !contact.wish) {
    contact.wish = visit.address;
    outcome.actions.push_back(action::StoreContact{contact});
  }
  const auto wish = wishes_.find(contact.id);
  if (wish != wishes_.end() && wish->second.is_being_asked) {
    outcome.actions.push_back(action::StoreNotice{pair_room(turn.self.id(), contact.id), contact.id,
                                                  turn.now.wall, text});
  }
  wishes_.erase(contact.id);
  append(outcome.actions, refuse_whoever_asked(visit.request, {Fault::refused, text}));
  return outcome;
}

}  // namespace p2pchat
