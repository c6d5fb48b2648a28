// Batch: 1 to 64 posts of one feed under one signature; the unit on the wire
// and in the store.
//
// A post is (number, previous hash, stamp, kind, H(salt, body)) and its hash is
// over those five, so each post fixes all before it, and the signature, which
// is over the batch's frame and its last hash, fixes every post in it. A
// Batch that was decoded is whole, in order, and signed by its author; whether
// it follows what one already holds is Feed's question.
//
// Pure; bounded by kBatchBytesMax and kBatchPostsMax.
#pragma once

#include <optional>
#include <vector>

#include "proto/crypto.h"
#include "proto/limits.h"
#include "proto/stamp.h"

namespace p2pchat {

enum class PostKind : std::uint8_t {
  opening = 0,  // The first post of an incarnation, in a batch of its own; its body is an Opening.
  chat = 1,     // Text or bytes, for readers.
};

struct Post {
  Stamp stamp;
  PostKind kind = PostKind::chat;
  Salt salt;
  Bytes body;
  // Of a text that is kept no more: what its salt and body, which are empty then, had hashed to.
  std::optional<Hash> pruned = {};
};

// Who may read a feed: sorted, none twice. None at all: every member.
using Readers = std::vector<ReaderMark>;
Bytes encode(const Readers& readers);
std::optional<Readers> decode_readers(ByteView marks);
bool may_read(const Readers& readers, const ReaderMark& reader);

// How a feed begins: the last post of its own that its author knows of then, number 0 when it
// knows of none, and who may read what follows.
struct Opening {
  Incarnation incarnation;
  Number number;
  Hash hash;
  Readers readers = {};

  Bytes encode() const;
  static Result<Opening> decode(ByteView body);
};

struct Batch {
  RoomId room;
  FeedId feed;
  ValueId value;  // The roster value that its author has decided.
  Number first;   // Of the first post; the others follow without gaps.
  Hash previous;  // Hash of the post before; feed_root() before the first.
  std::vector<Post> posts;
  Hash head;  // Hash of the last post; derived.
  Bytes raw;  // The bytes on the wire and in the store; derived.

  Number last() const { return {first.value + posts.size() - 1}; }
  // Its texts are kept no more, all of them; its signature holds all the same.
  bool is_pruned() const { return posts.front().pruned.has_value(); }
  // The bytes of the same batch without its texts. It has been signed or decoded, and is no
  // opening.
  Bytes pruned() const;

  // Computes `head`, signs, and fills in `raw`. The batch is one that decode() takes: `author` is
  // the feed's, number 1 and nothing else is an opening and stands alone, stamps rise, the posts
  // fit the limits.
  void sign(const Identity& author);
  // Decodes and verifies.
  static Result<Batch> decode(ByteView raw);
};

// What the first post of a feed names as previous: binds room and feed into every hash.
Hash feed_root(const RoomId& room, const FeedId& feed);
// The hash of a post that follows `previous`.
Hash post_hash(const Hash& previous, Number number, const Post& post);
// The public name of a feed, short: the beginning of its root.
FeedTag feed_tag(const RoomId& room, const FeedId& feed);
// Bytes that a post with such a body adds to a batch, at most.
std::size_t packed_bytes(std::size_t body_bytes);
// Of the body of an opening, at most.
inline constexpr std::size_t kOpeningBytesMax = 64 + kMembersMax * ReaderMark::kSize;
// What an empty batch weighs, at most.
inline constexpr std::size_t kBatchFrameBytes = 320;

// The id of a message: the tag of its feed, a dot, its number.
std::string message_id(const FeedTag& tag, Number number);
struct MessageRef {
  FeedTag tag;
  Number number;
};
std::optional<MessageRef> parse_message_id(std::string_view text);

}  // namespace p2pchat
