#include "daemon/shell/store/writer.h"

#include <algorithm>
#include <variant>

#include "daemon/shell/store/contact_row.h"
#include "daemon/shell/store/key_row.h"
#include "daemon/shell/store/membership_row.h"
#include "daemon/shell/store/retention_row.h"
#include "daemon/shell/store/wish_row.h"
#include "proto/check.h"

namespace p2pchat {

namespace {

std::int64_t signed_of(std::uint64_t whole) { return static_cast<std::int64_t>(whole); }
std::uint64_t unsigned_of(std::int64_t column) { return static_cast<std::uint64_t>(column); }

void bind_key(Query& query, const std::optional<std::int64_t>& key) {
  if (key) {
    query.bind(*key);
  } else {
    query.bind_nothing();
  }
}

// The newest post of a batch that readers see; an opening is none, and so is a pruned one.
const Post* newest_shown(const Batch& batch) {
  const Post& last = batch.posts.back();
  return last.kind == PostKind::opening || last.pruned ? nullptr : &last;
}

}  // namespace

Result<void> Writer::carry_out(const Action& action) {
  return std::visit([this](const auto& order) { return store(order); }, action);
}

Result<void> Writer::store(const action::StoreSelf& action) {
  return Query(database_, "UPDATE self SET card_counter = ?1, promised = ?2")
      .bind(signed_of(action.card_counter.value))
      .bind(to_column(action.promised))
      .run();
}

Result<void> Writer::store(const action::StoreContact& action) {
  return write_contact(database_, action.contact);
}

Result<void> Writer::store(const action::StoreBatch& action) {
  const Batch& batch = action.batch;
  CHECK(!batch.posts.empty() && !batch.raw.empty());
  auto found_room = room(batch.room);
  if (!found_room) return tl::unexpected(found_room.error());
  Room& home = **found_room;
  auto found_feed = feed(batch.room, home, batch.feed);
  if (!found_feed) return tl::unexpected(found_feed.error());
  Feed& own = **found_feed;
  const auto stored = is_stored(home, own, batch);
  if (!stored) return tl::unexpected(stored.error());
  if (!*stored) {
    if (auto appended = append(home, own, action); !appended) return appended;
  }
  if (batch.first == own.have.next()) {
    own.have = batch.last();
    own.head = batch.head;
    own.stamp = batch.posts.back().stamp;
  }
  if (batch.first == Number{1}) {
    own.opening = batch.head;
    own.opened = batch.posts.front().body;
  }
  return {};
}

Result<void> Writer::append(Room& home, const Feed& own, const action::StoreBatch& action) {
  const Batch& batch = action.batch;
  Row row;
  row.room = home.key;
  row.feed = own.key;
  row.first = signed_of(batch.first.value);
  row.count = signed_of(batch.posts.size());
  row.shown = newest_shown(batch) == nullptr ? 0 : row.count;
  row.first_stamp = batch.posts.front().stamp;
  row.last_stamp = batch.posts.back().stamp;
  row.high = home.high;
  row.high_feed = home.high_feed;
  row.received = action.received;
  row.bytes = batch.raw;
  if (auto inserted = insert(row); !inserted) return inserted;

  home.bytes += batch.raw.size();
  if (batch.is_pruned()) home.pruned += batch.raw.size();
  home.span = std::max(home.span, row.last_stamp.value - row.first_stamp.value);
  const Post* newest = newest_shown(batch);
  if (newest != nullptr && (!home.high_feed || std::pair(home.high, home.high_name) <
                                                   std::pair(newest->stamp, batch.feed))) {
    home.high = newest->stamp;
    home.high_feed = own.key;
    home.high_name = batch.feed;
  }
  return {};
}

Result<void> Writer::store(const action::StoreNotice& action) {
  auto found = room(action.room);
  if (!found) return tl::unexpected(found.error());
  const Bytes bytes = encode_notice(action.peer, action.text);
  Row row;
  row.room = (*found)->key;
  row.count = 1;
  row.shown = 1;
  row.first_stamp = Stamp::at(action.time);
  row.last_stamp = row.first_stamp;
  row.received = action.time;
  row.bytes = bytes;
  return insert(row);
}

Result<void> Writer::store(const action::StoreRoom& action) {
  return write_room(database_, action.room);
}

Result<void> Writer::store(const action::StoreDecision& action) {
  return write_decision(database_, action);
}

Result<void> Writer::store(const action::StorePledge& action) {
  return write_pledge(database_, action);
}

Result<void> Writer::store(const action::StoreObject& action) {
  return write_object(database_, action);
}

Result<void> Writer::store(const action::DropObject& action) {
  return drop_object(database_, action);
}

Result<void> Writer::store(const action::StoreWish& action) {
  return write_wish(database_, action.wish);
}

Result<void> Writer::store(const action::DropWish& action) {
  return drop_wish(database_, action.room);
}

Result<void> Writer::store(const action::StoreListing& action) {
  Query query(database_, "UPDATE self SET listing = ?1");
  if (action.address) {
    query.bind(std::string_view(*action.address));
  } else {
    query.bind_nothing();
  }
  return query.run();
}

Result<void> Writer::store(const action::StoreKey& action) {
  return write_key(database_, action.key);
}

Result<void> Writer::store(const action::StoreRetention& action) {
  if (auto found = room(action.room); !found) return tl::unexpected(found.error());
  return write_retention(database_, action);
}

Result<void> Writer::store(const action::Prune& action) {
  auto found = room(action.room);
  if (!found) return tl::unexpected(found.error());
  Room& home = **found;
  const std::uint64_t whole = home.bytes - std::min(home.bytes, home.pruned);
  const auto rows = prune_rows(database_, home.key, whole, action);
  if (!rows) return tl::unexpected(rows.error());
  home.pruned += rows->left;
  home.bytes += rows->left;
  home.bytes -= std::min(home.bytes, rows->with_texts);
  const std::int64_t freed = signed_of(rows->with_texts) - signed_of(rows->left);
  prunings_.push_back({action.room, freed, rows->newest, rows->reached, rows->has_more});
  return {};
}

Result<Writer::Room*> Writer::room(const RoomId& id) {
  if (const auto known = rooms_.find(id); known != rooms_.end()) return &known->second;
  Room found;
  {
    Query query(
        database_,
        "SELECT r.id, r.bytes, r.high, r.high_feed, f.author, f.incarnation, r.span, r.pruned"
        " FROM rooms r LEFT JOIN feeds f ON f.id = r.high_feed WHERE r.room = ?1");
    if (query.bind(id).next()) {
      found.key = query.integer(0);
      found.bytes = unsigned_of(query.integer(1));
      found.high = stamp_of_column(query.integer(2));
      if (!query.is_nothing(3)) found.high_feed = query.integer(3);
      found.high_name = {query.fixed<PeerId>(4).value_or(PeerId{}),
                         query.fixed<Incarnation>(5).value_or(Incarnation{})};
      found.span = unsigned_of(query.integer(6));
      found.pruned = unsigned_of(query.integer(7));
    }
    if (auto end = query.end(); !end) return tl::unexpected(end.error());
  }
  if (found.key == 0) {
    Query query(database_,
                "INSERT INTO rooms (room, bytes, pruned, high, span) VALUES (?1, 0, 0, 0, 0)");
    if (auto made = query.bind(id).run(); !made) return tl::unexpected(made.error());
    found.key = database_.last_position();
  }
  return &rooms_.emplace(id, found).first->second;
}

Result<Writer::Feed*> Writer::feed(const RoomId& room_id, const Room& room, const FeedId& id) {
  const std::pair name(room.key, id);
  if (const auto known = feeds_.find(name); known != feeds_.end()) return &known->second;
  Feed found;
  {
    Query query(database_,
                "SELECT id, have, head, stamp, opening, opened FROM feeds"
                " WHERE room = ?1 AND author = ?2 AND incarnation = ?3");
    if (query.bind(room.key).bind(id.author).bind(id.incarnation).next()) {
      found.key = query.integer(0);
      found.have = {unsigned_of(query.integer(1))};
      found.head = query.fixed<Hash>(2).value_or(Hash{});
      found.stamp = stamp_of_column(query.integer(3));
      found.opening = query.fixed<Hash>(4).value_or(Hash{});
      found.opened = to_bytes(query.bytes(5));
    }
    if (auto end = query.end(); !end) return tl::unexpected(end.error());
  }
  if (found.key == 0) {
    found.head = feed_root(room_id, id);
    const FeedTag tag = feed_tag(room_id, id);
    Query query(database_,
                "INSERT INTO feeds (room, author, incarnation, tag, have, head, stamp, opening,"
                " opened) VALUES (?1, ?2, ?3, ?4, 0, ?5, 0, ?6, x'')");
    query.bind(room.key).bind(id.author).bind(id.incarnation).bind(tag).bind(found.head);
    query.bind(found.opening);
    if (auto made = query.run(); !made) return tl::unexpected(made.error());
    found.key = database_.last_position();
  }
  return &feeds_.emplace(name, found).first->second;
}

Result<bool> Writer::is_stored(Room& room, const Feed& feed, const Batch& batch) {
  std::int64_t position = 0;
  std::int64_t bytes = 0;
  bool is_pruned = false;
  {
    Query query(database_,
                "SELECT id, length(bytes), shown = 0 AND first > 1 FROM entries"
                " WHERE feed = ?1 AND first = ?2");
    if (query.bind(feed.key).bind(signed_of(batch.first.value)).next()) {
      position = query.integer(0);
      bytes = query.integer(1);
      is_pruned = query.flag(2);
    }
    if (auto end = query.end(); !end) return tl::unexpected(end.error());
  }
  if (position == 0) return false;
  const auto intact = read_row(database_, position);
  if (!intact) return tl::unexpected(intact.error());
  const bool brings_texts = is_pruned && !batch.is_pruned();
  if (*intact && !(brings_texts && **intact == batch.pruned())) return true;
  room.bytes -= std::min(room.bytes, unsigned_of(bytes));
  if (is_pruned) room.pruned -= std::min(room.pruned, unsigned_of(bytes));
  Query removal(database_, "DELETE FROM entries WHERE id = ?1");
  if (auto removed = removal.bind(position).run(); !removed) return tl::unexpected(removed.error());
  return false;
}

Result<void> Writer::insert(const Row& row) {
  const RowSum sum = row.sum();
  Query query(database_,
              "INSERT INTO entries (room, feed, first, count, shown, first_stamp, last_stamp, high,"
              " high_feed, received, sum, bytes)"
              " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)");
  query.bind(row.room);
  bind_key(query, row.feed);
  query.bind(row.first).bind(row.count).bind(row.shown);
  query.bind(to_column(row.first_stamp)).bind(to_column(row.last_stamp)).bind(to_column(row.high));
  bind_key(query, row.high_feed);
  return query.bind(row.received.milliseconds).bind(sum).bind(row.bytes).run();
}

Result<void> Writer::finish() {
  for (const auto& [id, room] : rooms_) {
    Query query(database_,
                "UPDATE rooms SET bytes = ?1, pruned = ?2, high = ?3, high_feed = ?4, span = ?5"
                " WHERE id = ?6");
    query.bind(signed_of(room.bytes)).bind(signed_of(room.pruned)).bind(to_column(room.high));
    bind_key(query, room.high_feed);
    if (auto done = query.bind(signed_of(room.span)).bind(room.key).run(); !done) return done;
  }
  for (const auto& [name, feed] : feeds_) {
    Query query(database_,
                "UPDATE feeds SET have = ?1, head = ?2, stamp = ?3, opening = ?4, opened = ?5"
                " WHERE id = ?6");
    query.bind(signed_of(feed.have.value)).bind(feed.head).bind(to_column(feed.stamp));
    query.bind(feed.opening).bind(feed.opened).bind(feed.key);
    if (auto done = query.run(); !done) return done;
  }
  return {};
}

}  // namespace p2pchat
