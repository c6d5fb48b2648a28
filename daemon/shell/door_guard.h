// DoorGuard: how many connections the door bears, in all and from one address.
//
// The door is open to strangers and has no protection of libzmq's, so it counts
// for itself. An address is an IPv4 address or an IPv6 /64, which is what one
// stranger has at least. From this host itself far more is let in: local
// programs share one address.
//
// Pure: time is passed in. Bounded: kDoorAddressesMax addresses are remembered,
// those that came last.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "proto/limits.h"
#include "proto/moment.h"

namespace p2pchat {

// Of kDoorOpenMax, so that one address cannot hold the door shut.
inline constexpr std::size_t kDoorOpenPerAddressMax = 16;
// Connections a minute from this host itself.
inline constexpr std::size_t kDoorLocalPerMinuteMax = 100 * kDoorPerMinuteMax;

class DoorGuard {
 public:
  // May a connection from `host` stand? If so it is counted, until goes().
  bool comes(TimePoint now, const std::string& host);
  void goes(const std::string& host);

 private:
  struct Visitor {
    std::deque<TimePoint> came;  // Within the last minute, in order.
    std::size_t open = 0;
  };

  void forget_old(TimePoint now);

  std::map<std::string, Visitor> visitors_;  // By address.
  std::size_t open_ = 0;
};

}  // namespace p2pchat
