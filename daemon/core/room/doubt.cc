// The part of Room that looks whether an author has signed two histories of a feed.
#include "daemon/core/actions.h"
#include "daemon/core/room/room.h"
#include "proto/limits.h"

namespace p2pchat {

bool Room::is_unproved(const FeedId& feed) const {
  return feed.author != facts_.self && is_current(feed) && !is_convicted(feed.author);
}

Actions Room::take_broken(const Turn& turn, ByteView raw, const FeedId& feed,
                          const std::optional<Missing>& shared, const PeerId& from) {
  counters_.count("posts_broken");
  const Member* member = this->member(from);
  const bool is_of_use = shared && is_unproved(feed);
  // It is asked for again by then.
  if (is_of_use && member != nullptr && turn.now.steady < member->compare_from) return {};
  feeds_.ignore_claims(from, feed);
  return is_of_use ? compare(turn, raw, *shared, from) : Actions{};
}

// At most once in kBeatInterval for each who gives: so nobody keeps me from what another gives.
Actions Room::compare(const Turn& turn, ByteView suspect, const Missing& shared,
                      const PeerId& from) {
  Member* member = this->member(from);
  if (member == nullptr || turn.now.steady < member->compare_from) return {};
  member->compare_from = turn.now.steady + kBeatInterval;
  return {action::Compare{facts_.id, to_bytes(suspect), shared.feed, shared.first}};
}

void Room::doubt(const Turn& turn, const PeerId& who, const Head& head) {
  counters_.count("forks");
  Member* member = this->member(who);
  const bool is_seen = feeds_.is_ignored(who, head.feed);
  if (member == nullptr || is_seen || !is_unproved(head.feed)) return;
  if (turn.now.steady < member->doubt_from) return;
  member->doubt_from = turn.now.steady + kBeatInterval;
  repair_.doubt(who, {head.feed, head.number, head.number});
}

}  // namespace p2pchat
