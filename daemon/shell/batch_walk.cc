#include "daemon/shell/batch_walk.h"

#include <bit>
#include <limits>
#include <utility>

#include "daemon/shell/store/row.h"

namespace p2pchat {

BatchWalk::BatchWalk(Store& store, SearchIndex& index, std::optional<std::string> search)
    : store_(store), index_(index), search_(std::move(search)) {}

Result<void> BatchWalk::open(const RoomId& room) {
  Query query(store_.database(),
              "SELECT r.id, r.span, (SELECT max(id) FROM entries) FROM rooms r WHERE r.room = ?1");
  if (query.bind(room).next()) {
    room_ = query.integer(0);
    span_ = static_cast<std::uint64_t>(query.integer(1));
    newest_ = query.integer(2);
  }
  return query.end();
}

Result<bool> BatchWalk::is_ready() {
  if (!search_) return true;
  return index_.catch_up(newest_);
}

Stamp BatchWalk::reach_of(Stamp stamp) const {
  return {stamp.value > span_ ? stamp.value - span_ : 0};
}

void BatchWalk::go_to_begin(Stamp since) {
  edge_ = {reach_of(since), 0};
  is_at_end_ = false;
}

void BatchWalk::go_to_end(Stamp until) {
  edge_ = {until, std::numeric_limits<std::int64_t>::max()};
  is_at_end_ = false;
}

Result<std::vector<BatchHead>> BatchWalk::ahead(Stamp since, Stamp until) {
  Query query(store_.database(),
              "SELECT id, first_stamp, last_stamp, shown FROM entries INDEXED BY entries_by_stamp"
              " WHERE room = ?1 AND feed IS NOT NULL AND (first_stamp, id) > (?2, ?3)"
              " AND first_stamp <= ?4 AND id <= ?5 AND last_stamp >= ?6 AND shown > 0"
              " ORDER BY first_stamp, id LIMIT ?7");
  query.bind(room_).bind(to_column(edge_.first_stamp)).bind(edge_.position);
  query.bind(to_column(until)).bind(newest_).bind(to_column(since)).bind(kHeadsMax);
  return take(query);
}

Result<std::vector<BatchHead>> BatchWalk::back(Stamp since) {
  Query query(store_.database(),
              "SELECT id, first_stamp, last_stamp, shown FROM entries INDEXED BY entries_by_stamp"
              " WHERE room = ?1 AND feed IS NOT NULL AND (first_stamp, id) < (?2, ?3)"
              " AND first_stamp >= ?4 AND id <= ?5 AND last_stamp >= ?6 AND shown > 0"
              " ORDER BY first_stamp DESC, id DESC LIMIT ?7");
  query.bind(room_).bind(to_column(edge_.first_stamp)).bind(edge_.position);
  query.bind(to_column(reach_of(since))).bind(newest_).bind(to_column(since)).bind(kHeadsMax);
  return take(query);
}

Result<std::vector<BatchHead>> BatchWalk::take(Query& query) {
  std::vector<BatchHead> heads;
  while (query.next()) {
    BatchHead& head = heads.emplace_back();
    head.position = query.integer(0);
    head.first_stamp = stamp_of_column(query.integer(1));
    head.last_stamp = stamp_of_column(query.integer(2));
    head.shown = query.integer(3);
  }
  if (auto end = query.end(); !end) return tl::unexpected(end.error());
  Edge edge = edge_;
  if (!heads.empty()) edge = {heads.back().first_stamp, heads.back().position};
  const bool is_at_end = heads.size() < static_cast<std::size_t>(kHeadsMax);
  if (search_) {
    const auto found = index_.find(*search_, newest_, heads);
    if (!found) return tl::unexpected(found.error());
    if (!*found) return std::vector<BatchHead>();  // Stands still: the index begins anew.
    for (BatchHead& head : heads) head.shown = std::popcount(head.wanted);
    std::erase_if(heads, [](const BatchHead& head) { return head.shown == 0; });
  }
  edge_ = edge;
  is_at_end_ = is_at_end;
  return heads;
}

}  // namespace p2pchat
