// Process: what this process is given, denied and told by its system, before
// any thread is started: limits, secrecy of its memory, signals, clocks,
// entropy.
//
// Effects; called from the main thread.
#pragma once

#include <optional>

#include "proto/ids.h"
#include "proto/moment.h"
#include "proto/result.h"

namespace p2pchat {

// No core files, no looks into our memory, keys kept out of swap where the system
// allows it, files for us alone, and as many descriptors as may be had.
void harden_process();

// The steady and the wall clock, read together.
Moment read_clocks();

Seed fresh_seed();

// Resident memory of this process, in bytes; 0 if it cannot be told.
std::uint64_t resident_bytes();

// SIGTERM, SIGINT and SIGHUP, as a descriptor that can be polled.
class Signals {
 public:
  // Blocks them in this thread and in all that it starts later.
  static Result<Signals> open();
  Signals(Signals&& other) noexcept;
  Signals& operator=(Signals&&) = delete;
  ~Signals();

  int descriptor() const { return descriptor_; }
  // The next one that waits.
  std::optional<int> take();

 private:
  explicit Signals(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace p2pchat
