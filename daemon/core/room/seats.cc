// The part of Room that knows who sits in it, and whose posts count.
#include <algorithm>
#include <iterator>

#include "daemon/core/actions.h"
#include "daemon/core/room/room.h"
#include "proto/consent.h"

namespace p2pchat {

Actions Room::change(const Turn& turn, Sitting sitting) {
  Actions actions;
  // By seats: who went and came back between two looks has done both.
  const auto missing_in = [](const Sitting& one, const Sitting& other) {
    std::vector<PeerId> missing;
    for (const PeerId& peer : one.members) {
      const bool sits = std::binary_search(other.members.begin(), other.members.end(), peer);
      if (!sits || one.admission_of(peer) != other.admission_of(peer)) missing.push_back(peer);
    }
    return missing;
  };
  const std::vector<PeerId> gone = missing_in(facts_.sitting, sitting);
  const bool has_come = !missing_in(sitting, facts_.sitting).empty();
  facts_.sitting = std::move(sitting);
  for (const Head& head : facts_.sitting.gone) end(head.feed, head.number, head.hash);
  sit_down(turn.entropy.draw<Incarnation>());
  // Behind a gap may wait what does not count any more; what does is given again.
  feeds_.let_go([&](const FeedId& feed) { return !is_current(feed); });
  vectors_.clear();
  ++receipts_;
  for (const PeerId& peer : gone) {
    if (peer == facts_.self) continue;
    append(actions, silence(peer));
    members_.erase(peer);
  }
  for (const PeerId& peer : members()) {
    if (peer != facts_.self) members_[peer];
  }
  // Whoever came may have recorded what was said before.
  if (!gone.empty() || (has_come && facts_.history == History::none)) keys_.begin_anew();
  for (auto& [peer, member] : members_) {
    member.is_state_due = member.is_linked;
    settle(member);
  }
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
  if (end != ended_.end()) {
    // Of a feed that was forked nobody can say what is still to come: it ends where it is here.
    const Number all = end->second.number;
    return last <= (feeds_.is_broken(feed) ? std::min(all, feeds_.state(feed).have) : all);
  }
  return is_current(feed);
}

void Room::end(const FeedId& feed, Number number, const Hash& hash) {
  const auto [it, is_new] = ended_.try_emplace(feed, End{number, hash});
  const bool is_raised = !is_new && it->second.number < number;
  if (is_raised) it->second = {number, hash};
  vectors_.clear();
  const auto before = feeds_.before(feed);
  const bool is_earlier = before && before->feed != feed && !is_current(before->feed);
  if ((is_new || is_raised) && is_earlier) end(before->feed, before->number, before->hash);
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
  feeds_.sit(reader_mark(admission->second));
  if (is_of_seat(facts_.incarnation, admission->second) && is_own_feed_for_all()) return;
  facts_.incarnation = incarnation_in(admission->second, random);
  // A run that has drawn what an earlier one had takes the next.
  while (feeds_.state(own_feed()).have > Number{}) ++facts_.incarnation.bytes.back();
}

std::optional<ReaderMark> Room::mark_of(const PeerId& peer) const {
  const auto admission = facts_.sitting.admission_of(peer);
  if (!admission) return std::nullopt;
  return reader_mark(*admission);
}

Readers Room::readers() const {
  Readers readers;
  if (facts_.history == History::all) return readers;
  for (const auto& [peer, admission] : facts_.sitting.admissions) {
    readers.push_back(reader_mark(admission));
  }
  std::sort(readers.begin(), readers.end());
  readers.erase(std::unique(readers.begin(), readers.end()), readers.end());
  return readers;
}

bool Room::may_read(const PeerId& peer, const FeedId& feed) const {
  if (!feeds_.has_closed() || feed.author == peer) return true;
  const auto mark = mark_of(peer);
  // In a pair room there are no seats, and nothing is closed.
  return mark ? feeds_.may_read(feed, *mark) : facts_.sitting.admissions.empty();
}

bool Room::may_all_read(const Readers& named) const {
  const auto& seats = facts_.sitting.admissions;
  return std::all_of(seats.begin(), seats.end(), [&](const auto& seat) {
    return p2pchat::may_read(named, reader_mark(seat.second));
  });
}

bool Room::names_all(const Batch& opening) const {
  const auto opened = Opening::decode(opening.posts.front().body);
  if (!opened || opened->readers.empty()) return true;
  if (facts_.history == History::all) return false;
  return opening.value != facts_.sitting.value || may_all_read(opened->readers);
}

bool Room::is_own_feed_for_all() const {
  const Readers* named = feeds_.state(own_feed()).readers;
  return named == nullptr || may_all_read(*named);
}

bool Room::may_read_more(const PeerId& peer) const {
  if (!feeds_.has_closed()) return false;
  const std::vector<Head> held = feeds_.heads();
  return std::any_of(held.begin(), held.end(), [&](const Head& head) {
    return !may_read(facts_.self, head.feed) && may_read(peer, head.feed);
  });
}

std::vector<Head> Room::heads(const std::function<bool(const FeedId&)>& may_read) const {
  std::vector<Head> heads;
  for (const Head& head : feeds_.heads()) {
    const auto end = ended_.find(head.feed);
    if (end == ended_.end() && !is_current(head.feed)) continue;
    if (!may_read(head.feed)) {
      heads.push_back({head.feed, Number{1}, feeds_.state(head.feed).opening});
    } else if (end != ended_.end() &&
               (end->second.number <= head.number || feeds_.is_broken(head.feed))) {
      heads.push_back({head.feed, end->second.number, end->second.hash});
    } else {
      heads.push_back(head);
    }
  }
  return heads;
}

std::vector<Head> Room::heads_for(const PeerId& reader) const {
  return heads([&](const FeedId& feed) { return may_read(reader, feed); });
}

std::vector<Head> Room::common_heads() const {
  // Few lists of readers are named by many feeds.
  std::map<const Readers*, bool> known;
  return heads([&](const FeedId& feed) {
    const Readers* named = feeds_.state(feed).readers;
    if (named == nullptr) return true;
    const auto [it, is_new] = known.try_emplace(named);
    if (is_new) it->second = may_all_read(*named);
    return it->second;
  });
}

const Hash& Room::vector_for(const PeerId& reader) const {
  if (!feeds_.has_closed()) return common_vector();
  const auto [it, is_new] = vectors_.try_emplace(reader);
  if (is_new) it->second = vector_hash(heads_for(reader));
  return it->second;
}

const Hash& Room::common_vector() const {
  const auto [it, is_new] = vectors_.try_emplace(std::nullopt);
  if (is_new) it->second = vector_hash(common_heads());
  return it->second;
}

std::uint64_t Room::unheld() const {
  std::uint64_t posts = 0;
  for (const Head& head : feeds_.heads_of(facts_.self)) {
    Number held;
    for (const auto& [peer, member] : members_) held = std::max(held, held_by(peer, head.feed));
    const bool is_told = held >= head.number || !is_current(head.feed);
    posts += is_told ? 0 : head.number.value - held.value;
  }
  return posts;
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
