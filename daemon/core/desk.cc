// The rendezvous half of Node, and its door: what comes back, and who asks.
#include <algorithm>

#include "daemon/core/actions.h"
#include "daemon/core/answers.h"
#include "daemon/core/node.h"
#include "proto/limits.h"
#include "proto/overload.h"
#include "proto/text.h"

namespace p2pchat {
namespace {

template <class Kept>
const Kept* kept(const rendezvous::Answer& answer) {
  return std::get_if<Kept>(&answer);
}

// A rendezvous cannot keep me asking: each page goes on where the one before ended.
std::optional<rendezvous::List> next_list(const rendezvous::Cards& cards,
                                          const rendezvous::Question& question,
                                          std::size_t& pages) {
  if (!cards.more || cards.cards.empty() || ++pages >= Rendezvous::kPagesMax) return std::nullopt;
  const PeerId last = cards.cards.back().id;
  if (last <= std::get<rendezvous::List>(question).after) return std::nullopt;
  return rendezvous::List{last};
}

bool goes_on(const rendezvous::Page& page, const rendezvous::Question& question,
             std::size_t pages) {
  const bool has_moved = page.cursor != std::get<rendezvous::Fetch>(question).cursor;
  return page.more && has_moved && !page.objects.empty() && pages < Rendezvous::kPagesMax;
}

Actions refuse_failure(const RequestId& request, const rendezvous::Answer& answer) {
  const auto* failure = std::get_if<rendezvous::Failure>(&answer);
  if (failure == nullptr) return {};
  return {refuse(request, failure->code, cleaned(failure->text))};
}

}  // namespace

Actions Node::on(const Turn& turn, const event::RendezvousAnswered& event) {
  auto reply = rendezvous_.answered(turn, event);
  if (!reply) return {};
  return take(turn, *std::move(reply));
}

Actions Node::on(const Turn& turn, const event::RendezvousFailed& event) {
  Actions actions;
  for (Rendezvous::Reply& reply : rendezvous_.failed(turn, event)) {
    if (const auto* knock = std::get_if<Rendezvous::ForKnock>(&reply.purpose)) {
      append(actions, wishes_.unreached(rendezvous_, knock->room, reply.answer.error().text));
      continue;
    }
    append(actions, take(turn, std::move(reply)));
  }
  return actions;
}

Actions Node::take(const Turn& turn, Rendezvous::Reply reply) {
  using R = Rendezvous;
  // Who is listed is only shown.
  const bool is_stored = !std::holds_alternative<R::ForList>(reply.purpose);
  if (is_stored && !can_store()) reply.answer = fail(Fault::machine, no_writes().text);
  // What cannot be read is a failure like another.
  const rendezvous::Answer answer =
      reply.answer
          ? *reply.answer
          : rendezvous::Failure{exit_code(reply.answer.error().fault), reply.answer.error().text};
  return std::visit(
      Overload{[&](R::ForJoin& why) {
                 return with_creators(
                     wishes_.described(turn, rendezvous_, card_, why.wish, answer));
               },
               [&](R::ForKnock& why) { return with_creators(wishes_.knocked(why.room, answer)); },
               [&](R::ForCreation& why) { return created(turn, why, answer); },
               [&](R::ForMembers& why) {
                 const auto it = memberships_.find(why.room);
                 const auto* failure = kept<rendezvous::Failure>(answer);
                 if (it != memberships_.end() && failure != nullptr) it->second.post_chain();
                 return Actions{};
               },
               [&](R::ForEntry& why) { return entering(turn, why, reply.question, answer); },
               [&](R::ForListing& why) {
                 if (!why.request) return Actions{};
                 Actions actions = refuse_failure(*why.request, answer);
                 if (actions.empty()) actions.push_back(agree(*why.request));
                 return actions;
               },
               [&](R::ForList& why) { return listed(std::move(why), reply.question, answer); },
               [&](R::ForMeeting& why) {
                 return found_to_meet(turn, std::move(why), reply.question, answer);
               },
               [&](R::ForWatch&) {
                 const auto* page = kept<rendezvous::Page>(answer);
                 return page == nullptr ? Actions{} : take_page(turn, *page, std::nullopt);
               }},
      reply.purpose);
}

Actions Node::entering(const Turn& turn, const Rendezvous::ForEntry& why,
                       const rendezvous::Question& question, const rendezvous::Answer& answer) {
  const auto* page = kept<rendezvous::Page>(answer);
  if (page == nullptr) {
    wishes_.not_entered(why.room);
    return {};
  }
  const std::size_t pages = why.pages + 1;
  const rendezvous::Fetch next{why.room, page->cursor};
  if (goes_on(*page, question, pages) &&
      !rendezvous_.ask(next, Rendezvous::ForEntry{why.room, pages})) {
    wishes_.not_entered(why.room);
  }
  return take_page(turn, *page, why.room);
}

// How I stand to a room, as the rendezvous says.
Actions Node::told(const Turn& turn, const Standing& standing) {
  Actions actions;
  const auto ask = [&] {
    return rendezvous_.ask(rendezvous::Fetch{standing.room, {}},
                           Rendezvous::ForEntry{standing.room});
  };
  if (wishes_.told(turn, standing, actions) && !ask()) wishes_.not_entered(standing.room);
  const auto it = memberships_.find(standing.room);
  if (it == memberships_.end() || !it->second.is_in()) return actions;
  // That I am out is not believed, but what put me out is to be had there.
  const bool is_out = standing.state == State::gone || standing.state == State::closed;
  const auto seat = it->second.roster().seat_of(identity_.id());
  if (!is_out || !seat || seat->admission != standing.admission) return actions;
  const std::pair told{standing.admission, standing.state};
  if (!asked_why_.contains(told) && ask()) asked_why_.insert(told);
  return actions;
}

Actions Node::take_page(const Turn& turn, const rendezvous::Page& page,
                        const std::optional<RoomId>& entry) {
  Actions actions;
  std::vector<Object> objects;
  for (const Object& object : page.objects) {
    if (object.kind == Kind::card) {
      const auto card = Card::decode(object.raw);
      if (!card || card->id == identity_.id()) continue;
      if (entry) wishes_.add_host(*entry, *card, actions);
      append(actions, take_card(turn, *card));
    } else if (object.kind == Kind::standing) {
      const auto standing = Standing::decode(object.raw);
      if (standing) append(actions, with_creators(told(turn, *standing)));
    } else {
      objects.push_back(object);
    }
  }
  append(actions, take_objects(turn, objects, std::nullopt));
  return actions;
}

// A newer card of somebody who is here for a room's sake.
Actions Node::take_card(const Turn& turn, const Card& card) {
  Contact* contact = contacts_.find(card.id);
  if (contact == nullptr || !company_.contains(card.id)) return {};
  if (!contacts_.update_card(*contact, card)) return {};
  links_.keep(turn, card.id, contact->places());
  if (!can_store()) return {};
  return {action::StoreContact{*contact}};
}

Actions Node::with_creators(Actions actions) const {
  for (Action& action : actions) {
    auto* answer = std::get_if<action::Answer>(&action);
    if (answer == nullptr || !answer->row.has("creator")) continue;
    const auto creator = peer_id(answer->row.text("creator"));
    if (creator && contacts_.find(*creator) != nullptr) {
      answer->row.set("creator_name", contacts_.name_of(*creator));
    }
  }
  return actions;
}

// --- Listing ---

std::vector<Place> Node::own_places() const {
  std::vector<Place> places = settings_.places;
  if (!listing_ || listing_->empty() || places.empty()) return places;
  const auto address = parse_address(*listing_, places.front().door);
  if (!address) return places;
  Place listed = places.front();
  listed.host = address->host;
  listed.door = address->port;
  std::erase(places, listed);
  places.insert(places.begin(), listed);
  if (places.size() > kCardAddressesMax) places.resize(kCardAddressesMax);
  return places;
}

bool Node::ask_to_list(const std::optional<RequestId>& request) {
  if (!rendezvous_.exists()) return true;
  return rendezvous_.ask(rendezvous::Add{card_, kListingLifetime, listing_.has_value()},
                         Rendezvous::ForListing{request});
}

Actions Node::on(const Turn& turn, const event::ListingRequested& event) {
  if (!can_store()) return {refuse(event.request, no_writes())};
  if (!rendezvous_.exists()) {
    return {refuse(event.request, {Fault::usage,
                                   "there is no rendezvous (p2pchatd --rendezvous "
                                   "ID@HOST:PORT)"})};
  }
  if (!event.address.empty()) {
    const auto address = parse_address(event.address, kDoorPortDefault);
    if (!address) return {refuse(event.request, address.error())};
    if (address->host == "*" || address->port == 0) {
      return {refuse(event.request, {Fault::usage, "name the host under which others reach you"})};
    }
  }
  listing_ = event.undo ? std::optional<std::string>() : event.address;
  make_card(card_.counter.next());
  stored_self_.card_counter = card_.counter;
  listing_due_ = turn.now.steady + kListingLifetime / 2;
  Actions actions{stored_self_, action::StoreListing{listing_}};
  if (!ask_to_list(event.request)) {
    actions.push_back(refuse(event.request, Rendezvous::too_many()));
  }
  return actions;
}

Actions Node::on(const Turn&, const event::ListRequested& event) {
  if (!rendezvous_.exists()) {
    return {refuse(event.request, {Fault::usage,
                                   "there is no rendezvous (p2pchatd --rendezvous "
                                   "ID@HOST:PORT)"})};
  }
  if (rendezvous_.ask(rendezvous::List{}, Rendezvous::ForList{event.request, {}})) return {};
  return {refuse(event.request, Rendezvous::too_many())};
}

Actions Node::listed(Rendezvous::ForList why, const rendezvous::Question& question,
                     const rendezvous::Answer& answer) {
  const auto* cards = kept<rendezvous::Cards>(answer);
  if (cards == nullptr) return refuse_failure(why.request, answer);
  why.cards.insert(why.cards.end(), cards->cards.begin(), cards->cards.end());
  if (const auto next = next_list(*cards, question, why.pages)) {
    const RequestId request = why.request;
    if (rendezvous_.ask(*next, std::move(why))) return {};
    return {refuse(request, Rendezvous::too_many())};
  }
  action::Answer all{why.request, ExitCode::done, "", {}};
  for (const Card& card : why.cards) {
    control::Record row;
    const Contact* contact = contacts_.find(card.id);
    row.set("id", to_text(card.id)).set("name", card.name);
    row.set("mine", contact == nullptr ? "" : contact->name);
    row.set("fingerprint", fingerprint(card.id)).set("me", card.id == identity_.id());
    std::vector<std::string> addresses;
    for (const Place& place : card.places) {
      addresses.push_back(to_text(Address{place.host, place.door}));
    }
    row.set("addresses", addresses);
    all.rows.push_back(std::move(row));
  }
  return {all};
}

Actions Node::found_to_meet(const Turn& turn, Rendezvous::ForMeeting why,
                            const rendezvous::Question& question,
                            const rendezvous::Answer& answer) {
  if (const auto* cards = kept<rendezvous::Cards>(answer)) {
    for (const Card& card : cards->cards) {
      if (card.name == why.wish.target && card.id != identity_.id()) why.cards.push_back(card);
    }
    const auto next = next_list(*cards, question, why.pages);
    if (next && why.cards.size() < kWishesMax) {
      const RequestId request = why.wish.request;
      if (rendezvous_.ask(*next, std::move(why))) return {};
      return {refuse(request, Rendezvous::too_many())};
    }
  }
  if (why.cards.size() > 1) {
    std::string ids;
    for (const Card& card : why.cards) ids += " " + to_text(card.id);
    return {refuse(why.wish.request, {Fault::identity, std::to_string(why.cards.size()) +
                                                           " are listed as " + why.wish.target +
                                                           "; name one: chatctl chat ID@HOST:PORT, "
                                                           "of" +
                                                           ids})};
  }
  event::MeetRequested wish = why.wish;
  if (why.cards.size() == 1) {
    for (const Place& place : why.cards.front().places) {
      if (place.door == 0 || (is_local_only(place.host) && !is_home())) continue;
      wish.target = to_text(why.cards.front().id) + "@" + to_text(Address{place.host, place.door});
      break;
    }
  }
  // A name that is not listed may be a host's.
  return settle(turn, meetings_.meet(turn, contacts_, card_, wish));
}

// --- At the door ---

Actions Node::at_door(const event::DoorAsked& event, const Turn& turn,
                      const door::Question& question) {
  door::Answer answer = door::Ack{Code::invalid, "", false, {}, {}};
  Actions actions;
  if (const auto* inquiry = std::get_if<door::Inquiry>(&question)) {
    counters_.count("inquiries");
    answer = answer_inquiry(*inquiry);
  } else if (const auto* knocking = std::get_if<door::Knocking>(&question)) {
    counters_.count("knocks");
    answer = answer_knock(turn, event, knocking->knock);
  } else if (const auto* invitation = std::get_if<door::Invitation>(&question)) {
    counters_.count("invitations");
    const bool is_welcome =
        invitation->card.id != identity_.id() && wishes_.invited(*invitation, actions);
    answer = door::Ack{is_welcome ? Code::success : Code::unregistered,
                       is_welcome ? "" : "no wish for that room",
                       false,
                       {},
                       {}};
    if (!is_welcome) append(actions, see_off(turn, *invitation));
  }
  actions.push_back(action::AnswerDoor{event.visit, door::encode(answer)});
  return actions;
}

door::Answer Node::answer_inquiry(const door::Inquiry& inquiry) const {
  const Membership* found = nullptr;
  for (const auto& [room, membership] : memberships_) {
    if (!membership.is_in() || membership.record().genesis.name != inquiry.name) continue;
    if (found != nullptr) {
      return door::Refused{ExitCode::unknown, "more than one room is called so here"};
    }
    found = &membership;
  }
  if (found == nullptr) {
    return door::Refused{ExitCode::unknown, "no room is called so at this door"};
  }
  return door::Outline{found->room(), found->record().genesis.creator, found->roster().size_max(),
                       found->roster().gone_at(inquiry.asker), card_};
}

door::Answer Node::answer_knock(const Turn& turn, const event::DoorAsked& event,
                                const Knock& knock) {
  const auto it = memberships_.find(knock.room);
  if (it == memberships_.end() || !it->second.is_kept()) {
    return door::Refused{ExitCode::unknown, "no such room at this door"};
  }
  Membership& membership = it->second;
  const auto taken = membership.knocked(turn, knock);
  if (!taken) return door::Refused{exit_code(taken.error().fault), taken.error().text};
  if (is_local_only(event.host) && near_.size() < kContactsMax) near_.insert(knock.card.id);
  return door::Answered{membership.state_of(knock), membership.voted_on(knock.id), card_};
}

}  // namespace p2pchat
