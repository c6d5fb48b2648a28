#include "daemon/core/wishes.h"

#include <algorithm>

#include "daemon/core/actions.h"
#include "daemon/core/answers.h"
#include "proto/base32.h"
#include "proto/limits.h"
#include "proto/text.h"

namespace p2pchat {
namespace {

// NAME[@CREATOR|@ROOMID].
struct Wanted {
  std::string name;
  std::string mark;
};

Wanted parse(const std::string& text) {
  const auto at = text.find('@');
  if (at == std::string::npos) return {text, ""};
  return {text.substr(0, at), text.substr(at + 1)};
}

control::Record row_of(const Wishes::Wish& wish) {
  control::Record row;
  row.set("room", to_text(wish.record.room)).set("name", wish.record.name);
  row.set("creator", to_text(wish.record.creator));
  if (wish.size != 0) row.set("size", static_cast<std::int64_t>(wish.size));
  row.set("voted", static_cast<std::int64_t>(wish.voted));
  row.set("state", "waiting");
  return row;
}

Bytes knocking(const Wishes::Wish& wish) { return door::encode(door::Knocking{wish.knock}); }

}  // namespace

Wishes::Wishes(const PeerId& self, const std::vector<WishRecord>& stored) : self_(self) {
  for (const WishRecord& record : stored) {
    auto knock = Knock::decode(record.knock);
    if (record.is_over) {
      over_[record.room] = record;
    } else if (knock) {
      wishes_[record.room] = Wish{record, *std::move(knock), {}};
    }
  }
}

void Wishes::resume(const Turn& turn, Rendezvous& rendezvous) {
  for (auto& [room, wish] : wishes_) {
    wish.due = turn.now.steady;
    if (wish.record.via.empty() && rendezvous.exists()) {
      const Object object{Kind::knock, wish.record.knock};
      rendezvous.ask(rendezvous::Put{object}, Rendezvous::ForKnock{room});
    }
  }
}

Actions Wishes::join(const Turn&, Rendezvous& rendezvous, const event::JoinRequested& event) {
  const auto no = [&](Fault fault, std::string text) {
    return Actions{refuse(event.request, Error{fault, std::move(text)})};
  };
  const Wanted wanted = parse(event.room);
  if (!is_plain_name(wanted.name))
    return no(Fault::usage, "'" + cleaned(wanted.name) + "' is no room's name");
  if (event.note.size() > kNoteBytesMax) {
    return no(Fault::limit, "a note has at most " + std::to_string(kNoteBytesMax) + " bytes");
  }
  for (auto& [room, wish] : wishes_) {
    if (wish.record.name != wanted.name) continue;
    if (!event.waits || wish.request) {
      return no(Fault::refused, "you have asked to join " + wanted.name + " already, and " +
                                    std::to_string(wish.voted) + " have voted");
    }
    wish.request = event.request;
    return {};
  }
  if (wishes_.size() >= kWishesMax) return no(Fault::limit, "too many wishes wait");
  if (!event.via.empty()) {
    auto address = parse_address(event.via, kDoorPortDefault);
    if (!address) return {refuse(event.request, address.error())};
    if (visits_.size() >= kVisitsMax) return no(Fault::limit, "too many visits are under way");
    const door::Inquiry inquiry{wanted.name, self_};
    return visit({*address, Ask{event}}, door::encode(inquiry));
  }
  if (!rendezvous.exists()) {
    return no(Fault::usage,
              "there is no rendezvous (p2pchatd --rendezvous ID@HOST:PORT); name a "
              "member's door: --via HOST:PORT");
  }
  rendezvous.ask(rendezvous::Describe{wanted.name}, Rendezvous::ForJoin{event});
  return {};
}

void Wishes::request_dropped(const RequestId& request) {
  for (auto& [room, wish] : wishes_) {
    if (wish.request == request) wish.request.reset();
  }
}

Actions Wishes::give_up(const RoomId& room) {
  if (wishes_.erase(room) + over_.erase(room) == 0) return {};
  return {action::DropWish{room}};
}

Result<Wishes::Wish*> Wishes::begin(const Turn& turn, const Card& own,
                                    const event::JoinRequested& event, const Found& found,
                                    Actions& actions) {
  const Wanted wanted = parse(event.room);
  const bool is_meant = wanted.mark.empty() || to_text(found.creator).starts_with(wanted.mark) ||
                        to_text(found.room).starts_with(wanted.mark);
  if (!is_meant) {
    return fail(Fault::identity, "the room " + wanted.name + " there was made by " +
                                     to_text(found.creator) + ", and its id is " +
                                     to_text(found.room));
  }
  if (wishes_.contains(found.room)) return fail(Fault::refused, "you have asked already");
  Wish wish;
  wish.knock.room = found.room;
  wish.knock.card = own;
  wish.knock.note = event.note;
  wish.knock.expires = {turn.now.wall.milliseconds + kKnockLifetime.count()};
  wish.knock.after = found.gone;
  wish.knock.sign(turn.self);
  over_.erase(found.room);
  wish.record = {found.room, wanted.name, found.creator, wish.knock.raw, event.via, false, {}};
  wish.size = found.size;
  if (event.waits) wish.request = event.request;
  actions.push_back(action::StoreWish{wish.record});
  return &wishes_.emplace(found.room, std::move(wish)).first->second;
}

Actions Wishes::taken(const Wish& wish, const std::optional<RequestId>& request) const {
  // Whoever waits for the end is answered then.
  if (!request || wish.request == request) return {};
  return {agree(*request, row_of(wish))};
}

Actions Wishes::refused(const RoomId& room, const std::optional<RequestId>& request, ExitCode code,
                        const std::string& why) {
  Actions actions = give_up(room);
  if (request) actions.push_back(refuse(*request, code, why));
  return actions;
}

// --- By way of the rendezvous ---

Actions Wishes::described(const Turn& turn, Rendezvous& rendezvous, const Card& own,
                          const event::JoinRequested& event, const rendezvous::Answer& answer) {
  if (const auto* failure = std::get_if<rendezvous::Failure>(&answer)) {
    return {refuse(event.request, failure->code, cleaned(failure->text))};
  }
  const auto& told = std::get<rendezvous::Description>(answer);
  Actions actions;
  const auto wish =
      begin(turn, own, event, {told.room, told.creator, told.size, told.gone}, actions);
  if (!wish) return {refuse(event.request, wish.error())};
  asking_[told.room] = event.request;
  (*wish)->due = turn.now.steady + kWishBackoffMin;
  const Object object{Kind::knock, (*wish)->record.knock};
  rendezvous.ask(rendezvous::Put{object}, Rendezvous::ForKnock{told.room});
  return actions;
}

Actions Wishes::knocked(const Turn& turn, const RoomId& room, const rendezvous::Answer& answer) {
  const auto asking = asking_.extract(room);
  const auto request = asking.empty() ? std::optional<RequestId>() : std::optional(asking.mapped());
  const Wish* wish = find(room);
  if (wish == nullptr) return {};
  if (const auto* failure = std::get_if<rendezvous::Failure>(&answer)) {
    const std::string why = cleaned(failure->text);
    if (!request) return end(turn, room, failure->code, why);
    return refused(room, request, failure->code, why);
  }
  return taken(*wish, request);
}

std::optional<ExitCode> Wishes::ended_by(State state, std::string& why) const {
  switch (state) {
    case State::refused: why = "a member has said no"; return ExitCode::refused;
    case State::expired: why = "the knock has expired without an answer"; return ExitCode::refused;
    case State::closed: why = "the room is closed"; return ExitCode::refused;
    case State::gone: why = "you were in the room, and have gone again"; return ExitCode::refused;
    case State::waiting:
    case State::member: return std::nullopt;
  }
  return std::nullopt;
}

std::optional<RoomId> Wishes::told(const Turn& turn, const Standing& standing, Actions& actions) {
  const auto it = wishes_.find(standing.room);
  if (it == wishes_.end() || standing.admission != it->second.knock.id) return std::nullopt;
  it->second.voted = standing.voted;
  std::string why;
  if (const auto code = ended_by(standing.state, why)) {
    append(actions, end(turn, standing.room, *code, why));
  } else if (standing.state == State::member && !it->second.is_entering) {
    it->second.is_entering = true;
    return standing.room;
  }
  return std::nullopt;
}

Actions Wishes::end(const Turn& turn, const RoomId& room, ExitCode code, const std::string& why) {
  const auto it = wishes_.find(room);
  if (it == wishes_.end()) return {};
  Wish wish = std::move(it->second);
  wishes_.erase(it);
  wish.record.is_over = true;
  Actions actions{action::StoreWish{wish.record}};
  if (over_.size() >= kWishesMax) {
    actions.push_back(action::DropWish{over_.begin()->first});
    over_.erase(over_.begin());
  }
  over_[room] = wish.record;
  const std::string text = "not let into " + wish.record.name + ": " + why;
  actions.push_back(action::StoreNotice{room, wish.record.creator, turn.now.wall, text});
  if (wish.request) actions.push_back(refuse(*wish.request, code, text));
  return actions;
}

Actions Wishes::entered(const RoomId& room, control::Record row) {
  const auto it = wishes_.find(room);
  if (it == wishes_.end()) return {};
  const auto request = it->second.request;
  Actions actions = give_up(room);
  if (request) actions.push_back(agree(*request, std::move(row)));
  return actions;
}

// --- At doors ---

Actions Wishes::visit(Visit visit, Bytes question) {
  last_visit_ = last_visit_.next();
  const Address address = visit.address;
  visits_.emplace(last_visit_, std::move(visit));
  return {action::VisitDoor{last_visit_, address, std::move(question)}};
}

Actions Wishes::answered(const Turn& turn, const Card& own, const event::DoorAnswered& event) {
  const auto node = visits_.extract(event.visit);
  if (node.empty()) return {};
  const Visit& visit = node.mapped();
  const auto answer = door::decode_answer(event.answer);
  if (!answer)
    return failed_visit(visit, to_text(visit.address) + " does not answer as a p2pchat door");
  if (const auto* ask = std::get_if<Ask>(&visit.purpose)) {
    return asked_at_door(turn, own, visit, *ask, *answer);
  }
  return knocked_at_door(turn, std::get<Repeat>(visit.purpose), *answer);
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
  // It is repeated by itself, unless somebody waits for it to be taken.
  if (!repeat.request) return {};
  return refused(repeat.room, repeat.request, ExitCode::failed, why);
}

Actions Wishes::asked_at_door(const Turn& turn, const Card& own, const Visit& visit, const Ask& ask,
                              const door::Answer& answer) {
  const auto& event = ask.event;
  if (const auto* refusal = std::get_if<door::Refused>(&answer)) {
    return {refuse(event.request, refusal->code, cleaned(refusal->reason))};
  }
  const auto* outline = std::get_if<door::Outline>(&answer);
  if (outline == nullptr) {
    return {refuse(
        event.request,
        Error{Fault::malformed, to_text(visit.address) + " does not answer as a p2pchat door"})};
  }
  Actions actions;
  const auto wish = begin(turn, own, event,
                          {outline->room, outline->creator, outline->size, outline->gone}, actions);
  if (!wish) return {refuse(event.request, wish.error())};
  (*wish)->due = turn.now.steady + kWishBackoffMin;
  append(actions,
         this->visit({visit.address, Repeat{outline->room, event.request}}, knocking(**wish)));
  return actions;
}

Actions Wishes::knocked_at_door(const Turn& turn, const Repeat& repeat,
                                const door::Answer& answer) {
  const Wish* wish = find(repeat.room);
  if (wish == nullptr) return {};
  if (const auto* refusal = std::get_if<door::Refused>(&answer)) {
    const std::string why = cleaned(refusal->reason);
    if (!repeat.request) return {};
    return refused(repeat.room, repeat.request, refusal->code, why);
  }
  const auto* told = std::get_if<door::Answered>(&answer);
  if (told == nullptr) return {};
  Actions actions = taken(*wish, repeat.request);
  this->told(turn, {repeat.room, wish->knock.id, told->state, told->voted}, actions);
  if (told->state == State::member) add_host(repeat.room, told->card, actions);
  return actions;
}

bool Wishes::invited(const door::Invitation& invitation, Actions& actions) {
  const Wish* wish = find(invitation.room);
  if (wish == nullptr) return false;
  add_host(invitation.room, invitation.card, actions);
  return is_host(invitation.card.id);
}

void Wishes::add_host(const RoomId& room, const Card& card, Actions& actions) {
  const auto it = wishes_.find(room);
  if (it == wishes_.end()) return;
  auto& hosts = it->second.record.hosts;
  const auto known = std::find_if(hosts.begin(), hosts.end(),
                                  [&](const Card& host) { return host.id == card.id; });
  if (known != hosts.end()) {
    if (known->counter >= card.counter) return;
    *known = card;
  } else {
    if (hosts.size() >= kHostsMax) return;
    hosts.push_back(card);
  }
  actions.push_back(action::StoreWish{it->second.record});
}

// --- Time ---

Actions Wishes::timer(const Turn& turn) {
  Actions actions;
  std::vector<RoomId> expired;
  for (auto& [room, wish] : wishes_) {
    if (wish.knock.expires <= turn.now.wall) expired.push_back(room);
    if (wish.due > turn.now.steady) continue;
    wish.due = turn.now.steady + wish.backoff;
    wish.backoff = std::min(wish.backoff * 2, kWishBackoffMax);
    // Where the rendezvous tells, only the expiry is looked at.
    if (wish.record.via.empty()) continue;
    const auto address = parse_address(wish.record.via, kDoorPortDefault);
    if (!address || visits_.size() >= kVisitsMax) continue;
    append(actions, visit({*address, Repeat{room, {}}}, knocking(wish)));
  }
  for (const RoomId& room : expired) {
    append(actions, end(turn, room, ExitCode::refused, "the knock has expired without an answer"));
  }
  return actions;
}

TimePoint Wishes::deadline() const {
  TimePoint next = TimePoint::never();
  for (const auto& [room, wish] : wishes_) next = std::min(next, wish.due);
  return next;
}

const Wishes::Wish* Wishes::find(const RoomId& room) const {
  const auto it = wishes_.find(room);
  return it == wishes_.end() ? nullptr : &it->second;
}

bool Wishes::is_host(const PeerId& peer) const {
  return std::any_of(wishes_.begin(), wishes_.end(), [&](const auto& it) {
    const auto& hosts = it.second.record.hosts;
    return std::any_of(hosts.begin(), hosts.end(),
                       [&](const Card& host) { return host.id == peer; });
  });
}

}  // namespace p2pchat
