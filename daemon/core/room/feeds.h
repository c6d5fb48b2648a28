// Feeds: which posts of a room are held, author by author, without gaps.
//
// A batch is taken only if it continues its feed: the right number, the right
// previous hash, and stamps that rise. The first batch of an incarnation
// names the last post that its author knew of its own; it waits until that
// one is held, so an author's order holds over restarts too. What lies beyond
// a gap waits in memory, within kHeldPostsMax and kHeldBytesMax, and is neither
// shown nor passed on until the gap has closed.
//
// A feed whose opening does not name my seat is closed to me: I hold its opening, by which I know
// that, and want nothing more of it.
//
// Claims are what other members say they hold; missing() is the difference. A
// liar may claim what is not, and post as often as it likes: so claims are
// bounded for each who claims, and feeds for each author, and what one member
// uses up is missing to nobody else. My own feeds are not bounded.
//
// Pure; owned by Room. Costs O(log feeds), what lists or waits O(feeds).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "daemon/core/snapshot.h"
#include "proto/batch.h"
#include "proto/beat.h"

namespace p2pchat {

// A stretch of a feed that somebody holds and we do not.
struct Missing {
  FeedId feed;
  Number first;
  Number last;
};

class Feeds {
 public:
  enum class Verdict : std::uint8_t {
    taken,    // And perhaps batches that had waited for it.
    known,    // Held already.
    waiting,  // Held back behind a gap.
    dropped,  // Beyond what may be held back.
    broken,   // Does not fit what its author signed before: a lie or a fork.
    closed,   // Not for me to read.
  };

  Feeds(const PeerId& self, const std::vector<FeedState>& stored);

  // Where I sit now; before I sit anywhere, nothing is closed.
  void sit(const ReaderMark& seat) { seat_ = seat; }

  // Looks at a decoded batch. What may be stored and shown now, in order, is
  // appended to `ready`.
  Verdict take(Batch batch, std::vector<Batch>& ready);

  // `who` says that it holds this feed up to `number`.
  void claim(const PeerId& who, const FeedId& feed, Number number);
  // What waits of these feeds is not held back any more.
  void let_go(const std::function<bool(const FeedId&)>& which);
  // Nothing came of what `who` had claimed.
  void void_claim(const PeerId& who, const FeedId& feed);
  void void_claims(const PeerId& who);
  // What `who` holds of this feed does not fit: until void_claims() it claims nothing more of it.
  void ignore_claims(const PeerId& who, const FeedId& feed);
  bool is_ignored(const PeerId& who, const FeedId& feed) const;
  bool is_claimed(const PeerId& who, const FeedId& feed) const;
  // The first stretch that `who` claims and that is neither held nor waiting, of a feed that is
  // not left out. A feed of which nothing is held is asked for by its first post alone: it
  // may depend on others, or be closed to me.
  std::optional<Missing> missing(const PeerId& who) const;
  std::optional<Missing> missing(const PeerId& who,
                                 const std::function<bool(const FeedId&)>& is_left_out) const;

  struct State {
    Number have;
    Hash head;
    Stamp stamp;
    Hash opening;                      // Of post 1.
    const Readers* readers = nullptr;  // Nothing: every member.
    std::optional<Head> before;        // What it names as its author's newest post then.
  };
  // Nothing of the feed is held: number 0.
  State state(const FeedId& feed) const;
  bool may_read(const FeedId& feed, const ReaderMark& reader) const;
  // Something is held of it, and it is not for me to read.
  bool is_closed(const FeedId& feed) const;
  // Some feed is not for every member.
  bool has_closed() const { return !readers_.empty(); }
  // Of which post both this batch and what is held of its author speak: a stretch of one.
  std::optional<Missing> shared_with(const Batch& batch) const;
  // A batch of it has come that does not fit what is held.
  bool is_broken(const FeedId& feed) const;
  // What the opening of this feed names as its past, if that opening has come.
  std::optional<Head> before(const FeedId& feed) const;
  // Every feed of which something is held, sorted.
  std::vector<Head> heads() const;
  std::vector<Head> heads_of(const PeerId& author) const;
  std::size_t held_back() const { return held_posts_; }
  // Posts claimed by others and not held here.
  std::uint64_t posts_missing() const;

 private:
  struct Feed {
    State state;
    std::map<Number, Batch> waiting;  // By first number; all beyond state.have.
  };
  using FeedsOfAuthor = std::map<Incarnation, Feed>;

  // Nothing if its author has too many already.
  Feed* find_or_add(const FeedId& id);
  const Feed* find(const FeedId& id) const;
  Verdict judge(const Feed& feed, const Batch& batch) const;
  bool hold_back(const FeedId& id, Batch batch);
  void append(Feed& feed, Batch batch, std::vector<Batch>& ready);
  // Moves waiting batches on, wherever in the room, until nothing moves.
  void release(std::vector<Batch>& ready);
  // True if something moved, or was found broken.
  bool release(Feed& feed, std::vector<Batch>& ready);
  void claim_dependency(const Batch& opening);
  std::optional<Missing> missing(const FeedId& id, Number claimed) const;
  // What the first batch of an incarnation says comes before it.
  static std::optional<Head> dependency(const Batch& opening);
  static std::optional<Head> dependency(const PeerId& author, const Opening& opening);

  const Readers* keep(const Readers& readers);
  void note_broken(const FeedId& id);
  // It has turned out to be closed: what waits or is claimed of it is for others.
  void close(const FeedId& id, Feed& feed);

  PeerId self_;
  std::optional<ReaderMark> seat_;
  std::set<Readers> readers_;  // Each once; feeds point to them.
  std::map<PeerId, FeedsOfAuthor> feeds_;
  std::map<PeerId, std::map<FeedId, Number>> claims_;  // By who claims; all beyond what is held.
  std::map<PeerId, std::set<FeedId>> ignored_;         // Bounded as claims are.
  std::map<PeerId, std::set<Incarnation>> broken_;     // Bounded as feeds are.
  std::size_t held_posts_ = 0;
  std::size_t held_bytes_ = 0;
};

}  // namespace p2pchat
