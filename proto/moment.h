// Moment: what time it is, passed in and never asked for.
//
// `steady` runs evenly and orders timers; `wall` is milliseconds since 1970 as
// the host believes, and may jump. Only stamps and expiry look at it.
#pragma once

#include <chrono>
#include <cstdint>

namespace p2pchat {

using namespace std::chrono_literals;
using Duration = std::chrono::milliseconds;

// A point on a clock that only runs forward; the epoch is the daemon's own.
struct TimePoint {
  Duration since_epoch{};

  auto operator<=>(const TimePoint&) const = default;
  TimePoint operator+(Duration wait) const { return {since_epoch + wait}; }
  Duration operator-(TimePoint earlier) const { return since_epoch - earlier.since_epoch; }
  static constexpr TimePoint never() { return {Duration::max()}; }
};

// Milliseconds since 1970-01-01 UTC.
struct WallTime {
  std::int64_t milliseconds = 0;

  auto operator<=>(const WallTime&) const = default;
};

struct Moment {
  TimePoint steady;
  WallTime wall;
};

}  // namespace p2pchat
