#include "daemon/core/wishes.h"

#include <algorithm>
#include <utility>

#include "daemon/core/actions.h"
#include "daemon/core/answers.h"
#include "proto/base32.h"
#include "proto/limits.h"
#include "proto/text.h"

namespace p2pchat {
namespace {

constexpr std::size_t kMarkCharsMin = 8;

// NAME[@CREATOR|@ROOMID].
struct Wanted {
  std::string name;
  std::optional<std::string> mark;
};

Wanted parse(const std::string& text) {
  const auto at = text.find('@');
  if (at == std::string::npos) return {text, std::nullopt};
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

rendezvous::Put putting(const Wishes::Wish& wish) { return {{Kind::knock, wish.record.knock}}; }

// Everybody who waits.
void refuse_all(const std::vector<Wishes::Waiter>& waiters, ExitCode code, const std::string& why,
                Actions& actions) {
  for (const auto& waiter : waiters) actions.push_back(refuse(waiter.request, code, why));
}

}  // namespace

bool Wishes::Wish::is_awaited() const {
  return std::any_of(waiters.begin(), waiters.end(),
                     [](const Waiter& waiter) { return waiter.is_for_end; });
}

Wishes::Wishes(const PeerId& self, const std::vector<WishRecord>& stored) : self_(self) {
  for (const WishRecord& record : stored) {
    auto knock = Knock::decode(record.knock);
    if (record.is_over) {
      over_[record.room] = record;
    } else if (knock) {
      wishes_[record.room] = Wish{record, *std::move(knock), true};
    }
  }
}

void Wishes::resume(const Turn& turn, Rendezvous& rendezvous) {
  for (auto& [room, wish] : wishes_) {
    wish.due = turn.now.steady;
    if (wish.record.via.empty() && rendezvous.exists()) {
      rendezvous.ask(putting(wish), Rendezvous::ForKnock{room});
      wish.due = turn.now.steady + kWishBackoffMin;
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
  if (wanted.mark && wanted.mark->size() < kMarkCharsMin) {
    return no(Fault::usage,
              "after '@', name the first 8 characters or more of the id of the "
              "room or of its creator");
  }
  if (event.note.size() > kNoteBytesMax) {
    return no(Fault::limit, "a note has at most " + std::to_string(kNoteBytesMax) + " bytes");
  }
  for (auto& [room, wish] : wishes_) {
    if (wish.record.name != wanted.name) continue;
    if (!event.waits || wish.is_awaited()) {
      return no(Fault::refused, "you have asked to join " + wanted.name + " already, and " +
                                    std::to_string(wish.voted) + " have voted");
    }
    wish.waiters.push_back({event.request, true});
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
  if (rendezvous.ask(rendezvous::Describe{wanted.name}, Rendezvous::ForJoin{event})) return {};
  return {refuse(event.request, Rendezvous::too_many())};
}

void Wishes::request_dropped(const RequestId& request) {
  for (auto& [room, wish] : wishes_) {
    std::erase_if(wish.waiters, [&](const Waiter& waiter) { return waiter.request == request; });
  }
}

Actions Wishes::give_up(const RoomId& room) {
  return refused(room, ExitCode::refused, "the wish was given up");
}

Result<Wishes::Wish*> Wishes::begin(const Turn& turn, const Card& own,
                                    const event::JoinRequested& event, const Found& found,
                                    Actions& actions) {
  const Wanted wanted = parse(event.room);
  const bool is_meant = !wanted.mark || to_text(found.creator).starts_with(*wanted.mark) ||
                        to_text(found.room).starts_with(*wanted.mark);
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
  wish.waiters = {{event.request, event.waits}};
  actions.push_back(action::StoreWish{wish.record});
  return &wishes_.emplace(found.room, std::move(wish)).first->second;
}

Actions Wishes::taken(Wish& wish) {
  wish.is_taken = true;
  Actions actions;
  for (const Waiter& waiter : wish.waiters) {
    if (!waiter.is_for_end) actions.push_back(agree(waiter.request, row_of(wish)));
  }
  std::erase_if(wish.waiters, [](const Waiter& waiter) { return !waiter.is_for_end; });
  return actions;
}

Actions Wishes::refused(const RoomId& room, ExitCode code, const std::string& why) {
  Actions actions;
  const auto wish = wishes_.extract(room);
  const auto over = over_.extract(room);
  if (wish.empty() && over.empty()) return actions;
  actions.push_back(action::DropWish{wish.empty() ? over.key() : wish.key()});
  if (!wish.empty()) refuse_all(wish.mapped().waiters, code, why, actions);
  return actions;
}

Actions Wishes::undelivered(const RoomId& room, const std::string& why) {
  const auto it = wishes_.find(room);
  if (it == wishes_.end()) return {};
  Wish& wish = it->second;
  // It is repeated by itself, unless somebody waits for it to be taken, and nobody for the end.
  const bool is_repeated = wish.is_taken || wish.waiters.empty() || wish.is_awaited();
  if (!is_repeated) return refused(room, ExitCode::failed, why);
  Actions actions;
  for (const Waiter& waiter : wish.waiters) {
    if (!waiter.is_for_end) actions.push_back(refuse(waiter.request, ExitCode::failed, why));
  }
  std::erase_if(wish.waiters, [](const Waiter& waiter) { return !waiter.is_for_end; });
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
  (*wish)->due = turn.now.steady + kWishBackoffMin;
  Rendezvous::ForKnock why{told.room};
  if (!event.waits) why.request = event.request;
  if (!rendezvous.ask(putting(**wish), why)) {
    const Error error = Rendezvous::too_many();
    append(actions, refused(told.room, exit_code(error.fault), error.text));
  }
  return actions;
}

Actions Wishes::knocked(const RoomId& room, const rendezvous::Answer& answer) {
  const auto it = wishes_.find(room);
  if (it == wishes_.end()) return {};
  Wish& wish = it->second;
  const auto* failure = std::get_if<rendezvous::Failure>(&answer);
  if (failure == nullptr) return taken(wish);
  // How a knock stands that was taken once, or that nobody waits for, the standing tells.
  if (wish.is_taken || wish.waiters.empty()) return {};
  return refused(room, failure->code, cleaned(failure->text));
}

Actions Wishes::unreached(Rendezvous& rendezvous, const RoomId& room, const std::string& why) {
  Actions actions = undelivered(room, why);
  if (const Wish* wish = find(room)) rendezvous.ask(putting(*wish), Rendezvous::ForKnock{room});
  return actions;
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
  if (it == wishes_.end()) return std::nullopt;
  Wish& wish = it->second;
  // By whatever knock, I am in: perhaps I have forgotten one.
  const bool is_mine = standing.admission == wish.knock.id || standing.state == State::member;
  if (!is_mine) return std::nullopt;
  wish.voted = standing.voted;
  std::string why;
  if (const auto code = ended_by(standing.state, why)) {
    append(actions, end(turn, standing.room, *code, why));
    return std::nullopt;
  }
  append(actions, taken(wish));
  wish.is_let_in = standing.state == State::member;
  if (!wish.is_let_in || std::exchange(wish.is_entering, true)) return std::nullopt;
  return standing.room;
}

void Wishes::not_entered(const RoomId& room) {
  const auto it = wishes_.find(room);
  if (it != wishes_.end()) it->second.is_entering = false;
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
  refuse_all(wish.waiters, code, text, actions);
  return actions;
}

Actions Wishes::entered(const RoomId& room, control::Record row) {
  const auto it = wishes_.find(room);
  if (it == wishes_.end()) return {};
  const auto waiters = std::exchange(it->second.waiters, {});
  Actions actions = give_up(room);
  for (const Waiter& waiter : waiters) actions.push_back(agree(waiter.request, row));
  return actions;
}

Actions Wishes::mismatched(const Turn& turn, const RoomId& room) {
  return end(turn, room, ExitCode::identity, "its creator is not the one that was told");
}

// --- Time ---

Actions Wishes::timer(const Turn& turn, Rendezvous& rendezvous) {
  Actions actions;
  std::vector<RoomId> expired;
  for (auto& [room, wish] : wishes_) {
    if (wish.knock.expires <= turn.now.wall) expired.push_back(room);
    if (wish.due > turn.now.steady) continue;
    wish.due = turn.now.steady + wish.backoff;
    wish.backoff = std::min(wish.backoff * 2, kWishBackoffMax);
    const bool is_entered = !wish.is_let_in || wish.is_entering;
    if (!is_entered && rendezvous.exists()) {
      wish.is_entering = rendezvous.ask(rendezvous::Fetch{room, {}}, Rendezvous::ForEntry{room});
    }
    // The rendezvous may have lost the knock; it takes it again as often as it comes.
    if (wish.record.via.empty() && !wish.is_let_in && rendezvous.exists()) {
      const Object object{Kind::knock, wish.record.knock};
      rendezvous.ask(rendezvous::Put{object}, Rendezvous::ForKnock{room, std::nullopt});
    }
    if (wish.record.via.empty()) continue;
    const auto address = parse_address(wish.record.via, kDoorPortDefault);
    if (!address || visits_.size() >= kVisitsMax) continue;
    append(actions, knock_at(*address, wish));
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
