// ExitCode: the promise to scripts. Numbers are added, never changed.
#pragma once

namespace p2pchat {

enum class ExitCode : int {
  done = 0,
  failed = 1,         // The reason is on stderr.
  usage = 2,          // Wrong usage or configuration.
  unreachable = 3,    // No daemon answers.
  unknown = 4,        // No such room or peer, or not a member.
  identity = 5,       // Identity changed or not verified.
  queued = 6,         // Queued, but not delivered when the time ended.
  partly = 7,         // Delivered to some.
  nothing_new = 8,    // Only with --fail-empty.
  limit = 9,          // Over a limit.
  refused = 10,       // Vote refused or expired.
  no_path = 11,       // No onion path.
  timed_out = 124,    // Time ended while waiting to read.
  interrupted = 130,  // SIGINT.
  terminated = 143,   // SIGTERM.
};

}  // namespace p2pchat
