// Stamp: a hybrid logical clock value, 48 bits of milliseconds over 16 bits of
// counter. Compared as one number, so the order of stamps never contradicts who
// had read what. Pure value.
#pragma once

#include "proto/moment.h"

namespace p2pchat {

struct Stamp {
  std::uint64_t value = 0;

  auto operator<=>(const Stamp&) const = default;

  static Stamp at(WallTime wall) {
    const std::int64_t milliseconds = wall.milliseconds < 0 ? 0 : wall.milliseconds;
    return {static_cast<std::uint64_t>(milliseconds) << 16U};
  }
  Stamp next() const { return {value + 1}; }
  WallTime wall() const { return {static_cast<std::int64_t>(value >> 16U)}; }
};

// From one to the other, both in it.
struct StampRange {
  Stamp first;
  Stamp last;

  bool operator==(const StampRange&) const = default;
  bool holds(Stamp stamp) const { return first <= stamp && stamp <= last; }
};

}  // namespace p2pchat
