#include "rendezvous/registry/registry.h"

#include <algorithm>

#include "proto/check.h"
#include "proto/limits.h"
#include "proto/overload.h"
#include "rendezvous/registry/rule.h"
#include "rendezvous/registry/sweep.h"

namespace p2pchat::rendezvous {
namespace {

Outcome denied(ExitCode code, std::string text) { return {Failure{code, std::move(text)}, {}}; }

Outcome done(Draft& draft) { return {Done{}, draft.take()}; }

WallTime later(WallTime now, Duration wait) { return {now.milliseconds + wait.count()}; }

// Of a clock that may have been set back.
bool is_within(WallTime then, Duration age, WallTime now) {
  const std::int64_t passed = now.milliseconds - then.milliseconds;
  return passed >= 0 && passed < age.count();
}

}  // namespace

// --- Taking in ---

Result<Registry> Registry::load(std::vector<Record> records, const Seed& seed) {
  Registry registry;
  std::uint64_t era = 0;
  for (std::size_t i = 0; i < 8; ++i) era = era << 8U | seed.bytes.at(i);
  registry.mark_.era = era % kEraMax + 1;
  // Objects in the order in which they came, and what stands on them behind.
  const auto place_of = [](const Record& record) {
    const auto* entry = std::get_if<Entry>(&record);
    return entry == nullptr ? kPositionMax : entry->position.value;
  };
  std::stable_sort(records.begin(), records.end(),
                   [&](const Record& a, const Record& b) { return place_of(a) < place_of(b); });
  for (Record& record : records) {
    if (auto taken = registry.take({std::move(record)}); !taken) {
      return tl::unexpected(taken.error());
    }
  }
  return registry;
}

void Registry::apply(const Changes& changes) {
  for (const Change& change : changes) CHECK(take(change));
}

Changes Registry::first_changes() const { return is_new_ ? Changes{{mark_}} : Changes{}; }

Result<void> Registry::take(const Change& change) {
  Result<void> taken;
  std::visit(Overload{[&](const Mark& mark) {
                        mark_ = mark;
                        is_new_ = false;
                      },
                      [&](const Entry& entry) { taken = take_entry(entry, change.is_erased); },
                      [&](const Stand& stand) { take_stand(stand, change.is_erased); },
                      [&](const Listing& card) { take_listing(card, change.is_erased); },
                      [&](const Knocker& knocker) {
                        if (change.is_erased) {
                          knockers_.erase(knocker.peer);
                        } else {
                          knockers_[knocker.peer] = knocker.last;
                        }
                      },
                      [&](const Touch& touch) {
                        const auto room = rooms_.find(touch.room);
                        if (room != rooms_.end() && !change.is_erased) room->second.write(touch);
                      }},
             change.record);
  return taken;
}

Result<void> Registry::take_entry(const Entry& entry, bool is_erased) {
  auto it = rooms_.find(entry.room);
  if (it == rooms_.end()) {
    if (is_erased) return {};
    if (entry.kind != Kind::genesis) return fail(Fault::damaged, "an object has no room");
    auto room = Room::found(entry);
    if (!room) return tl::unexpected(room.error());
    it = rooms_.emplace(entry.room, *std::move(room)).first;
    bytes_ += it->second.bytes();
    names_[it->second.genesis().name] = entry.room;
    return {};
  }
  Room& room = it->second;
  bytes_ -= room.bytes();
  if (is_erased && entry.kind == Kind::genesis) {
    const auto name = names_.find(room.genesis().name);
    if (name != names_.end() && name->second == entry.room) names_.erase(name);
    rooms_.erase(it);
    return {};
  }
  Result<void> taken;
  if (is_erased) {
    room.erase(entry);
  } else {
    taken = room.write(entry);
  }
  bytes_ += room.bytes();
  // The name of a closed room may be taken by another one, before or after on the way in.
  const auto name = names_.find(room.genesis().name);
  if (room.is_closed() && name != names_.end() && name->second == entry.room) names_.erase(name);
  return taken;
}

void Registry::take_stand(const Stand& stand, bool is_erased) {
  const RoomId& id = stand.standing.room;
  const auto room = rooms_.find(id);
  if (!is_erased && room != rooms_.end()) {
    room->second.write(stand);
    standings_[stand.peer].insert(id);
    return;
  }
  if (room != rooms_.end()) room->second.erase(stand);
  const auto standings = standings_.find(stand.peer);
  if (standings == standings_.end()) return;
  standings->second.erase(id);
  if (standings->second.empty()) standings_.erase(standings);
}

void Registry::take_listing(const Listing& listing, bool is_erased) {
  if (is_erased) {
    cards_.erase(listing.card.id);
  } else {
    cards_.insert_or_assign(listing.card.id, listing);
  }
}

// --- Requests ---

Outcome Registry::handle(WallTime now, const CurveKey& key, const Request& request) const {
  const auto& asker = request.asker;
  if (asker && curve_key(*asker) != key) {
    return denied(ExitCode::identity, "you have not connected with the key of the id you name");
  }
  const auto known = [&](const auto& answer) -> Outcome {
    if (asker) return answer(*asker);
    return denied(ExitCode::identity, "that takes an id, and you name none");
  };
  return std::visit(
      Overload{[&](const Add& add) {
                 return known([&](const PeerId& who) { return answer_add(now, who, add); });
               },
               [&](const Remove&) {
                 return known([&](const PeerId& who) { return answer_remove(who); });
               },
               [&](const List& each) {
                 return Outcome{list(each), {}};
               },
               [&](const Rooms& each) {
                 return Outcome{names(each), {}};
               },
               [&](const Describe& each) {
                 return Outcome{describe(asker, each), {}};
               },
               [&](const Put& put) {
                 return known([&](const PeerId& who) { return answer_put(now, who, put); });
               },
               [&](const Fetch& fetch) {
                 return known([&](const PeerId& who) { return answer_fetch(now, who, fetch); });
               },
               [&](const Watch& watch) {
                 return known([&](const PeerId& who) { return answer_watch(now, who, watch); });
               }},
      request.question);
}

Outcome Registry::answer_add(WallTime now, const PeerId& who, const Add& add) const {
  if (add.card.id != who) return denied(ExitCode::identity, "the card is another's");
  if (add.lifetime <= Duration::zero() || add.lifetime > kCardLifetimeMax) {
    return denied(ExitCode::usage, "a card is kept for a second to 7 days");
  }
  const auto old = cards_.find(who);
  if (old == cards_.end() && cards_.size() >= kCardsMax) {
    return denied(ExitCode::limit, "the rendezvous keeps no more cards; try again later");
  }
  if (old != cards_.end() && add.card.counter < old->second.card.counter) {
    return denied(ExitCode::failed, "a newer card of yours is known");
  }
  Draft draft(mark_);
  draft.write(Listing{add.card, {}, later(now, add.lifetime), add.listed});
  return done(draft);
}

Outcome Registry::answer_remove(const PeerId& who) const {
  Draft draft(mark_);
  const auto old = cards_.find(who);
  if (old != cards_.end()) draft.erase(old->second);
  return done(draft);
}

const Room* Registry::find_room(const std::string& name) const {
  const auto id = names_.find(name);
  return id == names_.end() ? nullptr : &rooms_.at(id->second);
}

Outcome Registry::create(WallTime now, const PeerId& who, const Genesis& genesis) const {
  if (genesis.creator != who) return denied(ExitCode::identity, "a room is made by its creator");
  const auto known = rooms_.find(genesis.room);
  if (known != rooms_.end()) {
    if (known->second.is_closed()) return denied(ExitCode::unknown, "the room is closed");
    return {Done{}, {}};
  }
  if (find_room(genesis.name) != nullptr) {
    return denied(ExitCode::failed, "there is a room of that name already; choose another one");
  }
  const auto own = std::count_if(rooms_.begin(), rooms_.end(), [&](const auto& each) {
    return each.second.genesis().creator == who;
  });
  if (static_cast<std::size_t>(own) >= kRoomsPerCreatorMax) {
    return denied(ExitCode::limit, "you have made as many rooms here as one may");
  }
  if (rooms_.size() >= kRendezvousRoomsMax) {
    return denied(ExitCode::limit, "the rendezvous keeps no more rooms");
  }
  Draft draft(mark_);
  draft_room(genesis, now, draft);
  return done(draft);
}

Outcome Registry::answer_put(WallTime now, const PeerId& who, const Put& put) const {
  const auto object = decode_signed(put.object);
  if (!object) return denied(exit_code(object.error().fault), object.error().text);
  const bool frees =
      std::holds_alternative<Leave>(*object) || std::holds_alternative<Close>(*object);
  if (bytes_ + put.object.raw.size() > kRendezvousBytesMax && !frees) {
    return denied(ExitCode::limit, "the rendezvous is full; try again later");
  }
  if (const auto* genesis = std::get_if<Genesis>(&*object)) return create(now, who, *genesis);
  const auto room = rooms_.find(room_of(*object));
  if (room == rooms_.end()) return denied(ExitCode::unknown, "there is no such room");
  Draft draft(mark_);
  const auto verdict = rule(room->second, {who, now}, *object, put.object.raw, draft);
  if (!verdict) return {verdict.error(), {}};
  const auto* knock = std::get_if<Knock>(&*object);
  if (knock != nullptr && !draft.is_empty()) {
    const auto last = knockers_.find(knock->card.id);
    if (last != knockers_.end() && is_within(last->second, kKnockInterval, now)) {
      return denied(ExitCode::limit, "one knock a minute; try again in a minute");
    }
  }
  touch(room->second, now, draft);
  return done(draft);
}

void Registry::touch(const Room& room, WallTime now, Draft& draft) const {
  if (!is_within(room.touched(), kRoomTouchInterval, now)) {
    draft.write(Touch{room.genesis().room, now});
  }
}

// --- Time ---

Changes Registry::expire(WallTime now) const {
  Draft draft(mark_);
  for (const auto& [peer, listing] : cards_) {
    if (listing.expires <= now) draft.erase(listing);
  }
  for (const auto& [peer, last] : knockers_) {
    if (!is_within(last, kKnockInterval, now)) draft.erase(Knocker{peer, last});
  }
  for (const auto& [id, room] : rooms_) {
    if (is_over(room, now)) {
      draft_removal(room, draft);
    } else {
      draft_expiry(room, now, draft);
    }
  }
  return draft.take();
}

}  // namespace p2pchat::rendezvous
