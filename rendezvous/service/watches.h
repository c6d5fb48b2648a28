// Watches: who waits for something new.
//
// A watch is answered when there is something, when its time is over, and at
// once when its peer or all together hold too many; then the oldest goes.
//
// Pure: time and what is new are passed in. Bounded by kWatchesMax and
// kWatchesPerPeerMax.
#pragma once

#include <list>
#include <vector>

#include "proto/moment.h"
#include "rendezvous/registry/registry.h"
#include "rendezvous/service/front.h"

namespace p2pchat::rendezvous {

struct Held {
  Envelope from;
  PeerId peer;
  Cursor cursor;
  TimePoint due;
};

class Watches {
 public:
  // Keeps `held`. Answers the one that has to go for it, which may be itself.
  std::optional<Held> add(Held held);
  // Takes those out whose time is over.
  std::vector<Held> take_due(TimePoint now);
  // Calls `answer(held)` for each, and takes those out for which it answers true.
  template <class Answer>
  void offer(Answer answer) {
    held_.remove_if([&](const Held& held) { return answer(held); });
  }
  // When the first one's time is over; never, if there is none.
  TimePoint deadline() const;
  std::size_t size() const { return held_.size(); }

 private:
  std::list<Held> held_;  // In the order in which they came, so of when they are due.
};

}  // namespace p2pchat::rendezvous
