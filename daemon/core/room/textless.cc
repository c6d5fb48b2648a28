#include "daemon/core/room/textless.h"

#include <algorithm>
#include <iterator>

namespace p2pchat {

Textless::Stretches::const_iterator Textless::find(const FeedId& feed, Number number) const {
  const auto behind = stretches_.upper_bound({feed, number});
  if (behind == stretches_.begin()) return stretches_.end();
  const auto it = std::prev(behind);
  return it->second.feed == feed && it->second.last >= number ? it : stretches_.end();
}

bool Textless::holds(const FeedId& feed, Number first, Number last) const {
  const auto it = find(feed, first);
  return it != stretches_.end() && it->second.last >= last;
}

void Textless::add(const FeedId& feed, Number first, Number last, Stamp stamp) {
  take_out(feed, first, last);
  const auto before = first == Number{} ? stretches_.end() : find(feed, {first.value - 1});
  if (before != stretches_.end() && before->second.asked.empty()) {
    Stretch& stretch = stretches_.at(before->first);
    stretch.last = last;
    stretch.lowest = std::min(stretch.lowest, stamp);
    stretch.highest = std::max(stretch.highest, stamp);
    return;
  }
  if (stretches_.size() >= kStretchesMax) return;
  stretches_[{feed, first}] = {feed, first, last, stamp, stamp};
}

void Textless::take_out(const FeedId& feed, Number first, Number last) {
  cut_at(feed, first);
  cut_at(feed, last.next());
  stretches_.erase(stretches_.lower_bound({feed, first}), stretches_.upper_bound({feed, last}));
}

void Textless::note_asked(const PeerId& who, const FeedId& feed, Number first, Number last) {
  cut_at(feed, first);
  cut_at(feed, last.next());
  const auto end = stretches_.upper_bound({feed, last});
  for (auto it = stretches_.lower_bound({feed, first}); it != end; ++it) {
    it->second.asked.insert(who);
  }
}

void Textless::forget(const PeerId& who) {
  for (auto& [key, stretch] : stretches_) stretch.asked.erase(who);
}

void Textless::cut_at(const FeedId& feed, Number number) {
  const auto it = find(feed, number);
  if (it == stretches_.end() || it->second.first == number) return;
  Stretch rest = it->second;
  rest.first = number;
  stretches_.at(it->first).last = {number.value - 1};
  if (stretches_.size() < kStretchesMax) stretches_[{feed, number}] = std::move(rest);
}

}  // namespace p2pchat
