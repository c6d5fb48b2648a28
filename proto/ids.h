// Ids: the strong types that name peers, rooms, feeds, posts and moments.
//
// None converts into another, so one cannot be passed for another; a bare
// integer anywhere else is a count. Pure values.
#pragma once

#include <cstdint>
#include <functional>

#include "proto/bytes.h"

namespace p2pchat {

using PeerId = Fixed<struct PeerIdTag, 32>;      // The Ed25519 public key.
using CurveKey = Fixed<struct CurveKeyTag, 32>;  // An X25519 public key.
using RoomId = Fixed<struct RoomIdTag, 32>;      // H(genesis).
using ValueId = Fixed<struct ValueIdTag, 32>;    // H(value) of a roster.
// Of a knock or an eviction: what votes are about.
using ChangeId = Fixed<struct ChangeIdTag, 32>;
using Hash = Fixed<struct HashTag, 32>;               // BLAKE2b-256.
using Signature = Fixed<struct SignatureTag, 64>;     // Ed25519.
using Incarnation = Fixed<struct IncarnationTag, 8>;  // One run of a daemon.
using Topic = Fixed<struct TopicTag, 16>;             // Where sealed frames of one key go out.
using RoomKey = Fixed<struct RoomKeyTag, 32>;         // XChaCha20-Poly1305.
using Salt = Fixed<struct SaltTag, 16>;               // Hides a body from its own hash.
using FeedTag = Fixed<struct FeedTagTag, 10>;         // The short, public name of a feed.
using ReaderMark = Fixed<struct ReaderMarkTag, 10>;   // A seat, as feeds name who may read them.
using Seed = Fixed<struct SeedTag, 32>;               // Entropy handed to the core.

// Whole numbers with one meaning each.
template <class Tag>
struct Whole {
  std::uint64_t value = 0;

  auto operator<=>(const Whole&) const = default;
  Whole next() const { return {value + 1}; }
};

using Number = Whole<struct NumberTag>;        // Of a post in its feed; the first is 1.
using Counter = Whole<struct CounterTag>;      // Of a card or a beat; it only grows.
using Round = Whole<struct RoundTag>;          // Of pledging, in one room; it only grows.
using WantId = Whole<struct WantIdTag>;        // Of an open want, chosen by who wants.
using VisitId = Whole<struct VisitIdTag>;      // Of a visit to a door, on one daemon.
using RequestId = Whole<struct RequestIdTag>;  // Of a control request, on one daemon.

// One author's posts of one run, within a room.
struct FeedId {
  PeerId author;
  Incarnation incarnation;

  auto operator<=>(const FeedId&) const = default;
};

}  // namespace p2pchat
