// StateFolder: where a rendezvous keeps who it is, for one process at a time.
//
// DIR/lock is held by the kernel's flock, so it ends with its process. The
// secret key is in DIR/identity, one line as in p2pchatd's, 0600: it is made
// once, never replaced, and read only if nobody else could have read or put it.
//
// Effects: files; fresh randomness when there is no identity yet. Single-threaded;
// held for the life of the process.
#pragma once

#include <filesystem>
#include <string>

#include "proto/crypto.h"

namespace p2pchat::rendezvous {

class StateFolder {
 public:
  // Makes the folder if it is absent. Each error is one sentence that names the file.
  static Result<StateFolder> open(const std::filesystem::path& folder);
  StateFolder(StateFolder&& other) noexcept;
  ~StateFolder();

  const Identity& identity() const { return identity_; }
  // Keeps `address` in DIR/address, for people and scripts on this machine.
  Result<void> publish(const std::string& address) const;

 private:
  StateFolder(std::filesystem::path folder, int lock, Identity identity)
      : folder_(std::move(folder)), lock_(lock), identity_(std::move(identity)) {}

  std::filesystem::path folder_;
  int lock_;  // The lock goes when it is closed.
  Identity identity_;
};

}  // namespace p2pchat::rendezvous
