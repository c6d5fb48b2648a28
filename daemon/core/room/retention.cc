// The part of Room that lets texts go, and looks for those that others have let go.
#include <algorithm>

#include "daemon/core/room/room.h"
#include "proto/limits.h"

namespace p2pchat {

Actions Room::keep(const Turn& turn, const Retention& retention) {
  pruning_.set(turn, retention);
  return {action::StoreRetention{facts_.id, retention}};
}

Actions Room::prune(const Turn& turn) {
  pruning_.arm(turn);
  if (!can_store_ || !pruning_.is_due(turn)) return {};
  return {action::Prune{facts_.id, pruning_.floor(turn.now.wall), pruning_.retention().bytes,
                        held_by_all(turn), awaited_by_others(), pruning_.order()}};
}

void Room::pruned(const Turn& turn, const event::Pruned& event) {
  const std::int64_t left = static_cast<std::int64_t>(bytes_) - event.freed;
  bytes_ = static_cast<std::uint64_t>(std::max<std::int64_t>(left, 0));
  const Stamp before = pruning_.kept();
  pruning_.pruned(turn, event);
  if (pruning_.kept() > before) beat_soon(turn);
}

std::map<FeedId, Number> Room::held_by_all(const Turn& turn) const {
  std::map<FeedId, Number> bounds;
  const Stamp ahead = Stamp::at({turn.now.wall.milliseconds + kClockAheadMax.count()});
  for (const Head& head : feeds_.heads()) {
    // Whatever is stamped below what I let go I do not ask for again: no clock of another says so.
    if (feeds_.state(head.feed).stamp > ahead) continue;
    Number held = head.number;
    for (const auto& [peer, member] : members_) {
      if (held <= Number{1}) break;
      if (may_read(peer, head.feed)) held = std::min(held, held_by(peer, head.feed));
    }
    if (held > Number{1}) bounds[head.feed] = held;
  }
  return bounds;
}

std::optional<Stamp> Room::awaited_by_others() const {
  std::optional<Stamp> lowest;
  for (const auto& [peer, member] : members_) {
    if (member.awaits) lowest = std::min(*member.awaits, lowest.value_or(*member.awaits));
  }
  return lowest;
}

// What somebody has who was not asked in vain, or may have who has not told yet.
std::optional<Stamp> Room::awaited(const Turn& turn) const {
  std::optional<Stamp> lowest;
  const Stamp cut = pruning_.cut(turn.now.wall);
  for (const auto& [key, stretch] : repair_.textless().all()) {
    if (stretch.highest <= cut || (lowest && *lowest <= stretch.lowest)) continue;
    const bool may_come = std::any_of(members_.begin(), members_.end(), [&](const auto& it) {
      const auto& [peer, member] = it;
      const bool has_told = member.counter > Counter{};
      return !stretch.asked.contains(peer) && (!has_told || member.kept < stretch.highest) &&
             may_read(peer, stretch.feed);
    });
    if (may_come) lowest = std::max(stretch.lowest, cut.next());
  }
  return lowest;
}

bool Room::has_pruned(const PeerId& peer, const Batch& batch) const {
  const auto member = members_.find(peer);
  return member != members_.end() && member->second.kept >= batch.posts.back().stamp;
}

void Room::lacks_texts(const Turn& turn, const Batch& batch) {
  const Stamp newest = batch.posts.back().stamp;
  pruning_.lacks(newest);
  if (newest > pruning_.cut(turn.now.wall)) repair_.await_texts(batch);
}

AskTerms Room::terms_for(const Turn& turn, const PeerId& peer) const {
  AskTerms terms;
  const Stamp kept = members_.at(peer).kept;
  if (kept > Stamp{}) {
    terms.is_for_others = [this, peer](const FeedId& feed) { return is_for_others(peer, feed); };
  }
  terms.has_texts = [this, peer, cut = pruning_.cut(turn.now.wall)](const Textless::Stretch& it) {
    return it.highest > cut && held_by(peer, it.feed) >= it.last;
  };
  return terms;
}

// Whoever has pruned least is asked for what is old, unless it is silent.
bool Room::is_for_others(const PeerId& peer, const FeedId& feed) const {
  const Member& asked = members_.at(peer);
  // What is missing is above what is held.
  if (feeds_.state(feed).stamp >= asked.kept) return false;
  return std::any_of(members_.begin(), members_.end(), [&](const auto& it) {
    const Member& other = it.second;
    return other.is_linked && other.kept < asked.kept && other.silences <= asked.silences &&
           feeds_.is_claimed(it.first, feed);
  });
}

}  // namespace p2pchat
