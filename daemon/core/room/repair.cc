#include "daemon/core/room/repair.h"

#include <algorithm>

#include "proto/limits.h"

namespace p2pchat {

std::optional<link::Want> Repair::ask(const Turn& turn, const PeerId& who, const Feeds& feeds,
                                      const AskTerms& terms) {
  if (open_.contains(who)) return std::nullopt;
  std::set<FeedId> asked;
  for (const auto& [other, open] : open_) asked.insert(open.want.feed);
  const auto is_left_out = [&](const FeedId& feed) {
    return asked.contains(feed) || (terms.is_for_others && terms.is_for_others(feed));
  };
  if (const auto missing = feeds.missing(who, is_left_out)) {
    return open(turn, who, *missing, false);
  }
  for (const Hole& hole : holes_) {
    const Missing& missing = hole.missing;
    if (asked.contains(missing.feed) || hole.asked.contains(who)) continue;
    return open(turn, who, missing, true);
  }
  for (const auto& [key, stretch] : textless_.all()) {
    if (asked.contains(stretch.feed) || stretch.asked.contains(who)) continue;
    if (terms.has_texts && !terms.has_texts(stretch)) continue;
    return open(turn, who, {stretch.feed, stretch.first, stretch.last}, true);
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
  open_[who] = {want, turn.now.steady + kWantTimeout, is_hole};
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

void Repair::reached(const PeerId& who, const FeedId& feed, Number last) {
  const auto it = open_.find(who);
  if (it == open_.end() || it->second.want.feed != feed) return;
  it->second.reached = std::max(last, it->second.reached.value_or(last));
}

std::optional<FeedId> Repair::ended(const PeerId& who) {
  const auto it = open_.find(who);
  if (it == open_.end()) return std::nullopt;
  const Open done = it->second;
  open_.erase(it);
  if (done.progressed) return std::nullopt;
  if (!done.is_hole) return done.want.feed;
  const link::Want& want = done.want;
  for (Hole& hole : holes_) {
    if (hole.missing.feed == want.feed && hole.missing.first == want.first) hole.asked.insert(who);
  }
  // Behind what it was given the budget for there may be texts.
  textless_.note_asked(who, want.feed, want.first,
                       std::clamp(done.reached.value_or(want.last), want.first, want.last));
  return std::nullopt;
}

void Repair::forget(const PeerId& who) {
  open_.erase(who);
  doubts_.erase(who);
  for (Hole& hole : holes_) hole.asked.erase(who);
  textless_.forget(who);
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

void Repair::await_texts(const Batch& batch) {
  textless_.add(batch.feed, batch.first, batch.last(), batch.posts.back().stamp);
}

bool Repair::has_hole(const Batch& batch) const {
  return find_hole(batch.feed, batch.first) != holes_.end() ||
         (!batch.is_pruned() && lacks_texts(batch));
}

void Repair::fill(const Batch& batch) {
  const auto hole = find_hole(batch.feed, batch.first);
  if (hole != holes_.end()) holes_.erase(hole);
  if (!batch.is_pruned()) textless_.take_out(batch.feed, batch.first, batch.last());
}

bool Repair::lacks_texts(const Batch& batch) const {
  return textless_.holds(batch.feed, batch.first, batch.last());
}

}  // namespace p2pchat
