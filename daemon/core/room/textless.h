// Textless: the stretches of feeds that are held without their texts, which others may have.
//
// Batches that follow each other are one stretch, to be asked for together. A member that gave none
// of it was asked in vain, until it is linked anew.
//
// Pure; found by the store, owned by Repair. Bounded: of more than kStretchesMax the rest is known
// of only when the room is loaded anew.
#pragma once

#include <map>
#include <set>
#include <utility>

#include "proto/batch.h"

namespace p2pchat {

class Textless {
 public:
  static constexpr std::size_t kStretchesMax = 4096;

  struct Stretch {
    FeedId feed;
    Number first;
    Number last;
    Stamp lowest;   // Of the last posts of its batches,
    Stamp highest;  // one and the other.
    std::set<PeerId> asked = {};
  };
  using Stretches = std::map<std::pair<FeedId, Number>, Stretch>;

  // Of one batch.
  void add(const FeedId& feed, Number first, Number last, Stamp stamp);
  bool holds(const FeedId& feed, Number first, Number last) const;
  // Its texts are there.
  void take_out(const FeedId& feed, Number first, Number last);
  // Of these posts `who` was asked in vain.
  void note_asked(const PeerId& who, const FeedId& feed, Number first, Number last);
  // It is asked anew.
  void forget(const PeerId& who);
  const Stretches& all() const { return stretches_; }

 private:
  // From there on a stretch of its own, if it lies in one.
  void cut_at(const FeedId& feed, Number number);
  // With this post in it.
  Stretches::const_iterator find(const FeedId& feed, Number number) const;

  Stretches stretches_;
};

}  // namespace p2pchat
