// Fixtures: fixed identities, and one of every object that proto/ knows.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/batch.h"
#include "proto/beat.h"
#include "proto/card.h"
#include "proto/door.h"
#include "proto/pack.h"
#include "proto/pair.h"

namespace p2pchat::fixture {

inline const bool kCryptoIsReady = crypto_ready();

// T whose bytes are all `byte`.
template <class T>
T filled(std::uint8_t byte) {
  T fixed;
  fixed.bytes.fill(byte);
  return fixed;
}

inline Identity identity(std::uint8_t byte) { return Identity::from_seed(filled<Seed>(byte)); }
inline const Identity kAnna = identity(1);
inline const Identity kBob = identity(2);

inline RoomId pair() { return pair_room(kAnna.id(), kBob.id()); }
inline FeedId anna_feed() { return {kAnna.id(), filled<Incarnation>(7)}; }

inline Card card_of(const Identity& identity, std::string name = "anna") {
  return Card::make(identity, std::move(name), {{"host.example", 7473, 7474, 7475}}, false, {3});
}

inline Post post(std::uint64_t stamp, std::string_view text) {
  return {{stamp}, PostKind::chat, filled<Salt>(5), to_bytes(text)};
}
inline Post opening(std::uint64_t stamp) {
  return {{stamp}, PostKind::opening, filled<Salt>(4), Opening{}.encode()};
}

// Unsigned: the opening of Anna's feed.
inline Batch first_batch() {
  Batch batch;
  batch.room = pair();
  batch.feed = anna_feed();
  batch.value = pair_value(kAnna.id(), kBob.id());
  batch.first = {1};
  batch.previous = feed_root(batch.room, batch.feed);
  batch.posts = {opening(100)};
  return batch;
}

// Unsigned: texts that follow `first_batch`.
inline Batch later_batch(std::vector<Post> posts = {post(101, "hello")}) {
  Batch first = first_batch();
  first.sign(kAnna);
  Batch batch = first_batch();
  batch.first = {2};
  batch.previous = first.head;
  batch.posts = std::move(posts);
  return batch;
}

// The bytes of a batch with a signature that holds, whatever rules it breaks.
inline Bytes packed_by_hand(const Batch& batch, std::uint64_t suite = kSuite,
                            const Identity& signer = kAnna) {
  Packer packer;
  packer.array(9).integer(suite).fixed(batch.room).fixed(batch.feed.author);
  packer.fixed(batch.feed.incarnation).fixed(batch.value).integer(batch.first.value);
  packer.fixed(batch.previous).array(batch.posts.size());
  Hash head = batch.previous;
  Number number = batch.first;
  for (const Post& each : batch.posts) {
    packer.array(each.pruned ? 3 : 4).integer(each.stamp.value);
    packer.integer(static_cast<std::uint64_t>(each.kind));
    if (each.pruned) {
      packer.fixed(*each.pruned);
    } else {
      packer.fixed(each.salt).bytes(each.body);
    }
    head = post_hash(head, number, each);
    number = number.next();
  }
  Hasher hasher("p2pchat batch");
  hasher.add(batch.feed.author).add(batch.feed.incarnation).add(batch.value);
  hasher.add(batch.first.value).add(std::uint64_t{batch.posts.size()}).add(batch.previous);
  const Hash what = hasher.add(head).finish();
  return packer.fixed(signer.sign(Purpose::batch, batch.room, what)).take();
}

inline Head head(std::uint64_t number) { return {anna_feed(), {number}, filled<Hash>(9)}; }

// Unsigned.
inline Beat beat() {
  Beat beat;
  beat.room = pair();
  beat.author = kAnna.id();
  beat.counter = {12};
  beat.incarnation = anna_feed().incarnation;
  beat.stamp = {103};
  beat.own = head(2);
  beat.heads = {head(2)};
  beat.vector = vector_hash(beat.heads);
  beat.hears = {0x02};
  beat.kept = {70};
  beat.awaits = StampRange{{60}, {65}};
  beat.height = 5;
  return beat;
}

inline door::Registration registration() {
  return {card_of(kAnna), kBob.id(), sign_founding(kAnna, kBob.id()), std::nullopt};
}
inline door::Reminder reminder() {
  return {sign_founding(kBob, kAnna.id()), card_of(kBob, "bob"), {55}};
}

// [body, signature]: what a signed object looks like.
inline Bytes signed_by(const Identity& signer, Purpose purpose, std::string_view domain,
                       const RoomId& room, ByteView body) {
  const Hash what = Hasher(domain).add(body).finish();
  return Packer().array(2).bytes(body).fixed(signer.sign(purpose, room, what)).take();
}

// Why `result` fails; nothing if it does not.
template <class T>
std::optional<Fault> fault_of(const Result<T>& result) {
  if (result) return std::nullopt;
  return result.error().fault;
}

// How many of the inputs that differ from `bytes` by one bit, or by what is missing at the end,
// `is_taken` takes.
template <class IsTaken>
std::size_t count_taken_mutants(const Bytes& bytes, IsTaken is_taken) {
  std::size_t taken = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    taken += is_taken(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at)));
    Bytes flipped = bytes;
    flipped[at] ^= static_cast<std::uint8_t>(1U << at % 8);
    taken += is_taken(flipped);
  }
  Bytes longer = bytes;
  longer.push_back(0xc0);
  return taken + is_taken(longer);
}

inline std::string hex(ByteView bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

}  // namespace p2pchat::fixture
