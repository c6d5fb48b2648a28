#include "daemon/core/room/feeds.h"

#include <algorithm>

#include "proto/limits.h"

namespace p2pchat {

Feeds::Feeds(const RoomId& room, const std::vector<FeedState>& stored) : room_(room) {
  for (const FeedState& feed : stored) {
    feeds_[feed.feed].state = {feed.have, feed.head, feed.stamp};
  }
}

Feeds::Verdict Feeds::take(Batch batch, std::vector<Batch>& ready) {
  Feed* feed = feed_of(batch.feed);
  if (feed == nullptr) return Verdict::dropped;
  const Verdict verdict = judge(*feed, batch);
  switch (verdict) {
    case Verdict::taken:
      append(*feed, std::move(batch), ready);
      if (held_posts_ > 0) release(ready);
      return verdict;
    case Verdict::waiting:
      if (batch.first == Number{1}) claim_dependency(*feed, batch);
      return hold_back(*feed, std::move(batch)) ? Verdict::waiting : Verdict::dropped;
    case Verdict::known:
    case Verdict::dropped:
    case Verdict::broken: return verdict;
  }
  return verdict;
}

Feeds::Verdict Feeds::judge(const Feed& feed, const Batch& batch) const {
  const State& state = feed.state;
  if (batch.last() <= state.have) {
    const bool same_end = batch.last() == state.have;
    return same_end && batch.head != state.head ? Verdict::broken : Verdict::known;
  }
  if (batch.first <= state.have) return Verdict::broken;
  if (batch.first != state.have.next()) return Verdict::waiting;
  if (batch.first == Number{1}) {
    const auto before = dependency(batch);
    if (!before) return Verdict::taken;
    const State held = this->state(before->feed);
    if (held.have < before->number) return Verdict::waiting;
    const bool fits = held.have > before->number || held.head == before->hash;
    return fits && before->feed != batch.feed ? Verdict::taken : Verdict::broken;
  }
  const bool follows = batch.previous == state.head && batch.posts.front().stamp > state.stamp;
  return follows ? Verdict::taken : Verdict::broken;
}

bool Feeds::hold_back(Feed& feed, Batch batch) {
  if (feed.waiting.contains(batch.first)) return true;
  const bool fits = held_posts_ + batch.posts.size() <= kHeldPostsMax &&
                    held_bytes_ + batch.raw.size() <= kHeldBytesMax;
  if (!fits) return false;
  held_posts_ += batch.posts.size();
  held_bytes_ += batch.raw.size();
  feed.waiting.emplace(batch.first, std::move(batch));
  return true;
}

void Feeds::append(Feed& feed, Batch batch, std::vector<Batch>& ready) {
  feed.state = {batch.last(), batch.head, batch.posts.back().stamp};
  std::erase_if(feed.claims, [&](const auto& it) { return it.second <= feed.state.have; });
  ready.push_back(std::move(batch));
}

void Feeds::release(std::vector<Batch>& ready) {
  for (bool moved = true; moved;) {
    moved = false;
    for (auto& [id, feed] : feeds_) {
      while (!feed.waiting.empty()) {
        const auto first = feed.waiting.begin();
        const Verdict verdict = judge(feed, first->second);
        if (verdict == Verdict::waiting) break;
        Batch batch = std::move(first->second);
        feed.waiting.erase(first);
        held_posts_ -= batch.posts.size();
        held_bytes_ -= batch.raw.size();
        if (verdict == Verdict::taken) append(feed, std::move(batch), ready);
        moved = true;
      }
    }
  }
}

void Feeds::claim(const PeerId& who, const FeedId& id, Number number) {
  Feed* feed = feed_of(id);
  if (feed == nullptr || number <= feed->state.have) return;
  Number& claimed = feed->claims[who];
  claimed = std::max(claimed, number);
}

void Feeds::void_claim(const PeerId& who, const FeedId& id) {
  const auto it = feeds_.find(id);
  if (it != feeds_.end()) it->second.claims.erase(who);
}

void Feeds::void_claims(const PeerId& who) {
  for (auto& [id, feed] : feeds_) feed.claims.erase(who);
  // A feed that somebody only spoke of takes no place for ever.
  std::erase_if(feeds_, [](const auto& it) {
    const Feed& feed = it.second;
    return feed.state.have == Number{} && feed.waiting.empty() && feed.claims.empty();
  });
}

std::optional<Missing> Feeds::missing(const PeerId& who) const {
  for (const auto& [id, feed] : feeds_) {
    const auto claim = feed.claims.find(who);
    if (claim == feed.claims.end()) continue;
    Number first = feed.state.have.next();
    Number last = claim->second;
    for (const auto& [begin, batch] : feed.waiting) {
      if (begin > first) {
        last = std::min(last, Number{begin.value - 1});
        break;
      }
      first = std::max(first, batch.last().next());
    }
    // The opening waits for another feed; what follows it would only wait as well.
    const bool is_blocked = feed.state.have == Number{} && first != Number{1};
    if (is_blocked || first > last) continue;
    if (feed.state.have == Number{}) last = first;
    return Missing{id, first, last};
  }
  return std::nullopt;
}

Feeds::State Feeds::state(const FeedId& feed) const {
  const auto it = feeds_.find(feed);
  return it == feeds_.end() ? State{} : it->second.state;
}

std::vector<Head> Feeds::heads() const {
  std::vector<Head> heads;
  for (const auto& [id, feed] : feeds_) {
    if (feed.state.have > Number{}) heads.push_back({id, feed.state.have, feed.state.head});
  }
  return heads;
}

std::optional<Head> Feeds::newest_of(const PeerId& author) const {
  std::optional<Head> newest;
  Stamp stamp;
  for (auto it = feeds_.lower_bound({author, {}}); it != feeds_.end(); ++it) {
    if (it->first.author != author) break;
    const State& state = it->second.state;
    if (state.have == Number{} || state.stamp < stamp) continue;
    newest = Head{it->first, state.have, state.head};
    stamp = state.stamp;
  }
  return newest;
}

std::uint64_t Feeds::posts_missing() const {
  std::uint64_t posts = 0;
  for (const auto& [id, feed] : feeds_) {
    Number known = feed.state.have;
    for (const auto& [who, number] : feed.claims) known = std::max(known, number);
    posts += known.value - feed.state.have.value;
  }
  return posts;
}

Feeds::Feed* Feeds::feed_of(const FeedId& id) {
  const auto it = feeds_.find(id);
  if (it != feeds_.end()) return &it->second;
  if (feeds_.size() >= kFeedsMax) return nullptr;
  return &feeds_[id];
}

void Feeds::claim_dependency(const Feed& feed, const Batch& opening) {
  const auto before = dependency(opening);
  if (!before) return;
  claim(opening.feed.author, before->feed, before->number);
  for (const auto& [who, number] : feed.claims) claim(who, before->feed, before->number);
}

std::optional<Head> Feeds::dependency(const Batch& opening) {
  const auto before = Opening::decode(opening.posts.front().body);
  if (!before || before->number == Number{}) return std::nullopt;
  return Head{{opening.feed.author, before->incarnation}, before->number, before->hash};
}

}  // namespace p2pchat
