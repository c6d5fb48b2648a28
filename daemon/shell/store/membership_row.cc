#include "daemon/shell/store/membership_row.h"

#include <algorithm>

#include "proto/fork.h"
#include "proto/pack.h"
#include "proto/standing.h"

namespace p2pchat {

namespace {

using Memberships = std::vector<MembershipState>;

// Nothing if a column does not hold what write_room() puts there.
std::optional<RoomRecord> room_of(const Query& query) {
  const auto room = query.fixed<RoomId>(0);
  auto genesis = Genesis::decode(query.bytes(1));
  if (!room || !genesis || genesis->room != *room) return std::nullopt;
  RoomRecord record;
  record.genesis = std::move(*genesis);
  record.name = query.text(2);
  if (!query.is_nothing(3)) {
    Unpacker unpacker(query.bytes(3));
    record.forgotten = unpack_seat(unpacker);
    if (!unpacker.is_done()) return std::nullopt;
  }
  record.is_gone = query.flag(4);
  return record;
}

std::optional<StoredDecision> decision_of(const Query& query, const RoomId& room) {
  auto value = Value::decode(query.bytes(2));
  auto certificate = Certificate::decode(query.bytes(3));
  if (!value || !certificate) return std::nullopt;
  const bool fits = value->room == room && certificate->room == room &&
                    static_cast<std::int64_t>(value->height) == query.integer(1) &&
                    certificate->value == value->id;
  if (!fits) return std::nullopt;
  return StoredDecision{std::move(*value), std::move(*certificate)};
}

std::optional<StoredPledge> pledge_of(const Query& query, const RoomId& room) {
  auto pledge = Pledge::decode(query.bytes(1));
  auto value = Value::decode(query.bytes(2));
  if (!pledge || !value) return std::nullopt;
  if (pledge->room != room || value->room != room || pledge->value != value->id) {
    return std::nullopt;
  }
  return StoredPledge{*pledge, std::move(*value)};
}

// It decodes, and is of this room.
template <class T>
bool is_of(const RoomId& room, ByteView raw) {
  const auto decoded = T::decode(raw);
  return decoded && decoded->room == room;
}

bool is_whole(const RoomId& room, Kind kind, ByteView raw) {
  switch (kind) {
    case Kind::genesis: return is_of<Genesis>(room, raw);
    case Kind::knock: return is_of<Knock>(room, raw);
    case Kind::vote: return is_of<Vote>(room, raw);
    case Kind::leave: return is_of<Leave>(room, raw);
    case Kind::close: return is_of<Close>(room, raw);
    case Kind::eviction: return is_of<Eviction>(room, raw);
    case Kind::value: return is_of<Value>(room, raw);
    case Kind::pledge: return is_of<Pledge>(room, raw);
    case Kind::certificate: return is_of<Certificate>(room, raw);
    case Kind::card: return Card::decode(raw).has_value();
    case Kind::standing: return is_of<Standing>(room, raw);
    case Kind::decided: return is_of<Decided>(room, raw);
    case Kind::fork: return is_of<Fork>(room, raw);
  }
  return false;  // A number that names no kind.
}

std::optional<Object> object_of(const Query& query, const RoomId& room) {
  const std::int64_t kind = query.integer(1);
  if (kind < 0 || kind > 0xFF) return std::nullopt;
  Object object{static_cast<Kind>(kind), to_bytes(query.bytes(2))};
  if (!is_whole(room, object.kind, object.raw)) return std::nullopt;
  return object;
}

// The one that the row is of; null if there is none.
MembershipState* owner_of(const Query& query, Memberships& memberships) {
  const auto room = query.fixed<RoomId>(0);
  if (!room) return nullptr;
  const auto found = std::lower_bound(
      memberships.begin(), memberships.end(), *room,
      [](const MembershipState& one, const RoomId& id) { return one.room.genesis.room < id; });
  if (found == memberships.end() || found->room.genesis.room != *room) return nullptr;
  return &*found;
}

// Reads each row of `query` with `read`, and hands it to `keep` beside its room.
template <class Read, class Keep>
Result<void> read_into(Database& database, Query& query, Memberships& memberships, const Read& read,
                       const Keep& keep) {
  while (query.next()) {
    MembershipState* owner = owner_of(query, memberships);
    auto one = owner == nullptr ? std::nullopt : read(query, owner->room.genesis.room);
    if (!one) return tl::unexpected(database.damage());
    keep(*owner, std::move(*one));
  }
  return query.end();
}

Result<void> read_decisions(Database& database, Memberships& memberships) {
  Query query(database,
              "SELECT room, height, value, certificate FROM decisions ORDER BY room, height");
  return read_into(database, query, memberships, decision_of,
                   [](MembershipState& owner, StoredDecision decision) {
                     owner.decisions.push_back(std::move(decision));
                   });
}

Result<void> read_pledges(Database& database, Memberships& memberships) {
  Query query(database, "SELECT room, pledge, value FROM pledges");
  return read_into(
      database, query, memberships, pledge_of,
      [](MembershipState& owner, StoredPledge pledge) { owner.pledge = std::move(pledge); });
}

Result<void> read_objects(Database& database, Memberships& memberships) {
  Query query(database, "SELECT room, kind, bytes FROM objects ORDER BY room, key");
  return read_into(
      database, query, memberships, object_of,
      [](MembershipState& owner, Object object) { owner.objects.push_back(std::move(object)); });
}

}  // namespace

Result<void> write_room(Database& database, const RoomRecord& room) {
  Query query(database,
              "INSERT OR REPLACE INTO memberships (room, genesis, name, forgotten, is_gone)"
              " VALUES (?1, ?2, ?3, ?4, ?5)");
  query.bind(room.genesis.room).bind(ByteView(room.genesis.raw));
  query.bind(std::string_view(room.name));
  Bytes forgotten;
  if (room.forgotten) {
    Packer packer;
    pack(packer, *room.forgotten);
    forgotten = packer.take();
    query.bind(ByteView(forgotten));
  } else {
    query.bind_nothing();
  }
  return query.bind(std::int64_t{room.is_gone}).run();
}

Result<void> write_decision(Database& database, const action::StoreDecision& decision) {
  const Bytes certificate = decision.certificate.encode();
  const auto height = static_cast<std::int64_t>(decision.value.height);
  Query above(database, "DELETE FROM decisions WHERE room = ?1 AND height > ?2");
  const auto cut = above.bind(decision.value.room).bind(height).run();
  if (!cut) return cut;
  Query query(database,
              "INSERT OR REPLACE INTO decisions (room, height, value, certificate)"
              " VALUES (?1, ?2, ?3, ?4)");
  query.bind(decision.value.room).bind(height);
  return query.bind(ByteView(decision.value.raw)).bind(ByteView(certificate)).run();
}

Result<void> write_pledge(Database& database, const action::StorePledge& pledge) {
  const Bytes signed_bytes = pledge.pledge.encode();
  Query query(database, "INSERT OR REPLACE INTO pledges (room, pledge, value) VALUES (?1, ?2, ?3)");
  query.bind(pledge.pledge.room).bind(ByteView(signed_bytes));
  return query.bind(ByteView(pledge.value.raw)).run();
}

Result<void> write_object(Database& database, const action::StoreObject& object) {
  Query query(database,
              "INSERT OR REPLACE INTO objects (room, key, kind, bytes) VALUES (?1, ?2, ?3, ?4)");
  query.bind(object.room).bind(object.key);
  query.bind(static_cast<std::int64_t>(object.object.kind));
  return query.bind(ByteView(object.object.raw)).run();
}

Result<void> drop_object(Database& database, const action::DropObject& object) {
  Query query(database, "DELETE FROM objects WHERE room = ?1 AND key = ?2");
  return query.bind(object.room).bind(object.key).run();
}

Result<std::vector<MembershipState>> read_memberships(Database& database) {
  Memberships memberships;
  {
    Query query(database,
                "SELECT room, genesis, name, forgotten, is_gone FROM memberships ORDER BY room");
    while (query.next()) {
      auto room = room_of(query);
      if (!room) return tl::unexpected(database.damage());
      memberships.push_back({std::move(*room), {}, std::nullopt, {}});
    }
    if (auto end = query.end(); !end) return tl::unexpected(end.error());
  }
  for (const auto read : {read_decisions, read_pledges, read_objects}) {
    if (auto done = read(database, memberships); !done) return tl::unexpected(done.error());
  }
  return memberships;
}

}  // namespace p2pchat
