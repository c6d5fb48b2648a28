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
      if (!may_read(peer, head.feed)) continue;
      held = has_told(member) ? std::min(held, held_by(peer, head.feed)) : Number{};
    }
    if (held > Number{1}) bounds[head.feed] = held;
  }
  return bounds;
}

std::vector<StampRange> Room::awaited_by_others() const {
  std::vector<StampRange> ranges;
  for (const auto& [peer, member] : members_) {
    if (member.awaits) ranges.push_back(*member.awaits);
  }
  return ranges;
}

// Whoever was not asked for all of them yet may have some.
std::optional<StampRange> Room::awaited(const Turn& turn) const {
  const Stamp cut = pruning_.cut(turn.now.wall);
  const Stamp newest = pruning_.kept();
  if (newest <= cut || !takes_in()) return std::nullopt;
  const bool may_come = std::any_of(members_.begin(), members_.end(), [](const auto& it) {
    return !has_told(it.second) || !it.second.was_gone_through;
  });
  return may_come ? std::optional(StampRange{cut.next(), newest}) : std::nullopt;
}

bool Room::has_pruned(const PeerId& peer, const Batch& batch) const {
  const auto member = members_.find(peer);
  return member != members_.end() && member->second.kept >= batch.posts.back().stamp;
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

// --- Looking for texts ---

void Room::lacks_texts(const Turn& turn, const Batch& batch) {
  const Stamp newest = batch.posts.back().stamp;
  pruning_.lacks(newest);
  texts_.leave(newest);
  for (auto& [peer, member] : members_) ask_anew(turn, member);
}

void Room::ask_anew(const Turn& turn, Member& member) {
  member.texts_from = std::min(member.texts_from, turn.now.steady + kTextsPatience);
  member.was_gone_through = false;
}

// Who says that it has most is asked first.
std::optional<PeerId> Room::text_giver(const Turn& turn) const {
  const auto rank = [this](const PeerId& peer) {
    const Member& member = members_.at(peer);
    return std::pair(member.silences, member.kept);
  };
  std::optional<PeerId> best;
  for (const auto& [peer, member] : members_) {
    const bool may_give =
        member.is_linked && has_told(member) && member.texts_from <= turn.now.steady;
    if (may_give && (!best || rank(peer) < rank(*best))) best = peer;
  }
  return best;
}

Actions Room::look_for_texts(const Turn& turn) {
  const Stamp cut = pruning_.cut(turn.now.wall);
  if (texts_.is_over()) {
    const Stamp before = pruning_.kept();
    pruning_.lacks_at_most(texts_.left());
    if (pruning_.kept() < before) beat_soon(turn);
    const bool is_unsure = texts_.is_unsure();
    if (Member* giver = member(*texts_.giver())) giver->was_gone_through = !is_unsure;
    put_off_texts(turn, is_unsure ? kTextsPatience : kTextsInterval);
  } else if (texts_.is_slow(turn.now.steady)) {
    put_off_texts(turn, kTextsPatience);
  }
  if (!texts_.giver() && pruning_.kept() > cut) {
    if (const auto giver = text_giver(turn)) texts_.begin(*giver, turn.now.steady);
  }
  const auto before = texts_.look_up();
  return before ? Actions{action::FindPruned{facts_.id, cut.next(), *before}} : Actions{};
}

void Room::put_off_texts(const Turn& turn, Duration delay) {
  if (Member* giver = member(*texts_.giver())) giver->texts_from = turn.now.steady + delay;
  texts_.stop();
}

Actions Room::found_pruned(const Turn& turn, const event::PrunedFound& event) {
  if (!texts_.is_looking(event.before)) return {};
  if (!event.batches) {
    put_off_texts(turn, kTextsPatience);
    return {};
  }
  const PeerId giver = *texts_.giver();
  const std::vector<PrunedBatch>& batches = *event.batches;
  for (const PrunedBatch& batch : batches) {
    if (!counts(batch.feed, batch.last)) continue;
    if (!may_read(giver, batch.feed)) {
      texts_.leave(batch.at.stamp);
    } else if (held_by(giver, batch.feed) < batch.last) {
      texts_.skip(batch.at.stamp);
    } else {
      texts_.add(batch);
    }
  }
  const bool has_more = batches.size() == kTextlessMax;
  texts_.listed(batches.empty() ? event.before : batches.back().at, has_more);
  return ask_for_missing(turn);
}

std::optional<link::Want> Room::ask_for_texts(const Turn& turn, const PeerId& peer) {
  if (texts_.giver() != peer || repair_.is_asked(peer)) return std::nullopt;
  const auto posts = texts_.ask();
  return posts ? std::optional(repair_.ask_for_texts(turn, peer, *posts)) : std::nullopt;
}

}  // namespace p2pchat
