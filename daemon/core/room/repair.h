// Repair: who has been asked for what.
//
// At most one want is open towards each member, for at most kWantBytesMax, and
// never for a feed that another member is being asked for; of different feeds
// several members may be asked at once. A want without progress for
// kWantTimeout is given up, and asked anew of whoever is there. A damaged batch
// is a hole to fill, asked for in the same way; so is a post of which a member
// says something else than is held, once, to see what its author has signed. What
// is held without its texts is asked for when nothing else is; see texts.h.
//
// Pure; owned by Room. Bounded: one want and one doubt a member, kHolesMax holes.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "daemon/core/room/feeds.h"
#include "daemon/core/turn.h"
#include "proto/link.h"

namespace p2pchat {

class Repair {
 public:
  static constexpr std::size_t kHolesMax = 256;

  explicit Repair(const RoomId& room) : room_(room) {}

  // What to ask `who` for next, if anything, but for feeds of which others are to be asked before
  // it; it is open from then on.
  std::optional<link::Want> ask(const Turn& turn, const PeerId& who, const Feeds& feeds,
                                const std::function<bool(const FeedId&)>& is_for_others = {});
  // Nothing else is open towards `who`.
  link::Want ask_for_texts(const Turn& turn, const PeerId& who, const Missing& posts);
  bool is_asked(const PeerId& who) const { return open_.contains(who); }
  // Whether this give answers what `who` was asked for.
  bool is_asked(const PeerId& who, const WantId& want) const;
  // Whether it is asked for posts of this feed.
  bool is_asked(const PeerId& who, const FeedId& feed) const;
  // A batch of a give was of use.
  void progressed(const Turn& turn, const PeerId& who);
  // The give has ended. Answers the feed of which `who` then gave nothing at all.
  std::optional<FeedId> ended(const PeerId& who);
  // Open wants are void: the link is new or gone.
  void forget(const PeerId& who);
  // Gives up what made no progress in time. Answers who was asked in vain.
  std::vector<PeerId> give_up_late(const Turn& turn);
  TimePoint deadline() const;

  // What `who` holds of this post is to be seen; after all that is missing.
  void doubt(const PeerId& who, const Missing& post) { doubts_.insert_or_assign(who, post); }

  void add_hole(const Missing& damaged);
  // `batch` would fill a hole; and it does.
  bool has_hole(const Batch& batch) const;
  void fill(const Batch& batch);
  std::size_t holes() const { return holes_.size(); }
  // The feed of `author` with a hole that `others` members were asked for in vain.
  std::optional<FeedId> lost(const PeerId& author, std::size_t others) const;

 private:
  enum class Kind : std::uint8_t { missing, hole, texts };
  struct Open {
    link::Want want;
    TimePoint due;
    Kind kind = Kind::missing;
    bool progressed = false;
  };
  struct Hole {
    Missing missing;
    std::set<PeerId> asked = {};  // Who could not fill it.
  };

  using Holes = std::vector<Hole>;
  Holes::const_iterator find_hole(const FeedId& feed, Number first) const;
  link::Want open(const Turn& turn, const PeerId& who, const Missing& missing, Kind kind);

  RoomId room_;
  WantId next_;
  std::map<PeerId, Open> open_;
  std::map<PeerId, Missing> doubts_;
  Holes holes_;
};

}  // namespace p2pchat
