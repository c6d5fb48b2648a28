#include "daemon/shell/inbox.h"

#include <algorithm>
#include <charconv>

#include "daemon/shell/store/row.h"
#include "proto/batch.h"

namespace p2pchat {

namespace {

// Where a message stands: the key of its row, and its index in it.
struct Found {
  RoomId room;
  std::int64_t position = 0;
  std::int32_t index = 0;
};

constexpr std::string_view kNoticePrefix = "n.";

std::optional<std::int64_t> parse_notice_id(std::string_view id) {
  if (id.substr(0, kNoticePrefix.size()) != kNoticePrefix) return std::nullopt;
  id.remove_prefix(kNoticePrefix.size());
  std::int64_t position = 0;
  const auto [end, code] = std::from_chars(id.data(), id.data() + id.size(), position);
  if (code != std::errc() || end != id.data() + id.size()) return std::nullopt;
  return position;
}

Result<std::optional<Found>> find_notice(Database& database, std::int64_t position) {
  Query query(database,
              "SELECT r.room FROM entries e JOIN rooms r ON r.id = e.room"
              " WHERE e.id = ?1 AND e.feed IS NULL");
  std::optional<Found> found;
  if (query.bind(position).next()) {
    found = Found{query.fixed<RoomId>(0).value_or(RoomId{}), position, 0};
  }
  if (auto end = query.end(); !end) return tl::unexpected(end.error());
  return found;
}

Result<std::optional<Found>> find_post(Database& database, const MessageRef& message) {
  // Two feeds may share a tag if their author has searched for it; the older one counts.
  Query query(database,
              "SELECT r.room, e.id, e.first FROM feeds f JOIN rooms r ON r.id = f.room"
              " JOIN entries e ON e.feed = f.id AND e.first ="
              " (SELECT max(first) FROM entries WHERE feed = f.id AND first <= ?2)"
              " WHERE f.tag = ?1 AND ?2 < e.first + e.count ORDER BY f.id");
  const auto number = static_cast<std::int64_t>(message.number.value);
  std::optional<Found> found;
  if (query.bind(message.tag).bind(number).next()) {
    found = Found{query.fixed<RoomId>(0).value_or(RoomId{}), query.integer(1),
                  static_cast<std::int32_t>(number - query.integer(2))};
  }
  if (auto end = query.end(); !end) return tl::unexpected(end.error());
  return found;
}

Result<Found> find_message(Database& database, std::string_view id) {
  Result<std::optional<Found>> found = std::optional<Found>();
  if (const auto notice = parse_notice_id(id)) {
    found = find_notice(database, *notice);
  } else if (const auto message = parse_message_id(id)) {
    found = find_post(database, *message);
  }
  if (!found) return tl::unexpected(found.error());
  if (!*found) return fail(Fault::unknown, "there is no message " + std::string(id) + " here");
  return **found;
}

}  // namespace

// One conversation of a pull, by its next row.
struct Inbox::Lane {
  PullCursor::iterator at;
  ReaderPlace place;          // Becomes the cursor's, if all goes well.
  std::int64_t position = 0;  // Of the next row; 0 if there is none.
  std::int32_t count = 0;     // Of its posts.

  // So that the heap has the earliest row in front.
  bool operator<(const Lane& other) const { return position > other.position; }
};

Inbox::Inbox(Store& store) : store_(store), index_(store) {}

Inbox::~Inbox() = default;

Result<PullCursor> Inbox::open_pull(const Reader& reader, const std::vector<RoomId>& rooms) {
  Transaction reading(store_.database());
  if (auto begun = reading.begin_reading(); !begun) return tl::unexpected(begun.error());
  PullCursor cursor;
  for (const RoomId& room : rooms) {
    Query query(store_.database(),
                "SELECT p.position, p.post FROM rooms r JOIN places p ON p.room = r.id"
                " WHERE r.room = ?1 AND p.uid = ?2 AND p.reader = ?3");
    ReaderPlace& place = cursor[room];
    if (query.bind(room)
            .bind(std::int64_t{reader.uid})
            .bind(std::string_view(reader.name))
            .next()) {
      place = {query.integer(0), static_cast<std::int32_t>(query.integer(1))};
    }
    if (auto end = query.end(); !end) return tl::unexpected(end.error());
  }
  return cursor;
}

Result<void> Inbox::seek(Lane& lane, const PeerId& self, bool mine) {
  Query query(store_.database(),
              "SELECT id, feed, count FROM entries INDEXED BY entries_by_arrival"
              " WHERE room = (SELECT id FROM rooms WHERE room = ?1) AND id >= ?2"
              " AND (shown > 0 OR first <= 1) ORDER BY id");
  query.bind(lane.at->first).bind(lane.place.position);
  lane.position = 0;
  std::int64_t known_feed = 0;  // Rows of one feed mostly stand together.
  bool is_own = false;
  while (query.next()) {
    const std::int64_t position = query.integer(0);
    const auto count = static_cast<std::int32_t>(query.integer(2));
    if (position == lane.place.position && lane.place.index >= count - 1) continue;
    const std::int64_t feed = query.integer(1);  // 0 for a notice.
    if (!mine && feed != known_feed) {
      Query author(store_.database(), "SELECT author = ?2 FROM feeds WHERE id = ?1");
      is_own = author.bind(feed).bind(self).next() && author.flag(0);
      if (auto end = author.end(); !end) return end;
      known_feed = feed;
    }
    if (!is_own) {
      lane.position = position;
      lane.count = count;
      return {};
    }
    lane.place = {position, count - 1};
  }
  return query.end();
}

Result<const OpenedRow*> Inbox::row(std::int64_t position) {
  if (warm_ && warm_->position == position) return warm_.get();
  auto opened = open_row(store_.database(), position);
  if (!opened) return tl::unexpected(opened.error());
  if (*opened) {
    warm_ = std::make_unique<OpenedRow>(std::move(**opened));
    return warm_.get();
  }
  if (auto told = store_.report_damage(position); !told) return tl::unexpected(told.error());
  return nullptr;
}

Result<std::vector<Entry>> Inbox::pull(PullCursor& cursor, std::size_t at_most, const PeerId& self,
                                       bool mine) {
  Transaction reading(store_.database());
  if (auto begun = reading.begin_reading(); !begun) return tl::unexpected(begun.error());
  std::vector<Lane> lanes;  // At their end.
  std::vector<Lane> heap;
  for (auto at = cursor.begin(); at != cursor.end(); ++at) {
    Lane lane{at, at->second, 0, 0};
    if (auto found = seek(lane, self, mine); !found) return tl::unexpected(found.error());
    (lane.position == 0 ? lanes : heap).push_back(lane);
  }
  std::make_heap(heap.begin(), heap.end());

  std::vector<Entry> entries;
  while (!heap.empty() && entries.size() < at_most) {
    std::pop_heap(heap.begin(), heap.end());
    Lane& lane = heap.back();
    const auto opened = row(lane.position);
    if (!opened) return tl::unexpected(opened.error());
    ReaderPlace end{lane.position, lane.count - 1};
    if (*opened != nullptr) {
      for (const Entry& entry : (*opened)->entries) {
        const ReaderPlace place{entry.position, entry.index};
        if (place <= lane.place) continue;
        if (entries.size() == at_most) {
          end = lane.place;
          break;
        }
        entries.push_back(entry);
        lane.place = place;
      }
    }
    lane.place = end;
    if (auto found = seek(lane, self, mine); !found) return tl::unexpected(found.error());
    if (lane.position == 0) {
      lanes.push_back(lane);
      heap.pop_back();
    } else {
      std::push_heap(heap.begin(), heap.end());
    }
  }
  lanes.insert(lanes.end(), heap.begin(), heap.end());
  for (const Lane& lane : lanes) lane.at->second = lane.place;
  return entries;
}

Result<void> Inbox::move(const Reader& reader, const PullCursor& places) {
  Transaction transaction(store_.database());
  if (auto begun = transaction.begin_writing(); !begun) return begun;
  for (const auto& [room, place] : places) {
    // A room without a row has nothing to stand on.
    Query query(store_.database(),
                "INSERT INTO places (uid, reader, room, position, post)"
                " SELECT ?1, ?2, id, ?4, ?5 FROM rooms WHERE room = ?3"
                " ON CONFLICT DO UPDATE SET position = excluded.position, post = excluded.post"
                " WHERE (excluded.position, excluded.post) > (position, post)");
    query.bind(std::int64_t{reader.uid}).bind(std::string_view(reader.name)).bind(room);
    if (auto moved = query.bind(place.position).bind(std::int64_t{place.index}).run(); !moved) {
      return moved;
    }
  }
  return transaction.commit();
}

Result<std::pair<RoomId, ReaderPlace>> Inbox::find(std::string_view message_id) {
  const auto found = find_message(store_.database(), message_id);
  if (!found) return tl::unexpected(found.error());
  return std::pair(found->room, ReaderPlace{found->position, found->index});
}

Result<LogPlace> Inbox::place_of(const RoomId& room, std::string_view message_id) {
  const auto found = find_message(store_.database(), message_id);
  if (!found) return tl::unexpected(found.error());
  if (found->room != room) {
    return fail(Fault::unknown, "this conversation holds no message " + std::string(message_id));
  }
  const auto opened = row(found->position);
  if (!opened) return tl::unexpected(opened.error());
  if (*opened != nullptr) {
    for (const Entry& entry : (*opened)->entries) {
      if (entry.index == found->index) return LogPlace{entry.stamp, (*opened)->feed};
    }
  }
  return fail(Fault::unknown, "message " + std::string(message_id) + " cannot be read here");
}

Result<std::vector<Inbox::ReaderRow>> Inbox::readers() {
  Query query(store_.database(),
              "SELECT p.uid, p.reader, r.room, p.position, p.post,"
              " (SELECT count(*) FROM entries e INDEXED BY entries_by_arrival"
              "  WHERE e.room = p.room AND e.id >= p.position AND (e.shown > 0 OR e.first <= 1)"
              "  AND (e.id > p.position OR e.count > p.post + 1))"
              " FROM places p JOIN rooms r ON r.id = p.room ORDER BY p.uid, p.reader, p.room");
  std::vector<ReaderRow> rows;
  while (query.next()) {
    ReaderRow& row = rows.emplace_back();
    row.reader = {static_cast<std::uint32_t>(query.integer(0)), std::string(query.text(1))};
    row.room = query.fixed<RoomId>(2).value_or(RoomId{});
    row.place = {query.integer(3), static_cast<std::int32_t>(query.integer(4))};
    row.unread = query.integer(5);
  }
  if (auto end = query.end(); !end) return tl::unexpected(end.error());
  return rows;
}

Result<void> Inbox::can_search() { return SearchIndex::check(store_.database()); }

Result<std::unique_ptr<LogStream>> Inbox::open_log(const LogQuery& query) {
  return LogStream::open(store_, index_, query);
}

Result<std::vector<Entry>> Inbox::log(LogStream& stream, std::size_t at_most) {
  return stream.next(at_most);
}

}  // namespace p2pchat
