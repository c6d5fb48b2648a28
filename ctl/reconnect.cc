#include "ctl/reconnect.h"

#include <algorithm>

namespace p2pchat::ctl {

namespace {

constexpr Duration kPauseMin = 20ms;
constexpr Duration kPauseMax = 1s;

}  // namespace

Outcome<std::unique_ptr<Client>> reconnect(const std::string& socket, Console& console,
                                           Signals& signals, Deadline until) {
  console.note("the daemon at " + socket + " has gone away; waiting for it");
  Duration pause = kPauseMin;
  for (;;) {
    auto client = Client::open(socket);
    if (client) {
      console.note("connected again");
      return client;
    }
    const auto left = std::chrono::ceil<Duration>(until - Clock::now());
    if (left <= 0ms) return end_with(ExitCode::timed_out);
    signals.wait(std::min(pause, left));
    const auto signal = signals.take();
    if (signal) return end_with(*signal);
    pause = std::min(pause * 2, kPauseMax);
  }
}

}  // namespace p2pchat::ctl
