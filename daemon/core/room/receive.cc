// The receiving half of Room: what members say, over links and over PUB.
#include <algorithm>
#include <tuple>

#include "daemon/core/actions.h"
#include "daemon/core/room/room.h"
#include "proto/limits.h"

namespace p2pchat {
Actions Room::receive(const Turn& turn, const PeerId& peer, const link::Posts& posts) {
  if (member(peer) == nullptr) return {};
  Arrival arrival{peer};
  return take_batch(turn, posts.batch, arrival);
}

Actions Room::receive(const Turn& turn, const PeerId& peer, const link::Pulse& pulse) {
  return take_beat(turn, pulse.beat, peer, true);
}

Actions Room::receive(const Turn&, const PeerId& peer, const link::Handover& key) {
  if (member(peer) == nullptr) return {};
  return keys_.learn(peer, key);
}

Actions Room::receive(const Turn&, const PeerId& peer, const link::AskHeads&) {
  if (Member* member = this->member(peer)) member->is_state_due = true;
  return {};
}

Actions Room::receive(const Turn& turn, const PeerId& peer, const link::Heads& heads) {
  Member* member = this->member(peer);
  if (member == nullptr) return {};
  for (const Head& head : heads.heads) {
    claim(turn, peer, head);
    note_receipt(*member, head);
  }
  return ask_for_missing(turn);
}

Actions Room::receive(const Turn&, const PeerId& peer, const link::Want& want) {
  Member* member = this->member(peer);
  if (member == nullptr) return {};
  member->want = want;
  member->want->budget = std::min(want.budget, kWantBytesMax);
  return {};
}

Action Room::answer_want(const PeerId& peer, link::Want want) {
  // Of what is closed to it only the opening, which says so.
  if (!may_read(peer, want.feed)) {
    want.last = Number{1};
    if (want.first > want.last) {
      counters_.count("wants_refused");
      const link::Give nothing{want.want, facts_.id, {}, true};
      return action::SendLink{peer, LinkSide::dialled, link::encode(nothing)};
    }
  }
  return action::Give{peer, LinkSide::dialled, want};
}

Actions Room::receive(const Turn& turn, const PeerId& peer, const link::Give& give) {
  if (!repair_.is_asked(peer, give.want)) {
    counters_.count("gives_unasked");
    return {};
  }
  Actions actions;
  for (const Bytes& batch : give.batches) {
    Arrival arrival{peer, true};
    append(actions, take_batch(turn, batch, arrival));
    if (texts_.giver() == peer) texts_.reached(arrival.feed, arrival.last);
    // Of what it was not asked for it may have without end.
    if (!arrival.of_use || !repair_.is_asked(peer, arrival.feed)) continue;
    repair_.progressed(turn, peer);
    if (Member* member = this->member(peer)) member->silences = 0;
  }
  for (const Action& action : actions) {
    const auto* stored = std::get_if<action::StoreBatch>(&action);
    if (stored != nullptr) progress_.add(turn.now.steady, stored->batch.posts.size());
  }
  if (!give.end) return actions;
  if (texts_.giver() == peer) texts_.ended();
  if (const auto barren = repair_.ended(peer)) {
    counters_.count("claims_void");
    feeds_.void_claim(peer, *barren);
  }
  go_on_past_loss(turn);
  append(actions, ask_for_missing(turn));
  return actions;
}

Actions Room::receive_live(const Turn& turn, const PeerId& author, const live::Frame& frame) {
  Member* member = this->member(author);
  const auto message = keys_.open(turn, author, frame);
  if (member == nullptr || !message) {
    counters_.count("live_unopened");
    return {};
  }
  const auto decoded = link::decode(*message);
  if (!decoded) {
    counters_.count("malformed");
    return {};
  }
  counters_.count("live_received");
  if (!hears(author, turn.now.steady)) beat_soon(turn);
  member->heard_until = turn.now.steady + kHearingTimeout;
  member->was_asked_for_key = false;
  if (const auto* posts = std::get_if<link::Posts>(&*decoded)) {
    Arrival arrival{author};
    return take_batch(turn, posts->batch, arrival);
  }
  if (const auto* pulse = std::get_if<link::Pulse>(&*decoded)) {
    return take_beat(turn, pulse->beat, author, false);
  }
  counters_.count("malformed");
  return {};
}

// As what it is to be counted, if it is not to be looked at.
const char* Room::refusal_of(const Batch& batch, const Arrival& arrival) const {
  const bool is_frozen = frozen_.contains(arrival.from) && frozen_.contains(batch.feed.author);
  if (batch.room != facts_.id || is_frozen || !counts(batch.feed, batch.last())) {
    return "posts_refused";
  }
  const bool is_fair = arrival.is_given && has_pruned(arrival.from, batch);
  if (batch.is_pruned() && !is_fair) return "prunings_refused";
  if (batch.first == Number{1} && !names_all(batch)) return "openings_refused";
  return nullptr;
}

Actions Room::fill_hole(const Turn& turn, Batch batch) {
  if (texts_.lacks(batch) && !batch.is_pruned()) {
    bytes_ += batch.raw.size();
    bytes_ -= std::min<std::uint64_t>(bytes_, batch.pruned().size());
    texts_.take(batch, turn.now.steady);
  }
  repair_.fill(batch);
  if (batch.is_pruned()) lacks_texts(turn, batch);
  return {action::StoreBatch{std::move(batch), turn.now.wall}};
}

Actions Room::take_batch(const Turn& turn, ByteView raw, Arrival& arrival) {
  if (!takes_in()) return {};
  auto batch = Batch::decode(raw);
  if (!batch) {
    counters_.count(batch.error().fault == Fault::forged ? "forged" : "malformed");
    return {};
  }
  arrival.feed = batch->feed;
  arrival.last = batch->last();
  if (const char* refusal = refusal_of(*batch, arrival)) {
    counters_.count(refusal);
    return {};
  }
  const PeerId& from = arrival.from;
  const Feeds::State held = feeds_.state(batch->feed);
  const bool is_other = batch->last() == held.have && batch->head != held.head;
  const bool brings_texts = !batch->is_pruned() && texts_.lacks(*batch);
  if (!is_other && (brings_texts || repair_.has_hole(*batch))) {
    arrival.of_use = true;
    return fill_hole(turn, std::move(*batch));
  }
  if (batch->feed == own_feed()) {
    // Nobody else can add to what I am writing.
    counters_.count("posts_refused");
    return {};
  }
  // Beyond a gap it would wait for what its giver cannot give.
  if (feeds_.is_ignored(from, batch->feed) && batch->first > held.have.next()) {
    counters_.count("posts_dropped");
    return {};
  }
  end_earlier(*batch);
  const FeedId feed = batch->feed;
  const Number before{batch->first.value - 1};
  const auto shared = feeds_.shared_with(*batch);
  std::vector<Batch> ready;
  switch (feeds_.take(std::move(*batch), ready)) {
    case Feeds::Verdict::taken: {
      arrival.of_use = true;
      Actions actions = store(turn, std::move(ready));
      // Of an opening that names an older post than the newest, only the store can tell.
      const bool is_unsure =
          shared && shared->feed != feed && feeds_.state(shared->feed).have > shared->first;
      if (is_unsure && is_unproved(feed)) append(actions, compare(turn, raw, *shared, from));
      return actions;
    }
    case Feeds::Verdict::known: counters_.count("posts_known"); return {};
    case Feeds::Verdict::waiting:
      arrival.of_use = true;
      counters_.count("posts_held_back");
      feeds_.claim(from, feed, before);
      return ask_for_missing(turn);
    case Feeds::Verdict::dropped: counters_.count("posts_dropped"); return {};
    case Feeds::Verdict::closed: counters_.count("posts_refused"); return {};
    case Feeds::Verdict::broken: return take_broken(turn, raw, feed, shared, from);
  }
  return {};
}

Actions Room::take_beat(const Turn& turn, ByteView raw, const PeerId& from, bool over_link) {
  Member* member = this->member(from);
  const auto beat = Beat::decode(raw);
  if (!beat || member == nullptr || beat->author != from || beat->room != facts_.id) {
    counters_.count("beats_refused");
    return {};
  }
  const bool same_run = beat->incarnation == member->incarnation;
  // A run that is not known yet must speak over its own link first; a beat that was
  // recorded and is played again is then of an old run, or has an old count.
  if (!same_run && !over_link) return ask_heads(turn, *member, from);
  if (same_run && beat->counter <= member->counter) {
    counters_.count("beats_old");
    return {};
  }
  turn.clock.observe(beat->stamp, turn.now.wall);
  note_beat(turn, *member, *beat);
  if (beat->own) claim(turn, from, *beat->own);
  for (const Head& head : beat->heads) claim(turn, from, head);
  note_receipts(from, *member, *beat);
  settle(*member);
  Actions actions = ask_for_missing(turn);
  append(actions, compare_vectors(turn, *member, *beat));
  // Its key may have been lost on the way; if that is not why, asking again is of no use.
  if (over_link && !hears(from, turn.now.steady) && !member->was_asked_for_key) {
    Actions asking = ask_heads(turn, *member, from);
    member->was_asked_for_key = !asking.empty();
    append(actions, std::move(asking));
  }
  return actions;
}

void Room::note_beat(const Turn& turn, Member& member, const Beat& beat) {
  // It may have lost what it held.
  if (beat.incarnation != member.incarnation) {
    ask_anew(turn, member);
    member.holds.clear();
    member.alike = {};
  }
  member.incarnation = beat.incarnation;
  member.counter = beat.counter;
  member.promised = beat.stamp;
  member.height = beat.height;
  member.own = beat.own;
  if (beat.kept < member.kept) ask_anew(turn, member);
  member.kept = beat.kept;
  member.awaits = beat.awaits;
  member.sent_ahead = 0;
  const auto self = std::lower_bound(members().begin(), members().end(), facts_.self);
  const auto index = static_cast<std::size_t>(self - members().begin());
  const bool hears_me =
      index / 8 < beat.hears.size() && (beat.hears[index / 8] >> (index % 8) & 1U) != 0;
  member.hears_me_until.reset();
  if (hears_me) member.hears_me_until = turn.now.steady + kHearingTimeout;
}

void Room::note_receipts(const PeerId& peer, Member& member, const Beat& beat) {
  if (beat.own) note_receipt(member, *beat.own);
  for (const Head& head : beat.heads) note_receipt(member, head);
  // Of two alike, each holds what the other does; if it may read more than I, what is for all.
  const Hash& common = beat.common ? *beat.common : beat.vector;
  const bool is_alike = beat.vector == vector_for(peer);
  if (!is_alike && common != common_vector()) return;
  const Hash& alike = is_alike ? beat.vector : common;
  if (alike == member.alike) return;
  member.alike = alike;
  for (const Head& head : is_alike ? heads_for(peer) : common_heads()) note_receipt(member, head);
}

void Room::note_receipt(Member& member, const Head& head) {
  // Bounded by what I hold myself.
  const Feeds::State mine = feeds_.state(head.feed);
  if (mine.have == Number{} || (mine.have == head.number && mine.head != head.hash)) return;
  Number& held = member.holds[head.feed];
  if (held >= head.number) return;
  held = head.number;
  ++receipts_;
}

Number Room::held_by(const PeerId& peer, const FeedId& feed) const {
  const auto member = members_.find(peer);
  if (member == members_.end()) return {};
  const auto held = member->second.holds.find(feed);
  return held == member->second.holds.end() ? Number{} : held->second;
}

std::uint64_t Room::lag_of(const PeerId& peer) const {
  std::uint64_t posts = 0;
  for (const Head& head : heads_for(peer)) {
    const Number held = held_by(peer, head.feed);
    if (held < head.number) posts += head.number.value - held.value;
  }
  return posts;
}

Actions Room::compare_vectors(const Turn& turn, Member& member, const Beat& beat) {
  // What it may read and I may not I cannot compare, and see only what is for all.
  const Hash& common = beat.common ? *beat.common : beat.vector;
  const bool is_alike = may_read_more(beat.author) ? common == common_vector()
                                                   : beat.vector == vector_for(beat.author);
  // What differs and is neither named nor missing here lies in feeds of which we do not know,
  // or is missing there; one look at all heads tells, but not with every beat.
  if (is_alike || feeds_.missing(beat.author)) return {};
  Actions actions = ask_heads(turn, member, beat.author);
  // It may lack what it cannot compare in turn.
  if (!actions.empty() && feeds_.has_closed()) member.is_state_due = true;
  return actions;
}

Actions Room::ask_heads(const Turn& turn, Member& member, const PeerId& peer) {
  if (!member.is_linked || turn.now.steady < member.ask_heads_from) return {};
  member.ask_heads_from = turn.now.steady + kBeatInterval;
  return {action::SendLink{peer, LinkSide::dialled, link::encode(link::AskHeads{facts_.id})}};
}

void Room::claim(const Turn& turn, const PeerId& who, const Head& head) {
  if (!counts(head.feed, head.number) || head.feed == own_feed()) return;
  if (frozen_.contains(who) && frozen_.contains(head.feed.author)) return;
  const Feeds::State state = feeds_.state(head.feed);
  if (state.have == head.number && state.head != head.hash) doubt(turn, who, head);
  feeds_.claim(who, head.feed, head.number);
}

void Room::settle(Member& member) {
  // Of whoever it counts as a member and I do not yet, posts may still come.
  if (member.height > facts_.sitting.height) return;
  const bool holds_all = !member.own || feeds_.is_closed(member.own->feed) ||
                         feeds_.state(member.own->feed).have >= member.own->number;
  if (holds_all) member.settled = std::max(member.settled, member.promised);
}

Actions Room::damaged(const Turn& turn, const Missing& batch) {
  repair_.add_hole(batch);
  return ask_for_missing(turn);
}

// What is behind a damaged post of mine that nobody else has will never be taken by the others,
// nor what names it as its past: so I go on in a feed that names none.
void Room::go_on_past_loss(const Turn& turn) {
  const auto lost = repair_.lost(facts_.self, members_.size());
  if (!lost || (opens_alone_ && *lost != own_feed())) return;
  opens_alone_ = true;
  facts_.incarnation = turn.entropy.draw<Incarnation>();
  sit_down(facts_.incarnation);
  counters_.count("feeds_abandoned");
}

Actions Room::ask_for_missing(const Turn& turn) {
  Actions actions;
  if (!takes_in()) return actions;
  // Whoever was asked in vain is asked last, so that it cannot stand before the others; and before
  // it, who has least pruned.
  std::vector<std::tuple<std::uint64_t, Stamp, PeerId>> linked;
  for (const auto& [peer, member] : members_) {
    if (member.is_linked) linked.emplace_back(member.silences, member.kept, peer);
  }
  std::sort(linked.begin(), linked.end());
  for (const auto& [silences, kept, peer] : linked) {
    auto want = repair_.ask(turn, peer, feeds_, [this, who = peer](const FeedId& feed) {
      return is_for_others(who, feed);
    });
    if (!want) want = ask_for_texts(turn, peer);
    if (want) actions.push_back(action::SendLink{peer, LinkSide::dialled, link::encode(*want)});
  }
  append(actions, look_for_texts(turn));
  return actions;
}

}  // namespace p2pchat
