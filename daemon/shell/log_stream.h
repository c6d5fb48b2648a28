// LogStream: the messages of a room in the one order (stamp, author,
// incarnation, number); of a search those that hold all its words.
//
// Within a feed stamps rise, so the order is a merge: batches are opened in the
// order of their first stamps, and a post goes out once no batch that is still
// closed begins at or below it. It stands on keys of rows, not on an open
// statement, so it may rest for as long as its reader does.
//
// Effects: reads SQLite. Single-threaded; made by Inbox. Bounded: a key for
// each feed whose newest batch overlaps others in time, and the text of at most
// kLogBatchesMax batches. A call is a short turn, whatever the history's size.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/shell/batch_walk.h"
#include "daemon/shell/entry.h"
#include "daemon/shell/search_words.h"
#include "daemon/shell/store.h"

namespace p2pchat {

struct OpenedRow;

// Where a message stands in the one order: within a feed no two have the same stamp.
struct LogPlace {
  Stamp stamp;
  FeedId feed;

  // Behind all messages up to this stamp.
  static LogPlace end_of(Stamp stamp);
  auto operator<=>(const LogPlace&) const = default;
};

struct LogQuery {
  RoomId room;
  LogPlace since;                                               // Inclusive.
  LogPlace until = LogPlace::end_of(Stamp{~std::uint64_t{0}});  // Inclusive.
  std::size_t last = 0;                                         // Only the last so many; 0 is all.
  std::optional<std::vector<SearchWord>> search;
};

class LogStream {
 public:
  // Batches whose text is in memory at once; those beyond are read again post by post.
  static constexpr std::size_t kLogBatchesMax = 64;
  // A call that finds nothing ends soon after this time.
  static constexpr Duration kTurn = 5ms;

  static Result<std::unique_ptr<LogStream>> open(Store& store, SearchIndex& index,
                                                 const LogQuery& query);
  ~LogStream();

  // The next messages. None is no end: there may be much to pass before the next one.
  Result<std::vector<Entry>> next(std::size_t at_most);
  bool is_at_end() const;

 private:
  // An open batch, by its next post.
  struct Lane {
    LogPlace place;
    std::int64_t position = 0;
    std::uint64_t wanted = 0;
    std::size_t next = 0;            // Among the row's entries.
    std::unique_ptr<OpenedRow> row;  // None if too many are in memory.
  };

  LogStream(Store& store, BatchWalk walk, const LogQuery& query);

  static bool is_later(const Lane& a, const Lane& b);
  // Goes on to find out where the last ones begin.
  Result<void> count_back();
  Result<std::size_t> count(const BatchHead& head);
  // Reads on in the walk, if nothing is left of what was read.
  Result<void> look_ahead();
  // True if the earliest post of all lanes may go out, since no batch to come is before it.
  bool is_first_known() const;
  // Opens the batch in front.
  Result<void> open_front();
  // Takes the earliest post of all lanes.
  Result<std::optional<Entry>> take();
  // Puts the lane back with its next post, unless there is none.
  void put_back(Lane lane);
  // What is asked for of a batch; null if it is damaged, which is reported.
  Result<std::unique_ptr<OpenedRow>> load(std::int64_t position, std::uint64_t wanted);

  Store& store_;
  BatchWalk walk_;
  LogQuery query_;
  bool is_counting_ = false;     // Where the last ones begin is not yet known.
  std::size_t counted_ = 0;      // Messages from the end on.
  bool is_enough_ = false;       // As many as are asked for.
  std::size_t to_skip_ = 0;      // Messages before the last ones that are asked for.
  std::deque<BatchHead> heads_;  // Read by the walk, and not opened yet.
  std::size_t loaded_ = 0;       // Lanes with a row.
  std::vector<Lane> lanes_;      // A heap: the earliest post in front.
};

}  // namespace p2pchat
