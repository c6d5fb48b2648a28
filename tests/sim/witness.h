// Witness: a host as the checkers see it at the moment of a step. A value that lives for one call.
#pragma once

#include "tests/sim/disk.h"
#include "tests/sim/fabric.h"

namespace p2pchat::sim {

struct Witness {
  HostIndex host;
  std::uint64_t run;  // Counts the Nodes of this host.
  WallTime boot;      // When this Node began.
  WallTime now;
  bool can_store;  // Its disk takes writes.
  const Disk& disk;
};

}  // namespace p2pchat::sim
