#include "daemon/core/room/pruning.h"

#include <array>
#include <utility>

#include "proto/limits.h"

namespace p2pchat {

void Pruning::set(const Turn& turn, const Retention& retention) {
  retention_ = retention;
  is_anew_ = true;
  reached_ = 0;
  due_ = turn.now.steady;
}

void Pruning::arm(const Turn& turn) {
  if (!due_) due_ = turn.now.steady + kPruneDelay;
}

bool Pruning::is_due(const Turn& turn) const {
  return retention_.is_on() && !is_under_way_ && due_ && *due_ <= turn.now.steady;
}

std::int64_t Pruning::order() {
  is_under_way_ = true;
  is_anew_ = false;
  return reached_;
}

void Pruning::pruned(const Turn& turn, const event::Pruned& event) {
  is_under_way_ = false;
  cut_ = std::max(cut_, event.newest);
  kept_ = std::max(kept_, event.newest);
  if (is_anew_) return;
  reached_ = event.has_more ? event.reached : 0;
  due_ = turn.now.steady + (event.has_more ? Duration{} : Duration{kPruneInterval});
}

TimePoint Pruning::deadline() const {
  const bool waits = retention_.is_on() && !is_under_way_ && due_;
  return waits ? *due_ : TimePoint::never();
}

Stamp Pruning::floor(WallTime now) const {
  if (!retention_.age) return {};
  return Stamp::at({now.milliseconds - retention_.age->count()});
}

std::string keep_text(const Retention& retention) {
  if (!retention.is_on()) return "all";
  std::string text;
  // In the largest unit that it is a whole number of.
  const auto add = [&](std::uint64_t count, const auto& units) {
    for (const auto& [length, name] : units) {
      if (count % length != 0) continue;
      text += (text.empty() ? "" : " ") + std::to_string(count / length) + name;
      return;
    }
  };
  using Units = std::array<std::pair<std::uint64_t, const char*>, 3>;
  if (retention.age) {
    add(static_cast<std::uint64_t>(retention.age->count()),
        Units{{{Duration(24h).count(), "d"}, {Duration(1h).count(), "h"}, {1, "ms"}}});
  }
  if (retention.bytes) {
    add(*retention.bytes, Units{{{1ULL << 30U, "G"}, {1ULL << 20U, "M"}, {1ULL << 10U, "K"}}});
  }
  return text;
}

}  // namespace p2pchat
