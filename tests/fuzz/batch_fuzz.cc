// Batch: what decodes keeps the promises of a batch; what is signed decodes.
#include "proto/batch.h"
#include "proto/check.h"
#include "proto/limits.h"
#include "proto/pack.h"
#include "tests/fuzz/source.h"

namespace p2pchat {
namespace {

void check_promises(const Batch& batch, ByteView raw) {
  CHECK(batch.raw == to_bytes(raw) && raw.size() <= kBatchBytesMax);
  CHECK(!batch.posts.empty() && batch.posts.size() <= kBatchPostsMax);
  CHECK(batch.first.value >= 1 && batch.last() >= batch.first);
  Hash head = batch.previous;
  Number number = batch.first;
  Stamp earlier;
  for (const Post& post : batch.posts) {
    CHECK(number == batch.first || post.stamp > earlier);
    CHECK((post.kind == PostKind::opening) == (number == Number{1}));
    CHECK(post.kind != PostKind::opening ||
          (Opening::decode(post.body) && batch.posts.size() == 1));
    CHECK(post.body.size() <= kBodyBytesMax);
    head = post_hash(head, number, post);
    number = number.next();
    earlier = post.stamp;
  }
  CHECK(batch.head == head);
}

// The batch that `source` describes, within the limits.
Batch batch_of(Source source) {
  Batch batch;
  batch.room = source.fixed<RoomId>();
  batch.feed = {fuzz_identity().id(), source.fixed<Incarnation>()};
  batch.value = source.fixed<ValueId>();
  batch.first = {source.boolean() ? 1 : 2 + (source.integer() >> 2U)};
  batch.previous = source.fixed<Hash>();
  if (batch.first == Number{1}) {
    batch.previous = feed_root(batch.room, batch.feed);
    batch.posts.push_back({{}, PostKind::opening, source.fixed<Salt>(), Opening{}.encode()});
    return batch;
  }
  std::uint64_t stamp = 0;
  do {
    stamp += 1 + source.integer(4);
    const Salt salt = source.fixed<Salt>();
    batch.posts.push_back({{stamp}, PostKind::chat, salt, to_bytes(source.text())});
  } while (!source.is_empty() && batch.posts.size() < kBatchPostsMax);
  return batch;
}

}  // namespace
}  // namespace p2pchat

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace p2pchat;
  const ByteView input(data, size);
  if (const auto batch = Batch::decode(input)) check_promises(*batch, input);
  if (const auto opening = Opening::decode(input)) CHECK(opening->encode() == to_bytes(input));

  Batch made = batch_of(Source(input));
  made.sign(fuzz_identity());
  const auto batch = Batch::decode(made.raw);
  CHECK(batch && batch->head == made.head && batch->posts.size() == made.posts.size());
  check_promises(*batch, made.raw);
  return 0;
}
