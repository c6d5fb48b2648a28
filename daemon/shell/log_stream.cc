#include "daemon/shell/log_stream.h"

#include <algorithm>
#include <utility>

#include "daemon/shell/process.h"
#include "daemon/shell/store/row.h"

namespace p2pchat {

LogPlace LogPlace::end_of(Stamp stamp) {
  LogPlace place{stamp, {}};
  place.feed.author.bytes.fill(0xff);
  place.feed.incarnation.bytes.fill(0xff);
  return place;
}

LogStream::LogStream(Store& store, BatchWalk walk, const LogQuery& query)
    : store_(store), walk_(std::move(walk)), query_(query) {}

LogStream::~LogStream() = default;

Result<std::unique_ptr<LogStream>> LogStream::open(Store& store, SearchIndex& index,
                                                   const LogQuery& query) {
  std::optional<std::string> search;
  if (query.search) {
    auto expression = index.expression(*query.search);
    if (!expression) return tl::unexpected(expression.error());
    search = std::move(*expression);
  }
  BatchWalk walk(store, index, std::move(search));
  if (auto opened = walk.open(query.room); !opened) return tl::unexpected(opened.error());
  std::unique_ptr<LogStream> stream(new LogStream(store, std::move(walk), query));
  stream->is_counting_ = query.last > 0;
  if (stream->is_counting_) {
    stream->walk_.go_to_end(query.until.stamp);
  } else {
    stream->walk_.go_to_begin(query.since.stamp);
  }
  return stream;
}

// Walks back from the end. As soon as the batches that it has passed hold
// enough messages, the first stamp of the last of them is where to begin; what
// is still to be counted then are the messages from there on of batches that
// begin before it. Only batches that a bound may cut in two are opened for that.
Result<void> LogStream::count_back() {
  const auto heads = walk_.back(query_.since.stamp);
  if (!heads) return tl::unexpected(heads.error());
  for (const BatchHead& head : *heads) {
    if (head.last_stamp < query_.since.stamp) continue;
    const auto counted = count(head);
    if (!counted) return tl::unexpected(counted.error());
    counted_ += *counted;
    if (!is_enough_ && counted_ >= query_.last) {
      is_enough_ = true;
      query_.since = std::max(query_.since, LogPlace{head.first_stamp, {}});
    }
  }
  if (!walk_.is_at_end()) return {};
  is_counting_ = false;
  if (is_enough_) to_skip_ = counted_ - query_.last;
  walk_.go_to_begin(query_.since.stamp);
  return {};
}

Result<std::size_t> LogStream::count(const BatchHead& head) {
  if (query_.since.stamp < head.first_stamp && head.last_stamp < query_.until.stamp) {
    return static_cast<std::size_t>(head.shown);
  }
  const auto row = load(head.position, head.wanted);
  if (!row) return tl::unexpected(row.error());
  return *row ? (*row)->entries.size() : 0U;
}

Result<void> LogStream::look_ahead() {
  const auto heads = walk_.ahead(query_.since.stamp, query_.until.stamp);
  if (!heads) return tl::unexpected(heads.error());
  heads_.assign(heads->begin(), heads->end());
  return {};
}

bool LogStream::is_first_known() const {
  if (lanes_.empty()) return false;
  if (heads_.empty() && walk_.is_at_end()) return true;
  const Stamp next = heads_.empty() ? walk_.edge() : heads_.front().first_stamp;
  return lanes_.front().place.stamp < next;
}

Result<void> LogStream::open_front() {
  const BatchHead head = heads_.front();
  heads_.pop_front();
  auto row = load(head.position, head.wanted);
  if (!row) return tl::unexpected(row.error());
  if (*row) put_back({{}, head.position, head.wanted, 0, std::move(*row)});
  return {};
}

bool LogStream::is_later(const Lane& a, const Lane& b) { return a.place > b.place; }

void LogStream::put_back(Lane lane) {
  const auto& entries = lane.row->entries;
  if (lane.next == entries.size()) return;
  lane.place = {entries[lane.next].stamp, lane.row->feed};
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
    auto row = load(lane.position, lane.wanted);
    if (!row) return tl::unexpected(row.error());
    // It may have been pruned since.
    if (!*row || lane.next >= (*row)->entries.size()) return std::nullopt;
    lane.row = std::move(*row);
  }
  Entry entry = std::move(lane.row->entries[lane.next]);
  ++lane.next;
  put_back(std::move(lane));
  return entry;
}

Result<std::unique_ptr<OpenedRow>> LogStream::load(std::int64_t position, std::uint64_t wanted) {
  auto row = open_row(store_.database(), position);
  if (!row) return tl::unexpected(row.error());
  if (!*row) {
    if (auto told = store_.report_damage(position); !told) return tl::unexpected(told.error());
    return nullptr;
  }
  std::erase_if((*row)->entries, [&, feed = (*row)->feed](const Entry& entry) {
    const LogPlace place{entry.stamp, feed};
    const bool is_wanted = (wanted >> static_cast<unsigned>(entry.index) & 1U) != 0;
    return !is_wanted || place < query_.since || query_.until < place;
  });
  return std::make_unique<OpenedRow>(std::move(**row));
}

bool LogStream::is_at_end() const {
  return !is_counting_ && lanes_.empty() && heads_.empty() && walk_.is_at_end();
}

Result<std::vector<Entry>> LogStream::next(std::size_t at_most) {
  std::vector<Entry> entries;
  const auto ready = walk_.is_ready();
  if (!ready) return tl::unexpected(ready.error());
  if (!*ready) return entries;
  Transaction reading(store_.database());
  if (auto begun = reading.begin_reading(); !begun) return tl::unexpected(begun.error());
  const TimePoint due = read_clocks().steady + kTurn;
  while (is_counting_) {
    if (auto counted = count_back(); !counted) return tl::unexpected(counted.error());
    if (read_clocks().steady >= due) return entries;
  }
  bool has_looked = false;
  while (entries.size() < at_most && !is_at_end()) {
    if (is_first_known()) {
      auto entry = take();
      if (!entry) return tl::unexpected(entry.error());
      if (!*entry) continue;
      if (to_skip_ > 0) {
        --to_skip_;
      } else {
        entries.push_back(std::move(**entry));
      }
    } else if (!heads_.empty()) {
      if (auto opened = open_front(); !opened) return tl::unexpected(opened.error());
    } else {
      if (has_looked && read_clocks().steady >= due) break;
      has_looked = true;
      if (auto looked = look_ahead(); !looked) return tl::unexpected(looked.error());
    }
  }
  return entries;
}

}  // namespace p2pchat
