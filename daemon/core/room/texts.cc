#include "daemon/core/room/texts.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "proto/limits.h"

namespace p2pchat {

void Texts::begin(const PeerId& giver, TimePoint now) {
  stop();
  giver_ = giver;
  began_at_ = given_at_ = now;
  constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
  before_ = {{static_cast<std::uint64_t>(kLast)}, kLast};
}

std::optional<PrunedAt> Texts::look_up() {
  if (!giver_ || is_looking_ || is_listed_ || !chunk_.empty()) return std::nullopt;
  is_looking_ = true;
  return before_;
}

void Texts::add(const PrunedBatch& batch) {
  chunk_[{batch.feed, batch.first}] = {batch.last, batch.at.stamp, batch.left};
}

void Texts::listed(const PrunedAt& reached, bool has_more) {
  is_looking_ = false;
  is_listed_ = !has_more;
  before_ = reached;
}

std::optional<Missing> Texts::ask() {
  if (chunk_.empty() || is_over()) return std::nullopt;
  const auto& [key, first] = *chunk_.begin();
  asked_ = Missing{key.first, key.second, first.last};
  for (auto it = std::next(chunk_.begin()); it != chunk_.end(); ++it) {
    if (it->first != std::pair(asked_->feed, asked_->last.next())) break;
    asked_->last = it->second.last;
  }
  reached_.reset();
  has_given_ = false;
  return asked_;
}

void Texts::reached(const FeedId& feed, Number last) {
  if (!asked_ || asked_->feed != feed) return;
  reached_ = std::max(last, reached_.value_or(last));
}

void Texts::ended() {
  if (!asked_) return;
  if (!has_given_) ++denials_;
  // Behind where it came to there may be more; if it came nowhere, of the first it has none.
  const Number to = std::clamp(reached_.value_or(asked_->first), asked_->first, asked_->last);
  const auto begin = chunk_.lower_bound({asked_->feed, asked_->first});
  const auto end = chunk_.upper_bound({asked_->feed, to});
  for (auto it = begin; it != end; ++it) leave(it->second.stamp);
  chunk_.erase(begin, end);
  asked_.reset();
}

bool Texts::lacks(const Batch& batch) const {
  const auto it = chunk_.find({batch.feed, batch.first});
  return it != chunk_.end() && it->second.last == batch.last() &&
         it->second.left == hash_of_pruned(batch.pruned());
}

void Texts::take(const Batch& batch, TimePoint now) {
  has_given_ = true;
  given_at_ = now;
  chunk_.erase({batch.feed, batch.first});
}

bool Texts::is_over() const { return giver_ && (is_denied() || (is_listed_ && chunk_.empty())); }

Stamp Texts::left() const {
  Stamp newest = left_;
  for (const auto& [key, lacking] : chunk_) newest = std::max(newest, lacking.stamp);
  return newest;
}

bool Texts::is_slow(TimePoint now) const {
  return giver_ && (now >= given_at_ + kTextsPatience || now >= began_at_ + kTextsPassMax);
}

}  // namespace p2pchat
