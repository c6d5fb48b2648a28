#include "daemon/shell/store/wish_row.h"

#include "proto/consent.h"
#include "proto/limits.h"
#include "proto/pack.h"

namespace p2pchat {

namespace {

Bytes packed(const std::vector<Card>& cards) {
  Packer packer;
  packer.array(cards.size());
  for (const Card& card : cards) packer.bytes(card.raw);
  return packer.take();
}

std::optional<std::vector<Card>> unpacked(ByteView bytes) {
  Unpacker unpacker(bytes);
  std::vector<Card> cards;
  for (std::size_t left = unpacker.array(kMembersMax); left > 0 && unpacker.is_good(); --left) {
    auto card = Card::decode(unpacker.bytes(kCardBytesMax));
    if (!card) return std::nullopt;
    cards.push_back(std::move(*card));
  }
  if (!unpacker.is_done()) return std::nullopt;
  return cards;
}

// Nothing if a column does not hold what write_wish() puts there.
std::optional<WishRecord> wish_of(const Query& query) {
  const auto room = query.fixed<RoomId>(0);
  const auto creator = query.fixed<PeerId>(2);
  const auto knock = Knock::decode(query.bytes(3));
  auto hosts = unpacked(query.bytes(6));
  if (!room || !creator || !knock || knock->room != *room || !hosts) return std::nullopt;
  WishRecord wish;
  wish.room = *room;
  wish.name = query.text(1);
  wish.creator = *creator;
  wish.knock = knock->raw;
  wish.via = query.text(4);
  wish.is_over = query.flag(5);
  wish.hosts = std::move(*hosts);
  return wish;
}

}  // namespace

Result<void> write_wish(Database& database, const WishRecord& wish) {
  const Bytes hosts = packed(wish.hosts);
  Query query(database,
              "INSERT OR REPLACE INTO wishes (room, name, creator, knock, via, is_over,"
              " hosts) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
  query.bind(wish.room).bind(std::string_view(wish.name)).bind(wish.creator);
  query.bind(ByteView(wish.knock)).bind(std::string_view(wish.via));
  query.bind(std::int64_t{wish.is_over});
  return query.bind(ByteView(hosts)).run();
}

Result<void> drop_wish(Database& database, const RoomId& room) {
  return Query(database, "DELETE FROM wishes WHERE room = ?1").bind(room).run();
}

Result<std::vector<WishRecord>> read_wishes(Database& database) {
  Query query(database,
              "SELECT room, name, creator, knock, via, is_over, hosts FROM wishes ORDER BY room");
  std::vector<WishRecord> wishes;
  while (query.next()) {
    auto wish = wish_of(query);
    if (!wish) return tl::unexpected(database.damage());
    wishes.push_back(std::move(*wish));
  }
  if (auto end = query.end(); !end) return tl::unexpected(end.error());
  return wishes;
}

}  // namespace p2pchat
