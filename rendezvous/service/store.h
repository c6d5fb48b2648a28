// Store: the records of a rendezvous, in one SQLite file.
//
// What commit() has answered is on the disk, all of it or none. A key and its
// value stand under a checksum, so a record that was damaged is never taken for
// another one. Nothing here knows what a record means: any store with load()
// and commit() can take its place.
//
// Effects: SQLite, in this file alone. Single-threaded; owned by Loop.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "rendezvous/registry/record.h"

namespace p2pchat::rendezvous {

class Store {
 public:
  // Opens `file`, or makes it, 0600. Every error is one sentence that names it.
  static Result<Store> open(const std::filesystem::path& file);
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  Result<std::vector<Record>> load();
  // Fails with nothing changed: Fault::limit if the disk is full, Fault::damaged if there is no
  // going on.
  Result<void> commit(const Changes& changes);

  // What to do about a file that is damaged.
  Error damage() const;

 private:
  struct Connection;
  explicit Store(std::unique_ptr<Connection> connection);

  std::unique_ptr<Connection> connection_;
};

}  // namespace p2pchat::rendezvous
