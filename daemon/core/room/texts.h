// Texts: the looking for texts that others had let go before their posts came here.
//
// One member at a time is gone through: who says that it has all texts above a bound is asked for
// those above it that are lacked here, as the store lists them, a chunk after the other. What it
// does not give is left to another. Of what then is left nothing is stamped above left().
//
// Pure; owned by Room. Bounded: one chunk of kTextlessMax batches, and kDenialsMax wants of one
// member that bring nothing.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/core/room/feeds.h"
#include "daemon/core/snapshot.h"

namespace p2pchat {

class Texts {
 public:
  static constexpr std::size_t kDenialsMax = 16;

  const std::optional<PeerId>& giver() const { return giver_; }
  // `giver` has all texts of posts stamped above the bound.
  void begin(const PeerId& giver, Stamp bound);
  void stop() { *this = {}; }
  // Something without its text has come since.
  void spoil() { is_spoiled_ = true; }

  // Behind what the next chunk is to be looked up, if it is time for that; it is under way then.
  std::optional<PrunedAt> look_up();
  bool is_looking(const PrunedAt& after) const { return is_looking_ && after == after_; }
  // A batch of that chunk which the giver may have, or can not; then the end of the chunk.
  void add(const PrunedBatch& batch);
  void leave(const PrunedBatch& batch) { deny(batch.at.stamp); }
  void listed(const PrunedAt& reached, bool has_more);

  // What to ask the giver for: batches of one feed that follow each other.
  std::optional<Missing> ask();
  // The giver has come to here, with texts or without.
  void reached(const FeedId& feed, Number last);
  // It gives no more of what it was asked for.
  void ended();
  // This batch was asked for, and is lacked still; now it is there.
  bool lacks(const Batch& batch) const;
  void take(const Batch& batch);

  // There is nothing more to ask the giver for.
  bool is_over() const;
  // Nothing is known of what was lacked above this and is so still; nothing if that is not known.
  std::optional<Stamp> left() const;
  // Too much came without texts.
  bool is_denied() const { return denials_ >= kDenialsMax; }

 private:
  struct Lacking {
    Number last;
    Stamp stamp;  // Of its last post.
  };
  void deny(Stamp stamp) { left_ = std::max(left_, stamp); }

  std::optional<PeerId> giver_;
  Stamp left_;
  PrunedAt after_;
  bool is_looking_ = false;
  bool is_listed_ = false;  // To the end.
  bool is_spoiled_ = false;
  std::map<std::pair<FeedId, Number>, Lacking> chunk_;
  std::optional<Missing> asked_;
  std::optional<Number> reached_;
  bool has_given_ = false;  // Of what it is asked for.
  std::size_t denials_ = 0;
};

}  // namespace p2pchat
