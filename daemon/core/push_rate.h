// PushRate: a bucket of tokens for own pushes, a second's worth deep. Pure.
//
// Whoever waits looks again after kStep at the earliest: a timer for
// every single push would cost more than the pushes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "proto/moment.h"

namespace p2pchat {

class PushRate {
 public:
  // 0 is no limit.
  explicit PushRate(std::uint32_t a_second) : a_second_(a_second), tokens_(a_second) {}

  static constexpr Duration kStep = 20ms;

  // Takes a token; without one, answers how long to wait for the next.
  std::optional<Duration> take(TimePoint now) {
    if (a_second_ == 0) return std::nullopt;
    const double elapsed = static_cast<double>((now - filled_).count()) / 1000;
    tokens_ = std::min<double>(a_second_, tokens_ + elapsed * a_second_);
    filled_ = now;
    if (tokens_ < 1) return std::max(kStep, Duration{1 + 1000 / a_second_});
    tokens_ -= 1;
    return std::nullopt;
  }

 private:
  std::uint32_t a_second_;
  double tokens_;
  TimePoint filled_;
};

}  // namespace p2pchat
