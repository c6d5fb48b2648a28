// DialledLinks: the links that we dial: one DEALER for each peer.
//
// A dial is exactly one attempt on each address that its host stands for. It
// ends in LinkOpened or in one LinkClosed whose words tell a wrong key from a
// dead network; a link that stood ends in one LinkClosed, after what came
// before has been read. libzmq never connects again by itself: when to dial is
// the core's business.
//
// Effects: ZMQ_DEALER sockets. Single-threaded; owned by Net. Bounded by the
// core's contacts, and by the marks in sockets.h.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "daemon/shell/line.h"

namespace p2pchat {

// What was sent just before we hang up still goes out.
inline constexpr Duration kPartingTime = 500ms;

class DialledLinks {
 public:
  // `context` outlives it.
  DialledLinks(zmq::context_t& context, const Identity& identity);

  // Takes the place of an earlier link or attempt, of which nothing more is told.
  void dial(TimePoint now, const PeerId& peer, const std::string& host, std::uint16_t port);
  void send(const PeerId& peer, ByteView frame);
  // No event follows.
  void hang_up(const PeerId& peer);
  // Hangs up, and says so.
  void expel(const PeerId& peer);

  // Takes in what waits, and does what is due.
  void receive(TimePoint now, const Raise& raise);
  TimePoint deadline() const;
  void add_poll_items(std::vector<zmq::pollitem_t>& items);

  // Links that stand.
  std::size_t size() const;
  const Traffic& traffic() const { return traffic_; }

 private:
  bool read_frames(const PeerId& peer, Line& line, const Raise& raise);

  zmq::context_t* context_;
  Identity identity_;
  std::map<PeerId, Line> lines_;
  std::vector<event::LinkClosed> closed_;  // To be raised.
  Traffic traffic_;
};

}  // namespace p2pchat
