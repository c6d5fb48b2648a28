// Notify: what the service manager is told of us.
//
// Effects: sends to systemd's notification socket, if there is one; otherwise
// all of this does nothing. Owned by the loop.
#pragma once

#include <string>

#include "proto/moment.h"

namespace p2pchat {

// All sockets listen, and have been tested.
void notify_ready(const std::string& status);
void notify_stopping();

// Shows, from the loop that does the work, that this loop still turns.
class Watchdog {
 public:
  // Reads how often the service manager wants to hear from us.
  Watchdog();

  // Tells it if half of that time has gone by since the last time.
  void turn(TimePoint now);
  // When turn() is wanted next; never, without a watchdog.
  TimePoint deadline() const { return due_; }

 private:
  Duration interval_{};
  TimePoint due_ = TimePoint::never();
};

}  // namespace p2pchat
