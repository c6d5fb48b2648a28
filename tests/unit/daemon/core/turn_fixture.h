// A Turn at a moment of the test's choosing, with a clock and entropy of its own.
#pragma once

#include <algorithm>
#include <vector>

#include "daemon/core/action.h"
#include "daemon/core/turn.h"
#include "tests/unit/samples.h"

namespace p2pchat {

class TurnFixture {
 public:
  explicit TurnFixture(std::uint8_t who = 1) : self_(sample_identity(who)) {}

  Turn at(Duration since_start) {
    return {{TimePoint{since_start}, WallTime{1'700'000'000'000 + since_start.count()}},
            clock_,
            entropy_,
            self_};
  }
  Clock& clock() { return clock_; }

 private:
  Identity self_;
  Clock clock_{Stamp{}};
  Entropy entropy_{Seed{}};
};

// The actions of one kind, in order.
template <class T>
std::vector<T> only(const Actions& actions) {
  std::vector<T> found;
  for (const Action& action : actions) {
    if (const T* it = std::get_if<T>(&action)) found.push_back(*it);
  }
  return found;
}

}  // namespace p2pchat
