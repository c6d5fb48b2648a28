// BatchWalk: the batches of a room in the order of their first stamps, forwards
// or backwards, without opening them.
//
// Of a search those that hold something wanted. A batch may reach beyond where
// it begins by the longest batch of the room, so a walk from a stamp on begins
// so much earlier. It stands on keys of rows, not on an open statement.
//
// Effects: reads SQLite. Single-threaded; owned by LogStream. Bounded:
// kHeadsMax batches at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/shell/search_index.h"
#include "daemon/shell/store.h"

namespace p2pchat {

class BatchWalk {
 public:
  static constexpr std::int64_t kHeadsMax = 512;

  // `index` is asked for `search`, if there is one. Both outlive it.
  BatchWalk(Store& store, SearchIndex& index, std::optional<std::string> search);

  // Finds the room, and what is the newest of it. What comes later is not walked over.
  Result<void> open(const RoomId& room);
  // True once the index, if it is asked at all, knows all there is. To be called at each turn.
  Result<bool> is_ready();

  // Stands before all batches that may reach `since`.
  void go_to_begin(Stamp since);
  // The next ones that may hold posts from `since` to `until`. It may be that none of those it
  // has looked at is wanted.
  Result<std::vector<BatchHead>> ahead(Stamp since, Stamp until);
  // Stands behind all batches that begin up to `until`.
  void go_to_end(Stamp until);
  // The same the other way, the newest first.
  Result<std::vector<BatchHead>> back(Stamp since);

  // There is nothing more in the direction of the last call.
  bool is_at_end() const { return is_at_end_; }
  // Where the next ones begin, or later.
  Stamp edge() const { return edge_.first_stamp; }

 private:
  struct Edge {
    Stamp first_stamp;
    std::int64_t position = 0;
  };

  Stamp reach_of(Stamp stamp) const;
  // Takes the rows of a query, keeps what is wanted of them, and moves to the last one.
  Result<std::vector<BatchHead>> take(Query& query);

  Store& store_;
  SearchIndex& index_;
  std::optional<std::string> search_;
  std::int64_t room_ = 0;    // Its key; 0 if nothing is stored of it.
  std::int64_t newest_ = 0;  // Position of the last row when it was opened.
  std::uint64_t span_ = 0;   // Of stamps in one batch of the room, at most.
  Edge edge_;                // The last batch that it has passed.
  bool is_at_end_ = false;
};

}  // namespace p2pchat
