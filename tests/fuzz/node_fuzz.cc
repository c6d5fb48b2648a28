// Node: whatever decodes, in whatever order, is dispatched without a CHECK, and what goes out
// decodes.
//
// The input is a list of events. Most are built from valid objects that known
// peers have signed, so that they come deep into the node, and some of those
// are then damaged byte by byte. Replaying an input is exact: the node's clock
// and entropy are the input's, too.
#include <cstdlib>
#include <map>
#include <set>

#include "daemon/core/node.h"
#include "proto/check.h"
#include "proto/door.h"
#include "proto/limits.h"
#include "proto/live.h"
#include "proto/pair.h"
#include "tests/fuzz/source.h"

namespace p2pchat {
namespace {

constexpr std::size_t kEventsMax = 400;
constexpr std::size_t kStringBytesMax = 64;
constexpr std::size_t kPostsInOneMax = 3;
// 2026-01-01T00:00:00Z.
constexpr std::int64_t kBegin = 1'767'225'600'000;

Identity identity_of(std::uint8_t first) {
  Seed seed;
  seed.bytes[0] = first;
  return Identity::from_seed(seed);
}

// Who appears in every input: the node, a friend that it has met, one who asks, one who is
// blocked, and a stranger.
struct Cast {
  Identity self = identity_of(1);
  std::vector<Identity> peers{identity_of(2), identity_of(3), identity_of(4), identity_of(5)};

  const Identity& friendly() const { return peers[0]; }
};

const Cast& cast() {
  static const Cast kCast = [] {
    CHECK(crypto_ready());
    return Cast{};
  }();
  return kCast;
}

std::vector<Place> places_of(std::size_t peer) {
  return {{"10.0.0." + std::to_string(peer + 1), 7473, 7474, 7475}};
}

Card card_of(std::size_t peer, std::uint64_t counter) {
  return Card::make(cast().peers[peer], "peer" + std::to_string(peer), places_of(peer), false,
                    {counter});
}

Snapshot snapshot() {
  Snapshot stored;
  stored.card_counter = {3};
  stored.promised = Stamp::at({kBegin});
  for (std::size_t i = 0; i < 3; ++i) {
    Contact contact;
    contact.id = cast().peers[i].id();
    contact.name = "peer" + std::to_string(i);
    contact.card = card_of(i, 1);
    contact.founding = sign_founding(cast().peers[i], cast().self.id());
    contact.asks = i == 1;
    contact.is_blocked = i == 2;
    contact.pins.push_back({"10.0.0." + std::to_string(i + 1), 7473});
    stored.contacts.push_back(std::move(contact));
  }
  return stored;
}

// The feeds of one peer as it would write them, so that a batch may follow the last.
class Author {
 public:
  Author(const Identity& identity, const RoomId& room) : identity_(identity), room_(room) {}

  Batch next(Source& source) {
    const auto run = static_cast<std::uint8_t>(source.integer(1) % 3);
    const auto faults = source.integer(1);
    Batch batch;
    batch.room = room_;
    batch.feed = {identity_.id(), {}};
    batch.feed.incarnation.bytes[0] = run;
    batch.value = pair_value(identity_.id(), cast().self.id());
    if ((faults & 1U) != 0) batch.value.bytes[0] ^= 1U;
    State state = runs_[run];
    if ((faults & 2U) != 0) state.have.value += source.integer(1);
    if ((faults & 4U) != 0) state.head.bytes[0] ^= 1U;
    batch.first = state.have.next();
    batch.previous = batch.first == Number{1} ? feed_root(room_, batch.feed) : state.head;
    fill(batch, source, faults);
    batch.sign(identity_);
    const bool is_kept = (faults & 8U) == 0;
    if (is_kept) runs_[run] = {batch.last(), batch.head};
    return batch;
  }

  Head head(Source& source) const {
    const auto run = static_cast<std::uint8_t>(source.integer(1) % 3);
    Head head{{identity_.id(), {}}, {source.integer(1)}, source.fixed<Hash>()};
    head.feed.incarnation.bytes[0] = run;
    const auto it = runs_.find(run);
    if (it != runs_.end() && source.boolean()) {
      head.number = it->second.have;
      head.hash = it->second.head;
    }
    return head;
  }

 private:
  struct State {
    Number have;
    Hash head;
  };

  void fill(Batch& batch, Source& source, std::uint64_t faults) {
    Stamp stamp = Stamp::at({kBegin + static_cast<std::int64_t>(source.integer(4))});
    if ((faults & 16U) != 0) stamp = {source.integer(8) >> 2U};
    const bool is_first = batch.first == Number{1};
    const std::size_t posts = is_first ? 1 : 1 + source.integer(1) % kPostsInOneMax;
    for (std::size_t i = 0; i < posts; ++i) {
      Post post;
      post.stamp = stamp = stamp.next();
      post.kind = is_first ? PostKind::opening : PostKind::chat;
      if (is_first) {
        Opening opening;
        opening.incarnation.bytes[0] = static_cast<std::uint8_t>(source.integer(1) % 3);
        opening.number = {source.integer(1) % 4};
        post.body = opening.encode();
      } else {
        post.body = to_bytes(source.bytes(source.integer(1)));
      }
      batch.posts.push_back(std::move(post));
    }
  }

  const Identity& identity_;
  RoomId room_;
  std::map<std::uint8_t, State> runs_;
};

// One node, fed from one input.
class Play {
 public:
  explicit Play(ByteView input)
      : source_(input),
        room_(pair_room(cast().self.id(), cast().friendly().id())),
        author_(cast().friendly(), room_),
        node_(settings(), cast().self, Seed{}, snapshot(),
              source_.integer(1) != 255 ? "" : "the disk is full") {}

  void run() {
    see(node_.start(now()));
    for (std::size_t i = 0; i < kEventsMax && !source_.is_empty(); ++i) {
      see(node_.step(now(), next_event()));
      if (source_.boolean()) end_turn();
    }
    end_turn();
    node_.id_record();
    node_.status_record(now());
    node_.room_records(now());
    node_.member_records(room_);
    node_.doctor_records();
    node_.peer_records(now());
    CHECK(node_.conversations().size() <= kContactsMax);
  }

 private:
  static Settings settings() {
    Settings settings;
    settings.name = "self";
    settings.places = {{"10.0.0.9", 7473, 7474, 7475}};
    settings.room_bytes = 64 * 1024;
    return settings;
  }

  Moment now() const { return {{steady_}, {kBegin + (steady_ + wall_offset_).count()}}; }

  void end_turn() {
    if (node_.deadline() <= TimePoint{steady_}) see(node_.step(now(), event::TimerFired{}));
    see(node_.step(now(), event::TurnEnded{}));
  }

  // What goes out is whole, and answers only what was asked, once.
  void see(const Actions& actions) {
    for (const Action& action : actions) {
      if (const auto* send = std::get_if<action::SendLink>(&action)) {
        CHECK(send->frame.size() <= kFrameBytesMax && link::decode(send->frame));
        learn(*link::decode(send->frame));
      } else if (const auto* publish = std::get_if<action::Publish>(&action)) {
        CHECK(publish->frame.size() <= kFrameBytesMax && live::decode(publish->frame));
      } else if (const auto* answer = std::get_if<action::AnswerDoor>(&action)) {
        CHECK(answer->answer.size() <= kDoorBytesMax && door::decode_answer(answer->answer));
      } else if (const auto* visit = std::get_if<action::VisitDoor>(&action)) {
        CHECK(visit->question.size() <= kDoorBytesMax && door::decode_question(visit->question));
        visits_.push_back(visit->visit);
      } else if (const auto* answer_to_user = std::get_if<action::Answer>(&action)) {
        const RequestId& asked = answer_to_user->request;
        CHECK(open_.erase(asked) == 1 || dropped_.contains(asked));
      } else if (const auto* batch = std::get_if<action::StoreBatch>(&action)) {
        CHECK(Batch::decode(batch->batch.raw));
      }
    }
  }

  void learn(const link::Message& message) {
    if (const auto* key = std::get_if<link::Handover>(&message)) own_topic_ = key->topic;
  }

  Event next_event() {
    switch (source_.integer(1) % 17) {
      case 0: return event::LinkOpened{peer().id(), side(), host()};
      case 1: return event::LinkClosed{peer().id(), side(), "gone"};
      case 2: return event::LinkFrameReceived{peer().id(), side(), to_bytes(raw())};
      case 3:
      case 4: return event::LinkFrameReceived{cast().friendly().id(), side(), frame()};
      case 5: return event::LiveFrameReceived{live_frame()};
      case 6: return event::DoorAsked{{source_.integer(1)}, host(), damaged(question())};
      case 7: return event::DoorAnswered{visit(), damaged(answer())};
      case 8: return event::DoorFailed{visit(), "no answer"};
      case 9: return event::PushRequested{request(), name(), body()};
      case 10: return event::MeetRequested{request(), target()};
      case 11: return event::AliasRequested{request(), name(), source_.text()};
      case 12: return event::BlockRequested{request(), name(), source_.boolean()};
      case 13: return local();
      case 14: return damage();
      case 15: return event::StoreRecovered{};
      default: return time_passes();
    }
  }

  Event local() {
    if (source_.boolean()) return event::VerifyRequested{request(), name()};
    const RequestId dropped{source_.integer(1)};
    open_.erase(dropped);
    dropped_.insert(dropped);
    return event::RequestDropped{dropped};
  }

  // The store names batches as it once stored them.
  Event damage() {
    const FeedId feed = author_.head(source_).feed;
    const Number first = number().next();
    return event::BatchDamaged{room_, feed, first, {first.value + source_.integer(1) % 64}};
  }

  Event time_passes() {
    steady_ += Duration(source_.integer(3));
    wall_offset_ = Duration(static_cast<Duration::rep>(source_.integer(3)) - (1 << 23));
    return event::TimerFired{};
  }

  // --- Parts of events ---
  const Identity& peer() { return cast().peers[source_.integer(1) % cast().peers.size()]; }
  LinkSide side() { return source_.boolean() ? LinkSide::dialled : LinkSide::accepted; }
  Number number() { return {source_.integer(1)}; }
  ByteView raw() { return source_.bytes(source_.integer(2) % kFrameBytesMax); }
  std::string host() { return source_.boolean() ? "127.0.0.1" : "10.0.0.1"; }
  VisitId visit() {
    if (visits_.empty()) return {source_.integer(1)};
    return visits_[source_.integer(1) % visits_.size()];
  }
  RequestId request() {
    const RequestId id{++requests_};
    open_.insert(id);
    return id;
  }
  std::string name() {
    const auto which = source_.integer(1) % 8;
    if (which < 4) return to_text(cast().peers[which].id());
    if (which < 7) return "peer" + std::to_string(which - 4);
    return to_string(source_.bytes(kStringBytesMax));
  }
  std::string target() {
    const std::string door = "@10.0.0.1:7473";
    if (source_.boolean()) return to_text(peer().id()) + door;
    return source_.boolean() ? "10.0.0." + std::to_string(source_.integer(1) % 6) : name();
  }
  Bytes body() {
    const std::size_t size = source_.integer(2);
    return Bytes(size % (kBodyBytesMax + 2), 'x');
  }

  // Some bytes of a valid message are changed, as the input says.
  Bytes damaged(Bytes bytes) {
    for (auto left = source_.integer(1) % 8; left > 5 && !bytes.empty(); --left) {
      const auto at = source_.integer(2) % bytes.size();
      bytes[at] = static_cast<std::uint8_t>(source_.integer(1));
    }
    return bytes;
  }

  Bytes frame() { return damaged(link::encode(message())); }

  Bytes live_frame() {
    if (source_.boolean()) return to_bytes(raw());
    const Topic topic = source_.boolean() ? handed_over_.topic : own_topic_;
    const Counter count{++live_count_};
    return damaged(live::encode(topic, count, handed_over_.key, link::encode(message())));
  }

  link::Message message() {
    switch (source_.integer(1) % 10) {
      case 0: return registration();
      case 1: return link::Ack{source_.boolean() ? Code::success : Code::unregistered, "why"};
      case 2: return handover();
      case 3: return link::Posts{room_, author_.next(source_).raw};
      case 4: return link::Pulse{room_, beat().raw};
      case 5: return link::AskHeads{room_};
      case 6: return heads();
      case 7: return want();
      case 8: return give();
      default: return link::Ack{Code::success, ""};
    }
  }

  link::Registration registration() {
    const std::size_t who = source_.integer(1) % cast().peers.size();
    link::Registration registration{card_of(who, source_.integer(1)), {}};
    registration.incarnation.bytes[0] = static_cast<std::uint8_t>(source_.integer(1) % 3);
    return registration;
  }

  link::Handover handover() {
    handed_over_.room = room_;
    handed_over_.topic.bytes[0] = static_cast<std::uint8_t>(source_.integer(1));
    handed_over_.key.bytes[0] = static_cast<std::uint8_t>(source_.integer(1));
    return handed_over_;
  }

  Beat beat() {
    Beat beat;
    beat.room = room_;
    beat.author = cast().friendly().id();
    beat.counter = {source_.integer(1)};
    beat.incarnation.bytes[0] = static_cast<std::uint8_t>(source_.integer(1) % 3);
    beat.stamp = Stamp::at({kBegin + static_cast<std::int64_t>(source_.integer(4))});
    if (source_.boolean()) beat.own = author_.head(source_);
    for (auto left = source_.integer(1) % 4; left > 0; --left) {
      beat.heads.push_back(author_.head(source_));
    }
    beat.hears = {static_cast<std::uint8_t>(source_.integer(1))};
    beat.sign(cast().friendly());
    return beat;
  }

  link::Heads heads() {
    link::Heads heads{room_, {}};
    for (auto left = source_.integer(1) % 8; left > 0; --left) {
      heads.heads.push_back(author_.head(source_));
    }
    return heads;
  }

  link::Want want() {
    return {{source_.integer(1)}, room_, author_.head(source_).feed, number(), number(),
            source_.integer(4)};
  }

  link::Give give() {
    link::Give give{{source_.integer(1)}, room_, {}, source_.boolean()};
    for (auto left = source_.integer(1) % 3; left > 0; --left) {
      give.batches.push_back(author_.next(source_).raw);
    }
    return give;
  }

  Bytes question() {
    if (source_.boolean()) return source_.boolean() ? door::encode_who() : to_bytes(raw());
    const std::size_t who = source_.integer(1) % cast().peers.size();
    const Identity& sender = cast().peers[who];
    const PeerId& self = cast().self.id();
    door::Registration registration{
        card_of(who, source_.integer(1)), self, sign_founding(sender, self), {}};
    if (source_.boolean()) {
      const Card own = Card::make(cast().self, "self", {}, false, {source_.integer(1)});
      registration.reminder =
          door::Reminder{sign_founding(cast().self, sender.id()), own, Stamp::at({kBegin + 1000})};
    }
    return registration.encode(sender);
  }

  Bytes answer() {
    const std::size_t who = source_.integer(1) % cast().peers.size();
    const Card card = card_of(who, source_.integer(1));
    if (source_.boolean()) return door::encode(door::Introduction{card});
    door::Ack ack;
    ack.code = source_.boolean() ? Code::success : Code::unregistered;
    ack.waiting = source_.boolean();
    if (ack.code == Code::success) {
      ack.waiting = false;
      ack.founding = sign_founding(cast().peers[who], cast().self.id());
      ack.card = card;
    }
    return door::encode(ack);
  }

  Source source_;
  RoomId room_;
  Author author_;
  Node node_;
  Duration steady_{1000};
  Duration wall_offset_{};
  std::uint64_t requests_ = 0;
  std::uint64_t live_count_ = 0;
  std::set<RequestId> open_;
  std::set<RequestId> dropped_;
  std::vector<VisitId> visits_;
  link::Handover handed_over_;
  Topic own_topic_;
};

}  // namespace
}  // namespace p2pchat

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  p2pchat::cast();
  p2pchat::Play({data, size}).run();
  return 0;
}
