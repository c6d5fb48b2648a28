// StateLock: one daemon at a time works on one state folder.
//
// The lock is the kernel's (flock), so it ends with its process, however that
// ends; the file stays, and holds the number of the process for people to read.
//
// Effects: one file. Single-threaded; held by main for the life of the process.
#pragma once

#include <filesystem>

#include "daemon/shell/descriptor.h"

namespace p2pchat {

class StateLock {
 public:
  // Takes FOLDER/lock. Refused if another process holds it; the error names that one.
  static Result<StateLock> take(const std::filesystem::path& folder);
  StateLock(StateLock&&) noexcept = default;
  StateLock& operator=(StateLock&&) noexcept = default;
  ~StateLock();

 private:
  explicit StateLock(Descriptor open) : open_(std::move(open)) {}

  Descriptor open_;  // The lock goes when it is closed.
};

}  // namespace p2pchat
