#include "daemon/core/room/repair.h"

#include <algorithm>

#include "proto/limits.h"

namespace p2pchat {

std::optional<link::Want> Repair::ask(const Turn& turn, const PeerId& who, const Feeds& feeds) {
  if (open_.contains(who)) return std::nullopt;
  std::set<FeedId> asked;
  for (const auto& [other, open] : open_) asked.insert(open.want.feed);
  if (const auto missing = feeds.missing(who, asked)) return open(turn, who, *missing, false);
  for (const Hole& hole : holes_) {
    const bool is_asked = asked.contains(hole.missing.feed);
    if (!is_asked && !hole.asked.contains(who)) return open(turn, who, hole.missing, true);
  }
  const auto doubt = doubts_.find(who);
  if (doubt == doubts_.end() || asked.contains(doubt->second.feed)) return std::nullopt;
  const Missing post = doubt->second;
  doubts_.erase(doubt);
  return open(turn, who, post, false);
}

std::optional<link::Want> Repair::open(const Turn& turn, const PeerId& who, const Missing& missing,
                                       bool is_hole) {
  next_ = next_.next();
  const link::Want want{next_, room_, missing.feed, missing.first, missing.last, kWantBytesMax};
  open_[who] = {want, turn.now.steady + kWantTimeout, false, is_hole};
  return want;
}

bool Repair::is_asked(const PeerId& who, const WantId& want) const {
  const auto it = open_.find(who);
  return it != open_.end() && it->second.want.want == want;
}

void Repair::progressed(const Turn& turn, const PeerId& who) {
  const auto it = open_.find(who);
  if (it == open_.end()) return;
  it->second.progressed = true;
  it->second.due = turn.now.steady + kWantTimeout;
}

std::optional<FeedId> Repair::ended(const PeerId& who) {
  const auto it = open_.find(who);
  if (it == open_.end()) return std::nullopt;
  const Open done = it->second;
  open_.erase(it);
  if (done.progressed) return std::nullopt;
  if (!done.is_hole) return done.want.feed;
  for (Hole& hole : holes_) {
    if (hole.missing.feed == done.want.feed && hole.missing.first == done.want.first) {
      hole.asked.insert(who);
    }
  }
  return std::nullopt;
}

void Repair::forget(const PeerId& who) {
  open_.erase(who);
  doubts_.erase(who);
  for (Hole& hole : holes_) hole.asked.erase(who);
}

std::vector<PeerId> Repair::give_up_late(const Turn& turn) {
  std::vector<PeerId> late;
  std::erase_if(open_, [&](const auto& it) {
    if (it.second.due > turn.now.steady) return false;
    late.push_back(it.first);
    return true;
  });
  return late;
}

std::optional<FeedId> Repair::lost(const PeerId& author, std::size_t others) const {
  for (const Hole& hole : holes_) {
    const FeedId& feed = hole.missing.feed;
    if (feed.author == author && hole.asked.size() >= others) return feed;
  }
  return std::nullopt;
}

TimePoint Repair::deadline() const {
  TimePoint next = TimePoint::never();
  for (const auto& [who, open] : open_) next = std::min(next, open.due);
  return next;
}

void Repair::add_hole(const Missing& missing) {
  const bool is_known = std::any_of(holes_.begin(), holes_.end(), [&](const Hole& hole) {
    return hole.missing.feed == missing.feed && hole.missing.first == missing.first;
  });
  if (!is_known && holes_.size() < kHolesMax) holes_.push_back({missing, {}});
}

bool Repair::fill(const Batch& batch) {
  return std::erase_if(holes_, [&](const Hole& hole) {
           return hole.missing.feed == batch.feed && hole.missing.first == batch.first;
         }) > 0;
}

}  // namespace p2pchat
