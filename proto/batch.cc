#include "proto/batch.h"

#include <algorithm>
#include <charconv>

#include "proto/base32.h"
#include "proto/check.h"
#include "proto/pack.h"

namespace p2pchat {

namespace {

// What a post takes beside its body: array, stamp, kind, salt, and what stands before the body.
constexpr std::size_t kPostFrameBytes = 1 + 9 + 1 + (2 + Salt::kSize) + 5;
// Room, author, value, previous hash and signature, each with 2 bytes before it, and whole numbers.
static_assert(kBatchFrameBytes >= 4 * (2 + 32) + (2 + 8) + (2 + 64) + 3 * 9 + 3 + 1);

Hash inner_hash(const Post& post) {
  if (post.pruned) return *post.pruned;
  return Hasher("p2pchat body").add(post.salt).add(ByteView(post.body)).finish();
}

Hash signed_hash(const Batch& batch) {
  return Hasher("p2pchat batch")
      .add(batch.feed.author)
      .add(batch.feed.incarnation)
      .add(batch.value)
      .add(batch.first.value)
      .add(static_cast<std::uint64_t>(batch.posts.size()))
      .add(batch.previous)
      .add(batch.head)
      .finish();
}

Hash head_of(const Batch& batch) {
  Hash head = batch.previous;
  Number number = batch.first;
  for (const Post& post : batch.posts) {
    head = post_hash(head, number, post);
    number = number.next();
  }
  return head;
}

// Which rule a post breaks at `number`; nothing if none.
const char* complaint_about(const Post& post, Number number) {
  const bool is_first = number == Number{1};
  switch (post.kind) {
    case PostKind::opening:
      if (!is_first) return "an opening stands within its feed";
      if (!Opening::decode(post.body)) return "its opening does not decode";
      return nullptr;
    case PostKind::chat:
      if (is_first) return "its feed begins without an opening";
      if (post.body.size() > kBodyBytesMax) return "a text is too long";
      return nullptr;
  }
  return "it holds a post of unknown kind";
}

// The same for a batch, but for its signature and its size.
const char* complaint_about(const Batch& batch) {
  if (batch.posts.empty() || batch.posts.size() > kBatchPostsMax) return "it has no or many posts";
  if (batch.first.value == 0) return "its first number is zero";
  if (batch.first.value > kPackIntegerMax - kBatchPostsMax) return "its numbers overflow";
  if (batch.first == Number{1}) {
    if (batch.previous != feed_root(batch.room, batch.feed)) return "it begins another feed";
    if (batch.posts.size() > 1) return "its opening does not stand alone";
  }
  for (std::size_t i = 0; i < batch.posts.size(); ++i) {
    const Post& post = batch.posts[i];
    if (post.pruned.has_value() != batch.is_pruned()) return "some of its texts are pruned";
    if (post.stamp.value > kPackIntegerMax) return "a stamp overflows";
    if (i > 0 && post.stamp <= batch.posts[i - 1].stamp) return "its stamps do not rise";
    const char* complaint = complaint_about(post, {batch.first.value + i});
    if (complaint != nullptr) return complaint;
  }
  return nullptr;
}

Bytes packed(const Batch& batch, const Signature& signature) {
  Packer packer;
  packer.array(9).integer(kSuite).fixed(batch.room).fixed(batch.feed.author);
  packer.fixed(batch.feed.incarnation).fixed(batch.value);
  packer.integer(batch.first.value).fixed(batch.previous).array(batch.posts.size());
  for (const Post& post : batch.posts) {
    packer.array(post.pruned ? 3 : 4).integer(post.stamp.value);
    packer.integer(static_cast<std::uint64_t>(post.kind));
    if (post.pruned) {
      packer.fixed(*post.pruned);
    } else {
      packer.fixed(post.salt).bytes(post.body);
    }
  }
  return packer.fixed(signature).take();
}

void read_posts(Unpacker& in, Batch& batch) {
  for (std::size_t left = in.array(kBatchPostsMax); left > 0 && in.is_good(); --left) {
    const std::size_t parts = in.array(4);
    if (parts < 3) in.spoil();
    Post post;
    post.stamp = {in.integer()};
    post.kind = static_cast<PostKind>(in.integer(static_cast<std::uint64_t>(PostKind::chat)));
    if (parts == 3) {
      post.pruned = in.fixed<Hash>();
    } else {
      post.salt = in.fixed<Salt>();
      post.body = to_bytes(in.bytes(kBodyBytesMax));
    }
    batch.posts.push_back(std::move(post));
  }
}

}  // namespace

Bytes encode(const Readers& readers) {
  Bytes marks;
  for (const ReaderMark& reader : readers) {
    marks.insert(marks.end(), reader.bytes.begin(), reader.bytes.end());
  }
  return marks;
}

std::optional<Readers> decode_readers(ByteView marks) {
  if (marks.size() % ReaderMark::kSize != 0) return std::nullopt;
  Readers readers;
  for (std::size_t at = 0; at < marks.size(); at += ReaderMark::kSize) {
    const ReaderMark reader = *ReaderMark::from(marks.subspan(at, ReaderMark::kSize));
    if (!readers.empty() && reader <= readers.back()) return std::nullopt;
    readers.push_back(reader);
  }
  return readers;
}

bool may_read(const Readers& readers, const ReaderMark& reader) {
  return readers.empty() || std::binary_search(readers.begin(), readers.end(), reader);
}

Bytes Opening::encode() const {
  Packer packer;
  packer.array(4).fixed(incarnation).integer(number.value).fixed(hash);
  return packer.bytes(p2pchat::encode(readers)).take();
}

Result<Opening> Opening::decode(ByteView body) {
  Opening opening;
  Unpacker in(body);
  in.array_of(4);
  opening.incarnation = in.fixed<Incarnation>();
  opening.number = {in.integer()};
  opening.hash = in.fixed<Hash>();
  auto readers = decode_readers(in.bytes(kMembersMax * ReaderMark::kSize));
  if (!in.is_done() || !readers) return fail(Fault::malformed, "the opening does not decode");
  opening.readers = *std::move(readers);
  return opening;
}

void Batch::sign(const Identity& author) {
  CHECK(feed.author == author.id());
  CHECK(complaint_about(*this) == nullptr);
  head = head_of(*this);
  raw = packed(*this, author.sign(Purpose::batch, room, signed_hash(*this)));
  CHECK(raw.size() <= kBatchBytesMax);
}

Bytes Batch::pruned() const {
  CHECK(first != Number{1} && raw.size() > Signature::kSize);
  Batch bare = *this;
  for (Post& post : bare.posts) {
    if (!post.pruned) post = {post.stamp, post.kind, {}, {}, inner_hash(post)};
  }
  // It ends with its signature.
  return packed(bare, *Signature::from(ByteView(raw).last(Signature::kSize)));
}

Result<Batch> Batch::decode(ByteView raw) {
  if (raw.size() > kBatchBytesMax) return fail(Fault::malformed, "the batch is too long");
  Batch batch;
  Unpacker in(raw);
  in.array_of(9);
  if (in.integer() != kSuite) in.spoil();
  batch.room = in.fixed<RoomId>();
  batch.feed.author = in.fixed<PeerId>();
  batch.feed.incarnation = in.fixed<Incarnation>();
  batch.value = in.fixed<ValueId>();
  batch.first = {in.integer()};
  batch.previous = in.fixed<Hash>();
  read_posts(in, batch);
  const auto signature = in.fixed<Signature>();
  if (!in.is_done()) return fail(Fault::malformed, "the batch does not decode");
  if (const char* complaint = complaint_about(batch)) {
    return fail(Fault::malformed, std::string("the batch is malformed: ") + complaint);
  }
  batch.head = head_of(batch);
  if (!verify(batch.feed.author, Purpose::batch, batch.room, signed_hash(batch), signature)) {
    return fail(Fault::forged, "the batch is not signed by its author");
  }
  batch.raw = to_bytes(raw);
  return batch;
}

Hash feed_root(const RoomId& room, const FeedId& feed) {
  return Hasher("p2pchat feed").add(room).add(feed.author).add(feed.incarnation).finish();
}

Hash post_hash(const Hash& previous, Number number, const Post& post) {
  return Hasher("p2pchat post")
      .add(previous)
      .add(number.value)
      .add(post.stamp.value)
      .add(static_cast<std::uint64_t>(post.kind))
      .add(inner_hash(post))
      .finish();
}

FeedTag feed_tag(const RoomId& room, const FeedId& feed) {
  FeedTag tag;
  const Hash root = feed_root(room, feed);
  std::copy_n(root.bytes.begin(), FeedTag::kSize, tag.bytes.begin());
  return tag;
}

std::size_t packed_bytes(std::size_t body_bytes) { return kPostFrameBytes + body_bytes; }

std::string message_id(const FeedTag& tag, Number number) {
  return base32(tag.view()) + "." + std::to_string(number.value);
}

std::optional<MessageRef> parse_message_id(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::optional<Bytes> bytes = from_base32(text.substr(0, dot));
  const std::optional<FeedTag> tag = bytes ? FeedTag::from(*bytes) : std::nullopt;
  const std::string_view digits = text.substr(dot + 1);
  std::uint64_t number = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, number);
  // A number has one spelling, and posts are numbered from 1.
  if (!tag || error != std::errc() || stop != end || digits.front() == '0') return std::nullopt;
  if (number > kPackIntegerMax) return std::nullopt;
  return MessageRef{*tag, {number}};
}

}  // namespace p2pchat
