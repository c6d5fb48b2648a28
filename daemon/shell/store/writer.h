// Writer: carries out the Store... actions of one transaction.
//
// Rooms and feeds that it touches are kept in memory until finish() writes each
// of them once, however many batches came. It lives within one transaction, so
// what it remembers is never older than the file.
//
// Effects: writes SQLite. Single-threaded; made for each commit. Bounded by the
// actions of one turn.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/core/action.h"
#include "daemon/shell/store/row.h"

namespace p2pchat {

class Writer {
 public:
  explicit Writer(Database& database) : database_(database) {}

  // Does nothing for an action that is not durable.
  Result<void> carry_out(const Action& action);
  Result<void> finish();
  // What Prune has done, to be told once it is durable.
  const std::vector<event::Pruned>& prunings() const { return prunings_; }

 private:
  struct Room {
    std::int64_t key = 0;
    std::uint64_t bytes = 0;                // Of all stored batches,
    std::uint64_t pruned = 0;               // and of those without texts.
    Stamp high;                             // The newest shown post, in the one order,
    std::optional<std::int64_t> high_feed;  // its feed's key
    FeedId high_name;                       // and its feed.
    std::uint64_t span = 0;                 // Of stamps in one batch, at most.
  };
  struct Feed {
    std::int64_t key = 0;
    Number have;
    Hash head;
    Stamp stamp;
    Hash opening;
    Bytes opened;  // The body of the opening.
  };

  Result<void> store(const action::StoreSelf& action);
  Result<void> store(const action::StoreContact& action);
  Result<void> store(const action::StoreBatch& action);
  Result<void> store(const action::StoreNotice& action);
  Result<void> store(const action::StoreRoom& action);
  Result<void> store(const action::StoreDecision& action);
  Result<void> store(const action::StorePledge& action);
  Result<void> store(const action::StoreObject& action);
  Result<void> store(const action::DropObject& action);
  Result<void> store(const action::StoreWish& action);
  Result<void> store(const action::DropWish& action);
  Result<void> store(const action::StoreListing& action);
  Result<void> store(const action::StoreKey& action);
  Result<void> store(const action::StoreRetention& action);
  Result<void> store(const action::Prune& action);
  template <class Other>
  Result<void> store(const Other&) {
    static_assert(!action::Durable<Other>);
    return {};
  }

  // The room or the feed, from memory or the file; made if there is none.
  Result<Room*> room(const RoomId& id);
  Result<Feed*> feed(const RoomId& room_id, const Room& room, const FeedId& id);
  // True if the batch is stored already and undamaged; a damaged one is removed, and one whose
  // texts come now.
  Result<bool> is_stored(Room& room, const Feed& feed, const Batch& batch);
  Result<void> append(Room& home, const Feed& own, const action::StoreBatch& action);
  Result<void> insert(const Row& row);

  Database& database_;
  std::map<RoomId, Room> rooms_;
  std::map<std::pair<std::int64_t, FeedId>, Feed> feeds_;  // By the room's key.
  std::vector<event::Pruned> prunings_;
};

}  // namespace p2pchat
