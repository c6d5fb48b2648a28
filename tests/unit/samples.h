// Samples: signed things for unit tests, the same in every run.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/batch.h"
#include "proto/card.h"
#include "proto/check.h"
#include "proto/crypto.h"
#include "proto/pair.h"

namespace p2pchat {

// The identity number `who`.
inline Identity sample_identity(std::uint8_t who) {
  CHECK(crypto_ready());
  Seed seed;
  seed.bytes.fill(who);
  return Identity::from_seed(seed);
}

inline PeerId sample_peer(std::uint8_t who) { return sample_identity(who).id(); }

inline RoomId sample_room(std::uint8_t which) {
  RoomId room;
  room.bytes.fill(which);
  return room;
}

inline Card sample_card(std::uint8_t who, std::string name, std::uint64_t counter = 1) {
  return Card::make(sample_identity(who), std::move(name), {{"127.0.0.1", 7473, 7474, 7475}}, false,
                    {counter});
}

// A batch signed by `author`, which follows the post `first - 1` with the hash `previous`.
inline Batch sample_batch(const Identity& author, const RoomId& room,
                          const Incarnation& incarnation, Number first, const Hash& previous,
                          std::vector<Post> posts) {
  Batch batch;
  batch.room = room;
  batch.feed = {author.id(), incarnation};
  batch.first = first;
  batch.previous = previous;
  batch.posts = std::move(posts);
  batch.sign(author);
  return batch;
}

inline Post sample_post(std::uint64_t stamp, std::string_view text) {
  Post post;
  post.stamp = {stamp};
  post.body = to_bytes(text);
  return post;
}

// One feed that grows batch by batch. What it signs is valid and without gaps.
class SampleFeed {
 public:
  SampleFeed(std::uint8_t who, const RoomId& room, std::uint8_t incarnation = 1)
      : author_(sample_identity(who)), room_(room) {
    incarnation_.bytes.fill(incarnation);
    head_ = feed_root(room_, id());
  }

  FeedId id() const { return {author_.id(), incarnation_}; }
  FeedTag tag() const { return feed_tag(room_, id()); }
  Number have() const { return have_; }
  const Hash& head() const { return head_; }

  // The batch of the opening post alone.
  Batch open(std::uint64_t stamp) {
    Post post = sample_post(stamp, "");
    post.kind = PostKind::opening;
    post.body = Opening{incarnation_, {}, {}}.encode();
    return sign({std::move(post)});
  }
  // A batch of texts, the first at `stamp`, each one later than the one before.
  Batch say(std::uint64_t stamp, std::initializer_list<std::string_view> texts) {
    std::vector<Post> posts;
    for (const auto text : texts) posts.push_back(sample_post(stamp++, text));
    return sign(std::move(posts));
  }
  Batch sign(std::vector<Post> posts) {
    Batch batch = sample_batch(author_, room_, incarnation_, have_.next(), head_, std::move(posts));
    have_ = batch.last();
    head_ = batch.head;
    return batch;
  }

 private:
  Identity author_;
  RoomId room_;
  Incarnation incarnation_;
  Number have_;
  Hash head_;
};

}  // namespace p2pchat
