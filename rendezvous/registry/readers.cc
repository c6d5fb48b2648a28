// Registry: what it shows, and to whom.
#include <algorithm>

#include "proto/limits.h"
#include "rendezvous/registry/registry.h"

namespace p2pchat::rendezvous {
namespace {

// What stands around the bytes of one object in an answer.
constexpr std::size_t kObjectOverhead = 8;

Outcome no_member() {
  return {Failure{ExitCode::unknown, "there is no such room, or you are not a member of it"}, {}};
}

}  // namespace

struct Registry::Place {
  Position position;
  Kind kind = Kind::genesis;
  const Bytes* raw = nullptr;  // Of the registry; null: `made`.
  Bytes made;

  const Bytes& bytes() const { return raw == nullptr ? made : *raw; }
};

Answer Registry::list(const List& question) const {
  Cards answer;
  std::size_t bytes = 0;
  for (auto it = cards_.upper_bound(question.after); it != cards_.end(); ++it) {
    if (!it->second.listed) continue;
    bytes += it->second.card.raw.size() + kObjectOverhead;
    answer.more = bytes > kPageBytesMax || answer.cards.size() == kPageItemsMax;
    if (answer.more) break;
    answer.cards.push_back(it->second.card);
  }
  return answer;
}

Answer Registry::names(const Rooms& question) const {
  Names answer;
  std::size_t bytes = 0;
  for (auto it = names_.upper_bound(question.after); it != names_.end(); ++it) {
    bytes += it->first.size() + kObjectOverhead;
    answer.more = bytes > kPageBytesMax || answer.names.size() == kPageItemsMax;
    if (answer.more) break;
    answer.names.push_back(it->first);
  }
  return answer;
}

Answer Registry::describe(const std::optional<PeerId>& who, const Describe& question) const {
  const Room* room = find_room(question.name);
  if (room == nullptr) return Failure{ExitCode::unknown, "there is no room of that name"};
  const Genesis& genesis = room->genesis();
  Description answer;
  answer.room = genesis.room;
  answer.creator = genesis.creator;
  answer.size = genesis.size;
  if (who) answer.gone = room->roster().gone_at(*who);
  const Stand* stand = who ? room->stand_of(*who) : nullptr;
  if (stand != nullptr && stand->standing.state == State::waiting) {
    answer.voted = stand->standing.voted;
  }
  return answer;
}

Position Registry::behind(Cursor cursor) const {
  const Position position{cursor.value & kPositionMax};
  const bool is_ours = cursor.value >> kPositionBits == mark_.era && position <= mark_.position;
  return is_ours ? position : Position{};
}

Cursor Registry::cursor_at(Position position) const {
  return {mark_.era << kPositionBits | position.value};
}

// What `peer` may see of `room`; at most one answer's worth, beginning with the oldest.
void Registry::collect(const Room& room, const PeerId& peer, Position behind,
                       std::vector<Place>& places) const {
  const Stand* stand = room.stand_of(peer);
  if (stand == nullptr) return;
  const bool is_member = room.is_present(peer);
  if (!is_member && stand->standing.state != State::gone) return;
  std::size_t bytes = 0;
  for (auto it = room.entries().upper_bound(behind); it != room.entries().end(); ++it) {
    const Entry& entry = it->second;
    // Whoever is gone may see by what it came and went, and nothing that came later.
    const bool is_chain = entry.kind == Kind::genesis || entry.kind == Kind::certificate ||
                          (entry.kind == Kind::value && room.is_certified(entry.id));
    if (!is_member && (!is_chain || entry.rank > stand->height)) continue;
    places.push_back({entry.position, entry.kind, &entry.raw, {}});
    bytes += entry.raw.size();
    if (bytes > kPageBytesMax) break;
  }
  if (!is_member) return;
  for (const auto& [member, admission] : room.roster().members()) {
    const auto card = cards_.find(member);
    if (card == cards_.end() || member == peer || card->second.position <= behind) continue;
    places.push_back({card->second.position, Kind::card, &card->second.card.raw, {}});
  }
}

Page Registry::paged(std::vector<Place> places) const {
  std::sort(places.begin(), places.end(),
            [](const Place& a, const Place& b) { return a.position < b.position; });
  // A card that two rooms show is one.
  places.erase(std::unique(places.begin(), places.end(),
                           [](const Place& a, const Place& b) { return a.position == b.position; }),
               places.end());
  Page page;
  page.cursor = cursor_at(mark_.position);
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < places.size(); ++i) {
    bytes += places[i].bytes().size() + kObjectOverhead;
    const bool fits = bytes <= kPageBytesMax + kObjectOverhead && i < kPageItemsMax;
    if (!fits) {
      page.more = true;
      page.cursor = cursor_at(places[i - 1].position);
      break;
    }
    page.objects.push_back({places[i].kind, places[i].bytes()});
  }
  return page;
}

Page Registry::page(const PeerId& peer, Cursor cursor) const {
  const Position from = behind(cursor);
  std::vector<Place> places;
  const auto standings = standings_.find(peer);
  if (standings != standings_.end()) {
    for (const RoomId& id : standings->second) {
      const Room& room = rooms_.at(id);
      const Stand& stand = *room.stand_of(peer);
      if (stand.position > from) {
        places.push_back({stand.position, Kind::standing, nullptr, stand.standing.encode()});
      }
      if (room.is_present(peer)) collect(room, peer, from, places);
    }
  }
  return paged(std::move(places));
}

Outcome Registry::answer_fetch(WallTime now, const PeerId& who, const Fetch& fetch) const {
  const auto room = rooms_.find(fetch.room);
  const Stand* stand = room == rooms_.end() ? nullptr : room->second.stand_of(who);
  const bool may_read =
      stand != nullptr && (room->second.is_present(who) || stand->standing.state == State::gone);
  if (!may_read) return no_member();
  Draft draft(mark_);
  if (room->second.is_present(who)) touch(room->second, now, draft);
  std::vector<Place> places;
  collect(room->second, who, behind(fetch.cursor), places);
  return {paged(std::move(places)), draft.take()};
}

Outcome Registry::answer_watch(WallTime now, const PeerId& who, const Watch& watch) const {
  Page page = this->page(who, watch.cursor);
  Draft draft(mark_);
  const auto standings = standings_.find(who);
  if (standings != standings_.end()) {
    for (const RoomId& id : standings->second) {
      if (rooms_.at(id).is_present(who)) touch(rooms_.at(id), now, draft);
    }
  }
  const bool is_held = page.objects.empty();
  return {std::move(page), draft.take(), is_held};
}

}  // namespace p2pchat::rendezvous
