// Clock: the hybrid logical clock of one daemon.
//
// Every stamp it gives is above all it gave and all it was shown before, and as
// near to the host's wall clock as that allows. A foreign stamp more than
// kClockAheadMax ahead of the wall is not followed, so a liar cannot push us
// into the future.
//
// Pure; owned by Node.
#pragma once

#include <algorithm>

#include "proto/limits.h"
#include "proto/stamp.h"

namespace p2pchat {

class Clock {
 public:
  // Begins above `floor`, which the store remembers.
  explicit Clock(Stamp floor) : last_(floor), promised_(floor) {}

  Stamp tick(WallTime wall) {
    last_ = std::max(last_.next(), Stamp::at(wall));
    return last_;
  }
  // A stamp that others will be told nothing comes below: it must be stored before
  // it is sent, so that a restart begins above it.
  Stamp promise(WallTime wall) {
    promised_ = tick(wall);
    return promised_;
  }
  void observe(Stamp seen, WallTime wall) {
    const Stamp bound = Stamp::at({wall.milliseconds + kClockAheadMax.count()});
    if (seen <= bound) last_ = std::max(last_, seen);
  }
  // Nothing at or below it will be given any more.
  Stamp last() const { return last_; }
  Stamp promised() const { return promised_; }

 private:
  Stamp last_;
  Stamp promised_;
};

}  // namespace p2pchat
