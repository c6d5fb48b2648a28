// LogStream: the messages of a room in the one order (stamp, author,
// incarnation, number).
//
// Within a feed stamps rise, so the order is a merge: batches are opened in the
// order of their first stamps, and a post goes out once no batch that is still
// closed begins at or below it. It stands on keys of rows, not on an open
// statement, so it may rest for as long as its reader does.
//
// Effects: reads SQLite. Single-threaded; made by Inbox. Bounded: a key for
// each feed whose newest batch overlaps others in time, and the text of at most
// kLogBatchesMax batches.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "daemon/shell/entry.h"
#include "daemon/shell/store.h"

namespace p2pchat {

struct OpenedRow;

struct LogQuery {
  RoomId room;
  Stamp since;                     // Inclusive.
  Stamp until{~std::uint64_t{0}};  // Inclusive.
  std::size_t last = 0;            // Only the last so many; 0 is all.
};

class LogStream {
 public:
  // Batches whose text is in memory at once; those beyond are read again post by post.
  static constexpr std::size_t kLogBatchesMax = 64;

  static Result<std::unique_ptr<LogStream>> open(Store& store, const LogQuery& query);
  ~LogStream();

  // The next messages; an empty answer is the end.
  Result<std::vector<Entry>> next(std::size_t at_most);

 private:
  // A batch that is not yet opened.
  struct Closed {
    std::int64_t position = 0;
    Stamp first_stamp;
  };
  // An open batch, by its next post.
  struct Lane {
    Stamp stamp;
    FeedId feed;
    std::int64_t position = 0;
    std::size_t next = 0;            // Among the row's entries.
    std::unique_ptr<OpenedRow> row;  // None if too many are in memory.
  };

  LogStream(Store& store, const LogQuery& query);

  static bool is_later(const Lane& a, const Lane& b);
  Result<void> find_room();
  // Sets `since_` and `to_skip_` so that query.last messages are left.
  Result<void> find_last();
  Result<std::size_t> count_between(std::int64_t position, Stamp since, Stamp until);
  // Where batches begin that may reach `stamp`.
  Stamp reach_of(Stamp stamp) const;
  // Reads the head of the next closed batch.
  Result<void> peek();
  // Opens the closed batch that was peeked at.
  Result<void> open_closed();
  // Takes the earliest post of all lanes.
  Result<std::optional<Entry>> take();
  // Puts the lane back with its next post, unless there is none.
  void put_back(Lane lane);
  Result<std::unique_ptr<OpenedRow>> load(std::int64_t position);

  Store& store_;
  LogQuery query_;
  std::int64_t room_ = 0;    // Its key; 0 if nothing is stored of it.
  std::int64_t newest_ = 0;  // Position of the last row when the log was opened.
  std::uint64_t span_ = 0;   // Of stamps in one batch of the room, at most.
  Closed closed_;            // The batch to be opened next, unless is_drained_.
  bool is_drained_ = false;  // All batches have been opened.
  std::size_t to_skip_ = 0;  // Messages before the last ones that are asked for.
  std::size_t loaded_ = 0;   // Lanes with a row.
  std::vector<Lane> lanes_;  // A heap: the earliest post in front.
};

}  // namespace p2pchat
