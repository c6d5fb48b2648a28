// Room: one conversation: its feeds, its live road, its beats and its repair.
//
// What is posted is queued until the turn ends, and becomes batches then:
// stored first, then sealed and published, and sent over the link to members
// that do not hear our PUB. Beats say what is held; whoever sees more than it
// holds asks a linked member for it. What members ask for is answered when the
// turn ends too: one stretch of posts each, and all that is held once in
// kFullStateInterval, however often they ask.
//
// SendLink and Give leave the side of the link to Node, which knows the links.
//
// Nothing here knows how a room came to have its members; a pair room is a
// room of two. Pure; owned by Node. Bounded by proto/limits.h.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/core/action.h"
#include "daemon/core/counters.h"
#include "daemon/core/room/feeds.h"
#include "daemon/core/room/live_keys.h"
#include "daemon/core/room/progress.h"
#include "daemon/core/room/pruning.h"
#include "daemon/core/room/repair.h"
#include "daemon/core/room/texts.h"
#include "daemon/core/turn.h"
#include "proto/consent.h"

namespace p2pchat {

// Who is in a room, by a value that I have decided.
struct Sitting {
  ValueId value;                // What my batches name as decided.
  std::uint64_t height = 0;     // Of the roster after it.
  std::vector<PeerId> members;  // Sorted; me among them.
  // By what each of them came in; nothing in a pair room.
  std::map<PeerId, ChangeId> admissions;
  std::vector<Head> gone;  // The last post that counts of each seat that was left.

  std::optional<ChangeId> admission_of(const PeerId& peer) const {
    const auto it = admissions.find(peer);
    return it == admissions.end() ? std::nullopt : std::optional(it->second);
  }
};

// What a room is, and who is in it now.
struct RoomFacts {
  RoomId id;
  Sitting sitting;
  PeerId self;
  Incarnation incarnation;         // Of this run of mine in my seat, or of what I began anew in it.
  std::uint64_t bytes_max = 0;     // Stored bytes at which the room pauses.
  History history = History::all;  // What a newcomer may read of the time before it came.
};

// What the store knows a keyed post's text by.
Hash text_hash(ByteView body);
// How a post of mine is answered to who has pushed it.
control::Record post_row(const FeedTag& tag, Number number, WallTime time);

class Room {
 public:
  Room(RoomFacts facts, const RoomState& stored, bool can_store);

  // Queues a post; its id is answered to `request` when it is durable. Fails, queueing
  // nothing, at a limit. Requires a store that takes writes. A `key` is one that the
  // store does not know, and is stored with it.
  Result<void> post(const RequestId& request, Bytes body, std::string key = {});
  // Batches what is queued, and answers what was asked: to be called last in a turn.
  Actions end_turn(const Turn& turn);
  // Orders the next chunk of texts to be let go, if one is due.
  Actions prune(const Turn& turn);

  // I have decided who is in it now. Whoever was let go is listened to no more, and cannot open
  // what I say from now on.
  Actions change(const Turn& turn, Sitting sitting);

  // Nothing more of these is taken from any of them: I have said that they shall go. What others
  // hold of them by then is theirs to give.
  void freeze(std::set<PeerId> authors) { frozen_ = std::move(authors); }
  // I have said that I leave: others may still need what I hold, and I take in nothing more.
  void set_leaving(bool is_leaving) { is_leaving_ = is_leaving; }

  // That these lie is proved, so nothing more of theirs is compared.
  void convict(std::set<PeerId> authors) { convicted_ = std::move(authors); }
  bool is_convicted(const PeerId& author) const { return convicted_.contains(author); }

  // A link to a member is ready, or the last one is gone.
  void linked(const Turn& turn, const PeerId& peer);
  void unlinked(const PeerId& peer);
  // It is not to be heard any more, until it is linked again.
  Actions silence(const PeerId& peer);

  // Messages of a member, over its link.
  Actions receive(const Turn& turn, const PeerId& peer, const link::Posts& posts);
  Actions receive(const Turn& turn, const PeerId& peer, const link::Pulse& pulse);
  Actions receive(const Turn& turn, const PeerId& peer, const link::Handover& key);
  Actions receive(const Turn& turn, const PeerId& peer, const link::AskHeads& ask);
  Actions receive(const Turn& turn, const PeerId& peer, const link::Heads& heads);
  Actions receive(const Turn& turn, const PeerId& peer, const link::Want& want);
  Actions receive(const Turn& turn, const PeerId& peer, const link::Give& give);
  // A frame from PUB under a topic that `author` has handed over.
  Actions receive_live(const Turn& turn, const PeerId& author, const live::Frame& frame);

  Actions timer(const Turn& turn);
  TimePoint deadline() const;

  // How much of its texts I keep from now on.
  Actions keep(const Turn& turn, const Retention& retention);
  void pruned(const Turn& turn, const event::Pruned& event);
  Actions found_pruned(const Turn& turn, const event::PrunedFound& event);

  // A stored batch cannot be read: it is asked for.
  Actions damaged(const Turn& turn, const Missing& batch);
  Actions store_recovered(const Turn& turn);

  // --- Queries ---
  const RoomFacts& facts() const { return facts_; }
  bool has(const PeerId& peer) const;
  bool is_linked(const PeerId& peer) const;
  // A post of mine is damaged, and nobody has it.
  bool has_lost_own() const { return repair_.lost(facts_.self, members_.size()).has_value(); }
  bool is_paused() const { return bytes_ >= facts_.bytes_max; }
  // My feed with this tag, if there is one.
  std::optional<FeedId> own_feed_called(const FeedTag& tag) const;
  // By the readers that its opening names; the opening itself is for all. An author may read all of
  // its own, and what is not held is nobody's secret here.
  bool may_read(const PeerId& peer, const FeedId& feed) const;
  // How far a member says that it has a feed; as it was when it has said so last.
  Number held_by(const PeerId& peer, const FeedId& feed) const;
  // Rises whenever an answer of held_by may have changed.
  std::uint64_t receipts() const { return receipts_; }
  // Of the posts that I hold, that count and that it may read, how many it is not known to hold.
  std::uint64_t lag_of(const PeerId& peer) const;
  // Of my own posts, how many nobody else is known to hold.
  std::uint64_t unheld() const;
  // By its word: it posts nothing below any more, and all that it had posted is here.
  Stamp settled_by(const PeerId& peer) const;
  bool is_heard_by(const PeerId& peer, TimePoint now) const;
  bool hears(const PeerId& peer, TimePoint now) const;
  // Every stamp at or below it is settled: see DESIGN of `final` in PROTOCOL.md.
  Stamp final_stamp(const Clock& clock) const;
  const Feeds& feeds() const { return feeds_; }
  // By stamp, of what it has posted in its present seat.
  std::optional<Head> newest_of(const PeerId& member) const;
  const Repair& repair() const { return repair_; }
  std::uint64_t bytes() const { return bytes_; }
  // Missing posts that come, a second.
  std::uint64_t catch_up_rate(TimePoint now) const { return progress_.rate(now); }
  const Retention& retention() const { return pruning_.retention(); }
  const Counters& counters() const { return counters_; }

 private:
  struct Member {
    bool is_linked = false;
    // By its own beat, and for as long as its beats reach me: a road that has gone
    // silent one way may be silent both ways, and then only the link is left.
    std::optional<TimePoint> hears_me_until;
    std::optional<TimePoint> heard_until;  // Its PUB has reached me not long before.
    bool was_asked_for_key = false;        // Since I have heard it last.
    Incarnation incarnation;               // Of its newest beat, with
    Counter counter;                       // its count, and
    Stamp promised;                        // its promise,
    std::uint64_t height = 0;              // by the roster of this height;
    std::optional<Head> own;               // and the newest post it knows of its own.
    Stamp settled;                         // Its promise once all it names was held.
    Stamp kept;                            // By its newest beat, it has all texts above,
    std::optional<StampRange> awaits;      // and waits for some in here;
    TimePoint texts_from;                  // not before it is asked for such,
    bool was_gone_through = false;         // as it was for all that I lack.
    std::map<FeedId, Number> holds;        // What it has said of feeds that I hold;
    Hash alike;                            // Its last vector that was mine, too, or `common`.
    std::uint64_t sent_ahead = 0;          // Bytes over the link since its last beat.
    TimePoint ask_heads_from;              // Not before; see ask_heads.
    TimePoint compare_from;                // Not before is compared what it gives,
    TimePoint doubt_from;                  // nor asked for what it says.
    bool is_state_due = false;             // It is to be told all that we hold,
    TimePoint state_from;                  // not before.
    std::optional<link::Want> want;        // The last it asked for in this turn.
    std::uint64_t silences = 0;            // How often it was asked in vain of late.
  };
  struct Queued {
    RequestId request;
    Bytes body;
    std::string key;
  };

  // A beat has come from it since it or I began.
  static bool has_told(const Member& member) { return member.counter > Counter{}; }
  Member* member(const PeerId& peer);
  const std::vector<PeerId>& members() const { return facts_.sitting.members; }
  // The author is a member, and this is a feed of its present seat.
  bool is_current(const FeedId& feed) const;
  // Whether posts of this feed count, up to this number: those of present seats, and of seats that
  // were left what was agreed on. What a batch names as decided is not asked: its author may have
  // decided more than I, or it has been widened.
  bool counts(const FeedId& feed, Number last) const;
  FeedId own_feed() const { return {facts_.self, facts_.incarnation}; }
  bool takes_in() const { return can_store_ && !is_paused() && !is_leaving_; }

  Actions batch_queued(const Turn& turn);
  Actions answer_members(const Turn& turn);
  Action answer_want(const PeerId& peer, link::Want want);
  // Of my own feed, unsigned and empty.
  Batch next_batch() const;
  Actions add_own(const Turn& turn, Batch batch);
  Actions open_feed(const Turn& turn);
  std::size_t posts_that_fit() const;
  // Publishes under seal, and sends plainly to linked members that do not hear us.
  Actions spread(const Turn& turn, const link::Message& message);
  Actions store(const Turn& turn, std::vector<Batch> ready);
  struct Arrival {
    const PeerId& from;
    bool is_given = false;  // As I have asked.
    bool of_use = false;    // It was new, or waits for what is missing.
    FeedId feed = {};       // Whose it was, if it decodes,
    Number last = {};       // and how far it goes.
  };
  const char* refusal_of(const Batch& batch, const Arrival& arrival) const;
  Actions take_batch(const Turn& turn, ByteView raw, Arrival& arrival);
  Actions fill_hole(const Turn& turn, Batch batch);
  // What does not fit; `shared` is the post of which both it and what is held speak.
  Actions take_broken(const Turn& turn, ByteView raw, const FeedId& feed,
                      const std::optional<Missing>& shared, const PeerId& from);
  Actions compare(const Turn& turn, ByteView suspect, const Missing& shared, const PeerId& from);
  // It is not known yet that who writes there lies, and would be of use to know.
  bool is_unproved(const FeedId& feed) const;
  // `who` holds another post than I under one number, or says so.
  void doubt(const Turn& turn, const PeerId& who, const Head& head);
  Actions take_beat(const Turn& turn, ByteView raw, const PeerId& from, bool over_link);
  void note_beat(const Turn& turn, Member& member, const Beat& beat);
  void note_receipts(const PeerId& peer, Member& member, const Beat& beat);
  void note_receipt(Member& member, const Head& head);
  Actions compare_vectors(const Turn& turn, Member& member, const Beat& beat);
  // Asks for what a new link would get, at most once in kBeatInterval.
  Actions ask_heads(const Turn& turn, Member& member, const PeerId& peer);
  void claim(const Turn& turn, const PeerId& who, const Head& head);
  void settle(Member& member);
  void has_grown(const FeedId& feed);
  Beat make_beat(const Turn& turn);
  Actions send_beat(const Turn& turn);
  void beat_soon(const Turn& turn);
  TimePoint next_idle_beat(const Turn& turn) const;
  void forget_asked(const PeerId& peer);
  Actions full_state(const Turn& turn, const PeerId& peer);
  void go_on_past_loss(const Turn& turn);
  Actions ask_for_missing(const Turn& turn);
  Bytes hearing(TimePoint now) const;
  bool is_any_linked() const;

  // How far each feed is held by everybody who may read it, as far as I know.
  std::map<FeedId, Number> held_by_all(const Turn& turn) const;
  // Others wait for texts of posts stamped so; so do I.
  std::vector<StampRange> awaited_by_others() const;
  std::optional<StampRange> awaited(const Turn& turn) const;
  // It has said that it may have no texts there.
  bool has_pruned(const PeerId& peer, const Batch& batch) const;
  // To be asked for unless I let them go myself.
  void lacks_texts(const Turn& turn, const Batch& batch);
  // It may have texts now that it was asked for in vain.
  static void ask_anew(const Turn& turn, Member& member);
  std::optional<PeerId> text_giver(const Turn& turn) const;
  // Goes on with it, or begins.
  Actions look_for_texts(const Turn& turn);
  // The giver is asked again after this delay; another at once.
  void put_off_texts(const Turn& turn, Duration delay);
  std::optional<link::Want> ask_for_texts(const Turn& turn, const PeerId& peer);
  bool is_for_others(const PeerId& peer, const FeedId& feed) const;

  void end(const FeedId& feed, Number number, const Hash& hash);
  // In a seat that was left, an earlier feed counts as far as a later one says that it goes.
  void end_earlier(const Batch& batch);
  // I post under an incarnation of my present seat, in a feed that everybody here may read.
  void sit_down(Incarnation random);
  std::optional<ReaderMark> mark_of(const PeerId& peer) const;
  Readers readers() const;
  bool may_all_read(const Readers& named) const;
  bool is_own_feed_for_all() const;
  // Nobody is left out who should read what follows, as far as I can tell.
  bool names_all(const Batch& opening) const;
  bool may_read_more(const PeerId& peer) const;
  // What I hold of all that counts, as far as `may_read` says: of other feeds the opening.
  std::vector<Head> heads(const std::function<bool(const FeedId&)>& may_read) const;
  std::vector<Head> heads_for(const PeerId& reader) const;
  std::vector<Head> common_heads() const;
  // What beats say of it: of what this member may read, and of what all may.
  const Hash& vector_for(const PeerId& reader) const;
  const Hash& common_vector() const;

  RoomFacts facts_;
  bool can_store_;
  bool is_leaving_ = false;
  bool opens_alone_ = false;  // My feed names none before it: see go_on_past_loss.
  std::uint64_t bytes_ = 0;
  std::map<PeerId, Member> members_;  // All but me.
  struct End {
    Number number;
    Hash hash;
  };
  std::map<FeedId, End> ended_;  // Of seats that were left: how far each feed counts.
  std::set<PeerId> frozen_;
  std::set<PeerId> convicted_;
  Feeds feeds_;
  // Once asked for, of what is held and counts now; by reader, and nobody's of what all may read.
  mutable std::map<std::optional<PeerId>, Hash> vectors_;
  LiveKeys keys_;
  Repair repair_;
  Texts texts_;
  Pruning pruning_;
  Progress progress_;
  std::vector<Queued> queue_;
  Counter beats_;
  TimePoint beat_due_;
  TimePoint eager_until_;          // A new link: beats come quickly until it is heard.
  Hash beaten_vector_;             // Of the last beat, and
  std::uint32_t beats_alike_ = 0;  // how many had the same.
  std::vector<FeedId> grown_;      // Newest last; at most kBeatHeadsMax.
  std::uint64_t receipts_ = 0;
  Counters counters_;
};

}  // namespace p2pchat
