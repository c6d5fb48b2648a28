#include "daemon/shell/store/key_row.h"

#include "daemon/shell/store/row.h"

namespace p2pchat {

Result<void> write_key(Database& database, const KeyRecord& record) {
  Query query(database,
              "INSERT INTO keys (room, key, text, author, incarnation, number, time)"
              " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
  query.bind(record.room).bind(std::string_view(record.key)).bind(record.text);
  query.bind(record.feed.author).bind(record.feed.incarnation);
  query.bind(static_cast<std::int64_t>(record.number.value)).bind(record.time.milliseconds);
  return query.run();
}

Result<std::optional<KeyRecord>> find_key(Database& database, const RoomId& room,
                                          std::string_view key) {
  Query query(database,
              "SELECT text, author, incarnation, number, time FROM keys"
              " WHERE room = ?1 AND key = ?2");
  if (!query.bind(room).bind(key).next()) {
    if (auto end = query.end(); !end) return tl::unexpected(end.error());
    return std::nullopt;
  }
  const auto text = query.fixed<Hash>(0);
  const auto author = query.fixed<PeerId>(1);
  const auto incarnation = query.fixed<Incarnation>(2);
  const std::int64_t number = query.integer(3);
  if (!text || !author || !incarnation || number <= 0) {
    return fail(Fault::damaged, "what is stored of the key '" + std::string(key) + "' is damaged");
  }
  return KeyRecord{room,
                   std::string(key),
                   *text,
                   {*author, *incarnation},
                   {static_cast<std::uint64_t>(number)},
                   {query.integer(4)}};
}

}  // namespace p2pchat
