#include "daemon/core/room/feeds.h"

#include <algorithm>

#include "proto/limits.h"

namespace p2pchat {
namespace {

// Of a batch that waits: its bytes, and its posts once more as they were decoded.
std::size_t bytes_held(const Batch& batch) {
  return 2 * batch.raw.size() + batch.posts.size() * sizeof(Post);
}

void drop(std::map<Number, Batch>& waiting, std::size_t& held_posts, std::size_t& held_bytes) {
  for (const auto& [first, batch] : waiting) {
    held_posts -= batch.posts.size();
    held_bytes -= bytes_held(batch);
  }
  waiting.clear();
}

}  // namespace

Feeds::Feeds(const PeerId& self, const std::vector<FeedState>& stored) : self_(self) {
  for (const FeedState& each : stored) {
    feeds_[each.feed.author][each.feed.incarnation].state = {
        each.have,
        each.head,
        each.stamp,
        each.opening,
        keep(each.opened.readers),
        dependency(each.feed.author, each.opened)};
  }
}

Feeds::Verdict Feeds::take(Batch batch, std::vector<Batch>& ready) {
  static const Feed kNone;
  const Feed* known = find(batch.feed);
  const FeedId id = batch.feed;
  switch (const Verdict verdict = judge(known == nullptr ? kNone : *known, batch)) {
    case Verdict::taken: {
      Feed* feed = find_or_add(id);
      if (feed == nullptr) return Verdict::dropped;
      append(*feed, std::move(batch), ready);
      if (held_posts_ > 0) release(ready);
      return verdict;
    }
    case Verdict::waiting:
      if (batch.first == Number{1}) claim_dependency(batch);
      return hold_back(id, std::move(batch)) ? Verdict::waiting : Verdict::dropped;
    case Verdict::known:
    case Verdict::dropped:
    case Verdict::closed: return verdict;
    case Verdict::broken: note_broken(id); return verdict;
  }
  return Verdict::dropped;
}

void Feeds::note_broken(const FeedId& id) {
  std::set<Incarnation>& broken = broken_[id.author];
  if (broken.size() < kFeedsMax) broken.insert(id.incarnation);
  // What waits may follow what will never be held; if not, it comes again.
  FeedsOfAuthor& feeds = feeds_[id.author];
  const auto feed = feeds.find(id.incarnation);
  if (feed != feeds.end()) drop(feed->second.waiting, held_posts_, held_bytes_);
}

void Feeds::let_go(const std::function<bool(const FeedId&)>& which) {
  for (auto& [author, feeds] : feeds_) {
    for (auto& [incarnation, feed] : feeds) {
      if (!which({author, incarnation})) continue;
      drop(feed.waiting, held_posts_, held_bytes_);
    }
  }
}

bool Feeds::is_broken(const FeedId& feed) const {
  const auto broken = broken_.find(feed.author);
  return broken != broken_.end() && broken->second.contains(feed.incarnation);
}

std::optional<Missing> Feeds::shared_with(const Batch& batch) const {
  const Number have = state(batch.feed).have;
  if (have > Number{}) {
    if (batch.first > have.next()) return std::nullopt;
    const Number both = std::min(have, batch.last());
    return Missing{batch.feed, both, both};
  }
  const auto past = batch.first == Number{1} ? dependency(batch) : std::nullopt;
  if (!past || past->feed == batch.feed || state(past->feed).have < past->number) {
    return std::nullopt;
  }
  return Missing{past->feed, past->number, past->number};
}

Feeds::Verdict Feeds::judge(const Feed& feed, const Batch& batch) const {
  const State& state = feed.state;
  if (batch.last() <= state.have) {
    const bool same_end = batch.last() == state.have;
    return same_end && batch.head != state.head ? Verdict::broken : Verdict::known;
  }
  if (is_closed(batch.feed)) return Verdict::closed;
  if (batch.first <= state.have) return Verdict::broken;
  if (batch.first != state.have.next()) return Verdict::waiting;
  if (batch.first == Number{1}) {
    const auto before = dependency(batch);
    if (!before) return Verdict::taken;
    const State held = this->state(before->feed);
    if (is_closed(before->feed)) return Verdict::taken;
    if (held.have < before->number) return Verdict::waiting;
    const bool fits = held.have > before->number || held.head == before->hash;
    return fits && before->feed != batch.feed ? Verdict::taken : Verdict::broken;
  }
  const bool follows = batch.previous == state.head && batch.posts.front().stamp > state.stamp;
  return follows ? Verdict::taken : Verdict::broken;
}

bool Feeds::hold_back(const FeedId& id, Batch batch) {
  const bool fits = held_posts_ + batch.posts.size() <= kHeldPostsMax &&
                    held_bytes_ + bytes_held(batch) <= kHeldBytesMax;
  Feed* feed = fits ? find_or_add(id) : nullptr;
  if (feed == nullptr) return false;
  const std::size_t posts = batch.posts.size();
  const std::size_t bytes = bytes_held(batch);
  const Number first = batch.first;
  if (feed->waiting.try_emplace(first, std::move(batch)).second) {
    held_posts_ += posts;
    held_bytes_ += bytes;
  }
  return true;
}

void Feeds::append(Feed& feed, Batch batch, std::vector<Batch>& ready) {
  feed.state.have = batch.last();
  feed.state.head = batch.head;
  feed.state.stamp = batch.posts.back().stamp;
  if (batch.first == Number{1}) {
    feed.state.opening = batch.head;
    if (const auto opening = Opening::decode(batch.posts.front().body)) {
      feed.state.readers = keep(opening->readers);
      feed.state.before = dependency(batch.feed.author, *opening);
    }
  }
  for (auto& [who, claims] : claims_) {
    const auto claim = claims.find(batch.feed);
    if (claim != claims.end() && claim->second <= feed.state.have) claims.erase(claim);
  }
  if (is_closed(batch.feed)) close(batch.feed, feed);
  ready.push_back(std::move(batch));
}

void Feeds::release(std::vector<Batch>& ready) {
  for (bool moved = true; moved;) {
    moved = false;
    for (auto& [author, feeds] : feeds_) {
      for (auto& [incarnation, feed] : feeds) moved |= release(feed, ready);
    }
  }
}

bool Feeds::release(Feed& feed, std::vector<Batch>& ready) {
  bool moved = false;
  while (!feed.waiting.empty()) {
    const auto first = feed.waiting.begin();
    const Verdict verdict = judge(feed, first->second);
    if (verdict == Verdict::waiting) break;
    Batch batch = std::move(first->second);
    feed.waiting.erase(first);
    held_posts_ -= batch.posts.size();
    held_bytes_ -= bytes_held(batch);
    if (verdict == Verdict::broken) note_broken(batch.feed);
    if (verdict == Verdict::taken) append(feed, std::move(batch), ready);
    moved = true;
  }
  return moved;
}

const Readers* Feeds::keep(const Readers& readers) {
  return readers.empty() ? nullptr : &*readers_.insert(readers).first;
}

void Feeds::close(const FeedId& id, Feed& feed) {
  drop(feed.waiting, held_posts_, held_bytes_);
  for (auto& [who, claims] : claims_) claims.erase(id);
}

bool Feeds::may_read(const FeedId& feed, const ReaderMark& reader) const {
  const Readers* readers = state(feed).readers;
  return readers == nullptr || p2pchat::may_read(*readers, reader);
}

bool Feeds::is_closed(const FeedId& feed) const {
  return seat_ && feed.author != self_ && !may_read(feed, *seat_);
}

void Feeds::claim(const PeerId& who, const FeedId& id, Number number) {
  if (number <= state(id).have || is_closed(id) || is_ignored(who, id)) return;
  std::map<FeedId, Number>& claims = claims_[who];
  if (claims.size() >= kClaimsMax && !claims.contains(id)) return;
  Number& claimed = claims[id];
  claimed = std::max(claimed, number);
}

void Feeds::void_claim(const PeerId& who, const FeedId& id) {
  const auto it = claims_.find(who);
  if (it != claims_.end()) it->second.erase(id);
}

void Feeds::void_claims(const PeerId& who) {
  claims_.erase(who);
  ignored_.erase(who);
}

void Feeds::ignore_claims(const PeerId& who, const FeedId& id) {
  void_claim(who, id);
  std::set<FeedId>& ignored = ignored_[who];
  if (ignored.size() < kClaimsMax) ignored.insert(id);
}

bool Feeds::is_ignored(const PeerId& who, const FeedId& id) const {
  const auto ignored = ignored_.find(who);
  return ignored != ignored_.end() && ignored->second.contains(id);
}

bool Feeds::is_claimed(const PeerId& who, const FeedId& feed) const {
  const auto claims = claims_.find(who);
  return claims != claims_.end() && claims->second.contains(feed);
}

std::optional<Missing> Feeds::missing(const PeerId& who) const {
  return missing(who, [](const FeedId&) { return false; });
}

std::optional<Missing> Feeds::missing(const PeerId& who,
                                      const std::function<bool(const FeedId&)>& is_left_out) const {
  const auto claims = claims_.find(who);
  if (claims == claims_.end()) return std::nullopt;
  for (const auto& [id, claimed] : claims->second) {
    if (is_left_out(id)) continue;
    if (const auto stretch = missing(id, claimed)) return stretch;
  }
  return std::nullopt;
}

std::optional<Missing> Feeds::missing(const FeedId& id, Number claimed) const {
  const Feed* feed = find(id);
  if (feed == nullptr) return Missing{id, Number{1}, Number{1}};
  Number first = feed->state.have.next();
  Number last = claimed;
  for (const auto& [begin, batch] : feed->waiting) {
    if (begin > first) {
      last = std::min(last, Number{begin.value - 1});
      break;
    }
    first = std::max(first, batch.last().next());
  }
  // The opening waits for another feed; what follows it would only wait as well.
  const bool is_blocked = feed->state.have == Number{} && first != Number{1};
  if (is_blocked || first > last) return std::nullopt;
  if (feed->state.have == Number{}) last = first;
  return Missing{id, first, last};
}

Feeds::State Feeds::state(const FeedId& id) const {
  const Feed* feed = find(id);
  return feed == nullptr ? State{} : feed->state;
}

std::vector<Head> Feeds::heads() const {
  std::vector<Head> heads;
  for (const auto& [author, feeds] : feeds_) {
    const std::vector<Head> own = heads_of(author);
    heads.insert(heads.end(), own.begin(), own.end());
  }
  return heads;
}

std::vector<Head> Feeds::heads_of(const PeerId& author) const {
  std::vector<Head> heads;
  const auto feeds = feeds_.find(author);
  if (feeds == feeds_.end()) return heads;
  for (const auto& [incarnation, feed] : feeds->second) {
    const State& state = feed.state;
    if (state.have > Number{}) heads.push_back({{author, incarnation}, state.have, state.head});
  }
  return heads;
}

std::uint64_t Feeds::posts_missing() const {
  std::map<FeedId, Number> known;
  for (const auto& [who, claims] : claims_) {
    for (const auto& [id, number] : claims) known[id] = std::max(known[id], number);
  }
  std::uint64_t posts = 0;
  for (const auto& [id, number] : known) posts += number.value - state(id).have.value;
  return posts;
}

const Feeds::Feed* Feeds::find(const FeedId& id) const {
  const auto feeds = feeds_.find(id.author);
  if (feeds == feeds_.end()) return nullptr;
  const auto it = feeds->second.find(id.incarnation);
  return it == feeds->second.end() ? nullptr : &it->second;
}

Feeds::Feed* Feeds::find_or_add(const FeedId& id) {
  FeedsOfAuthor& feeds = feeds_[id.author];
  const auto it = feeds.find(id.incarnation);
  if (it != feeds.end()) return &it->second;
  if (id.author != self_ && feeds.size() >= kFeedsMax) return nullptr;
  return &feeds[id.incarnation];
}

void Feeds::claim_dependency(const Batch& opening) {
  const auto before = dependency(opening);
  if (!before) return;
  claim(opening.feed.author, before->feed, before->number);
  for (const auto& [who, claims] : claims_) {
    if (claims.contains(opening.feed)) claim(who, before->feed, before->number);
  }
}

std::optional<Head> Feeds::dependency(const Batch& opening) {
  const auto opened = Opening::decode(opening.posts.front().body);
  return opened ? dependency(opening.feed.author, *opened) : std::nullopt;
}

std::optional<Head> Feeds::dependency(const PeerId& author, const Opening& opening) {
  if (opening.number == Number{}) return std::nullopt;
  return Head{{author, opening.incarnation}, opening.number, opening.hash};
}

std::optional<Head> Feeds::before(const FeedId& id) const {
  const Feed* feed = find(id);
  if (feed == nullptr) return std::nullopt;
  const auto waiting = feed->waiting.find(Number{1});
  return waiting == feed->waiting.end() ? feed->state.before : dependency(waiting->second);
}

}  // namespace p2pchat
