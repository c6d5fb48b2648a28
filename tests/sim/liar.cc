#include "tests/sim/liar.h"

#include <algorithm>

#include "proto/rendezvous.h"

namespace p2pchat::sim {
namespace {

constexpr std::size_t kPastMax = 64;
constexpr Duration kLateMin = 500ms;
constexpr Duration kLateMax = 40s;
// Percent of messages that something is added to, in a room of kFewHosts. Where there are more to
// tell it says no more to all of them together.
constexpr std::uint64_t kInventions = 10;
constexpr std::uint64_t kFewHosts = 6;

// Who has signed an object that names its signer's seat.
std::optional<PeerId> signer_of(const Object& object) {
  const auto peer_in = [](const auto& decoded) {
    return decoded ? std::optional(decoded->seat.peer) : std::nullopt;
  };
  if (object.kind == Kind::vote) return peer_in(Vote::decode(object.raw));
  if (object.kind == Kind::pledge) return peer_in(Pledge::decode(object.raw));
  if (object.kind == Kind::decided) return peer_in(Decided::decode(object.raw));
  return std::nullopt;
}

}  // namespace

Liar::Liar(World& world, Host& host, const Repertoire& repertoire, std::uint64_t seed)
    : world_(world), host_(host), repertoire_(repertoire), prng_(seed), seed_(seed) {
  world.meddle(host, {[this](const Action& order) { return send(order); },
                      [this](Event& event) { return hear(event); }});
}

bool Liar::is_other_half(const PeerId& peer) const {
  return Hasher("half").add(seed_).add(peer).finish().bytes[0] % 2 == 0;
}

std::optional<Seat> Liar::seat(const RoomId& room) const {
  const Disk::Membership* kept = host_.disk().membership(room);
  return kept == nullptr ? std::nullopt : kept->roster().seat_of(host_.id());
}

const Value* Liar::other_value(const ValueId& value) const {
  const auto known = values_.find(value);
  if (known == values_.end()) return nullptr;
  for (const auto& [id, other] : values_) {
    const bool is_rival =
        id != value && other.room == known->second.room && other.height == known->second.height;
    if (is_rival) return &other;
  }
  return nullptr;
}

// --- What goes out ----------------------------------------------------------

Actions Liar::send(const Action& order) {
  const bool forks = repertoire_.forks_feeds && !is_honest_;
  // On PUB all would hear the same.
  if (std::holds_alternative<action::Publish>(order)) return forks ? Actions{} : Actions{order};
  if (const auto* give = std::get_if<action::Give>(&order)) {
    const bool is_own = give->want.feed.author == host_.id();
    return {forks && is_own && is_other_half(give->peer) ? forked(*give) : order};
  }
  const auto* send = std::get_if<action::SendLink>(&order);
  if (send != nullptr) {
    const auto message = link::decode(send->frame);
    const auto* objects = message ? std::get_if<link::Objects>(&*message) : nullptr;
    if (objects == nullptr && (!forks || !message || !is_other_half(send->peer))) return {order};
    if (objects == nullptr) {
      return {action::SendLink{send->peer, send->side, link::encode(forked(*message))}};
    }
    for (const Object& object : objects->objects) note_own(object);
    return told(*send, objects->room, twisted(send->peer, objects->objects));
  }
  const auto* ask = std::get_if<action::AskRendezvous>(&order);
  const auto request = rendezvous::decode_request(ask->question);
  const auto* put = request ? std::get_if<rendezvous::Put>(&request->question) : nullptr;
  if (put == nullptr) return {order};
  note_own(put->object);
  const auto shown = twisted({}, {put->object});
  // Its Node waits for an answer.
  if (shown.empty()) return {order};
  const rendezvous::Put other{shown.back()};
  return {
      action::AskRendezvous{ask->desk, rendezvous::encode(rendezvous::Request{host_.id(), other})}};
}

// --- Two histories ---

const Batch& Liar::twin_of(const Batch& batch) {
  const auto known = twins_.find(batch.head);
  if (known != twins_.end()) return known->second;
  Batch twin = batch;
  if (batch.first == Number{1}) {
    auto opening = *Opening::decode(batch.posts.front().body);
    const Head past{{batch.feed.author, opening.incarnation}, opening.number, opening.hash};
    opening.hash = twin_of(batch.room, past).hash;
    twin.posts.front().body = opening.encode();
  } else {
    twin.previous = twin_of(batch.room, {batch.feed, {batch.first.value - 1}, batch.previous}).hash;
    for (Post& post : twin.posts) post.body.push_back('?');
  }
  twin.sign(host_.identity());
  return twins_.emplace(batch.head, std::move(twin)).first->second;
}

Head Liar::twin_of(const RoomId& room, const Head& head) {
  const Disk::Row* row = host_.disk().covering(room, head.feed, head.number);
  const bool is_end = row != nullptr && row->batch->head == head.hash;
  if (head.feed.author != host_.id() || !is_end) return head;
  return {head.feed, head.number, twin_of(*row->batch).head};
}

link::Message Liar::forked(const link::Message& message) {
  link::Message twisted = message;
  if (auto* posts = std::get_if<link::Posts>(&twisted)) {
    const auto batch = Batch::decode(posts->batch);
    if (batch && batch->feed.author == host_.id()) posts->batch = twin_of(*batch).raw;
  } else if (auto* heads = std::get_if<link::Heads>(&twisted)) {
    for (Head& head : heads->heads) head = twin_of(heads->room, head);
  } else if (auto* pulse = std::get_if<link::Pulse>(&twisted)) {
    auto beat = Beat::decode(pulse->beat);
    if (beat->own) beat->own = twin_of(beat->room, *beat->own);
    for (Head& head : beat->heads) head = twin_of(beat->room, head);
    beat->sign(host_.identity());
    pulse->beat = beat->raw;
  }
  return twisted;
}

// One batch at a time is enough: the rest is asked for again.
Action Liar::forked(const action::Give& order) {
  const link::Want& want = order.want;
  link::Give give{want.want, want.room, {}, true};
  const Disk::Row* row = host_.disk().covering(want.room, want.feed, want.first);
  if (row != nullptr && !row->is_damaged) give.batches.push_back(twin_of(*row->batch).raw);
  return action::SendLink{order.peer, order.side, link::encode(give)};
}

// --- What members sign ---

std::vector<Object> Liar::twisted(const PeerId& to, const std::vector<Object>& objects) {
  if (is_honest_) return objects;
  std::vector<Object> shown;
  for (const Object& object : objects) twist(to, object, shown);
  const auto room = objects.empty() ? std::nullopt : room_of(objects.front());
  if (room) invent(*room, shown);
  std::erase_if(shown, [&](const Object& object) { return room_of(object) != room; });
  return shown;
}

// With what was invented they may not fit one page any more.
Actions Liar::told(const action::SendLink& to, const RoomId& room,
                   const std::vector<Object>& objects) {
  Actions pages;
  link::Objects page{room, {}};
  std::size_t bytes = 0;
  const auto turn_over = [&] {
    pages.push_back(action::SendLink{to.peer, to.side, link::encode(page)});
    page.objects.clear();
    bytes = 0;
  };
  for (const Object& object : objects) {
    constexpr std::size_t kObjectFrameBytes = 8;
    bytes += object.raw.size() + kObjectFrameBytes;
    if (bytes > kPageBytesMax && !page.objects.empty()) {
      turn_over();
      bytes = object.raw.size() + kObjectFrameBytes;
    }
    page.objects.push_back(object);
  }
  if (!page.objects.empty()) turn_over();
  return pages;
}

void Liar::twist(const PeerId& to, const Object& object, std::vector<Object>& shown) {
  const bool is_mine = signer_of(object) == host_.id();
  if (object.kind == Kind::pledge && is_mine) return twist_pledge(to, object, shown);
  if (object.kind == Kind::vote && is_mine && repertoire_.votes_both_ways && is_other_half(to)) {
    auto vote = Vote::decode(object.raw);
    vote->yes = !vote->yes;
    vote->sign(host_.identity());
    return shown.push_back({Kind::vote, vote->raw});
  }
  if (object.kind == Kind::decided && is_mine && repertoire_.boasts) {
    auto decided = Decided::decode(object.raw);
    if (const Value* other = other_value(decided->value)) decided->value = other->id;
    decided->sign(host_.identity());
    return shown.push_back({Kind::decided, decided->encode()});
  }
  const bool is_proof = object.kind == Kind::certificate || object.kind == Kind::decided;
  if (is_proof && repertoire_.favours && is_other_half(to)) return;
  shown.push_back(object);
}

void Liar::twist_pledge(const PeerId& to, const Object& object, std::vector<Object>& shown) {
  auto pledge = Pledge::decode(object.raw);
  const Value* other = other_value(pledge->value);
  if (repertoire_.splits_pledges && other != nullptr && is_other_half(to)) {
    pledge->value = other->id;
    pledge->sign(host_.identity());
    shown.push_back({Kind::value, other->raw});
    shown.push_back({Kind::pledge, pledge->encode()});
  } else if (repertoire_.pledges_late && to != PeerId{}) {
    say_later(to, object);
  } else {
    shown.push_back(object);
  }
}

void Liar::say_later(const PeerId& to, const Object& object) {
  const link::Objects message{*room_of(object), {object}};
  const Bytes frame = link::encode(message);
  const bool is_dialled = prng_.chance(50);
  world_.after(prng_.between(kLateMin, kLateMax), [this, to, frame, is_dialled] {
    // Whichever of the two roads stands.
    const LinkSide first = is_dialled ? LinkSide::dialled : LinkSide::accepted;
    const LinkSide second = is_dialled ? LinkSide::accepted : LinkSide::dialled;
    world_.network().send_link(host_.index(), to, first, frame);
    world_.network().send_link(host_.index(), to, second, frame);
  });
}

void Liar::invent(const RoomId& room, std::vector<Object>& shown) {
  const std::uint64_t many = std::max<std::uint64_t>(world_.size(), kFewHosts);
  if (prng_.below(many * many) * 100 >= kInventions * kFewHosts * kFewHosts) return;
  if (repertoire_.replays && !past_.empty()) {
    for (auto left = prng_.between(1, 4); left > 0; --left) {
      shown.push_back(past_[prng_.below(past_.size())]);
    }
  }
  if (repertoire_.floods) {
    invent_knock(room, Identity::from_seed(prng_.seed()), shown);
    invent_eviction(room, shown);
  }
  if (repertoire_.ghosts) {
    const Host& victim = world_.host(prng_.below(world_.size()));
    if (&victim == &host_) return;
    invent_knock(room, victim.identity(), shown);
    const Signature mine = host_.identity().sign(Purpose::knock, room, {});
    Bytes& raw = shown.back().raw;
    std::copy(mine.bytes.begin(), mine.bytes.end(), raw.end() - Signature::kSize);
  }
}

void Liar::invent_knock(const RoomId& room, const Identity& signer, std::vector<Object>& shown) {
  Knock knock;
  knock.room = room;
  knock.card = Card::make(signer, "ghost", {}, false, {1});
  knock.expires = {host_.moment().wall.milliseconds + prng_.between(1ms, 600s).count()};
  knock.sign(signer);
  shown.push_back({Kind::knock, knock.raw});
}

// Of anybody, and with its own yes.
void Liar::invent_eviction(const RoomId& room, std::vector<Object>& shown) {
  const auto own = seat(room);
  if (!own) return;
  Eviction eviction{room, {}};
  for (const auto& [peer, admission] : host_.disk().membership(room)->roster().members()) {
    if (peer != host_.id() && prng_.chance(40)) eviction.seats.push_back({peer, admission});
  }
  if (eviction.seats.empty()) return;
  Vote vote;
  vote.room = room;
  vote.seat = *own;
  vote.change = eviction.id();
  vote.yes = true;
  vote.sign(host_.identity());
  shown.push_back({Kind::eviction, eviction.encode()});
  shown.push_back({Kind::vote, vote.raw});
}

// --- What comes in ----------------------------------------------------------

bool Liar::hear(Event& event) {
  if (auto* frame = std::get_if<event::LinkFrameReceived>(&event)) {
    const auto message = link::decode(frame->frame);
    const auto* objects = message ? std::get_if<link::Objects>(&*message) : nullptr;
    if (objects == nullptr) return true;
    link::Objects heard = *objects;
    for (const Object& object : heard.objects) note(object);
    std::erase_if(heard.objects, [&](const Object& object) { return gives_away(object); });
    if (heard.objects.empty()) return false;
    frame->frame = link::encode(heard);
  } else if (auto* answered = std::get_if<event::RendezvousAnswered>(&event)) {
    const auto answer = rendezvous::decode_answer(answered->answer, rendezvous::Watch{});
    const auto* page = answer ? std::get_if<rendezvous::Page>(&*answer) : nullptr;
    if (page == nullptr) return true;
    rendezvous::Page heard = *page;
    std::erase_if(heard.objects, [&](const Object& object) { return gives_away(object); });
    answered->answer = rendezvous::encode(rendezvous::Answer(heard));
  }
  return true;
}

void Liar::note(const Object& object) {
  if (object.kind == Kind::value) {
    if (const auto value = Value::decode(object.raw)) values_.emplace(value->id, *value);
  }
  past_.push_back(object);
  if (past_.size() > kPastMax) past_.pop_front();
}

void Liar::note_own(const Object& object) {
  note(object);
  if (signer_of(object) == host_.id()) own_.insert(object.raw);
}

bool Liar::gives_away(const Object& object) const {
  return signer_of(object) == host_.id() && !own_.contains(object.raw);
}

}  // namespace p2pchat::sim
