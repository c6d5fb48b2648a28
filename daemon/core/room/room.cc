#include "daemon/core/room/room.h"

#include <algorithm>

#include "daemon/core/actions.h"
#include "proto/check.h"
#include "proto/limits.h"

namespace p2pchat {
namespace {

constexpr Duration kEagerBeats = 5s;
constexpr Duration kEagerInterval = 1s;
// Beats without news that still repeat the last news, in case one was lost.
constexpr std::uint32_t kBeatsAlikeMax = 2;

Action to_peer(const PeerId& peer, const link::Message& message) {
  return action::SendLink{peer, LinkSide::dialled, link::encode(message)};
}

// A post is stamped when its batch is made, not when it was asked for: a beat in
// between has promised that nothing below it is still to come.
Post stamped(const Turn& turn, PostKind kind, Bytes body) {
  return {turn.clock.tick(turn.now.wall), kind, turn.entropy.draw<Salt>(), std::move(body)};
}

}  // namespace

Hash text_hash(ByteView body) { return Hasher("p2pchat push key").add(body).finish(); }

control::Record post_row(const FeedTag& tag, Number number, WallTime time) {
  control::Record row;
  return row.set("id", message_id(tag, number)).set("time", time.milliseconds);
}

Room::Room(RoomFacts facts, const RoomState& stored, bool can_store)
    : facts_(std::move(facts)),
      can_store_(can_store),
      bytes_(stored.bytes),
      feeds_(facts_.self, stored.feeds),
      keys_(facts_.id),
      repair_(facts_.id),
      pruning_(stored) {
  CHECK(members().size() <= kMembersMax);
  CHECK(std::is_sorted(members().begin(), members().end()));
  for (const PeerId& peer : members()) {
    if (peer != facts_.self) members_[peer];
  }
  for (const Head& head : facts_.sitting.gone) end(head.feed, head.number, head.hash);
  sit_down(facts_.incarnation);
}

Result<void> Room::post(const RequestId& request, Bytes body, std::string key) {
  CHECK(can_store_);
  if (is_paused()) {
    return fail(Fault::limit,
                "this conversation has reached its limit of stored bytes (room-bytes)");
  }
  CHECK(body.size() <= kBodyBytesMax);
  queue_.push_back({request, std::move(body), std::move(key)});
  return {};
}

Actions Room::end_turn(const Turn& turn) {
  // In this order: what is promised to members is promised before the next post is stamped.
  Actions actions = answer_members(turn);
  append(actions, batch_queued(turn));
  return actions;
}

Actions Room::answer_members(const Turn& turn) {
  Actions actions;
  for (auto& [peer, member] : members_) {
    if (auto want = std::exchange(member.want, std::nullopt)) {
      actions.push_back(answer_want(peer, *want));
    }
    if (!member.is_state_due || turn.now.steady < member.state_from) continue;
    member.is_state_due = false;
    member.state_from = turn.now.steady + kFullStateInterval;
    append(actions, full_state(turn, peer));
  }
  return actions;
}

Actions Room::batch_queued(const Turn& turn) {
  Actions actions;
  if (queue_.empty()) return actions;
  if (feeds_.state(own_feed()).have == Number{}) append(actions, open_feed(turn));
  const FeedTag tag = feed_tag(facts_.id, own_feed());
  while (!queue_.empty()) {
    const std::size_t posts = posts_that_fit();
    Batch batch = next_batch();
    Actions answers;
    for (std::size_t i = 0; i < posts; ++i) {
      const Queued& said = queue_[i];
      batch.posts.push_back(stamped(turn, PostKind::chat, said.body));
      const Number number{batch.first.value + i};
      const WallTime time = batch.posts.back().stamp.wall();
      if (!said.key.empty()) {
        answers.push_back(action::StoreKey{
            {facts_.id, said.key, text_hash(said.body), own_feed(), number, time}});
      }
      answers.push_back(
          action::Answer{said.request, ExitCode::done, "", post_row(tag, number, time)});
    }
    append(actions, add_own(turn, std::move(batch)));
    append(actions, std::move(answers));
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(posts));
  }
  return actions;
}

Actions Room::add_own(const Turn& turn, Batch batch) {
  batch.sign(turn.self);
  const link::Posts posts{facts_.id, batch.raw};
  std::vector<Batch> ready;
  CHECK(feeds_.take(std::move(batch), ready) == Feeds::Verdict::taken);
  Actions actions = store(turn, std::move(ready));
  append(actions, spread(turn, posts));
  return actions;
}

std::size_t Room::posts_that_fit() const {
  std::size_t bytes = kBatchFrameBytes;
  std::size_t posts = 0;
  while (posts < queue_.size() && posts < kBatchPostsMax) {
    bytes += packed_bytes(queue_[posts].body.size());
    if (bytes > kBatchBytesMax) break;
    ++posts;
  }
  CHECK(posts > 0);
  return posts;
}

Batch Room::next_batch() const {
  const Feeds::State state = feeds_.state(own_feed());
  Batch batch;
  batch.room = facts_.id;
  batch.feed = own_feed();
  batch.value = facts_.sitting.value;
  batch.first = state.have.next();
  batch.previous = state.have == Number{} ? feed_root(facts_.id, own_feed()) : state.head;
  return batch;
}

Actions Room::open_feed(const Turn& turn) {
  Opening opening;
  const auto newest = newest_of(facts_.self);
  if (newest && !opens_alone_) {
    opening = {newest->feed.incarnation, newest->number, newest->hash};
  }
  opening.readers = readers();
  Batch batch = next_batch();
  batch.posts.push_back(stamped(turn, PostKind::opening, opening.encode()));
  return add_own(turn, std::move(batch));
}

Actions Room::spread(const Turn& turn, const link::Message& message) {
  Actions actions;
  const Bytes plain = link::encode(message);
  if (is_any_linked()) actions.push_back(action::Publish{keys_.seal(turn, plain)});
  for (auto& [peer, member] : members_) {
    if (!member.is_linked || is_heard_by(peer, turn.now.steady)) continue;
    if (member.sent_ahead + plain.size() > kPushAheadBytesMax) continue;
    member.sent_ahead += plain.size();
    actions.push_back(action::SendLink{peer, LinkSide::dialled, plain});
  }
  return actions;
}

Actions Room::store(const Turn& turn, std::vector<Batch> ready) {
  Actions actions;
  for (Batch& batch : ready) {
    bytes_ += batch.raw.size();
    if (batch.is_pruned()) lacks_texts(turn, batch);
    // What I have signed myself, before I lost my state, is no liar's: follow it anywhere.
    const Stamp newest = batch.posts.back().stamp;
    const bool is_mine = batch.feed.author == facts_.self;
    turn.clock.observe(newest, is_mine ? newest.wall() : turn.now.wall);
    has_grown(batch.feed);
    vectors_.clear();
    actions.push_back(action::StoreBatch{std::move(batch), turn.now.wall});
  }
  if (!actions.empty()) {
    beat_soon(turn);
    for (auto& [peer, member] : members_) settle(member);
  }
  return actions;
}

void Room::has_grown(const FeedId& feed) {
  std::erase(grown_, feed);
  grown_.push_back(feed);
  if (grown_.size() > kBeatHeadsMax) grown_.erase(grown_.begin());
}

void Room::linked(const Turn& turn, const PeerId& peer) {
  Member* member = this->member(peer);
  if (member == nullptr) return;
  member->is_linked = true;
  member->hears_me_until.reset();
  member->sent_ahead = 0;
  member->was_asked_for_key = false;
  member->ask_heads_from = turn.now.steady + kBeatInterval;
  forget_asked(peer);
  eager_until_ = turn.now.steady + kEagerBeats;
  beat_soon(turn);
  member->is_state_due = true;
}

void Room::unlinked(const PeerId& peer) {
  Member* member = this->member(peer);
  if (member == nullptr) return;
  member->is_linked = false;
  member->hears_me_until.reset();
  member->is_state_due = false;
  member->want.reset();
  forget_asked(peer);
}

void Room::forget_asked(const PeerId& peer) {
  feeds_.void_claims(peer);
  repair_.forget(peer);
  if (texts_.giver() == peer) texts_.stop();
}

Actions Room::silence(const PeerId& peer) {
  unlinked(peer);
  return keys_.forget(peer);
}

Actions Room::full_state(const Turn& turn, const PeerId& peer) {
  Actions actions;
  for (const link::Handover& key : keys_.handovers(turn)) actions.push_back(to_peer(peer, key));
  // Before the heads, since it says whose texts are kept here.
  if (can_store_) actions.push_back(to_peer(peer, link::Pulse{facts_.id, make_beat(turn).raw}));
  const std::vector<Head> heads = heads_for(facts_.self);
  for (std::size_t begin = 0; begin < heads.size(); begin += kHeadsMax) {
    const std::size_t end = std::min(begin + kHeadsMax, heads.size());
    link::Heads page{facts_.id,
                     {heads.begin() + static_cast<std::ptrdiff_t>(begin),
                      heads.begin() + static_cast<std::ptrdiff_t>(end)}};
    actions.push_back(to_peer(peer, page));
  }
  return actions;
}

Actions Room::timer(const Turn& turn) {
  Actions actions;
  LiveKeys::Renewal renewal = keys_.timer(turn);
  append(actions, std::move(renewal.actions));
  if (renewal.handover) {
    for (const auto& [peer, member] : members_) {
      if (member.is_linked) actions.push_back(to_peer(peer, *renewal.handover));
    }
  }
  const std::vector<PeerId> late = repair_.give_up_late(turn);
  for (const PeerId& peer : late) {
    if (Member* member = this->member(peer)) ++member->silences;
    if (texts_.giver() == peer) put_off_texts(turn, kTextsPatience);
  }
  if (!late.empty()) append(actions, ask_for_missing(turn));
  if (beat_due_ <= turn.now.steady) append(actions, send_beat(turn));
  return actions;
}

Actions Room::store_recovered(const Turn& turn) {
  can_store_ = true;
  beat_soon(turn);
  return ask_for_missing(turn);
}

TimePoint Room::deadline() const {
  TimePoint next = std::min(keys_.deadline(), repair_.deadline());
  if (is_any_linked()) next = std::min(next, beat_due_);
  if (can_store_) next = std::min(next, pruning_.deadline());
  for (const auto& [peer, member] : members_) {
    if (member.is_state_due) next = std::min(next, member.state_from);
  }
  return next;
}

Actions Room::send_beat(const Turn& turn) {
  beat_due_ = next_idle_beat(turn);
  // A beat is a promise, and a promise is stored before it is given.
  if (!is_any_linked() || !can_store_) return {};
  return spread(turn, link::Pulse{facts_.id, make_beat(turn).raw});
}

Beat Room::make_beat(const Turn& turn) {
  Beat beat;
  beat.room = facts_.id;
  beat.author = facts_.self;
  beat.counter = beats_ = beats_.next();
  beat.incarnation = facts_.incarnation;
  beat.stamp = turn.clock.promise(turn.now.wall);
  beat.own = newest_of(facts_.self);
  beat.vector = vector_for(facts_.self);
  if (common_vector() != beat.vector) beat.common = common_vector();
  beats_alike_ = beat.vector == beaten_vector_ ? beats_alike_ + 1 : 0;
  beaten_vector_ = beat.vector;
  for (const FeedId& feed : grown_) {
    if (beats_alike_ > kBeatsAlikeMax) break;
    const Feeds::State state = feeds_.state(feed);
    beat.heads.push_back({feed, state.have, state.head});
  }
  beat.hears = hearing(turn.now.steady);
  beat.kept = pruning_.kept();
  beat.awaits = awaited(turn);
  beat.height = facts_.sitting.height;
  beat.sign(turn.self);
  return beat;
}

void Room::beat_soon(const Turn& turn) {
  beat_due_ = std::min(beat_due_, turn.now.steady + kBeatDebounce);
}

TimePoint Room::next_idle_beat(const Turn& turn) const {
  const bool all_hear = std::all_of(members_.begin(), members_.end(), [&](const auto& it) {
    return !it.second.is_linked || is_heard_by(it.first, turn.now.steady);
  });
  if (!all_hear && turn.now.steady < eager_until_) return turn.now.steady + kEagerInterval;
  // On a common grid, so that the beats of all rooms share one commit.
  const auto beats = turn.now.steady.since_epoch / kBeatInterval;
  return {(beats + 1) * kBeatInterval};
}

Bytes Room::hearing(TimePoint now) const {
  Bytes bits((members().size() + 7) / 8);
  for (std::size_t i = 0; i < members().size(); ++i) {
    if (hears(members()[i], now)) bits[i / 8] |= static_cast<std::uint8_t>(1U << (i % 8));
  }
  return bits;
}

Room::Member* Room::member(const PeerId& peer) {
  const auto it = members_.find(peer);
  return it == members_.end() ? nullptr : &it->second;
}

bool Room::has(const PeerId& peer) const {
  return std::binary_search(members().begin(), members().end(), peer);
}

bool Room::is_linked(const PeerId& peer) const {
  const auto it = members_.find(peer);
  return it != members_.end() && it->second.is_linked;
}

bool Room::is_any_linked() const {
  return std::any_of(members_.begin(), members_.end(),
                     [](const auto& it) { return it.second.is_linked; });
}

std::optional<FeedId> Room::own_feed_called(const FeedTag& tag) const {
  for (const Head& head : feeds_.heads_of(facts_.self)) {
    if (feed_tag(facts_.id, head.feed) == tag) return head.feed;
  }
  return std::nullopt;
}

Stamp Room::settled_by(const PeerId& peer) const {
  const auto member = members_.find(peer);
  return member == members_.end() ? Stamp{} : member->second.settled;
}

bool Room::is_heard_by(const PeerId& peer, TimePoint now) const {
  const auto it = members_.find(peer);
  return it != members_.end() && it->second.hears_me_until && now < *it->second.hears_me_until;
}

bool Room::hears(const PeerId& peer, TimePoint now) const {
  const auto it = members_.find(peer);
  return it != members_.end() && it->second.heard_until && now < *it->second.heard_until;
}

Stamp Room::final_stamp(const Clock& clock) const {
  // My own posts, too, are settled only up to what I have promised: the clock may have
  // followed others further, and a restart begins at the promise.
  Stamp settled = clock.promised();
  for (const auto& [peer, member] : members_) settled = std::min(settled, member.settled);
  // What is still to come of seats that were left lies above what is held of it.
  for (const auto& [feed, end] : ended_) {
    const Feeds::State state = feeds_.state(feed);
    const bool is_still = feeds_.is_closed(feed) || feeds_.is_broken(feed);
    if (state.have < end.number && !is_still) settled = std::min(settled, state.stamp);
  }
  return settled;
}

}  // namespace p2pchat
