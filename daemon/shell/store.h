// Store: the durable half of a daemon, one SQLite file.
//
// commit() makes the Store... actions of one turn durable together, or none of
// them. A batch is kept as it came, one row each, under a checksum of its
// bytes; the row's id is its place in the order of arrival. load() answers what
// a Node begins from.
//
// Effects: one SQLite connection (WAL, synchronous=FULL). Single-threaded;
// owned by the loop. Bounded by what the core chooses to store.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "daemon/core/action.h"
#include "daemon/core/snapshot.h"
#include "proto/result.h"

namespace p2pchat {

class Database;

class Store {
 public:
  // Opens or creates the file (0600). A damaged or foreign file is an error that
  // says what to do; nothing is changed then.
  static Result<Store> open(const std::filesystem::path& file);
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  Result<Snapshot> load();
  // Carries out every Store... action among `actions`, in order, in one
  // durable commit. On failure nothing of it has happened.
  Result<void> commit(std::span<const Action> actions);
  // True if writing as much as the largest batch succeeds now, after a commit had failed.
  bool can_write();

  // Batches of one feed from the one that holds `first` on, in order, as they came, until
  // `last` is passed or `take` answers false. A damaged one ends the reading, and so does a
  // gap. `take` does not use the store.
  Result<void> read_batches(const RoomId& room, const FeedId& feed, Number first, Number last,
                            const std::function<bool(ByteView batch)>& take);

  // What was stored under the key, if anything was.
  Result<std::optional<KeyRecord>> find_key(const RoomId& room, std::string_view key);
  Result<std::vector<PrunedBatch>> find_pruned(const action::FindPruned& order);

  // Damaged batches that any reading has met since the last call, each once.
  std::vector<event::BatchDamaged> take_damages();

  // What pruning has done since the last call.
  std::vector<event::Pruned> take_prunings();

  // --- For Inbox, which reads the same file ---
  Database& database();
  // Remembers the row at `position` for take_damages(). A damaged notice is nobody's to give
  // again, so it is only left out.
  Result<void> report_damage(std::int64_t position);

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace p2pchat
