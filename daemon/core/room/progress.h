// Progress: how fast posts come that were missing here.
//
// Counted since they began to come; a pause of kPause begins anew. Pure; a value type.
#pragma once

#include <algorithm>
#include <cstdint>

#include "proto/moment.h"

namespace p2pchat {

class Progress {
 public:
  static constexpr Duration kPause = 5s;

  void add(TimePoint now, std::uint64_t posts) {
    if (!is_under_way(now)) {
      began_ = now;
      posts_ = 0;
    }
    last_ = now;
    posts_ += posts;
  }
  // Posts a second; 0 once nothing comes any more.
  std::uint64_t rate(TimePoint now) const {
    if (!is_under_way(now)) return 0;
    const auto elapsed = std::max<Duration>(now - began_, 1s);
    return posts_ * 1000 / static_cast<std::uint64_t>(elapsed.count());
  }

 private:
  bool is_under_way(TimePoint now) const { return posts_ > 0 && now - last_ < kPause; }

  TimePoint began_;
  TimePoint last_;
  std::uint64_t posts_ = 0;
};

}  // namespace p2pchat
