#include "daemon/shell/notify.h"

#include <systemd/sd-daemon.h>

namespace p2pchat {

void notify_ready(const std::string& status) {
  sd_notify(0, ("READY=1\nSTATUS=" + status).c_str());
}

void notify_stopping() { sd_notify(0, "STOPPING=1"); }

Watchdog::Watchdog() {
  std::uint64_t microseconds = 0;
  if (sd_watchdog_enabled(0, &microseconds) <= 0) return;
  interval_ = std::chrono::duration_cast<Duration>(std::chrono::microseconds(microseconds / 2));
  due_ = TimePoint{};
}

void Watchdog::turn(TimePoint now) {
  if (now < due_) return;
  sd_notify(0, "WATCHDOG=1");
  due_ = now + interval_;
}

}  // namespace p2pchat
