// Net: all network sockets of a daemon, as the loop sees them.
//
// It carries out the core's network actions and raises what happens as events;
// what a message means it does not know. ZAP stands before everything else, and
// a Net exists only once a stranger's key has been refused at its ports.
//
// In every turn: poll poll_items() until deadline(), receive(), and carry out
// what the core says. What an action learns at once is raised by the next
// receive(), whose deadline() is then due.
//
// Effects: ZeroMQ; one context for the whole process. Single-threaded; owned by
// the loop. Bounded by its parts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/core/action.h"
#include "daemon/shell/accepted_links.h"
#include "daemon/shell/dialled_links.h"
#include "daemon/shell/door.h"
#include "daemon/shell/radio.h"
#include "daemon/shell/rendezvous_client.h"
#include "daemon/shell/visits.h"
#include "daemon/shell/zap.h"

namespace p2pchat {

class Net {
 public:
  // Port P of `listen` is the door, P + 1 are links, P + 2 is PUB; port 0 takes free ones.
  struct Setup {
    Address listen;
    std::optional<rendezvous::Locator> rendezvous = {};
    bool with_door = true;
  };
  // `context` outlives the Net and has no sockets yet.
  static Result<Net> open(zmq::context_t& context, const Identity& identity, const Setup& setup);

  // Valid until the next call of receive() or carry_out().
  std::vector<zmq::pollitem_t> poll_items();
  // Takes in what waits, as much as one turn may, and does what is due. `raise` must not
  // call back.
  void receive(Moment now, const Raise& raise);
  // When receive() is to be called even if nothing waits.
  TimePoint deadline() const;

  // Does nothing for actions that are not about the network. Give is answered by whoever
  // reads the store, with send_link().
  void carry_out(Moment now, const Action& action);
  void send_link(const PeerId& peer, LinkSide side, ByteView frame);

  // Where we stand: the host of `listen`, and the ports that were really taken.
  const Place& place() const { return place_; }
  // What has been seen, for `status`.
  control::Record counters() const;
  // What is wrong, one sentence each, for `doctor`.
  std::vector<std::string> complaints() const;

 private:
  Net(zmq::context_t& context, const Identity& identity,
      std::optional<rendezvous::Locator> rendezvous, Zap zap, AcceptedLinks accepted, Radio radio);
  void admit(const PeerId& peer);
  void expel(const PeerId& peer);
  void hang_up(const PeerId& peer, LinkSide side);

  Zap zap_;
  AcceptedLinks accepted_;
  DialledLinks dialled_;
  Radio radio_;
  Visits visits_;
  RendezvousClient rendezvous_;
  std::optional<Door> door_;  // Nothing: it is switched off.
  Place place_;
};

}  // namespace p2pchat
