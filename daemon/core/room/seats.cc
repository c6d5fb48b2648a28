// The part of Room that knows who sits in it, and whose posts count.
#include <algorithm>
#include <iterator>

#include "daemon/core/actions.h"
#include "daemon/core/room/room.h"
#include "proto/consent.h"

namespace p2pchat {

Actions Room::change(const Turn& turn, Sitting sitting) {
  Actions actions;
  std::vector<PeerId> gone;
  std::set_difference(members().begin(), members().end(), sitting.members.begin(),
                      sitting.members.end(), std::back_inserter(gone));
  facts_.sitting = std::move(sitting);
  for (const Head& head : facts_.sitting.gone) end(head.feed, head.number, head.hash);
  sit_down(turn.entropy.draw<Incarnation>());
  vector_.reset();
  ++receipts_;
  for (const PeerId& peer : gone) {
    append(actions, silence(peer));
    members_.erase(peer);
  }
  for (const PeerId& peer : members()) {
    if (peer != facts_.self) members_[peer];
  }
  if (!gone.empty()) keys_.begin_anew();
  for (auto& [peer, member] : members_) member.is_state_due = member.is_linked;
  beat_soon(turn);
  return actions;
}

bool Room::is_current(const FeedId& feed) const {
  if (!has(feed.author)) return false;
  const auto admission = facts_.sitting.admissions.find(feed.author);
  return admission == facts_.sitting.admissions.end() ||
         is_of_seat(feed.incarnation, admission->second);
}

bool Room::counts(const FeedId& feed, Number last) const {
  const auto end = ended_.find(feed);
  if (end != ended_.end()) return last <= end->second.number;
  return is_current(feed) && !frozen_.contains(feed.author);
}

void Room::end(const FeedId& feed, Number number, const Hash& hash) {
  const auto [it, is_new] = ended_.try_emplace(feed, End{number, hash});
  if (!is_new && it->second.number < number) it->second = {number, hash};
  vector_.reset();
}

void Room::end_earlier(const Batch& batch) {
  if (!ended_.contains(batch.feed) || batch.posts.front().kind != PostKind::opening) return;
  const auto opening = Opening::decode(batch.posts.front().body);
  if (!opening || opening->number == Number{}) return;
  const FeedId earlier{batch.feed.author, opening->incarnation};
  if (!is_current(earlier)) end(earlier, opening->number, opening->hash);
}

void Room::sit_down(Incarnation random) {
  const auto admission = facts_.sitting.admissions.find(facts_.self);
  if (admission == facts_.sitting.admissions.end()) return;
  if (is_of_seat(facts_.incarnation, admission->second)) return;
  facts_.incarnation = incarnation_in(admission->second, random);
  // A run that has drawn what an earlier one had takes the next.
  while (feeds_.state(own_feed()).have > Number{}) ++facts_.incarnation.bytes.back();
}

std::vector<Head> Room::heads() const {
  std::vector<Head> heads;
  for (const Head& head : feeds_.heads()) {
    const auto end = ended_.find(head.feed);
    if (end != ended_.end() && end->second.number <= head.number) {
      heads.push_back({head.feed, end->second.number, end->second.hash});
    } else if (end != ended_.end() || is_current(head.feed)) {
      heads.push_back(head);
    }
  }
  return heads;
}

const Hash& Room::vector() const {
  if (!vector_) vector_ = vector_hash(heads());
  return *vector_;
}

std::optional<Head> Room::newest_of(const PeerId& member) const {
  std::optional<Head> newest;
  Stamp stamp;
  for (const Head& head : feeds_.heads_of(member)) {
    const Feeds::State state = feeds_.state(head.feed);
    if (!is_current(head.feed) || state.stamp < stamp) continue;
    newest = head;
    stamp = state.stamp;
  }
  return newest;
}

}  // namespace p2pchat
