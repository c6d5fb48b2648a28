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

#include "daemon/core/action.h"
#include "daemon/core/snapshot.h"
#include "proto/result.h"

struct sqlite3;

namespace p2pchat {

class Store {
 public:
  // Opens or creates the file (0600). A damaged or foreign file is an error that
  // says what to do; nothing is changed then.
  static Result<Store> open(const std::filesystem::path& file);
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  Result<Snapshot> load();
  // Carries out every Store... and Forget... action among `actions`, in order, in one
  // durable commit. On failure nothing of it has happened.
  Result<void> commit(std::span<const Action> actions);
  // True if a small write succeeds now, after a commit had failed.
  bool can_write();

  // Batches of one feed from `first` on, in order, as they came, until `last` is passed
  // or `take` answers false. Damaged ones end the reading.
  Result<void> read_batches(const RoomId& room, const FeedId& feed, Number first, Number last,
                            const std::function<bool(ByteView batch)>& take);

  sqlite3* handle();   // For Inbox, which reads the same file.

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace p2pchat
