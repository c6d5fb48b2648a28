// Agenda: virtual time, and all that is going to happen.
//
// What is due at the same moment happens in the order it was put down. Nothing
// waits for real time. Pure; owned by World.
#pragma once

#include <functional>
#include <queue>
#include <vector>

#include "proto/moment.h"

namespace p2pchat::sim {

class Agenda {
 public:
  using Task = std::function<void()>;

  Duration now() const { return now_; }

  void after(Duration wait, Task task) { at(now_ + wait, std::move(task)); }
  // The past is now.
  void at(Duration when, Task task) {
    entries_.push({std::max(when, now_), count_++, std::move(task)});
  }

  // Does the next thing that is due by `until`. False, and it is `until`, if there is none.
  bool step(Duration until) {
    if (entries_.empty() || entries_.top().when > until) {
      now_ = std::max(now_, until);
      return false;
    }
    const Entry entry = entries_.top();
    entries_.pop();
    now_ = entry.when;
    entry.task();
    return true;
  }

 private:
  struct Entry {
    Duration when;
    std::uint64_t count;  // Breaks ties.
    Task task;

    bool operator<(const Entry& other) const {
      return when != other.when ? when > other.when : count > other.count;
    }
  };

  Duration now_{};
  std::uint64_t count_ = 0;
  std::priority_queue<Entry> entries_;
};

}  // namespace p2pchat::sim
