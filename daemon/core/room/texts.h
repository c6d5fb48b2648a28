// Texts: the looking for texts that others had let go before their posts came here.
//
// One member at a time is gone through, in a pass: it is asked for all that is lacked, as the store
// lists it, a chunk after the other, the newest first, since those are kept the longest. What it
// does not give is left to another; after kDenialsMax wants in vain it is taken to have no more.
//
// Pure; owned by Room. Bounded: one chunk of kTextlessMax batches.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/core/room/feeds.h"
#include "daemon/core/snapshot.h"
#include "proto/moment.h"

namespace p2pchat {

class Texts {
 public:
  static constexpr std::size_t kDenialsMax = 4;

  const std::optional<PeerId>& giver() const { return giver_; }
  void begin(const PeerId& giver, TimePoint now);
  void stop() { *this = {}; }

  // Before what the next chunk is to be looked up, if it is time for that; it is under way then.
  std::optional<PrunedAt> look_up();
  bool is_looking(const PrunedAt& before) const { return is_looking_ && before == before_; }
  // A batch of that chunk, for which the giver is to be asked; then the end of the chunk.
  void add(const PrunedBatch& batch);
  void listed(const PrunedAt& reached, bool has_more);
  // A post that is lacked, and stays so; or that the giver is not known to hold yet.
  void leave(Stamp stamp) { left_ = std::max(left_, stamp); }
  void skip(Stamp stamp) {
    leave(stamp);
    is_unsure_ = true;
  }

  // What to ask the giver for: batches of one feed that follow each other.
  std::optional<Missing> ask();
  // The giver has come to here in what it gives, with texts or without.
  void reached(const FeedId& feed, Number last);
  // It gives no more of what it was asked for.
  void ended();
  // This batch was asked for, and is lacked still; now it is there.
  bool lacks(const Batch& batch) const;
  void take(const Batch& batch, TimePoint now);

  // There is nothing more to ask the giver for.
  bool is_over() const;
  // The giver may have more once it holds more.
  bool is_unsure() const { return is_unsure_; }
  // The newest that is lacked then.
  Stamp left() const;
  // It has not given a text for kTextsPatience, or is at it for kTextsPassMax.
  bool is_slow(TimePoint now) const;

 private:
  struct Lacking {
    Number last;
    Stamp stamp;  // Of its last post.
    Hash left;
  };
  bool is_denied() const { return denials_ >= kDenialsMax; }

  std::optional<PeerId> giver_;
  TimePoint began_at_;
  TimePoint given_at_;
  Stamp left_;
  PrunedAt before_;
  bool is_looking_ = false;
  bool is_listed_ = false;  // To the end.
  bool is_unsure_ = false;
  std::map<std::pair<FeedId, Number>, Lacking> chunk_;
  std::optional<Missing> asked_;
  std::optional<Number> reached_;
  bool has_given_ = false;  // Of what it is asked for.
  std::size_t denials_ = 0;
};

}  // namespace p2pchat
