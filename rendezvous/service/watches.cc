#include "rendezvous/service/watches.h"

#include <algorithm>

#include "proto/limits.h"

namespace p2pchat::rendezvous {

std::optional<Held> Watches::add(Held held) {
  const auto is_own = [&](const Held& each) { return each.peer == held.peer; };
  const auto own = std::count_if(held_.begin(), held_.end(), is_own);
  if (static_cast<std::size_t>(own) >= kWatchesPerPeerMax) {
    const auto oldest = std::find_if(held_.begin(), held_.end(), is_own);
    Held gone = std::move(*oldest);
    held_.erase(oldest);
    held_.push_back(std::move(held));
    return gone;
  }
  if (held_.size() >= kWatchesMax) return held;
  held_.push_back(std::move(held));
  return std::nullopt;
}

std::vector<Held> Watches::take_due(TimePoint now) {
  std::vector<Held> due;
  while (!held_.empty() && held_.front().due <= now) {
    due.push_back(std::move(held_.front()));
    held_.pop_front();
  }
  return due;
}

TimePoint Watches::deadline() const {
  return held_.empty() ? TimePoint::never() : held_.front().due;
}

}  // namespace p2pchat::rendezvous
