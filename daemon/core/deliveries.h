// Deliveries: who waits to hear that a post of mine has arrived.
//
// A member has a post once it has said so itself, in a signed beat or in its
// heads over a link; both are said of what is durable there only. Whoever waits
// is answered as soon as so many have it, or when its time has ended: with a
// row for each other member then, so that nobody has to guess.
//
// Pure; owned by Node. Bounded by the requests that may be under way.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "daemon/core/action.h"
#include "daemon/core/room/room.h"

namespace p2pchat {

class Deliveries {
 public:
  struct Post {
    RoomId room;
    FeedId feed;
    Number number;
  };
  // How to find out about rooms and names.
  struct Around {
    std::function<const Room*(const RoomId&)> room;  // None that I am in: nothing.
    std::function<std::string(const PeerId&)> name;
  };

  void await(TimePoint now, const event::AwaitRequested& event, const Post& post);
  void request_dropped(RequestId request) { waits_.erase(request); }
  // Answers all who need not, or may not, wait any longer.
  Actions end_turn(TimePoint now, const Around& around);
  TimePoint deadline() const;

 private:
  struct Wait {
    Post post;
    std::optional<std::uint64_t> members;  // Nothing: all.
    TimePoint until;
    std::optional<std::uint64_t> receipts;  // Of its room, when it was looked at last.
  };
  // Nothing while it goes on.
  static std::optional<Action> outcome(TimePoint now, RequestId request, Wait& wait,
                                       const Around& around);

  std::map<RequestId, Wait> waits_;
};

}  // namespace p2pchat
