// The door half of Wishes: what is asked and knocked there, and who comes to mine.
#include <algorithm>

#include "daemon/core/actions.h"
#include "daemon/core/answers.h"
#include "daemon/core/wishes.h"
#include "proto/limits.h"
#include "proto/text.h"

namespace p2pchat {
namespace {

std::string no_door(const Address& address) {
  return to_text(address) + " does not answer as a p2pchat door";
}

}  // namespace

Actions Wishes::visit(Visit visit, Bytes question) {
  last_visit_ = last_visit_.next();
  const Address address = visit.address;
  visits_.emplace(last_visit_, std::move(visit));
  return {action::VisitDoor{last_visit_, address, std::move(question)}};
}

Actions Wishes::knock_at(const Address& address, const Wish& wish) {
  const Repeat repeat{wish.record.room, wish.knock.id};
  return visit({address, repeat}, door::encode(door::Knocking{wish.knock}));
}

Actions Wishes::answered(const Turn& turn, const Card& own, const event::DoorAnswered& event) {
  const auto node = visits_.extract(event.visit);
  if (node.empty()) return {};
  const Visit& visit = node.mapped();
  const auto answer = door::decode_answer(event.answer);
  if (!answer) return failed_visit(visit, no_door(visit.address));
  if (const auto* ask = std::get_if<Ask>(&visit.purpose)) {
    return asked_at_door(turn, own, visit, *ask, *answer);
  }
  return knocked_at_door(turn, visit, std::get<Repeat>(visit.purpose), *answer);
}

Actions Wishes::failed(const event::DoorFailed& event) {
  const auto node = visits_.extract(event.visit);
  if (node.empty()) return {};
  return failed_visit(node.mapped(), event.why);
}

Actions Wishes::failed_visit(const Visit& visit, const std::string& why) {
  if (const auto* ask = std::get_if<Ask>(&visit.purpose)) {
    return {refuse(ask->event.request, Error{Fault::machine, why})};
  }
  const auto& repeat = std::get<Repeat>(visit.purpose);
  if (wish_of(repeat) == nullptr) return {};
  return undelivered(repeat.room, why);
}

// Nothing if another knock has taken its place meanwhile.
Wishes::Wish* Wishes::wish_of(const Repeat& repeat) {
  const auto it = wishes_.find(repeat.room);
  if (it == wishes_.end() || it->second.knock.id != repeat.knock) return nullptr;
  return &it->second;
}

Actions Wishes::asked_at_door(const Turn& turn, const Card& own, const Visit& visit, const Ask& ask,
                              const door::Answer& answer) {
  const auto& event = ask.event;
  if (const auto* refusal = std::get_if<door::Refused>(&answer)) {
    return {refuse(event.request, refusal->code, cleaned(refusal->reason))};
  }
  const auto* outline = std::get_if<door::Outline>(&answer);
  if (outline == nullptr) {
    return {refuse(event.request, Error{Fault::malformed, no_door(visit.address)})};
  }
  Actions actions;
  const auto wish = begin(turn, own, event,
                          {outline->room, outline->creator, outline->size, outline->gone}, actions);
  if (!wish) return {refuse(event.request, wish.error())};
  (*wish)->due = turn.now.steady + kWishBackoffMin;
  append(actions, knock_at(visit.address, **wish));
  return actions;
}

Actions Wishes::knocked_at_door(const Turn& turn, const Visit& visit, const Repeat& repeat,
                                const door::Answer& answer) {
  Wish* wish = wish_of(repeat);
  if (wish == nullptr) return {};
  if (const auto* refusal = std::get_if<door::Refused>(&answer)) {
    if (wish->is_taken || wish->waiters.empty()) return {};
    return refused(repeat.room, refusal->code, cleaned(refusal->reason));
  }
  const auto* told = std::get_if<door::Answered>(&answer);
  if (told == nullptr) {
    const auto* ack = std::get_if<door::Ack>(&answer);
    if (ack != nullptr && !ack->reason.empty()) return failed_visit(visit, cleaned(ack->reason));
    return failed_visit(visit, no_door(visit.address));
  }
  Actions actions = taken(*wish);
  this->told(turn, {repeat.room, wish->knock.id, told->state, told->voted}, actions);
  if (told->state == State::member) add_host(repeat.room, told->card, actions);
  return actions;
}

bool Wishes::invited(const door::Invitation& invitation, Actions& actions) {
  if (invitation.to != self_ || find(invitation.room) == nullptr) return false;
  host(invitation.room, invitation.card, false, actions);
  return is_host(invitation.card.id);
}

void Wishes::add_host(const RoomId& room, const Card& card, Actions& actions) {
  host(room, card, true, actions);
}

void Wishes::host(const RoomId& room, const Card& card, bool is_vouched_for, Actions& actions) {
  const auto it = wishes_.find(room);
  if (it == wishes_.end()) return;
  auto& hosts = it->second.record.hosts;
  auto& vouched_for = it->second.vouched_for;
  const auto known = std::find_if(hosts.begin(), hosts.end(),
                                  [&](const Card& host) { return host.id == card.id; });
  if (known != hosts.end()) {
    if (is_vouched_for) vouched_for.insert(card.id);
    if (known->counter >= card.counter) return;
    *known = card;
  } else {
    if (hosts.size() >= kHostsMax) {
      const auto oldest = std::find_if(hosts.begin(), hosts.end(), [&](const Card& host) {
        return !vouched_for.contains(host.id);
      });
      if (oldest == hosts.end()) return;
      hosts.erase(oldest);
    }
    if (is_vouched_for) vouched_for.insert(card.id);
    hosts.push_back(card);
  }
  actions.push_back(action::StoreWish{it->second.record});
}

}  // namespace p2pchat
