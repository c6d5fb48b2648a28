#include "daemon/shell/store/row.h"

#include <utility>

#include "proto/limits.h"
#include "proto/pack.h"

namespace p2pchat {

namespace {

constexpr const char* kRowAt =
    "SELECT e.room, e.feed, e.first, e.count, e.shown, e.first_stamp, e.last_stamp, e.high,"
    " e.high_feed, e.received, e.sum, e.bytes, r.room, f.author, f.incarnation, f.tag, h.author,"
    " h.incarnation FROM entries e LEFT JOIN rooms r ON r.id = e.room"
    " LEFT JOIN feeds f ON f.id = e.feed LEFT JOIN feeds h ON h.id = e.high_feed"
    " WHERE e.id = ?1";

std::uint64_t optional_part(const std::optional<std::int64_t>& key) {
  return static_cast<std::uint64_t>(key.value_or(0));  // Keys begin at 1.
}

std::optional<std::int64_t> optional_integer(const Query& query, int column) {
  if (query.is_nothing(column)) return std::nullopt;
  return query.integer(column);
}

// The row that the query stands on; nothing if it is damaged. Its bytes live until the next step.
std::optional<Row> row_of(const Query& query) {
  Row row;
  row.room = query.integer(0);
  row.feed = optional_integer(query, 1);
  row.first = query.integer(2);
  row.count = query.integer(3);
  row.shown = query.integer(4);
  row.first_stamp = stamp_of_column(query.integer(5));
  row.last_stamp = stamp_of_column(query.integer(6));
  row.high = stamp_of_column(query.integer(7));
  row.high_feed = optional_integer(query, 8);
  row.received = {query.integer(9)};
  row.bytes = query.bytes(11);
  const auto sum = query.fixed<RowSum>(10);
  if (!sum || *sum != row.sum()) return std::nullopt;
  return row;
}

// What one row is read with: itself, and the names behind its keys.
struct Names {
  RoomId room;
  FeedId feed;
  FeedTag tag;
  FeedId high_feed;
};

std::optional<FeedId> feed_of(const Query& query, int author) {
  const auto id = query.fixed<PeerId>(author);
  const auto incarnation = query.fixed<Incarnation>(author + 1);
  if (!id || !incarnation) return std::nullopt;
  return FeedId{*id, *incarnation};
}

std::optional<Names> names_of(const Query& query, const Row& row) {
  Names names;
  const auto room = query.fixed<RoomId>(12);
  if (!room) return std::nullopt;
  names.room = *room;
  if (row.feed) {
    const auto feed = feed_of(query, 13);
    const auto tag = query.fixed<FeedTag>(15);
    if (!feed || !tag) return std::nullopt;
    names.feed = *feed;
    names.tag = *tag;
  }
  if (row.high_feed) {
    const auto high_feed = feed_of(query, 16);
    if (!high_feed) return std::nullopt;
    names.high_feed = *high_feed;
  }
  return names;
}

std::optional<OpenedRow> open_notice(std::int64_t position, const Row& row, const Names& names) {
  Unpacker unpacker(row.bytes);
  unpacker.array_of(2);
  Entry entry;
  entry.author = unpacker.fixed<PeerId>();
  entry.body = to_bytes(unpacker.bytes(row.bytes.size()));
  if (!unpacker.is_done()) return std::nullopt;
  entry.room = names.room;
  entry.is_system = true;
  entry.id = "n." + std::to_string(position);
  entry.stamp = row.first_stamp;
  entry.received = row.received;
  entry.position = position;
  OpenedRow opened{position, {}, {}};
  opened.entries.push_back(std::move(entry));
  return opened;
}

std::optional<OpenedRow> open_batch(std::int64_t position, const Row& row, const Names& names) {
  auto batch = Batch::decode(row.bytes);
  if (!batch || batch->room != names.room || batch->feed != names.feed) return std::nullopt;
  OpenedRow opened{position, names.feed, {}};
  opened.entries.reserve(batch->posts.size());
  for (std::size_t i = 0; i < batch->posts.size(); ++i) {
    Post& post = batch->posts[i];
    if (post.kind == PostKind::opening || post.pruned) continue;
    Entry& entry = opened.entries.emplace_back();
    entry.room = names.room;
    entry.author = names.feed.author;
    entry.number = {batch->first.value + i};
    entry.id = message_id(names.tag, entry.number);
    entry.stamp = post.stamp;
    entry.received = row.received;
    entry.body = std::move(post.body);
    entry.is_late =
        row.high_feed && std::pair(post.stamp, names.feed) < std::pair(row.high, names.high_feed);
    entry.position = position;
    entry.index = static_cast<std::int32_t>(i);
  }
  return opened;
}

}  // namespace

std::int64_t to_column(Stamp stamp) {
  return static_cast<std::int64_t>(std::min(stamp.value, kPackIntegerMax));
}

Stamp stamp_of_column(std::int64_t column) { return {static_cast<std::uint64_t>(column)}; }

RowSum Row::sum() const {
  Hasher hasher("p2pchat stored row");
  for (const std::int64_t part : {room, first, count, shown, received.milliseconds}) {
    hasher.add(static_cast<std::uint64_t>(part));
  }
  hasher.add(optional_part(feed)).add(optional_part(high_feed));
  hasher.add(first_stamp.value).add(last_stamp.value).add(high.value);
  return hasher.add(bytes).finish<RowSum>();
}

Result<std::optional<OpenedRow>> open_row(Database& database, std::int64_t position) {
  Query query(database, kRowAt);
  std::optional<OpenedRow> opened;
  if (query.bind(position).next()) {
    const auto row = row_of(query);
    const auto names = row ? names_of(query, *row) : std::nullopt;
    if (names) {
      opened = row->feed ? open_batch(position, *row, *names) : open_notice(position, *row, *names);
    }
  }
  if (auto end = query.end(); !end) return tl::unexpected(end.error());
  return opened;
}

Result<std::optional<Row>> copy_row(Database& database, std::int64_t position, Bytes& bytes) {
  Query query(database, kRowAt);
  std::optional<Row> row;
  if (query.bind(position).next()) row = row_of(query);
  if (auto end = query.end(); !end) return tl::unexpected(end.error());
  if (row) {
    bytes = to_bytes(row->bytes);
    row->bytes = bytes;
  }
  return row;
}

Result<std::optional<Bytes>> read_row(Database& database, std::int64_t position) {
  Bytes bytes;
  const auto row = copy_row(database, position, bytes);
  if (!row) return tl::unexpected(row.error());
  return *row ? std::optional(std::move(bytes)) : std::nullopt;
}

Bytes encode_notice(const PeerId& peer, std::string_view text) {
  return Packer().array(2).fixed(peer).bytes(view(text)).take();
}

}  // namespace p2pchat
