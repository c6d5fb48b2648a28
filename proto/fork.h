// Fork: two batches of one author that contradict each other; a proof that it lies.
//
// What a batch says of hashes is: in its own feed that of each post from the one
// before its first to its last; and, if it opens a feed, that of the post which
// it names as its author's newest. Two batches contradict each other if they
// say different hashes of one post, or hold one post both without being the same
// posts. So two texts under one number are a fork, and so are a batch that follows
// what never was, an opening that names it, and posts that were batched twice.
//
// Nobody has signed the proof itself: the batches in it are signed. They bear no
// texts, and the lower one comes first, so that one pair has one spelling.
//
// Pure; bounded by kForkBytesMax.
#pragma once

#include "proto/batch.h"
#include "proto/consent.h"

namespace p2pchat {

struct Fork {
  RoomId room;
  FeedId one;    // Of the author; of each of the two batches,
  FeedId other;  // perhaps the same.
  Bytes raw;

  // Nothing unless they contradict each other.
  static std::optional<Fork> make(const Batch& a, const Batch& b);
  static Result<Fork> decode(ByteView raw);
  // Its author has signed one of the two in this seat.
  bool is_of(const Seat& seat) const;
};

}  // namespace p2pchat
