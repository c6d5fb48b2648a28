#include "daemon/shell/store/retention_row.h"

#include <algorithm>

#include "daemon/shell/store/row.h"
#include "proto/limits.h"

namespace p2pchat {

namespace {

struct Candidate {
  std::int64_t position = 0;
  Stamp last_stamp;
};

void bind_if_any(Query& query, const std::optional<std::int64_t>& value) {
  if (value) {
    query.bind(*value);
  } else {
    query.bind_nothing();
  }
}

// By their keys.
Result<std::map<std::int64_t, Number>> bounds_of(Database& database, std::int64_t room,
                                                 const std::map<FeedId, Number>& bounds) {
  std::map<std::int64_t, Number> by_key;
  Query query(database, "SELECT id, author, incarnation FROM feeds WHERE room = ?1");
  query.bind(room);
  while (query.next()) {
    const FeedId feed{query.fixed<PeerId>(1).value_or(PeerId{}),
                      query.fixed<Incarnation>(2).value_or(Incarnation{})};
    const auto bound = bounds.find(feed);
    if (bound != bounds.end()) by_key[query.integer(0)] = bound->second;
  }
  if (auto end = query.end(); !end) return tl::unexpected(end.error());
  return by_key;
}

// What may be pruned of the next chunk, in the order of arrival.
Result<std::vector<Candidate>> find_candidates(Database& database, std::int64_t room,
                                               const action::Prune& order, bool is_large,
                                               PrunedRows& rows) {
  const auto bounds = bounds_of(database, room, order.bounds);
  if (!bounds) return tl::unexpected(bounds.error());
  Query query(database,
              "SELECT id, feed, first, count, shown, last_stamp"
              " FROM entries INDEXED BY entries_by_arrival"
              " WHERE room = ?1 AND id > ?2 ORDER BY id");
  query.bind(room).bind(order.after);
  std::vector<Candidate> candidates;
  for (std::size_t looks = 0; query.next(); ++looks) {
    if (looks == kPruneLooksMax || candidates.size() == kPruneBatchesMax) {
      rows.has_more = true;
      break;
    }
    rows.reached = query.integer(0);
    const bool has_texts = query.integer(4) > 0 && query.integer(2) > 1;
    const auto bound = has_texts ? bounds->find(query.integer(1)) : bounds->end();
    const auto last = static_cast<std::uint64_t>(query.integer(2) + query.integer(3) - 1);
    if (bound == bounds->end() || bound->second.value < last) continue;
    const Stamp last_stamp = stamp_of_column(query.integer(5));
    if (!is_large && last_stamp >= order.before) continue;
    const bool is_spared =
        std::any_of(order.spared.begin(), order.spared.end(),
                    [&](const StampRange& range) { return range.holds(last_stamp); });
    if (is_spared) continue;
    candidates.push_back({rows.reached, last_stamp});
  }
  if (auto end = query.end(); !end) return tl::unexpected(end.error());
  return candidates;
}

Result<void> prune_row(Database& database, const Candidate& candidate, PrunedRows& rows) {
  Bytes whole;
  const auto read = copy_row(database, candidate.position, whole);
  if (!read) return tl::unexpected(read.error());
  const auto batch = *read ? Batch::decode(whole) : tl::unexpected(database.damage());
  if (!batch) return {};
  const Bytes bare = batch->pruned();
  Row row = **read;
  row.shown = 0;
  row.bytes = bare;
  rows.with_texts += whole.size();
  rows.left += bare.size();
  rows.newest = std::max(rows.newest, candidate.last_stamp);
  const RowSum sum = row.sum();
  Query query(database, "UPDATE entries SET shown = 0, sum = ?2, bytes = ?3 WHERE id = ?1");
  return query.bind(candidate.position).bind(sum).bind(row.bytes).run();
}

}  // namespace

Result<void> read_retentions(Database& database, std::vector<RoomState>& rooms) {
  std::map<RoomId, RoomState*> by_id;
  for (RoomState& room : rooms) by_id[room.room] = &room;
  Query query(database,
              "SELECT r.id, r.room, t.age, t.bytes, t.cut FROM rooms r"
              " LEFT JOIN retentions t ON t.room = r.room"
              " WHERE r.pruned > 0 OR t.room IS NOT NULL");
  while (query.next()) {
    const auto id = query.fixed<RoomId>(1);
    const auto room = id ? by_id.find(*id) : by_id.end();
    if (room == by_id.end()) return tl::unexpected(database.damage());
    RoomState& state = *room->second;
    if (!query.is_nothing(2)) state.retention.age = Duration(query.integer(2));
    if (!query.is_nothing(3)) state.retention.bytes = static_cast<std::uint64_t>(query.integer(3));
    const bool is_whole = (query.is_nothing(2) || query.integer(2) > 0) &&
                          (query.is_nothing(3) || query.integer(3) > 0);
    if (!is_whole) return tl::unexpected(database.damage());
    if (!query.is_nothing(4)) state.cut = stamp_of_column(query.integer(4));
    Query newest(database,
                 "SELECT max(last_stamp) FROM entries WHERE room = ?1 AND shown = 0 AND first > 1");
    if (newest.bind(query.integer(0)).next()) state.kept = stamp_of_column(newest.integer(0));
    if (auto end = newest.end(); !end) return end;
  }
  return query.end();
}

Result<std::vector<PrunedBatch>> find_pruned(Database& database, const action::FindPruned& order) {
  Query query(
      database,
      "SELECT f.author, f.incarnation, e.first, e.count, e.last_stamp, e.id, e.bytes"
      " FROM rooms r JOIN entries e INDEXED BY entries_pruned ON e.room = r.id"
      " JOIN feeds f ON f.id = e.feed"
      " WHERE r.room = ?1 AND e.shown = 0 AND e.first > 1 AND e.last_stamp >= ?2"
      " AND (e.last_stamp, e.id) < (?3, ?4) ORDER BY e.last_stamp DESC, e.id DESC LIMIT ?5");
  query.bind(order.room).bind(to_column(order.from));
  query.bind(to_column(order.before.stamp)).bind(order.before.row);
  query.bind(static_cast<std::int64_t>(kTextlessMax));
  std::vector<PrunedBatch> found;
  while (query.next()) {
    const auto author = query.fixed<PeerId>(0);
    const auto incarnation = query.fixed<Incarnation>(1);
    if (!author || !incarnation) return tl::unexpected(database.damage());
    const auto first = static_cast<std::uint64_t>(query.integer(2));
    const auto last = static_cast<std::uint64_t>(query.integer(2) + query.integer(3) - 1);
    const PrunedAt at{stamp_of_column(query.integer(4)), query.integer(5)};
    found.push_back({{*author, *incarnation}, {first}, {last}, at, hash_of_pruned(query.bytes(6))});
  }
  if (auto end = query.end(); !end) return tl::unexpected(end.error());
  return found;
}

Result<void> write_retention(Database& database, const action::StoreRetention& order) {
  const auto& [age, bytes] = order.retention;
  Query query(database,
              "INSERT INTO retentions (room, age, bytes, cut) VALUES (?1, ?2, ?3, 0)"
              " ON CONFLICT DO UPDATE SET age = excluded.age, bytes = excluded.bytes");
  query.bind(order.room);
  bind_if_any(query, age ? std::optional<std::int64_t>(age->count()) : std::nullopt);
  bind_if_any(query, bytes ? std::optional(static_cast<std::int64_t>(*bytes)) : std::nullopt);
  return query.run();
}

Result<PrunedRows> prune_rows(Database& database, std::int64_t room, std::uint64_t bytes,
                              const action::Prune& order) {
  PrunedRows rows;
  rows.reached = order.after;
  const auto is_large = [&] { return order.bytes && bytes > *order.bytes + rows.with_texts; };
  const auto candidates = find_candidates(database, room, order, is_large(), rows);
  if (!candidates) return tl::unexpected(candidates.error());
  for (const Candidate& each : *candidates) {
    if (!is_large() && each.last_stamp >= order.before) continue;
    if (auto done = prune_row(database, each, rows); !done) return tl::unexpected(done.error());
  }
  // Without an age, nothing is left to be done.
  if (!is_large() && order.before == Stamp{}) rows.has_more = false;
  if (rows.newest == Stamp{}) return rows;
  {
    Query query(database, "UPDATE retentions SET cut = max(cut, ?2) WHERE room = ?1");
    if (auto done = query.bind(order.room).bind(to_column(rows.newest)).run(); !done) {
      return tl::unexpected(done.error());
    }
  }
  Query query(database, "UPDATE self SET prunings = prunings + 1");
  if (auto done = query.run(); !done) return tl::unexpected(done.error());
  return rows;
}

}  // namespace p2pchat
