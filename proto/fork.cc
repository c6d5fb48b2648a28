#include "proto/fork.h"

#include <algorithm>
#include <map>

#include "proto/limits.h"
#include "proto/pack.h"

namespace p2pchat {
namespace {

constexpr std::size_t kPrunedPostBytes = 1 + 9 + 1 + (2 + Hash::kSize);
static_assert(kForkBatchBytesMax >= kBatchFrameBytes + kBatchPostsMax * kPrunedPostBytes);
static_assert(kForkBatchBytesMax >= kBatchFrameBytes + 64 + kOpeningBytesMax);
// With suite, room and what stands before each part.
static_assert(kForkBytesMax >= 2 * (3 + kForkBatchBytesMax) + 2 + (2 + RoomId::kSize));

bool is_opening(const Batch& batch) { return batch.first == Number{1}; }

using Hashes = std::map<std::pair<FeedId, Number>, Hash>;

Hashes hashes_in(const Batch& batch) {
  Hashes hashes;
  Hash hash = batch.previous;
  Number number = batch.first;
  if (!is_opening(batch)) hashes[{batch.feed, {number.value - 1}}] = hash;
  for (const Post& post : batch.posts) {
    hash = post_hash(hash, number, post);
    hashes[{batch.feed, number}] = hash;
    number = number.next();
  }
  const auto opening =
      is_opening(batch) ? Opening::decode(batch.posts.front().body) : Result<Opening>(Opening{});
  if (!opening || opening->number == Number{}) return hashes;
  // What it says of its own feed its bytes say better.
  hashes.try_emplace({{batch.feed.author, opening->incarnation}, opening->number}, opening->hash);
  return hashes;
}

// Two batches that hold one post; whoever has one of them can take nothing that follows the other.
bool overlap(const Batch& a, const Batch& b) {
  const bool is_same = a.first == b.first && a.last() == b.last();
  return a.feed == b.feed && !is_same && a.first <= b.last() && b.first <= a.last();
}

bool contradict(const Batch& a, const Batch& b) {
  if (a.room != b.room || a.feed.author != b.feed.author) return false;
  if (overlap(a, b)) return true;
  const Hashes others = hashes_in(b);
  const Hashes hashes = hashes_in(a);
  return std::any_of(hashes.begin(), hashes.end(), [&](const auto& said) {
    const auto other = others.find(said.first);
    return other != others.end() && other->second != said.second;
  });
}

// It bears no texts that it could do without.
bool is_bare(const Batch& batch) { return is_opening(batch) || batch.is_pruned(); }

tl::unexpected<Error> malformed(std::string text) {
  return fail(Fault::malformed, std::move(text));
}

}  // namespace

std::optional<Fork> Fork::make(const Batch& a, const Batch& b) {
  if (!contradict(a, b)) return std::nullopt;
  Bytes one = is_opening(a) ? a.raw : a.pruned();
  Bytes other = is_opening(b) ? b.raw : b.pruned();
  const bool is_sorted = one < other;
  if (!is_sorted) std::swap(one, other);
  Fork fork{a.room, is_sorted ? a.feed : b.feed, is_sorted ? b.feed : a.feed, {}};
  fork.raw = packed_begin(4, fork.room).bytes(one).bytes(other).take();
  return fork;
}

Result<Fork> Fork::decode(ByteView raw) {
  if (raw.size() > kForkBytesMax) return malformed("the fork is too long");
  Unpacker in(raw);
  const RoomId room = unpack_begin(in, 4);
  const ByteView first = in.bytes(kForkBatchBytesMax);
  const ByteView second = in.bytes(kForkBatchBytesMax);
  if (!in.is_done()) return malformed("the fork does not decode");
  const auto one = Batch::decode(first);
  if (!one) return tl::unexpected(one.error());
  const auto other = Batch::decode(second);
  if (!other) return tl::unexpected(other.error());
  if (one->raw >= other->raw) return malformed("the fork is not in order");
  if (!is_bare(*one) || !is_bare(*other)) return malformed("the fork bears texts");
  if (one->room != room || !contradict(*one, *other)) {
    return malformed("the fork proves nothing");
  }
  return Fork{room, one->feed, other->feed, to_bytes(raw)};
}

bool Fork::is_of(const Seat& seat) const {
  if (one.author != seat.peer) return false;
  return is_of_seat(one.incarnation, seat.admission) ||
         is_of_seat(other.incarnation, seat.admission);
}

}  // namespace p2pchat
