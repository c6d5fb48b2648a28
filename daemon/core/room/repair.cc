#include "daemon/core/room/repair.h"

#include <algorithm>

#include "proto/check.h"
#include "proto/limits.h"

namespace p2pchat {

std::optional<link::Want> Repair::ask(const Turn& turn, const PeerId& who, const Feeds& feeds,
                                      const std::function<bool(const FeedId&)>& is_for_others) {
  if (open_.contains(who)) return std::nullopt;
  std::set<FeedId> asked;
  for (const auto& [other, open] : open_) {
    if (open.kind != Kind::texts) asked.insert(open.want.feed);
  }
  const auto is_left_out = [&](const FeedId& feed) {
    return asked.contains(feed) || (is_for_others && is_for_others(feed));
  };
  if (const auto missing = feeds.missing(who, is_left_out)) {
    return open(turn, who, *missing, Kind::missing);
  }
  for (const Hole& hole : holes_) {
    const Missing& missing = hole.missing;
    if (asked.contains(missing.feed) || hole.asked.contains(who)) continue;
    return open(turn, who, missing, Kind::hole);
  }
  const auto doubt = doubts_.find(who);
  if (doubt == doubts_.end() || asked.contains(doubt->second.feed)) return std::nullopt;
  const Missing post = doubt->second;
  doubts_.erase(doubt);
  return open(turn, who, post, Kind::missing);
}

link::Want Repair::ask_for_texts(const Turn& turn, const PeerId& who, const Missing& posts) {
  CHECK(!open_.contains(who));
  return open(turn, who, posts, Kind::texts);
}

link::Want Repair::open(const Turn& turn, const PeerId& who, const Missing& missing, Kind kind) {
  next_ = next_.next();
  const link::Want want{next_, room_, missing.feed, missing.first, missing.last, kWantBytesMax};
  open_[who] = {want, turn.now.steady + kWantTimeout, kind};
  return want;
}

bool Repair::is_asked(const PeerId& who, const WantId& want) const {
  const auto it = open_.find(who);
  return it != open_.end() && it->second.want.want == want;
}

bool Repair::is_asked(const PeerId& who, const FeedId& feed) const {
  const auto it = open_.find(who);
  return it != open_.end() && it->second.want.feed == feed;
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
  if (done.kind == Kind::missing) return done.want.feed;
  for (Hole& hole : holes_) {
    if (done.kind == Kind::hole && hole.missing.feed == done.want.feed &&
        hole.missing.first == done.want.first) {
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

Repair::Holes::const_iterator Repair::find_hole(const FeedId& feed, Number first) const {
  return std::find_if(holes_.begin(), holes_.end(), [&](const Hole& hole) {
    return hole.missing.feed == feed && hole.missing.first == first;
  });
}

void Repair::add_hole(const Missing& damaged) {
  const bool is_known = find_hole(damaged.feed, damaged.first) != holes_.end();
  if (!is_known && holes_.size() < kHolesMax) holes_.push_back({damaged});
}

bool Repair::has_hole(const Batch& batch) const {
  return find_hole(batch.feed, batch.first) != holes_.end();
}

void Repair::fill(const Batch& batch) {
  if (has_hole(batch)) holes_.erase(find_hole(batch.feed, batch.first));
}

}  // namespace p2pchat
