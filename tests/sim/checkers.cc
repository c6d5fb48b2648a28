#include "tests/sim/checkers.h"

#include <algorithm>

#include "proto/limits.h"
#include "proto/overload.h"
#include "proto/pair.h"

namespace p2pchat::sim {

void Checkers::add_host(const PeerId& id) {
  for (HostIndex other = 0; other < hosts_.size(); ++other) {
    const RoomId room = pair_room(hosts_[other], id);
    pairs_[room] = {room, other, hosts_.size()};
  }
  hosts_.push_back(id);
  rooms_.add_host(id);
}

void Checkers::fail(const Witness& witness, const std::string& text) {
  verdict_.fail(short_text(hosts_[witness.host]) + " " + text);
}

const Checkers::Pair* Checkers::pair(const RoomId& room) const {
  const auto it = pairs_.find(room);
  return it == pairs_.end() ? nullptr : &it->second;
}

const RoomId& Checkers::room_of(HostIndex a, HostIndex b) const {
  const auto it = std::find_if(pairs_.begin(), pairs_.end(), [a, b](const auto& entry) {
    return entry.second.a == std::min(a, b) && entry.second.b == std::max(a, b);
  });
  return it->first;
}

bool Checkers::is_member(const Witness& witness, const RoomId& room, const PeerId& peer) const {
  const Pair* members = pair(room);
  if (members == nullptr) return RoomCheckers::is_member(witness.disk, room, peer);
  return hosts_[members->a] == peer || hosts_[members->b] == peer;
}

bool Checkers::counts(const Witness& witness, const Batch& batch) const {
  if (pair(batch.room) != nullptr) return is_member(witness, batch.room, batch.feed.author);
  return RoomCheckers::counts(witness.disk, batch);
}

bool Checkers::is_blocked(const Witness& witness, const PeerId& peer) const {
  const auto it = witness.disk.contacts().find(peer);
  return it != witness.disk.contacts().end() && it->second.is_blocked;
}

// --- What is stored ---------------------------------------------------------

void Checkers::taking(const Witness& witness, const Event& event) {
  if (const auto* asked = std::get_if<event::DoorAsked>(&event)) {
    questions_[asked->visit] = asked->question;
  }
  rooms_.taking(witness, event);
}

void Checkers::storing(const Witness& witness, const Action& action) {
  rooms_.storing(witness, action);
  if (const auto* batch = std::get_if<action::StoreBatch>(&action)) {
    storing_batch(witness, *batch);
  } else if (const auto* prune = std::get_if<action::Prune>(&action)) {
    pruning(witness, *prune);
  } else if (const auto* decision = std::get_if<action::StoreDecision>(&action)) {
    const Value& value = decision->value;
    for (const Leave& leave : value.leaves) newly_gone_.insert({witness.host, leave.seat.peer});
    for (const Eviction& eviction : value.evictions) {
      for (const Seat& seat : eviction.seats) newly_gone_.insert({witness.host, seat.peer});
    }
  } else if (const auto* self = std::get_if<action::StoreSelf>(&action)) {
    if (self->card_counter < witness.disk.card_counter()) {
      fail(witness, "takes a card counter back");
    }
    if (self->promised < witness.disk.promised()) fail(witness, "takes a promise back");
  } else if (const auto* contact = std::get_if<action::StoreContact>(&action)) {
    const PeerId& self_id = hosts_[witness.host];
    const Contact& told = contact->contact;
    if (told.is_blocked) newly_blocked_.insert({witness.host, told.id});
    if (told.founding && !verify_founding(told.id, self_id, *told.founding)) {
      fail(witness, "counts somebody as met without a signature");
    }
    for (const auto& [id, other] : witness.disk.contacts()) {
      if (id == told.id || other.name != told.name) continue;
      fail(witness, "lists two peers as " + told.name);
    }
  }
}

void Checkers::storing_batch(const Witness& witness, const action::StoreBatch& order) {
  const auto batch = Batch::decode(order.batch.raw);
  if (!batch) return fail(witness, "stores a batch that does not verify");
  if (batch->room != order.batch.room || batch->feed != order.batch.feed ||
      batch->first != order.batch.first || batch->head != order.batch.head) {
    return fail(witness, "stores a batch under another name than it bears");
  }
  if (!is_member(witness, batch->room, hosts_[witness.host]) || !counts(witness, *batch)) {
    return fail(witness, "stores a batch of somebody who is no member");
  }
  if (is_blocked(witness, batch->feed.author)) {
    return fail(witness, "stores a batch of somebody blocked");
  }
  const Disk::Row* row = witness.disk.covering(batch->room, batch->feed, batch->first);
  if (row != nullptr) {
    const bool is_same = batch->first == Number{1} ? row->batch->raw == batch->raw
                                                   : row->batch->pruned() == batch->pruned();
    if (!is_same) return fail(witness, "stores another batch at a number");
    const bool brings_texts = row->batch->is_pruned() && !batch->is_pruned();
    if (!brings_texts && !damaged_.contains(witness.host)) fail(witness, "stores a batch twice");
    return;
  }
  held_[{witness.host, batch->room, batch->feed}] = batch->last();
  if (!fits_feed(witness, *batch)) return;
  Hash previous = batch->previous;
  for (std::size_t i = 0; i < batch->posts.size(); ++i) {
    const Number number{batch->first.value + i};
    previous = post_hash(previous, number, batch->posts[i]);
    storing_post(witness, *batch, i, previous);
  }
}

void Checkers::pruning(const Witness& witness, const action::Prune& order) {
  for (const std::size_t at : witness.disk.prunable(order)) {
    const Batch& batch = *witness.disk.rows()[at].batch;
    if (!has_everybody(witness, batch)) return fail(witness, "prunes what somebody lacks");
  }
}

// As far as the witness knows who is in; of whoever has lost its state it may not know that yet.
bool Checkers::has_everybody(const Witness& witness, const Batch& batch) {
  for (HostIndex host = 0; host < hosts_.size(); ++host) {
    if (host == witness.host || amnesiacs_.contains(host) || rooms_.is_liar(host)) continue;
    const bool is_reader = is_member(witness, batch.room, hosts_[host]) &&
                           is_for(witness, hosts_[host], batch.room, batch.feed);
    if (is_reader && held_[{host, batch.room, batch.feed}] < batch.last()) return false;
  }
  return true;
}

bool Checkers::fits_feed(const Witness& witness, const Batch& batch) {
  const Disk::Row* newest = witness.disk.newest(batch.room, batch.feed);
  const Number expected = newest == nullptr ? Number{1} : newest->batch->last().next();
  const Hash previous = newest == nullptr ? feed_root(batch.room, batch.feed) : newest->batch->head;
  if (batch.first != expected) {
    fail(witness, "stores a batch beyond a gap");
    return false;
  }
  if (batch.previous != previous) {
    fail(witness, "stores a batch that does not follow");
    return false;
  }
  if (newest != nullptr && batch.posts.front().stamp <= newest->batch->posts.back().stamp) {
    fail(witness, "stores a batch whose stamps do not rise");
    return false;
  }
  return true;
}

void Checkers::storing_post(const Witness& witness, const Batch& batch, std::size_t index,
                            const Hash& hash) {
  const Post& post = batch.posts[index];
  const PostId id{batch.room, batch.feed, {batch.first.value + index}};
  if (index > 0 && post.stamp <= batch.posts[index - 1].stamp) {
    fail(witness, "stores posts whose stamps do not rise");
  }
  const HostIndex author = host_of(batch.feed.author);
  // Who lies may sign what it has not stored, and more than one post under a number.
  const bool is_of_liar = rooms_.is_liar(author) && author != witness.host;
  if (!is_of_liar) {
    const auto [it, is_new] = posts_.try_emplace(id, hash);
    if (it->second != hash) return fail(witness, "stores one of two posts at one number");
    if (is_new) {
      if (batch.feed.author != hosts_[witness.host]) {
        return fail(witness, "stores a post that its author has not stored");
      }
      writing_post(witness, batch, index);
    }
  }
  const auto settled = final_.find({witness.host, batch.room});
  const bool is_excused = amnesiacs_.contains(author) || rooms_.is_torn(batch.room);
  if (settled != final_.end() && post.stamp <= settled->second && !is_excused) {
    fail(witness, "stores a post below a line that was final");
  }
  if (post.kind != PostKind::chat || post.pruned || is_of_liar) return;
  const Push* push = ledger_.push_of(to_string(post.body));
  if (push == nullptr || push->post != id) return fail(witness, "holds a text that was not pushed");
  check_arrival(witness, id, *push);
}

// Of the seat that a feed is written in; a pair has none.
Bytes Checkers::mark_of(const RoomId& room, const FeedId& feed) const {
  if (pair(room) != nullptr) return {};
  return to_bytes(feed.incarnation.view().first(kSeatMarkBytes));
}

void Checkers::writing_post(const Witness& witness, const Batch& batch, std::size_t index) {
  const Post& post = batch.posts[index];
  const PostId id{batch.room, batch.feed, {batch.first.value + index}};
  const auto run = runs_.try_emplace(batch.feed, witness.run).first->second;
  // Where feeds have readers, another is begun when a reader comes.
  if (const auto opening = Opening::decode(post.body); post.kind == PostKind::opening && opening) {
    readers_[batch.feed] = encode(opening->readers);
  }
  const auto& incarnation =
      incarnations_
          .try_emplace({witness.host, witness.run, batch.room, mark_of(batch.room, batch.feed)},
                       batch.feed.incarnation)
          .first->second;
  if (run != witness.run) fail(witness, "posts under an incarnation of an earlier run");
  if (incarnation != batch.feed.incarnation && readers_[batch.feed].empty()) {
    fail(witness, "posts under two incarnations");
  }
  if ((post.kind == PostKind::opening) != (id.number == Number{1})) {
    fail(witness, "begins a feed without an opening, or opens it twice");
  }
  check_own_stamp(witness, batch, post.stamp);
  if (post.kind == PostKind::chat) ledger_.written(witness.host, id, to_string(post.body));
}

void Checkers::check_own_stamp(const Witness& witness, const Batch& batch, Stamp stamp) {
  const auto promised = promised_.find({witness.host, batch.room});
  if (promised != promised_.end() && stamp <= promised->second) {
    fail(witness, "posts below a stamp that its beat promised");
  }
  // What the same turn promises comes after what it posts.
  const auto [it, is_new] =
      stored_promises_.try_emplace({witness.host, witness.run}, witness.disk.promised());
  if (stamp <= it->second) fail(witness, "posts below a stamp that it had promised");
  for (const Disk::Row& row : witness.disk.rows()) {
    if (!row.batch || row.room != batch.room) continue;
    const Stamp stored = row.batch->posts.back().stamp;
    if (stamp > stored) continue;
    // A stamp too far ahead of one's own clock is not followed.
    const WallTime looked{std::min(row.received.milliseconds, witness.boot.milliseconds)};
    const Stamp bound = Stamp::at({looked.milliseconds + kClockAheadMax.count()});
    const bool is_own = row.batch->feed.author == batch.feed.author;
    if (is_own || stored <= bound) fail(witness, "posts below a stamp that it had stored");
  }
}

// By its opening, and by the seats that the witness knows.
bool Checkers::is_for(const Witness& witness, const PeerId& reader, const RoomId& room,
                      const FeedId& feed) const {
  const auto readers = readers_.find(feed);
  const Disk::Membership* membership = witness.disk.membership(room);
  const auto seat = membership == nullptr ? std::nullopt : membership->roster().seat_of(reader);
  return readers == readers_.end() || !seat || feed.author == reader ||
         may_read(*decode_readers(readers->second), reader_mark(seat->admission));
}

void Checkers::check_arrival(const Witness& witness, const PostId& id, const Push& push) {
  for (const Push& earlier : ledger_.pushes()) {
    if (earlier.author != push.author || earlier.room != push.room) continue;
    if (!earlier.answered || *earlier.answered > push.asked || earlier.is_forgotten) continue;
    const PostId& post = *earlier.post;
    // What was said in an earlier seat may be cut off.
    if (mark_of(id.room, post.feed) != mark_of(id.room, id.feed)) continue;
    if (post.feed == id.feed) {
      if (post.number >= id.number) fail(witness, "numbers posts in another order than pushed");
    } else if (witness.disk.covering(post.room, post.feed, post.number) == nullptr &&
               is_for(witness, hosts_[witness.host], post.room, post.feed)) {
      fail(witness, "shows '" + push.text + "' before '" + earlier.text + "'");
    }
  }
}

// --- What leaves ------------------------------------------------------------

void Checkers::leaving(const Witness& witness, const Action& action) {
  rooms_.leaving(witness, action);
  if (const auto* send = std::get_if<action::SendLink>(&action)) {
    if (send->frame.size() > kFrameBytesMax) return fail(witness, "sends a frame over the limit");
    const auto message = link::decode(send->frame);
    if (!message) return fail(witness, "sends what does not decode");
    leaving_message(witness, *message, &send->peer);
  } else if (const auto* publish = std::get_if<action::Publish>(&action)) {
    leaving_live(witness, publish->frame);
  } else if (const auto* give = std::get_if<action::Give>(&action)) {
    if (!may_hear(witness, give->want.room, give->peer)) {
      fail(witness, "gives to somebody who is no member");
    }
    const link::Want& want = give->want;
    const bool has_more = witness.disk.covering(want.room, want.feed, Number{2}) != nullptr;
    if (has_more && want.last > Number{1} &&
        !is_for(witness, give->peer, give->want.room, give->want.feed)) {
      fail(witness, "gives what its reader may not read");
    }
    if (give->want.budget > kWantBytesMax) fail(witness, "gives more than may be wanted");
  } else if (const auto* answer = std::get_if<action::AnswerDoor>(&action)) {
    if (answer->answer.size() > kDoorBytesMax) fail(witness, "answers too long at its door");
    const auto decoded = door::decode_answer(answer->answer);
    if (!decoded) return fail(witness, "answers at its door what does not decode");
    leaving_door_answer(witness, answer->visit, *decoded);
  } else if (const auto* visit = std::get_if<action::VisitDoor>(&action)) {
    if (visit->question.size() > kDoorBytesMax) fail(witness, "asks too long at a door");
    const auto decoded = door::decode_question(visit->question);
    if (!decoded) return fail(witness, "asks at a door what does not decode");
    const auto* registration = std::get_if<door::Registration>(&*decoded);
    if (registration != nullptr) leaving_card(witness, registration->card);
    const auto* invitation = std::get_if<door::Invitation>(&*decoded);
    if (invitation != nullptr) leaving_card(witness, invitation->card);
  } else if (const auto* answer_to_user = std::get_if<action::Answer>(&action)) {
    leaving_answer(witness, *answer_to_user);
  }
}

void Checkers::leaving_door_answer(const Witness& witness, const VisitId& visit,
                                   const door::Answer& answer) {
  std::visit(Overload{[&](const door::Introduction& it) { leaving_card(witness, it.card); },
                      [&](const door::Outline& it) { leaving_card(witness, it.card); },
                      [&](const door::Answered& it) { leaving_card(witness, it.card); },
                      [&](const door::Refused&) {},
                      [&](const door::Ack& it) {
                        if (it.founding) leaving_welcome(witness, visit);
                      }},
             answer);
}

// Whoever is let in is a contact for good.
void Checkers::leaving_welcome(const Witness& witness, const VisitId& visit) {
  const auto question = door::decode_question(questions_.at(visit));
  const auto* registration = question ? std::get_if<door::Registration>(&*question) : nullptr;
  if (registration == nullptr) return fail(witness, "lets somebody in who did not register");
  const auto contact = witness.disk.contacts().find(registration->card.id);
  if (contact == witness.disk.contacts().end() || !contact->second.founding) {
    fail(witness, "lets somebody in and does not store it");
  }
}

void Checkers::leaving_answer(const Witness& witness, const action::Answer& answer) {
  ledger_.answered(witness.host, answer);
  if (answer.code != ExitCode::done) return;
  const Push* push = ledger_.push_of(answer.request);
  if (push != nullptr) {
    const bool is_durable = push->post && witness.disk.covering(push->room, push->post->feed,
                                                                push->post->number) != nullptr;
    if (!is_durable) fail(witness, "answers a push that is not durable");
    return;
  }
  if (!ledger_.names_contact(answer.request)) return;
  const auto who = peer_id(answer.row.text("id"));
  if (who && !witness.disk.contacts().contains(*who)) {
    fail(witness, "answers for a contact that is not durable");
  }
}

void Checkers::giving(const Witness& witness, const PeerId& peer, const Bytes& frame) {
  if (frame.size() > kFrameBytesMax) return fail(witness, "gives a frame over the limit");
  const auto message = link::decode(frame);
  if (!message) return fail(witness, "gives what does not decode");
  leaving_message(witness, *message, &peer);
}

void Checkers::leaving_message(const Witness& witness, const link::Message& message,
                               const PeerId* to) {
  const bool is_greeting = std::holds_alternative<link::Ack>(message);
  const bool was_blocked =
      to != nullptr && is_blocked(witness, *to) && !newly_blocked_.contains({witness.host, *to});
  if (was_blocked && !is_greeting) {
    return fail(witness, "talks to somebody blocked");
  }
  if (const auto* posts = std::get_if<link::Posts>(&message)) {
    leaving_posts(witness, posts->room, posts->batch, to);
  } else if (const auto* give = std::get_if<link::Give>(&message)) {
    for (const Bytes& raw : give->batches) leaving_posts(witness, give->room, raw, to);
  } else if (const auto* pulse = std::get_if<link::Pulse>(&message)) {
    leaving_beat(witness, pulse->room, pulse->beat, to);
  } else if (const auto* registration = std::get_if<link::Registration>(&message)) {
    leaving_card(witness, registration->card);
  } else if (const auto* key = std::get_if<link::Handover>(&message)) {
    keys_[key->topic] = key->key;
    keepers_[key->topic].insert(*to);
    if (!may_hear(witness, key->room, *to))
      fail(witness, "hands a key to somebody who is no member");
  } else if (const auto* heads = std::get_if<link::Heads>(&message)) {
    for (const Head& head : heads->heads) {
      if (!holds_head(witness, heads->room, head)) fail(witness, "names a head it does not hold");
    }
  }
}

// It was one when the turn began, at least.
bool Checkers::may_hear(const Witness& witness, const RoomId& room, const PeerId& peer) const {
  return is_member(witness, room, peer) || newly_gone_.contains({witness.host, peer});
}

void Checkers::leaving_posts(const Witness& witness, const RoomId& room, ByteView raw,
                             const PeerId* to) {
  const auto batch = Batch::decode(raw);
  if (!batch) return fail(witness, "sends a batch that does not verify");
  if (batch->room != room) return fail(witness, "sends a batch under another room's name");
  if (!witness.disk.holds(*batch)) return fail(witness, "sends a batch that is not durable");
  if (to != nullptr && !may_hear(witness, batch->room, *to)) {
    fail(witness, "sends a batch to somebody who is no member");
  }
}

void Checkers::leaving_beat(const Witness& witness, const RoomId& room, ByteView raw,
                            const PeerId* to) {
  const auto beat = Beat::decode(raw);
  if (!beat) return fail(witness, "sends a beat that does not verify");
  if (beat->room != room) return fail(witness, "sends a beat under another room's name");
  if (beat->author != hosts_[witness.host]) return fail(witness, "sends somebody else's beat");
  if (to != nullptr && !may_hear(witness, beat->room, *to)) {
    return fail(witness, "sends a beat to somebody who is no member");
  }
  if (beat->own && !holds_head(witness, beat->room, *beat->own)) {
    return fail(witness, "says that it has posted what is not durable");
  }
  for (const Head& head : beat->heads) {
    if (!holds_head(witness, beat->room, head)) fail(witness, "receipts what is not durable");
  }
  auto& [counter, newest] = beats_[{beat->room, beat->incarnation}];
  const bool is_new = beat->counter > counter;
  if (!is_new && newest != to_bytes(raw)) return fail(witness, "counts a beat that is not new");
  counter = beat->counter;
  newest = to_bytes(raw);
  Stamp& promised = promised_[{witness.host, beat->room}];
  promised = std::max(promised, beat->stamp);
}

void Checkers::leaving_live(const Witness& witness, const Bytes& frame) {
  if (frame.size() > kFrameBytesMax) return fail(witness, "publishes a frame over the limit");
  const auto live = live::decode(frame);
  if (!live) return fail(witness, "publishes what does not decode");
  // A key that was handed over to nobody opens nothing for anybody.
  const auto key = keys_.find(live->topic);
  if (key == keys_.end()) return;
  const auto plain = open(key->second, live->count, live->topic, live->sealed);
  if (!plain) return fail(witness, "publishes what its own key does not open");
  const auto message = link::decode(*plain);
  if (!message) return fail(witness, "seals what does not decode");
  leaving_message(witness, *message, nullptr);
  // All who can open it are told of it.
  for (const PeerId& keeper : keepers_[live->topic]) {
    const auto* posts = std::get_if<link::Posts>(&*message);
    if (posts != nullptr) leaving_posts(witness, posts->room, posts->batch, &keeper);
  }
}

void Checkers::leaving_card(const Witness& witness, const Card& card) {
  if (card.id != hosts_[witness.host]) return fail(witness, "shows somebody else's card");
  if (card.counter > witness.disk.card_counter()) {
    return fail(witness, "shows a card whose counter is not durable");
  }
  // A host that can store nothing cannot count a card that has changed.
  if (!witness.can_store || amnesiacs_.contains(witness.host)) return;
  const auto [it, is_new] = cards_.try_emplace({card.id, card.counter}, card.raw);
  if (!is_new && it->second != card.raw) {
    fail(witness, "shows two cards with one counter");
  }
}

HostIndex Checkers::host_of(const PeerId& peer) const {
  return static_cast<HostIndex>(std::find(hosts_.begin(), hosts_.end(), peer) - hosts_.begin());
}

// Of an author that may have shown another one to others. Of a seat that was left all tell the head
// that was agreed on.
bool Checkers::is_branch(const Witness& witness, const RoomId& room, const Head& head) {
  const Disk::Membership* kept = witness.disk.membership(room);
  const auto seat = kept == nullptr ? std::nullopt : kept->roster().seat_of(head.feed.author);
  if (kept != nullptr && !(seat && is_of_seat(head.feed.incarnation, seat->admission))) return true;
  const Disk::Row* row = witness.disk.covering(room, head.feed, head.number);
  if (row == nullptr) return false;
  Hash hash = row->batch->previous;
  for (Number number = row->batch->first; number <= head.number; number = number.next()) {
    hash = post_hash(hash, number, row->batch->posts[number.value - row->batch->first.value]);
  }
  return hash == head.hash;
}

bool Checkers::holds_head(const Witness& witness, const RoomId& room, const Head& head) const {
  const Disk::Row* row = witness.disk.covering(room, head.feed, head.number);
  if (rooms_.is_liar(host_of(head.feed.author))) return is_branch(witness, room, head);
  if (row == nullptr) return false;
  const auto it = posts_.find({room, head.feed, head.number});
  return it != posts_.end() && it->second == head.hash;
}

// --- After a turn, after faults, at the end ---------------------------------

void Checkers::turned(const Witness& witness, const Node& node) {
  newly_blocked_.clear();
  stored_promises_[{witness.host, witness.run}] = witness.disk.promised();
  newly_gone_.clear();
  rooms_.turned(witness);
  for (const auto& [room, kept] : witness.disk.memberships()) {
    if (kept.record.is_gone || !kept.roster().seat_of(hosts_[witness.host])) continue;
    Stamp& settled = final_[{witness.host, room}];
    settled = std::max(settled, node.final_stamp(room));
  }
  for (const auto& [room, members] : pairs_) {
    if (members.a != witness.host && members.b != witness.host) continue;
    Stamp& settled = final_[{witness.host, room}];
    settled = std::max(settled, node.final_stamp(room));
  }
}

void Checkers::losing_state(HostIndex host, const std::vector<const Disk*>& disks) {
  amnesiacs_.insert(host);
  rooms_.forgetting(host);
  std::erase_if(promised_, [host](const auto& it) { return it.first.first == host; });
  std::erase_if(final_, [host](const auto& it) { return it.first.first == host; });
  std::erase_if(held_, [host](const auto& it) { return std::get<0>(it.first) == host; });
  for (Push& push : ledger_.pushes()) {
    if (!push.post) continue;
    const auto holds = [&push](const Disk* disk) {
      const PostId& post = *push.post;
      return disk->covering(post.room, post.feed, post.number) != nullptr;
    };
    if (push.author == host && !holds(disks[host])) push.is_forgotten = true;
    if (std::none_of(disks.begin(), disks.end(), holds)) push.is_perished = true;
  }
}

namespace {

using Place = std::tuple<Stamp, PeerId, Incarnation, Number>;
const std::string kPruned = "(pruned)";

std::map<Place, std::string> log_of(const Disk& disk, const RoomId& room) {
  std::map<Place, std::string> log;
  for (const Disk::Row& row : disk.rows()) {
    if (!row.batch || row.room != room || row.is_damaged) continue;
    for (std::size_t i = 0; i < row.batch->posts.size(); ++i) {
      const Post& post = row.batch->posts[i];
      const Place place{post.stamp,
                        row.batch->feed.author,
                        row.batch->feed.incarnation,
                        {row.batch->first.value + i}};
      log[place] = post.pruned                      ? kPruned
                   : post.kind == PostKind::opening ? "(opening)"
                                                    : to_string(post.body);
    }
  }
  return log;
}

}  // namespace

std::string Checkers::disagreement(HostIndex a, const Disk& of_a, HostIndex b,
                                   const Disk& of_b) const {
  const RoomId& room = room_of(a, b);
  const auto log_a = log_of(of_a, room);
  const auto log_b = log_of(of_b, room);
  const std::string who = short_text(hosts_[a]) + " and " + short_text(hosts_[b]);
  for (const Push& push : ledger_.pushes()) {
    if (push.room != room || !push.answered || push.is_perished) continue;
    for (const auto& [disk, host] : {std::pair{&of_a, a}, std::pair{&of_b, b}}) {
      if (disk->covering(room, push.post->feed, push.post->number) != nullptr) continue;
      return "'" + push.text + "' has not come to " + short_text(hosts_[host]);
    }
  }
  for (const auto& [place, text] : log_a) {
    const auto other = log_b.find(place);
    if (other == log_b.end()) return who + ": only the first holds '" + text + "'";
    const bool is_same = text == other->second || text == kPruned || other->second == kPruned;
    if (!is_same) return who + " hold different texts";
  }
  for (const auto& [place, text] : log_b) {
    if (!log_a.contains(place)) return who + ": only the second holds '" + text + "'";
  }
  return "";
}

}  // namespace p2pchat::sim
