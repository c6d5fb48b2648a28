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
    const bool may_fill =
        !hole.pruned || !terms.has_texts ||
        terms.has_texts({missing.feed, missing.first, missing.last, *hole.pruned});
    if (may_fill) return open(turn, who, missing, true);
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
    if (hole.pruned) continue;
    if (feed.author == author && hole.asked.size() >= others) return feed;
  }
  return std::nullopt;
}

TimePoint Repair::deadline() const {
  TimePoint next = TimePoint::never();
  for (const auto& [who, open] : open_) next = std::min(next, open.due);
  return next;
}

Repair::Hole* Repair::find_hole(const FeedId& feed, Number first) {
  const auto it = std::find_if(holes_.begin(), holes_.end(), [&](const Hole& hole) {
    return hole.missing.feed == feed && hole.missing.first == first;
  });
  return it == holes_.end() ? nullptr : &*it;
}

void Repair::add_hole(const Missing& damaged) {
  if (Hole* known = find_hole(damaged.feed, damaged.first)) {
    // What was left of it is damaged, too.
    if (known->pruned) *known = {damaged};
    return;
  }
  // One that lacks nothing but texts gives way; the store knows of it still.
  if (holes_.size() >= kHolesMax) {
    const auto least = std::find_if(holes_.begin(), holes_.end(),
                                    [](const Hole& hole) { return hole.pruned.has_value(); });
    if (least == holes_.end()) return;
    holes_.erase(least);
  }
  holes_.push_back({damaged});
}

void Repair::await_texts(const PrunedBatch& pruned) {
  if (find_hole(pruned.feed, pruned.first) != nullptr || holes_.size() >= kHolesMax) return;
  holes_.push_back({{pruned.feed, pruned.first, pruned.last}, {}, pruned.stamp});
}

bool Repair::fill(const Batch& batch) {
  return std::erase_if(holes_, [&](const Hole& hole) {
           return hole.missing.feed == batch.feed && hole.missing.first == batch.first &&
                  !(hole.pruned && batch.is_pruned());
         }) > 0;
}

bool Repair::lacks_texts(const Batch& batch) const {
  return std::any_of(holes_.begin(), holes_.end(), [&](const Hole& hole) {
    return hole.missing.feed == batch.feed && hole.missing.first == batch.first && hole.pruned;
  });
}

std::size_t Repair::holes() const {
  return static_cast<std::size_t>(
      std::count_if(holes_.begin(), holes_.end(), [](const Hole& hole) { return !hole.pruned; }));
}

}  // namespace p2pchat
