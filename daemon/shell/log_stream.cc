#include "daemon/shell/log_stream.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "daemon/shell/store/row.h"

namespace p2pchat {

LogStream::LogStream(Store& store, const LogQuery& query) : store_(store), query_(query) {}

LogStream::~LogStream() = default;

Result<std::unique_ptr<LogStream>> LogStream::open(Store& store, const LogQuery& query) {
  Transaction reading(store.database());
  if (auto begun = reading.begin_reading(); !begun) return tl::unexpected(begun.error());
  std::unique_ptr<LogStream> stream(new LogStream(store, query));
  if (auto found = stream->find_room(); !found) return tl::unexpected(found.error());
  if (query.last > 0) {
    if (auto found = stream->find_last(); !found) return tl::unexpected(found.error());
  }
  stream->closed_ = {0, stream->reach_of(stream->query_.since)};
  if (auto peeked = stream->peek(); !peeked) return tl::unexpected(peeked.error());
  return stream;
}

Result<void> LogStream::find_room() {
  Query query(store_.database(),
              "SELECT r.id, r.span, (SELECT max(id) FROM entries) FROM rooms r WHERE r.room = ?1");
  if (query.bind(query_.room).next()) {
    room_ = query.integer(0);
    span_ = static_cast<std::uint64_t>(query.integer(1));
    newest_ = query.integer(2);
  }
  return query.end();
}

Stamp LogStream::reach_of(Stamp stamp) const {
  return {stamp.value > span_ ? stamp.value - span_ : 0};
}

// Walks back from the end. As soon as the batches that it has passed hold
// enough messages, the first stamp of the last of them is where to begin; what
// is still to be counted then are the messages from there on of batches that
// begin before it. Only batches that a bound cuts in two are opened for that.
Result<void> LogStream::find_last() {
  Query query(store_.database(),
              "SELECT id, first_stamp, last_stamp, shown FROM entries INDEXED BY entries_by_stamp"
              " WHERE room = ?1 AND feed IS NOT NULL AND first_stamp <= ?2 AND id <= ?3"
              " ORDER BY first_stamp DESC, id DESC");
  query.bind(room_).bind(to_column(query_.until)).bind(newest_);
  std::size_t found = 0;
  bool is_enough = false;
  while (query.next()) {
    const Stamp first = stamp_of_column(query.integer(1));
    const Stamp last = stamp_of_column(query.integer(2));
    if (first < reach_of(query_.since)) break;
    if (last < query_.since) continue;
    if (query_.since <= first && last <= query_.until) {
      found += static_cast<std::size_t>(query.integer(3));
    } else {
      const auto count = count_between(query.integer(0), query_.since, query_.until);
      if (!count) return tl::unexpected(count.error());
      found += *count;
    }
    if (!is_enough && found >= query_.last) {
      is_enough = true;
      query_.since = std::max(query_.since, first);
    }
  }
  if (is_enough) to_skip_ = found - query_.last;
  return query.end();
}

Result<std::size_t> LogStream::count_between(std::int64_t position, Stamp since, Stamp until) {
  auto row = open_row(store_.database(), position);
  if (!row) return tl::unexpected(row.error());
  if (!*row) return 0U;
  return static_cast<std::size_t>(std::count_if(
      (*row)->entries.begin(), (*row)->entries.end(),
      [&](const Entry& entry) { return since <= entry.stamp && entry.stamp <= until; }));
}

Result<void> LogStream::peek() {
  Query query(store_.database(),
              "SELECT id, first_stamp FROM entries INDEXED BY entries_by_stamp"
              " WHERE room = ?1 AND feed IS NOT NULL AND (first_stamp, id) > (?2, ?3)"
              " AND first_stamp <= ?4 AND id <= ?5 AND last_stamp >= ?6 AND shown > 0"
              " ORDER BY first_stamp, id LIMIT 1");
  query.bind(room_).bind(to_column(closed_.first_stamp)).bind(closed_.position);
  query.bind(to_column(query_.until)).bind(newest_).bind(to_column(query_.since));
  is_drained_ = !query.next();
  if (!is_drained_) closed_ = {query.integer(0), stamp_of_column(query.integer(1))};
  return query.end();
}

Result<void> LogStream::open_closed() {
  auto row = load(closed_.position);
  if (!row) return tl::unexpected(row.error());
  if (*row) {
    Lane lane;
    lane.feed = (*row)->feed;
    lane.position = closed_.position;
    lane.row = std::move(*row);
    const auto& entries = lane.row->entries;
    const auto begin = std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) {
      return query_.since <= entry.stamp;
    });
    lane.next = static_cast<std::size_t>(begin - entries.begin());
    put_back(std::move(lane));
  }
  return peek();
}

bool LogStream::is_later(const Lane& a, const Lane& b) {
  return std::tie(a.stamp, a.feed) > std::tie(b.stamp, b.feed);
}

void LogStream::put_back(Lane lane) {
  const auto& entries = lane.row->entries;
  if (lane.next == entries.size() || entries[lane.next].stamp > query_.until) return;
  lane.stamp = entries[lane.next].stamp;
  if (loaded_ < kLogBatchesMax) {
    ++loaded_;
  } else {
    lane.row.reset();
  }
  lanes_.push_back(std::move(lane));
  std::push_heap(lanes_.begin(), lanes_.end(), is_later);
}

Result<std::optional<Entry>> LogStream::take() {
  std::pop_heap(lanes_.begin(), lanes_.end(), is_later);
  Lane lane = std::move(lanes_.back());
  lanes_.pop_back();
  if (lane.row) {
    --loaded_;
  } else {
    auto row = load(lane.position);
    if (!row) return tl::unexpected(row.error());
    if (!*row) return std::nullopt;
    lane.row = std::move(*row);
  }
  Entry entry = std::move(lane.row->entries[lane.next]);
  ++lane.next;
  put_back(std::move(lane));
  return entry;
}

Result<std::unique_ptr<OpenedRow>> LogStream::load(std::int64_t position) {
  auto row = open_row(store_.database(), position);
  if (!row) return tl::unexpected(row.error());
  if (*row) return std::make_unique<OpenedRow>(std::move(**row));
  if (auto told = store_.report_damage(position); !told) return tl::unexpected(told.error());
  return nullptr;
}

Result<std::vector<Entry>> LogStream::next(std::size_t at_most) {
  Transaction reading(store_.database());
  if (auto begun = reading.begin_reading(); !begun) return tl::unexpected(begun.error());
  std::vector<Entry> entries;
  while (entries.size() < at_most) {
    while (!is_drained_ && (lanes_.empty() || closed_.first_stamp <= lanes_.front().stamp)) {
      if (auto opened = open_closed(); !opened) return tl::unexpected(opened.error());
    }
    if (lanes_.empty()) break;
    auto entry = take();
    if (!entry) return tl::unexpected(entry.error());
    if (!*entry) continue;
    if (to_skip_ > 0) {
      --to_skip_;
    } else {
      entries.push_back(std::move(**entry));
    }
  }
  return entries;
}

}  // namespace p2pchat
