#include "rendezvous/registry/room.h"

#include <algorithm>

#include "proto/check.h"

namespace p2pchat::rendezvous {
namespace {

tl::unexpected<Error> damaged() { return fail(Fault::damaged, "an object is damaged"); }

}  // namespace

Result<Room> Room::found(Entry entry) {
  auto genesis = Genesis::decode(entry.raw);
  if (!genesis || genesis->room != entry.room) return damaged();
  Room room(*std::move(genesis));
  room.touched_ = entry.received;
  if (auto written = room.write(std::move(entry)); !written) {
    return tl::unexpected(written.error());
  }
  return room;
}

Result<void> Room::write(Entry entry) {
  erase(entry);
  if (auto understood = understand(entry); !understood) return understood;
  bytes_ += entry.raw.size();
  places_[{entry.kind, entry.id}] = entry.position;
  const Position position = entry.position;
  entries_.insert_or_assign(position, std::move(entry));
  return {};
}

Result<void> Room::understand(const Entry& entry) {
  switch (entry.kind) {
    case Kind::knock: {
      auto knock = Knock::decode(entry.raw);
      if (!knock) return damaged();
      const ChangeId id = knock->id;
      knocks_.insert_or_assign(id, *std::move(knock));
      return {};
    }
    case Kind::eviction: {
      auto eviction = Eviction::decode(entry.raw);
      if (!eviction) return damaged();
      const ChangeId id = eviction->id();
      evictions_.insert_or_assign(id, *std::move(eviction));
      return {};
    }
    case Kind::value: {
      auto value = Value::decode(entry.raw);
      if (!value) return damaged();
      const ValueId id = value->id;
      values_.insert_or_assign(id, *std::move(value));
      return {};
    }
    case Kind::leave: left_.insert(entry.by); return {};
    case Kind::close: is_closed_ = true; return {};
    case Kind::certificate: return take_certificate(entry);
    case Kind::genesis:
    case Kind::vote:
    case Kind::pledge:
    case Kind::card:
    case Kind::standing:
    case Kind::decided:
    case Kind::fork: return {};
  }
  return damaged();
}

Result<void> Room::take_certificate(const Entry& entry) {
  const auto certificate = Certificate::decode(entry.raw);
  if (!certificate) return damaged();
  round_ = certificate->round;
  if (certificate->value == roster_.value()) return {};
  const auto value = values_.find(certificate->value);
  const Roster* base = value == values_.end() ? nullptr : base_of(value->second);
  if (base == nullptr || !base->check(value->second)) return damaged();
  Roster next = base->after(value->second);
  if (base == &roster_) before_ = std::move(roster_);
  roster_ = std::move(next);
  // What is settled for good is kept as bytes alone.
  std::erase_if(values_, [&](const auto& each) {
    return each.first != roster_.value() && is_certified(as_hash(each.first));
  });
  std::erase_if(left_, [&](const PeerId& peer) { return !is_member(peer); });
  return {};
}

void Room::erase(const Entry& entry) {
  const auto place = places_.find({entry.kind, entry.id});
  if (place == places_.end()) return;
  const auto old = entries_.find(place->second);
  CHECK(old != entries_.end());
  bytes_ -= old->second.raw.size();
  switch (entry.kind) {
    case Kind::knock: knocks_.erase(from_hash<ChangeId>(entry.id)); break;
    case Kind::eviction: evictions_.erase(from_hash<ChangeId>(entry.id)); break;
    case Kind::value: values_.erase(from_hash<ValueId>(entry.id)); break;
    case Kind::leave: left_.erase(old->second.by); break;
    case Kind::genesis:
    case Kind::vote:
    case Kind::close:
    case Kind::pledge:
    case Kind::certificate:
    case Kind::card:
    case Kind::standing:
    case Kind::decided:
    case Kind::fork: break;
  }
  entries_.erase(old);
  places_.erase(place);
}

const Roster* Room::base_of(const Value& value) const {
  if (value.previous == roster_.value()) return &roster_;
  if (before_ && value.previous == before_->value()) return &*before_;
  return nullptr;
}

const Entry* Room::find(Kind kind, const Hash& id) const {
  const auto place = places_.find({kind, id});
  return place == places_.end() ? nullptr : &entries_.at(place->second);
}

std::size_t Room::count_votes(const ChangeId& change) const {
  std::set<PeerId> voters;
  for (const auto& [position, entry] : entries_) {
    if (entry.kind == Kind::vote && entry.about == as_hash(change)) voters.insert(entry.by);
  }
  return voters.size();
}

const Stand* Room::stand_of(const PeerId& peer) const {
  const auto stand = stands_.find(peer);
  return stand == stands_.end() ? nullptr : &stand->second;
}

std::size_t Room::count_waiting() const {
  return static_cast<std::size_t>(
      std::count_if(stands_.begin(), stands_.end(),
                    [](const auto& each) { return each.second.standing.state == State::waiting; }));
}

std::size_t Room::chain_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [position, entry] : entries_) {
    const bool is_chained =
        entry.kind == Kind::certificate || (entry.kind == Kind::value && is_certified(entry.id));
    if (is_chained) bytes += entry.raw.size();
  }
  return bytes;
}

}  // namespace p2pchat::rendezvous
